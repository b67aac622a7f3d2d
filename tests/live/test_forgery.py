"""A caller can write whole AMI events into the stream. None of them may change anything, each is counted."""

import time

import pytest

from lab import forger, page
from lab.ami import Ami
from lab.deadline import wait_until
from lab.layout import EDGE, PBX_A
from lab.trial import Load, Trial
from tests.live.conftest import failovers, say

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]


def _security_events() -> int:
    counted = page.status().get("counters", {}).get("security_events", [])
    return sum(int(row["count"]) for row in counted)


def _legs_known() -> int:
    return sum(sum(node["callers"].values()) for node in page.status()["nodes"])


def test_a_forged_event_changes_nothing_and_is_counted(site: None) -> None:
    """ "A forged event sent by a real SIP caller through the edge changes nothing and is counted as a security event"."""
    legs: list[int] = []

    def forge() -> float:
        with Ami(EDGE) as edge:
            victims = [row for row in edge.list("CoreShowChannels", "CoreShowChannelsComplete") if "carrier" in row.get("Channel", "")]
        victim = victims[0]
        before = _security_events()
        name = {"Channel": victim["Channel"], "Uniqueid": victim["Uniqueid"], "Linkedid": victim["Uniqueid"], "Cause": "16"}
        lies = [
            forger.event("Shutdown", Shutdown="Cleanly", Restart="False"),
            forger.event("Hangup", **name),
            forger.event("UserEvent", UserEvent="CtiRoute", Node="emg", **name),
            forger.event("QueueMemberRemoved", Queue="hotline", MemberName="seat1", Interface="PJSIP/seat1"),
        ]
        for number, lie in enumerate(lies):
            forger.call_with_number(lie, label=f"forger{number}")
        wait_until("the lies to be counted", lambda: _security_events() > before, 5)
        legs.append(_legs_known())
        return time.time()

    seen = Trial(Load(loud=0, quiet=5, waiting=0, new_per_second=0), say).run(forge, watch_seconds=3.0)
    status = page.status()
    assert failovers() == 0
    assert status["serving"] == PBX_A.name
    assert all(node["state"] == "healthy" for node in status["nodes"])
    assert legs[0] >= 5
    assert all(call.is_up(seen.ended_wall) or call.ended_by == "carrier" for call in seen.calls if call.number.startswith("5550"))
    assert page.prometheus("sum(cti_security_events_total)") or _security_events()
