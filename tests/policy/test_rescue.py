"""Who must be listened to anew before he is ordered away a second time."""

import pytest

from cti_daemon.model.ids import CallToken, ChannelName, NodeName, SeatName, Uniqueid
from cti_daemon.model.reasons import Condition, Verdict
from cti_daemon.policy.health import Facts, Health
from cti_daemon.policy.rescue import HEAR_AGAIN_SECONDS, Audio, must_be_heard_again
from cti_daemon.state.legs import Leg

NODE = NodeName("pbx-a")
FACTS = Facts({}, {}, Condition.LOST, 0.0, None, None)
ORDERED_AT = 10.0


def caller(*, ordered_at: float = ORDERED_AT, is_answered: bool = True) -> Leg:
    leg = Leg(NodeName("edge1"), Uniqueid("u1"), ChannelName("PJSIP/carrier-1"), CallToken("t1"), NODE, 0, 1.0, bridged=is_answered)
    if is_answered:
        leg.talking_on, leg.talking_at, leg.seat = NODE, 2.0, SeatName("seat1")
    leg.last_redirect_at = ordered_at
    return leg


def judged(verdict: Verdict) -> Health:
    return Health(verdict, "", 5.0, FACTS)


def heard(leg: Leg, asked_at: float) -> Audio:
    audio = Audio()
    audio.learn((), (leg.key,), asked_at)
    return audio


@pytest.mark.parametrize("verdict", [Verdict.DEAD_SILENT, Verdict.HUNG, Verdict.EDGE_CANNOT_REACH])
def test_an_old_word_is_no_reason_to_repeat_an_order_and_a_new_one_is(verdict: Verdict) -> None:
    """F4: "a rescue of calls that are in fact alive would cut conversations"."""
    leg, health = caller(), judged(verdict)
    assert must_be_heard_again(leg, health, heard(leg, ORDERED_AT - 0.5), ORDERED_AT + 1)
    assert must_be_heard_again(leg, health, Audio(), ORDERED_AT + 1), "he was never listened to"
    assert not must_be_heard_again(leg, health, heard(leg, ORDERED_AT + 0.5), ORDERED_AT + 1)


def test_an_edge_that_does_not_say_keeps_nobody_in_silence() -> None:
    leg = caller()
    assert not must_be_heard_again(leg, judged(Verdict.DEAD_SILENT), Audio(), ORDERED_AT + HEAR_AGAIN_SECONDS)


def test_a_first_order_and_one_off_a_dead_process_wait_for_nothing() -> None:
    first = caller(ordered_at=float("-inf"))
    assert not must_be_heard_again(first, judged(Verdict.DEAD_SILENT), Audio(), ORDERED_AT)
    assert not must_be_heard_again(caller(), judged(Verdict.DEAD), Audio(), ORDERED_AT + 1)
    orphan = caller()
    orphan.is_orphan = True
    assert not must_be_heard_again(orphan, judged(Verdict.DEAD_SILENT), Audio(), ORDERED_AT + 1)
    assert not must_be_heard_again(caller(is_answered=False), judged(Verdict.DEAD_SILENT), Audio(), ORDERED_AT + 1), "he only hears ringing"
