""" "Seats: login, pause, reason, penalty on the standby; identical after failover" (F8), and what must never be done to get there."""

from dataclasses import replace

import pytest

from cti_daemon.model.effects import MemberChange
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Verdict
from cti_daemon.policy.seats import HOLD_REASON
from tests.policy.mirror_bench import STATIC, SUPPORT, MirrorBench, member
from tests.sim.world import EMG, A, B

WANG, LI = member(1), member(2)
LI_SUPPORT = replace(member(2, SUPPORT), penalty=3)


def bench() -> MirrorBench:
    made = MirrorBench((STATIC,))
    made.run(0.1)
    return made


def told(made: MirrorBench) -> list[tuple[NodeName, MemberChange, str]]:
    return [(effect.node, effect.change, f"{effect.wanted.seat} {effect.wanted.queue}") for _, effect in made.told]


def test_a_login_is_mirrored_with_everything() -> None:
    made = bench()
    made.change(A, replace(LI_SUPPORT, paused=True, reason="lunch"))
    made.run(0.1)
    assert made.places(B)[LI_SUPPORT.key] == (True, "lunch", 3)
    assert told(made) == [(B, MemberChange.ADD, "seat2 support")]
    assert made.mirroring.difference() == {A: 0, B: 0}


def test_pause_reason_penalty_and_logout_are_mirrored() -> None:
    made = bench()
    made.change(A, WANG)
    made.run(0.1)
    for now in (
        replace(WANG, paused=True),
        replace(WANG, paused=True, reason="training"),
        replace(WANG, paused=True, reason="lunch"),
        replace(WANG, penalty=7),
    ):
        made.change(A, now)
        made.run(0.1)
        assert made.places(B) == made.places(A)
    made.remove(A, WANG.key)
    made.run(0.1)
    assert WANG.key not in made.places(B)


def test_each_change_is_told_once() -> None:
    made = bench()
    made.change(A, WANG)
    made.run(60.0)
    assert told(made) == [(B, MemberChange.ADD, "seat1 hotline")]


@pytest.mark.parametrize("seed", range(40))
def test_a_login_that_was_taken_is_not_asked_for_again(seed: int) -> None:
    """The answer may overtake the event, and the agent pause meanwhile: a second login would be refused (`Already there`), and the
    pause wait for the next try. Seen on the lab."""
    made = MirrorBench((STATIC,), seed)
    made.run(0.1)
    made.change(A, WANG)
    made.run(0.002)
    made.change(A, replace(WANG, paused=True, reason="lunch"))
    made.run(0.4)
    assert made.places(B) == made.places(A)
    assert [change for _, change, _ in told(made)].count(MemberChange.ADD) == 1
    assert made.alarms == []


def test_quick_changes_end_as_the_last_one() -> None:
    made = bench()
    made.change(A, WANG)
    for number in range(20):
        made.change(A, replace(WANG, paused=number % 2 == 0, reason="" if number % 2 else f"{number}"))
        made.run(0.003)
    made.run(0.5)
    assert made.places(B) == made.places(A)


def test_ringinuse_is_mirrored_although_no_list_tells_it() -> None:
    made = bench()
    made.change(A, replace(WANG, ringinuse=False))
    made.run(0.1)
    made.lose_links(B)  # what events told of B is forgotten
    made.regain_links(B)
    made.run(0.1)
    made.change(A, replace(WANG, ringinuse=True))
    made.run(0.1)
    assert made.servers[B].members[WANG.key].ringinuse is True


def test_static_members_are_only_paused() -> None:
    """What stands in queues.conf is the site's. But an agent paused it, and finds it paused."""
    made = bench()
    made.change(A, replace(STATIC, paused=True, reason="lunch", penalty=5))
    made.run(0.1)
    assert told(made) == [(B, MemberChange.PAUSE, "seat9 hotline")]
    assert made.places(B)[STATIC.key] == (True, "lunch", 0)
    made.remove(A, STATIC.key)  # queues.conf of A was changed
    made.run(30.0)
    assert STATIC.key in made.places(B)
    assert made.mirroring.difference() == {A: 0, B: 1}  # and that the two files differ is shown


def test_names_that_would_break_the_others_store_are_made_safe() -> None:
    made = bench()
    made.change(A, replace(WANG, name="Wang; Li|x", paused=True, reason="lunch; back|soon"))
    made.run(40.0)
    assert made.servers[B].members[WANG.key].name == "Wang, Li,x"
    assert made.places(B)[WANG.key] == (True, "lunch, back,soon", 0)
    assert len(made.told) == 1
    assert made.mirroring.difference()[B] == 0


def test_a_server_that_was_away_is_set_right() -> None:
    made = bench()
    made.change(A, WANG)
    made.run(0.1)
    made.lose_links(B)
    assert made.mirroring.difference() == {A: 0}  # unknown has no number
    made.change(A, replace(WANG, paused=True))
    made.change(A, LI)
    made.run(1.0)
    assert len(made.told) == 1
    made.regain_links(B)
    made.run(0.2)
    assert made.places(B) == made.places(A)


def test_unknown_is_not_empty() -> None:
    """Nobody is logged out because the serving server, or a queue of it, tells nothing."""
    made = bench()
    made.change(A, WANG)
    made.change(A, LI_SUPPORT)
    made.run(0.1)
    before = made.places(B)
    made.lose_links(A)
    made.run(30.0)
    assert made.places(B) == before
    made.servers[A].queues.clear()
    made.servers[A].members.clear()  # app_queue was unloaded
    made.regain_links(A)
    made.run(30.0)
    assert made.places(B) == before


def test_after_a_failover_the_new_server_leads() -> None:
    made = bench()
    made.change(A, WANG)
    made.run(0.1)
    made.die(A)
    made.serve(B)
    made.run(1.0)
    made.change(B, replace(WANG, paused=True, reason="lunch"))
    made.change(B, LI)
    made.run(1.0)
    assert made.places(B)[WANG.key] == (True, "lunch", 0)
    assert LI.key in made.places(B)
    assert all(effect.node is not B for at, effect in made.told if at > 0.2)
    made.regain_links(A)
    made.rise(A)
    made.run(1.0)
    assert made.places(A) == made.places(B)


def test_a_change_of_the_last_instant_is_not_lost() -> None:
    """The serving server said it and died; the other one had not been told yet."""
    made = bench()
    made.change(A, WANG)
    made.run(0.1)
    made.loss = 1.0  # B takes nothing for a moment
    made.change(A, replace(WANG, paused=True, reason="lunch"))
    made.run(0.05)
    made.die(A)
    made.loss = 0.0
    made.serve(B)
    made.run(3.0)
    assert made.places(B)[WANG.key] == (True, "lunch", 0)


def test_a_persons_change_on_the_other_server_counts() -> None:
    """After a failover a phone's keys may still reach its first server: who pauses there is paused, and is not put back."""
    made = bench()
    made.change(A, WANG)
    made.run(5.0)
    made.change(B, replace(WANG, paused=True, reason="lunch"))
    made.change(B, replace(STATIC, paused=True, reason="headset"))
    made.change(B, LI)
    made.run(0.1)
    assert made.places(A) == made.places(B)
    assert made.places(A)[WANG.key] == (True, "lunch", 0)
    assert made.places(A)[STATIC.key] == (True, "headset", 0)
    made.run(5.0)
    made.remove(B, LI.key)
    made.run(0.1)
    assert LI.key not in made.places(A)
    count = len(made.told)
    made.run(60.0)
    assert len(made.told) == count


def test_what_may_be_an_echo_is_no_wish() -> None:
    """Just after a deed of ours nobody can tell them apart: the leading server counts."""
    made = bench()
    made.change(A, WANG)
    made.run(0.1)
    made.change(B, replace(WANG, paused=True))
    made.run(0.5)
    assert made.places(A)[WANG.key] == made.places(B)[WANG.key] == (False, "", 0)


def test_a_phone_that_rings_on_the_other_server_is_no_wish() -> None:
    made = bench()
    made.change(A, replace(WANG, name="Wang; Li", paused=True, reason="a|b"))
    made.run(10.0)
    made.change(B, made.servers[B].members[WANG.key])
    made.run(10.0)
    assert made.places(A)[WANG.key] == (True, "a|b", 0)
    assert len(made.told) == 1


def test_a_returned_servers_old_store_counts_for_nothing() -> None:
    """Its store is written once a second: "after a node returns the daemon's own state wins, not the node's"."""
    made = bench()
    made.change(A, replace(WANG, paused=True, reason="lunch"))
    made.run(2.0)
    made.change(A, WANG)
    made.run(0.1)
    made.die(A)
    assert made.places(A)[WANG.key] == (True, "lunch", 0)
    made.serve(B)
    made.regain_links(A)
    made.run(0.2)
    made.rise(A)
    made.run(1.0)
    assert made.places(A) == made.places(B)
    assert made.places(A)[WANG.key] == (False, "", 0)


def test_a_serving_server_that_was_restarted_in_place_is_set_right() -> None:
    """It comes back before anybody took over, with what its store had."""
    made = bench()
    made.change(A, WANG)
    made.change(A, replace(STATIC, paused=True, reason="lunch"))
    made.run(0.1)
    made.die(A)
    made.regain_links(A)
    made.rise(A)
    made.run(1.0)
    assert made.places(A) == made.places(B)
    assert made.places(A)[STATIC.key] == (True, "lunch", 0)


def test_a_serving_server_that_we_lost_sight_of_is_believed() -> None:
    made = bench()
    made.change(A, WANG)
    made.run(0.1)
    made.lose_links(A)
    made.change(A, replace(WANG, paused=True, reason="lunch"))
    made.run(1.0)
    made.regain_links(A)
    made.run(0.2)
    assert made.places(A)[WANG.key] == made.places(B)[WANG.key] == (True, "lunch", 0)


def test_a_returned_server_rings_nobody_until_its_stale_calls_are_ended() -> None:
    """7-asterisk §11: half a second after its member was unpaused a returned node connected an agent to a dead caller."""
    made = bench()
    made.change(A, WANG)
    made.change(A, replace(LI, paused=True, reason="lunch"))
    made.run(0.1)
    made.lose_links(A)  # a black hole: it lives on, with its callers
    made.servers[A].verdict = Verdict.DEAD_SILENT
    made.serve(B)
    made.run(40.0)
    made.is_settled = False
    made.regain_links(A)
    made.run(0.1)
    assert made.places(A)[WANG.key] == (True, HOLD_REASON, 0)
    assert made.places(A)[STATIC.key] == (True, HOLD_REASON, 0)
    assert made.places(A)[LI.key] == (True, "lunch", 0)
    made.rise(A)
    made.run(20.0)
    assert made.places(A)[WANG.key] == (True, HOLD_REASON, 0)
    made.is_settled = True
    made.run(1.0)
    assert made.places(A) == made.places(B)
    assert made.places(B)[WANG.key] == (False, "", 0)


@pytest.mark.parametrize("verdict", [Verdict.EDGE_CANNOT_REACH, Verdict.SUSPECT, Verdict.CONTROL_LOST])
def test_a_server_whose_queue_goes_on_is_not_paused(verdict: Verdict) -> None:
    made = bench()
    made.change(A, WANG)
    made.run(0.1)
    made.servers[A].verdict = verdict
    made.serve(B)
    made.run(30.0)
    assert made.places(A)[WANG.key] == (False, "", 0)


def test_nothing_else_is_told_to_a_condemned_server() -> None:
    made = bench()
    made.servers[B].verdict = Verdict.HUNG
    made.judge()
    made.change(A, WANG)
    made.change(A, replace(STATIC, penalty=3))
    made.run(30.0)
    assert {effect.change for _, effect in made.told} == {MemberChange.PAUSE}
    made.rise(B)
    made.run(1.0)
    assert made.places(B) == made.places(A) | {STATIC.key: (False, "", 0)}


def test_our_own_pauses_are_no_agents() -> None:
    """We were killed while a server was held, and it serves when we are back."""
    made = MirrorBench((replace(STATIC, paused=True, reason=HOLD_REASON),))
    made.run(1.0)
    assert made.places(A)[STATIC.key] == made.places(B)[STATIC.key] == (False, "", 0)


def test_emergency_seats_lead_nobody() -> None:
    """While the emergency system serves, the last media server's seats are what both will have."""
    made = bench()
    made.change(A, WANG)
    made.run(0.1)
    made.die(A)
    made.die(B)
    made.serve(EMG)
    made.run(5.0)
    for node in (B, A):
        made.regain_links(node)
        made.run(0.5)
        made.rise(node)
    made.run(2.0)
    assert made.places(A) == made.places(B)
    assert made.places(A)[WANG.key] == (False, "", 0)


def test_what_is_refused_is_tried_again_ever_slower_and_told_once() -> None:
    made = bench()
    made.servers[B].queues.discard(SUPPORT)  # the standby's queues.conf lacks it
    made.change(A, LI_SUPPORT)
    made.run(60.0)
    assert 4 <= len(made.told) <= 8
    assert len(made.alarms) == 1
    assert made.mirroring.difference()[B] == 1
    made.servers[B].queues.add(SUPPORT)
    made.run(40.0)
    assert made.places(B) == made.places(A)


def test_a_whole_roster_does_not_hold_up_the_heartbeats() -> None:
    """They share a session: at most fifty deeds are under way."""
    made = bench()
    made.lose_links(B)
    for number in range(100, 400):
        made.change(A, member(number))
    made.run(1.0)
    made.regain_links(B)
    made.run(0.0)
    made.chance.seed(1)
    made.run(0.021)
    assert 0 < len(made.told) <= 50 + 50
    made.run(1.0)
    assert made.places(B) == made.places(A)
    assert len(made.told) == 300
