"""Effects as actions, replies as outcomes: `model/effects.py` against an AMI."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cti_daemon.model.drills import CallSeat
from cti_daemon.model.effects import (
    AttachDialog,
    HangUp,
    MemberChange,
    RaiseCaller,
    RescueLeg,
    SetMember,
    SetRoute,
    SetSwitch,
    SetVia,
    Switch,
)
from cti_daemon.model.events import Membership
from cti_daemon.model.ids import ChannelName, Interface, NodeName, PathName, QueueName, SeatName, Uniqueid
from cti_daemon.model.reasons import Result, Role
from cti_daemon.model.settings import Settings
from cti_daemon.shell.ami.hands import Hands
from tests.shell.ami.conftest import Watched
from tests.shell.ami.fake_node import FakeNode, FakeSession

EDGE, PBX_A, PBX_B = NodeName("edge1"), NodeName("pbx-a"), NodeName("pbx-b")
CHANNEL = ChannelName("PJSIP/carrier-00000001")


@dataclass
class Site:
    settings: Settings
    hands: Hands
    watched: Watched


@pytest.fixture
async def site(fake: FakeNode, watch: Callable[..., Watched], settings: Settings) -> Site:
    watched = watch(Role.EDGE)
    await watched.until_both_up()
    fake.actions.clear()
    return Site(settings, Hands(settings, {EDGE: watched.links}), watched)


def said(fake: FakeNode) -> list[dict[str, str]]:
    ours = ("Setvar", "Redirect", "Hangup", "Queue")
    return [{k: v for k, v in action.items() if k != "ActionID"} for action in fake.actions if action["Action"].startswith(ours)]


async def test_a_route_is_set_before_its_epoch(fake: FakeNode, site: Site) -> None:
    (outcome,) = await site.hands.do([SetRoute(1, EDGE, (PBX_B, NodeName("emg")), 7)])
    assert (outcome.effect_id, outcome.result) == (1, Result.DONE)
    assert said(fake) == [
        {"Action": "Setvar", "Variable": "CTI_ROUTE", "Value": "pbx-b,emg"},
        {"Action": "Setvar", "Variable": "CTI_EPOCH", "Value": "7"},
    ]


async def test_a_path_is_an_address_or_nothing(fake: FakeNode, site: Site) -> None:
    await site.hands.do([SetVia(1, EDGE, PBX_B, PathName("b")), SetVia(2, EDGE, PBX_B, None)])
    address = next(n for n in site.settings.node if n.name == "pbx-b").sip.b
    assert said(fake) == [
        {"Action": "Setvar", "Variable": "CTI_VIA_pbx-b", "Value": address},
        {"Action": "Setvar", "Variable": "CTI_VIA_pbx-b", "Value": ""},
    ]


async def test_a_rescue_is_a_redirect_and_a_leg_that_ended_is_gone(fake: FakeNode, site: Site) -> None:
    """7-asterisk.md §1: "already ended": "Channel does not exist": normal outcome, not a failure."""
    (outcome,) = await site.hands.do([RescueLeg(4, EDGE, Uniqueid("u"), CHANNEL, 7)])
    assert outcome.result is Result.GONE
    assert said(fake) == [{"Action": "Redirect", "Channel": CHANNEL, "Context": "cti-resume", "Exten": "s", "Priority": "1"}]


async def test_a_dialog_is_hung_on_the_leg_and_inherited(fake: FakeNode, site: Site) -> None:
    """Only `_` and `__` variables reach the new leg."""
    await site.hands.do([AttachDialog(5, EDGE, CHANNEL, "seat1!a@b;to-tag=x;from-tag=y")])
    assert said(fake) == [{"Action": "Setvar", "Variable": "__CTI_DIALOG", "Value": "seat1!a@b;to-tag=x;from-tag=y", "Channel": CHANNEL}]


async def test_a_member_is_set_by_the_action_for_it(fake: FakeNode, site: Site) -> None:
    """7-asterisk.md §7: "the key is `Reason`; `PausedReason` is ignored without a word"."""
    place = {"Queue": "support", "Interface": "PJSIP/seat9"}
    li = Membership(
        QueueName("support"),
        Interface("PJSIP/seat9"),
        SeatName("seat9"),
        name="Li",
        state_interface="PJSIP/seat9",
        penalty=3,
        paused=True,
        reason="午休",
        ringinuse=True,
    )
    await site.hands.do([SetMember(i, EDGE, change, li) for i, change in enumerate(MemberChange)])
    assert said(fake) == [
        {
            "Action": "QueueAdd",
            **place,
            "MemberName": "Li",
            "StateInterface": "PJSIP/seat9",
            "Penalty": "3",
            "Paused": "true",
            "Reason": "午休",
        },
        {"Action": "QueueRemove", **place},
        {"Action": "QueuePause", **place, "Paused": "true", "Reason": "午休"},
        {"Action": "QueuePenalty", **place, "Penalty": "3"},
        {"Action": "QueueMemberRingInUse", **place, "RingInUse": "yes"},
    ]


async def test_outcomes_keep_the_order_of_the_deeds(fake: FakeNode, site: Site) -> None:
    deeds = [HangUp(i, NodeName("nowhere") if i % 3 == 0 else EDGE, CHANNEL) for i in range(300)]
    outcomes = await site.hands.do(deeds)
    assert [o.effect_id for o in outcomes] == list(range(300))
    assert [o.result for o in outcomes[:3]] == [Result.FAILED, Result.DONE, Result.DONE]


async def test_the_worst_reply_is_the_outcome(fake: FakeNode, site: Site) -> None:
    async def only_routes(session: FakeSession, action: dict[str, str]) -> None:
        if action["Variable"] == "CTI_ROUTE":
            session.reply(action, "Success", "Message: Variable Set")
        elif action["Value"] == "7":
            session.reply(action, "Error", "Message: Permission denied")

    fake.handlers["Setvar"] = only_routes
    refused, unanswered = await site.hands.do([SetRoute(1, EDGE, (PBX_A,), 7), SetRoute(2, EDGE, (PBX_A,), 8)])
    assert (refused.result, refused.detail) == (Result.FAILED, "Permission denied")
    assert unanswered.result is Result.UNKNOWN


SPEAK = SetSwitch(1, EDGE, "cti-announce", ((Switch.ETA, "15:30"), (Switch.ANNOUNCE, "cti-outage")))


async def test_a_switch_is_set_where_the_dialplan_has_its_context_and_off_without_asking(fake: FakeNode, site: Site) -> None:
    silent = SetSwitch(2, EDGE, "cti-announce", ((Switch.ETA, ""), (Switch.ANNOUNCE, "")))
    assert [o.result for o in await site.hands.do([SPEAK, silent])] == [Result.DONE, Result.DONE]
    asked = [action["Variable"] for action in fake.actions if action["Action"] == "Getvar" and "DIALPLAN" in action["Variable"]]
    assert asked == ["DIALPLAN_EXISTS(cti-announce,s,1)"]
    assert said(fake) == [
        {"Action": "Setvar", "Variable": "CTI_ETA", "Value": "15:30"},
        {"Action": "Setvar", "Variable": "CTI_ANNOUNCE", "Value": "cti-outage"},
        {"Action": "Setvar", "Variable": "CTI_ETA", "Value": ""},
        {"Action": "Setvar", "Variable": "CTI_ANNOUNCE", "Value": ""},
    ]


async def test_a_switch_that_nobody_would_hear_is_no_success(fake: FakeNode, site: Site) -> None:
    async def absent(session: FakeSession, action: dict[str, str]) -> None:
        session.reply(action, "Success", f"Variable: {action['Variable']}", "Value: 0")

    fake.handlers["Getvar"] = absent
    (outcome,) = await site.hands.do([SPEAK])
    assert (outcome.result, outcome.detail) == (Result.FAILED, "its dialplan has no context cti-announce")


async def test_a_caller_who_waits_is_raised_by_his_channel(fake: FakeNode, site: Site) -> None:
    await site.hands.do([RaiseCaller(1, EDGE, QueueName("hotline"), CHANNEL, 399_999)])
    who = {"Queue": "hotline", "Caller": CHANNEL, "Priority": "399999", "Immediate": "yes"}
    assert said(fake) == [{"Action": "QueueChangePriorityCaller", **who}]


async def test_a_test_call_rings_a_seat_by_no_queue_and_ends_by_itself(fake: FakeNode, site: Site) -> None:
    call = CallSeat(3, EDGE, SeatName("eseat1"), "PJSIP/eseat1", "ab" * 20, 15.0)
    (outcome,) = await site.hands.do([call])
    assert (outcome.effect_id, outcome.result) == (3, Result.DONE)
    told = next(action for action in fake.actions if action["Action"] == "Originate")
    assert (told["Channel"], told["Context"], told["Timeout"], told["Async"]) == ("PJSIP/eseat1", "cti-seat-test", "15000", "true")
    assert told["Variable"] == f"CTI_CALL={'ab' * 20}"
