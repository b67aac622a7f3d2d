"""Who is affected, "each exactly once with what happened": "everyone who was on a node when it died or in a queue when it was cut and was
*not* kept; everyone who hung up within 30 s of an interruption; everyone handled on emergency seats"."""

import pytest

from cti_daemon.model.affected import AskNumber, ForgetNumbers
from cti_daemon.model.call_events import ChannelEnded
from cti_daemon.model.effects import RescueLeg
from cti_daemon.model.events import DrillCallSeen, LegRouted, SeatTalking
from cti_daemon.model.ids import CallToken, ChannelName, SeatName, Uniqueid
from tests.policy.aftermath_site import Aftermath
from tests.sim.world import EDGE, EMG, A, B

pytestmark = pytest.mark.slow  # minutes and hours of a site


def hang_up(site: Aftermath, *numbers: int) -> None:
    for number in numbers:
        site.hang_up(Uniqueid(f"call-{number}"))


def rescued(site: Aftermath) -> None:
    """The primary dies; two who talked talk again, the third waits in the standby's queue, as does who waited before."""
    site.calls(talking=3, waiting=1)
    site.run(6.0)
    site.kill(A)
    site.run(8.0)
    for number in (0, 1):
        site.talk(Uniqueid(f"call-{number}"), f"seat{number + 1}")
    site.run(10.0)


def test_nobody_is_affected_while_all_is_well() -> None:
    site = Aftermath()
    site.calls(talking=3, waiting=2)
    site.run(40.0)
    hang_up(site, 0, 1, 2, 3, 4)
    site.run(60.0)
    assert site.kept == []


def test_who_was_kept_and_stays_is_not_affected() -> None:
    site = Aftermath()
    rescued(site)
    site.run(45.0)
    hang_up(site, 0, 1, 3)
    site.run(50.0)
    assert site.harms() == []


def test_who_hangs_up_within_30_s_is_on_record_and_who_does_it_later_is_not() -> None:
    site = Aftermath()
    rescued(site)
    hang_up(site, 0, 3)
    site.run(40.0)
    hang_up(site, 1)
    site.run(45.0)
    assert site.harms() == [("call-0", "hung_up", "talking"), ("call-3", "hung_up", "waiting")]


def test_who_never_got_his_agent_back_was_lost_however_late_he_gives_up() -> None:
    site = Aftermath()
    rescued(site)
    site.run(300.0)
    hang_up(site, 2)
    site.run(305.0)
    assert site.harms() == [("call-2", "lost", "talking")]


def test_who_hangs_up_in_the_silence_itself_was_lost() -> None:
    site = Aftermath()
    site.calls(talking=1, waiting=1)
    site.run(6.0)
    site.black_hole(A)
    site.black_hole(B)
    site.black_hole(EMG)
    site.run(6.6)
    hang_up(site, 0)  # before any verdict: nobody knows yet
    site.run(30.0)
    hang_up(site, 1)
    site.run(35.0)
    assert ("call-1", "lost", "waiting") in site.harms()


def test_an_edge_that_dies_loses_everybody_on_it_once() -> None:
    """ "Primary and standby killed … on an edge that is also restarted": "every lost caller is in the register exactly once"."""
    site = Aftermath()
    site.calls(talking=3, waiting=2)
    site.run(6.0)
    site.kill(A)
    site.kill(B)
    site.restart_edge()
    site.run(60.0)
    assert [token for token, _, _ in site.harms()] == [f"call-{n}" for n in range(5)]
    assert {(harm, was) for _, harm, was in site.harms()} == {("lost", "talking"), ("lost", "waiting")}


def test_an_edge_that_was_only_out_of_sight_has_lost_nobody() -> None:
    site = Aftermath()
    site.calls(talking=3, waiting=0)
    site.run(6.0)
    site.black_hole(EDGE)
    site.run(20.0)
    site.hang_up(Uniqueid("call-0"))
    site.heal(EDGE)
    site.run(22.0)
    site.live_edge("first")
    site.run(60.0)
    assert site.harms() == []


def test_everyone_whom_an_emergency_seat_talks_to_is_on_record_once_and_is_not_to_be_called() -> None:
    site = Aftermath()
    site.calls(talking=2, waiting=0)
    site.run(6.0)
    site.kill(A)
    site.kill(B)
    site.run(8.0)
    for number in (0, 1):
        site.talk(Uniqueid(f"call-{number}"), f"eseat{number}")
        site.talk(Uniqueid(f"call-{number}"), f"eseat{number + 5}")  # given to a colleague
    site.run(60.0)
    hang_up(site, 0, 1)
    site.run(65.0)
    assert {row.token for row in site.rows.values()} == {"token-call-0", "token-call-1"}
    assert {(harmed.harm.value, harmed.state.value) for harmed in site.kept} == {("emergency", "closed")}


def test_a_test_call_is_nobodys() -> None:
    site = Aftermath()
    token, leg = CallToken("token-test"), Uniqueid("test")
    site.feed(DrillCallSeen(EDGE, token, EMG))
    site.feed(LegRouted(EDGE, leg, ChannelName("PJSIP/carrier-t"), token, EMG, 0))
    site.feed(SeatTalking(EMG, token, SeatName("eseat1"), "eseat1!d;to-tag=t;from-tag=f"))
    site.run(7.0)
    site.feed(ChannelEnded(EDGE, leg, token, 16))
    site.run(20.0)
    assert (site.kept, [ask for ask in site.of(AskNumber) if ask.token == token]) == ([], [])


def test_a_number_is_asked_once_a_call_and_forgotten_a_minute_after_it() -> None:
    site = Aftermath()
    site.calls(talking=2, waiting=0)
    site.run(30.0)
    assert sorted(ask.token for ask in site.of(AskNumber)) == ["token-call-0", "token-call-1"]
    hang_up(site, 0)
    site.run(80.0)
    assert site.of(ForgetNumbers) == []
    site.run(110.0)
    assert [order.tokens for order in site.of(ForgetNumbers)] == [frozenset({"token-call-0"})]


def test_without_a_register_no_number_is_asked_and_nobody_is_written_down() -> None:
    site = Aftermath(has_register=False)
    rescued(site)
    hang_up(site, 0, 1, 2, 3)
    site.run(60.0)
    assert (site.kept, site.of(AskNumber), site.of(ForgetNumbers)) == ([], [], [])


def test_a_rescue_leaves_before_anything_of_it() -> None:
    """ "Never slowing a rescue"."""
    site = Aftermath()
    rescued(site)
    at = {at for at, effect in site.effects if isinstance(effect, RescueLeg)}
    for instant in at:
        batch = [effect for when, effect in site.effects if when == instant]
        last = max(n for n, effect in enumerate(batch) if isinstance(effect, RescueLeg))
        assert not any(type(effect).__name__ in {"AskNumber", "KeepCaller", "CallBack", "NoteRow"} for effect in batch[:last])
