"""Stale calls on a server: ended when it is proved that their callers are elsewhere or gone, and never before (policy/stale.py)."""

from collections import Counter
from dataclasses import replace
from itertools import count

from cti_daemon.model.call_events import UP, ChannelSeen, ChannelsListed
from cti_daemon.model.effects import Effect, HangUp, ListEdge, ListNode
from cti_daemon.model.events import EdgeListed, LegRouted, LinkUp, Outcome, QueuesListed
from cti_daemon.model.ids import CallToken, ChannelName, NodeName, PathName, SeatName, Uniqueid
from cti_daemon.model.reasons import Condition, Result, Verdict
from cti_daemon.policy.health import Facts, Health
from cti_daemon.policy.stale import AGAIN_SECONDS, ASK_SECONDS, LASTS_SECONDS, UNPAUSED_SECONDS, StaleCalls
from cti_daemon.state.site import Site
from tests.sim.world import EDGE, EMG, A, B, settings

FACTS = Facts({}, {}, Condition.OK, 0.0, None, None)


class Bench:
    """Everybody is healthy; pbx-a has been looked at and is settled."""

    def __init__(self, *, settled: bool = True) -> None:
        self.site = Site(settings(), 0.0)
        for node in (EDGE, A, B, EMG):
            self.site.witness(LinkUp(node, PathName("a")), 0.0)
        self.site.seats.replace(QueuesListed(A, (), ()), 0.0)  # no member that is not paused
        self.health = {node: Health(Verdict.HEALTHY, "", 0.0, FACTS) for node in (EDGE, A, B, EMG)}
        self.counters: dict[str, Counter[tuple[str, ...]]] = {"stale_calls": Counter()}
        self.stale = StaleCalls(self.site, self.counters, count(1))
        if settled:
            self.judge(0.1)
            self.listed(at=0.2)
            self.judge(0.3)
            assert self.stale.is_settled(A)

    def route(self, caller: str, node: NodeName, at: float = 1.0) -> None:
        leg = LegRouted(EDGE, Uniqueid(f"edge-{caller}"), ChannelName(f"PJSIP/carrier-{caller}"), CallToken(caller), node, 0)
        self.site.route(leg, at)

    def listed(self, *rows: ChannelSeen, at: float, node: NodeName = A) -> bool:
        return self.stale.compare(ChannelsListed(node, rows), at)

    def edge_listed(self, at: float, *, took_seconds: float = 0.0) -> None:
        self.stale.edge_listed(EdgeListed(EDGE, (), (), 0, took_seconds), at)

    def judge(self, at: float, *, may_act: bool = True) -> list[Effect]:
        out: list[Effect] = []
        self.stale.judge(self.health, at, out, may_act=may_act)
        return out

    def condemn(self, node: NodeName, verdict: Verdict = Verdict.DEAD_SILENT) -> None:
        self.health[node] = replace(self.health[node], verdict=verdict)


def half(caller: str | None, *, is_agent: bool = False, linked: str = "") -> ChannelSeen:
    uniqueid = Uniqueid(f"a-{caller}")
    token = CallToken(caller) if caller else None
    return ChannelSeen(
        uniqueid, Uniqueid(linked or uniqueid), ChannelName(f"PJSIP/edge-{caller}"), token, UP, "", SeatName("edge"), None, is_agent
    )


def ended(effects: list[Effect]) -> list[str]:
    return [effect.channel for effect in effects if isinstance(effect, HangUp)]


def test_a_half_whose_leg_has_moved_on_is_ended_when_every_edge_was_asked_after_it_was_seen() -> None:
    bench = Bench()
    bench.condemn(A)
    bench.judge(5.0)
    bench.route("c1", B)
    bench.listed(half("c1"), at=6.0)
    asked = bench.judge(6.0)
    assert ListEdge(EDGE) in asked
    assert ended(asked) == []
    bench.edge_listed(6.1, took_seconds=0.2)  # asked for before the half was seen: it proves nothing
    assert ended(bench.judge(6.1)) == []
    bench.edge_listed(6.2)
    assert ended(bench.judge(6.2)) == ["PJSIP/edge-c1"]
    assert ended(bench.judge(6.3)) == []  # once


def test_a_half_whose_caller_is_gone_is_ended() -> None:
    bench = Bench()
    bench.condemn(A)
    bench.judge(5.0)
    bench.listed(half("c1"), at=6.0)
    bench.judge(6.0)
    bench.edge_listed(6.2)
    assert ended(bench.judge(6.2)) == ["PJSIP/edge-c1"]


def test_a_call_that_is_just_being_set_up_is_never_taken_for_one() -> None:
    """Its channel is seen on the server before the edge's word has reached us."""
    bench = Bench()
    bench.listed(half("c1"), at=6.0)
    bench.judge(6.0)
    bench.route("c1", A, 6.05)
    bench.edge_listed(6.2)
    assert ended(bench.judge(9.0)) == []


def test_a_call_that_goes_on_is_left_alone() -> None:
    bench = Bench()
    bench.route("c1", A)
    bench.condemn(A, Verdict.HUNG)
    bench.judge(5.0)
    bench.listed(half("c1"), at=6.0)
    bench.edge_listed(6.2)
    assert ended(bench.judge(9.0)) == []


def test_without_a_token_or_when_it_is_no_callers_half_it_is_left_alone() -> None:
    """Two agents may talk on after their caller has hung up."""
    bench = Bench()
    bench.condemn(A)
    bench.judge(5.0)
    bench.listed(half(None), half("c1", is_agent=True), half("c2", linked="a-older"), at=6.0)
    bench.judge(6.0)
    bench.edge_listed(6.2)
    assert ended(bench.judge(9.0)) == []


def test_on_a_server_that_was_not_condemned_it_must_last() -> None:
    """A BYE may be on its way."""
    bench = Bench()
    bench.listed(half("c1"), at=6.0)
    bench.edge_listed(6.2)
    assert ended(bench.judge(6.2)) == []
    assert ended(bench.judge(6.0 + LASTS_SECONDS)) == ["PJSIP/edge-c1"]


def test_while_an_edge_is_not_reached_nothing_is_proved() -> None:
    bench = Bench()
    bench.condemn(A)
    bench.judge(5.0)
    bench.listed(half("c1"), at=6.0)
    bench.edge_listed(6.2)
    bench.site.evidence[EDGE].connected.clear()
    assert ended(bench.judge(6.2)) == []


def test_paused_automation_ends_nothing_and_the_server_stays_unsettled() -> None:
    bench = Bench()
    bench.condemn(A)
    bench.judge(5.0)
    bench.condemn(A, Verdict.HEALTHY)
    bench.listed(half("c1"), at=6.0)
    bench.edge_listed(6.2)
    assert ended(bench.judge(6.2, may_act=False)) == []
    assert not bench.stale.is_settled(A)


def test_a_server_is_settled_when_its_own_list_asked_for_since_has_none() -> None:
    bench = Bench()
    bench.condemn(A)
    bench.judge(5.0)
    assert not bench.stale.is_settled(A)
    bench.listed(at=5.5)
    bench.judge(5.6)
    bench.condemn(A, Verdict.HEALTHY)
    bench.judge(6.0)
    assert not bench.stale.is_settled(A)  # that list was of the time when it was condemned
    assert ListNode(A) in bench.judge(5.6 + 2 * ASK_SECONDS)
    bench.listed(half("c1"), at=8.0)
    bench.judge(8.0)
    bench.edge_listed(8.1)
    (hang_up,) = [e for e in bench.judge(8.1) if isinstance(e, HangUp)]
    assert not bench.stale.is_settled(A)
    assert bench.stale.learn(Outcome(hang_up.effect_id, Result.DONE))
    assert ListNode(A) in bench.judge(8.2)
    bench.listed(at=8.3)
    bench.judge(8.3)
    assert bench.stale.is_settled(A)
    assert bench.counters["stale_calls"] == {(A, "done"): 1}


def test_at_our_start_nobody_is_settled() -> None:
    """What a former life of ours has left is not known."""
    bench = Bench(settled=False)
    assert not any(bench.stale.is_settled(node) for node in (A, B, EMG))


def test_what_is_still_there_is_ended_once_more() -> None:
    """The answer was lost, or the order was."""
    bench = Bench()
    bench.condemn(A)
    bench.judge(5.0)
    bench.listed(half("c1"), at=6.0)
    bench.judge(6.0)
    bench.edge_listed(6.2)
    (hang_up,) = [e for e in bench.judge(6.2) if isinstance(e, HangUp)]
    bench.stale.learn(Outcome(hang_up.effect_id, Result.UNKNOWN))
    bench.listed(half("c1"), at=7.0)
    assert ended(bench.judge(7.0)) == []
    bench.edge_listed(7.0 + AGAIN_SECONDS)
    assert ended(bench.judge(6.2 + AGAIN_SECONDS)) == ["PJSIP/edge-c1"]


def test_its_seats_are_paused_first_or_have_had_their_time() -> None:
    """One ended call frees a seat, and the queue would ring it for the next stale one."""
    bench = Bench()
    bench.site.seats.forget(A)  # whether they are paused is not known
    bench.condemn(A)
    bench.judge(5.0)
    bench.listed(half("c1"), at=6.0)
    bench.edge_listed(6.2)
    assert ended(bench.judge(6.2)) == []
    assert ended(bench.judge(6.0 + UNPAUSED_SECONDS)) == ["PJSIP/edge-c1"]
