"""What a site has included beside the plain dialplan: whole, or named with its fix; what is not included is not asked for."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

import pytest

from cti_daemon.model.drills import PlannedDrill
from cti_daemon.model.events import MemberSeen, Membership, QueuesListed
from cti_daemon.model.ids import Interface, NodeName, QueueName, SeatName
from cti_daemon.model.reasons import Role
from cti_daemon.model.recording import RecordingTable
from cti_daemon.model.settings import Node, Settings
from cti_daemon.shell.doctor import included
from cti_daemon.shell.doctor.finding import Grade
from cti_daemon.shell.doctor.visit import Visit

EMG = NodeName("emg")


class Asterisk:
    """Answers Getvar from a table; `there`: contexts of its dialplan."""

    def __init__(self, node: Node, there: str, told: Mapping[str, str]) -> None:
        self.node = node
        self._told = {**told} | {f"DIALPLAN_EXISTS({name},s,1)": "1" for name in there.split()}

    async def get(self, variable: str) -> str:
        return self._told.get(variable, "0" if variable.startswith("DIALPLAN_EXISTS") else "")


def member(interface: str) -> MemberSeen:
    return MemberSeen(EMG, Membership(QueueName("emergency"), Interface(interface), SeatName("x")), 1, in_call=False)


def asked(
    settings: Settings, there: str, *members: str, told: Mapping[str, str] = MappingProxyType({}), is_watched: bool = False
) -> list[tuple[str, Grade, str]]:
    guest = cast("Visit", Asterisk(settings.node[0], there, told))
    settings = settings.model_copy(update={"recording": RecordingTable() if is_watched else None})
    listed = QueuesListed(EMG, tuple(member(name) for name in members), ())
    found = asyncio.run(included.server_questions(guest, settings, listed))
    return [(finding.check, finding.grade, finding.text) for finding in found]


def test_a_site_that_includes_nothing_is_asked_nothing(settings: Settings) -> None:
    assert asked(settings, "", "PJSIP/eseat1") == []


@pytest.mark.parametrize(
    ("there", "told", "check"),
    [
        ("cti-survey", {"CTI_SURVEY": "yes"}, "survey"),
        ("cti-fault", {"CTI_SEAT_FEATURES": "other#cti-fault"}, "feature code"),
        ("cti-record", {"CTI_RECORD": "cti-record"}, "recording"),
    ],
)
def test_what_is_set_must_be_there(settings: Settings, there: str, told: dict[str, str], check: str) -> None:
    assert [(name, grade) for name, grade, _ in asked(settings, there, told=told)] == [(check, Grade.OK)]
    assert [(name, grade) for name, grade, _ in asked(settings, "", told=told)] == [(check, Grade.FAULT)]


def test_recording_that_is_watched_must_run_on_every_server(settings: Settings) -> None:
    ((check, grade, text),) = asked(settings, "", is_watched=True)
    assert (check, grade, text) == ("recording", Grade.FAULT, "conversations here are not recorded: CTI_RECORD is not set")


def test_an_outside_seat_without_its_key_or_its_number_is_a_fault(settings: Settings) -> None:
    """ "Accepted by a key press, so that voicemail never answers.\""""
    seat = "Local/out1@cti-outside/n"
    ((_, grade, text),) = asked(settings, "", seat, told={"CTI_OUTSIDE_out1": "1"})
    assert (grade, text) == (Grade.FAULT, "out1 would take callers without a key: a mailbox too")
    ((_, grade, text),) = asked(settings, "cti-outside-ask", seat)
    assert (grade, text) == (Grade.FAULT, "out1: no number is known")
    ((_, grade, text),) = asked(settings, "cti-outside-ask", seat, told={"CTI_OUTSIDE_out1": "01012345"})
    assert (grade, text) == (Grade.OK, "out1 by key")


def test_a_drill_of_the_seats_needs_its_context_on_the_emergency_system_only(settings: Settings) -> None:
    drill = PlannedDrill(name="weekly", what="emergency-seats", when="0 4 * * 1")
    site = settings.model_copy(update={"drill": (drill,)})
    assert asked(site, "") == []  # not on this node
    emergency = settings.node[0].model_copy(update={"role": Role.EMERGENCY})
    site = site.model_copy(update={"node": (emergency,)})
    assert [grade for _, grade, _ in asked(site, "cti-seat-test")] == [Grade.OK]
    assert [(name, grade) for name, grade, _ in asked(site, "")] == [("test calls to seats", Grade.FAULT)]
