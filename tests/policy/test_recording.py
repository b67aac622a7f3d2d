"""Recording as a fact: "保证CTI和录音系统的连接" (XX电力95598 §4). It goes on after a rescue, and the gap is told in seconds."""

from typing import Any

import pytest
from typing_extensions import override

from cti_daemon.model.call_events import ChannelEnded, ChannelUnbridged
from cti_daemon.model.effects import Record, Report
from cti_daemon.model.ids import CallToken, NodeName, Uniqueid
from cti_daemon.model.recording import RecordingChanged, RecordingTable
from cti_daemon.model.records import Standing
from tests.sim.world import B, World

pytestmark = pytest.mark.slow  # minutes of a site

A = NodeName("pbx-a")


class Site(World):
    def __init__(self, *, is_watched: bool = True) -> None:
        self._is_watched = is_watched
        super().__init__()
        self.run(5.0)

    @override
    def begin(self, standing: Standing | None, *args: Any, **kwargs: Any) -> None:
        if self._is_watched:
            self.settings = self.settings.model_copy(update={"recording": RecordingTable(within=2.0)})
        super().begin(standing, *args, **kwargs)

    def seat_of(self, number: int, node: NodeName) -> None:
        """A seat is connected with this caller."""
        self.talk(Uniqueid(f"call-{number}"), f"seat{number}")
        for _ in range(2):  # a list that differs from what we hold is believed the second time
            self.list_channels(node)

    def record(self, number: int, node: NodeName, *, is_on: bool = True) -> None:
        self.feed(RecordingChanged(node, Uniqueid(f"{node}-call-{number}s"), CallToken(f"token-call-{number}"), is_on))

    def counts(self, what: str) -> dict[str, int]:
        view = self.engine.view(self.now).recording
        assert view is not None
        return {node: count for node, count in getattr(view, what).items() if count}

    def entries(self) -> list[dict[str, Any]]:
        return [record.data for record in self.records if record.kind == "recording"]

    def told(self, kind: str) -> list[str]:
        reports = (effect for _, effect in self.effects if isinstance(effect, Report) and effect.kind == kind)
        return [report.text for report in reports if "recording" in report.text]


def talking(callers: int, *, recorded: int) -> Site:
    site = Site()
    site.calls(talking=callers, waiting=0)
    site.run(6.0)
    for number in range(callers):
        site.seat_of(number, A)
        if number < recorded:
            site.record(number, A)
    return site


def test_who_talks_and_is_recorded_is_counted_and_who_is_not() -> None:
    site = talking(3, recorded=2)
    assert (site.counts("recorded"), site.counts("missing")) == ({"pbx-a": 2}, {})
    site.run(9.0)
    assert (site.counts("recorded"), site.counts("missing")) == ({"pbx-a": 2}, {"pbx-a": 1})
    site.record(0, A, is_on=False)
    assert (site.counts("recorded"), site.counts("missing")) == ({"pbx-a": 1}, {"pbx-a": 2})


def test_whom_a_seat_has_left_needs_none() -> None:
    """He is parked, or asked for a grade: his leg is up, and there is nothing to record."""
    site = talking(1, recorded=1)
    site.record(0, A, is_on=False)
    caller, seat, token = Uniqueid("pbx-a-call-0"), Uniqueid("pbx-a-call-0s"), CallToken("token-call-0")
    held = site.engine.site.calls.channel(A, caller)
    assert held is not None
    site.feed(ChannelUnbridged(A, caller, caller, token, held.bridge))
    site.feed(ChannelEnded(A, seat, token, 16))
    site.run(20.0)
    assert (site.counts("recorded"), site.counts("missing")) == ({}, {})


def test_who_waits_or_has_gone_needs_no_recording() -> None:
    site = Site()
    site.calls(talking=1, waiting=2)
    site.run(6.0)
    site.seat_of(0, A)
    site.hang_up(Uniqueid("call-0"))
    site.run(20.0)
    assert (site.counts("recorded"), site.counts("missing")) == ({}, {})


def test_who_talked_before_we_looked_is_not_known_and_not_missing() -> None:
    """ "Unknown is a value, never 0": after a restart of the daemon nobody is called unrecorded who may well be recorded."""
    site = Site()
    site.calls(talking=3, waiting=0)
    site.run(20.0)
    for _ in range(2):
        site.list_channels(A)
    assert site.counts("missing") == {"pbx-a": 3}
    site.restart(None)
    site.run(30.0)
    assert site.counts("missing") == {}


def test_a_recording_that_a_dead_server_cut_goes_on_and_the_gap_is_told() -> None:
    site = talking(2, recorded=2)
    site.run(8.0)
    site.kill(A)
    site.run(10.0)
    assert site.entries() == []
    for number in range(2):
        site.seat_of(number, B)
        site.record(number, B)
    site.run(15.0)
    assert [(e["call"], e["piece"], e["from"], e["to"]) for e in site.entries()] == [
        ("token-call-0", 2, "pbx-a", "pbx-b"),
        ("token-call-1", 2, "pbx-a", "pbx-b"),
    ]
    assert all(2.0 <= e["gap_seconds"] <= 2.3 for e in site.entries())  # from the last sign of life, a heartbeat before the kill
    (summed,) = site.told("rescue")
    assert summed.startswith("the recordings of 2 callers go on after a gap: median 2.")
    view = site.engine.view(site.now).recording
    assert view is not None
    assert sum(view.gaps) == 2
    assert (site.counts("recorded"), site.counts("missing")) == ({"pbx-b": 2}, {})


def test_a_recording_that_does_not_go_on_is_told_once() -> None:
    site = talking(1, recorded=1)
    site.kill(A)
    site.run(10.0)
    site.seat_of(0, B)
    site.run(30.0)
    assert [(e["from"], e["to"], e["gap_seconds"]) for e in site.entries()] == [("pbx-a", None, None)]
    assert len(site.told("alarm")) == 1
    assert site.counts("missing") == {"pbx-b": 1}


def test_a_call_without_a_token_is_not_watched() -> None:
    site = Site()
    site.feed(RecordingChanged(A, Uniqueid("x"), None, is_on=True))
    site.run(9.0)
    assert site.counts("recorded") == {}


@pytest.mark.parametrize("is_watched", [True, False])
def test_without_its_table_nothing_of_it_happens(is_watched: bool) -> None:
    site = Site(is_watched=is_watched)
    site.calls(talking=1, waiting=0)
    site.run(6.0)
    site.seat_of(0, A)
    site.record(0, A)
    site.kill(A)
    site.run(9.0)
    site.seat_of(0, B)
    site.record(0, B)
    site.run(14.0)
    assert (site.engine.view(site.now).recording is not None) is is_watched
    assert bool(site.entries()) is is_watched
    assert bool([e for _, e in site.effects if isinstance(e, Record) and e.kind == "recording"]) is is_watched
