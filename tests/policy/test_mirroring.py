""" "Seats: login, pause, reason, penalty on the standby; identical after failover" (F8), and what must never be done to get there."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti_daemon.model.effects import MemberChange
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import MemberKind, Verdict
from cti_daemon.policy.seats import HOLD_REASON
from tests.policy.mirror_bench import SUPPORT, MirrorBench, member
from tests.sim.world import EMG, A, B

pytestmark = pytest.mark.slow

WANG, LI = member(1), member(2)
LI_SUPPORT = replace(member(2, SUPPORT), penalty=3)
STATIC = member(9, kind=MemberKind.STATIC)


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


# --- any history ----------------------------------------------------------------------------------------------------

PEOPLE = st.one_of(
    st.tuples(st.just("login"), st.integers(0, 5)),
    st.tuples(st.just("logout"), st.integers(0, 5)),
    st.tuples(st.just("pause"), st.integers(0, 6)),
    st.tuples(st.just("unpause"), st.integers(0, 6)),
    st.tuples(st.just("penalty"), st.integers(0, 5)),
)
FATE = st.one_of(
    st.tuples(st.sampled_from(["glimpse serving", "glimpse other", "restart other", "restart serving", "failover"]), st.just(0)),
    st.tuples(st.just("pause on the other"), st.integers(0, 6)),
    st.tuples(st.just("loss"), st.integers(0, 6)),
    st.tuples(st.just("wait"), st.integers(0, 6)),
)
SEATS = [member(n) for n in range(1, 4)] + [member(n, SUPPORT) for n in range(1, 4)] + [STATIC]


def play(made: MirrorBench, what: str, number: int) -> None:
    serving, other = (A, B) if made.serving == A else (B, A)
    held = made.servers[serving].members.get(SEATS[number].key)
    match what:
        case "login" if held is None:
            made.change(serving, SEATS[number])
        case "logout" if held is not None and held.kind is MemberKind.DYNAMIC:
            made.remove(serving, held.key)
        case "pause" if held is not None:
            made.change(serving, replace(held, paused=True, reason=f"reason {len(made.told)}"))
        case "unpause" if held is not None:
            made.change(serving, replace(held, paused=False, reason=""))
        case "penalty" if held is not None and held.kind is MemberKind.DYNAMIC:
            made.change(serving, replace(held, penalty=(held.penalty + 1) % 4))
        case "glimpse serving" | "glimpse other":
            node = serving if what.endswith("serving") else other
            made.lose_links(node)
            made.run(made.chance.uniform(0.0, 2.0))
            made.regain_links(node)
        case "restart serving" | "restart other":
            node = serving if what.endswith("serving") else other
            made.run(0.1)  # what a person did has been heard
            made.die(node)
            made.run(made.chance.uniform(0.1, 5.0))
            made.regain_links(node)
            made.run(made.chance.uniform(0.0, 3.0))
            made.rise(node)
        case "failover":
            made.run(0.1)
            made.die(serving)
            made.serve(other)
            made.run(made.chance.uniform(0.1, 5.0))
            made.regain_links(serving)
            made.run(made.chance.uniform(0.0, 5.0))
            made.rise(serving)
        case "pause on the other" if held is not None and held.key in made.servers[other].members:
            made.run(3.0)  # no echo is awaited
            made.change(other, replace(made.servers[other].members[held.key], paused=not held.paused, reason=""))
            made.run(0.2)
        case "loss":
            made.loss = number / 10
        case _:
            made.run(made.chance.uniform(0.0, 12.0))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(PEOPLE, PEOPLE, FATE), max_size=25), st.integers(0, 2**32))
def test_whatever_happens_both_servers_agree_in_the_end(history: list[tuple[str, int]], seed: int) -> None:
    """Random changes, lost and late answers, reconnects, restarts with an old store, failovers: the mirror converges, does not swing,
    and never touches what stands in queues.conf but for its pause (the bench asserts that)."""
    made = MirrorBench((STATIC,), seed)
    made.run(0.1)
    for what, number in history:
        play(made, what, number)
        made.run(made.chance.uniform(0.0, 0.3))
    made.loss = 0.0
    made.run(75.0)
    assert made.places(A) == made.places(B)
    assert made.mirroring.difference() == {A: 0, B: 0}
    count = len(made.told)
    made.run(75.0)
    assert len(made.told) == count


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(PEOPLE, PEOPLE, FATE), max_size=25), st.integers(0, 2**32))
def test_whatever_happens_what_people_did_last_holds(history: list[tuple[str, int]], seed: int) -> None:
    """No login, logout, pause or penalty is undone by a restart, a reconnect or a failover (while answers come)."""
    made = MirrorBench((STATIC,), seed)
    made.run(0.1)
    wanted = made.places(A)
    for what, number in history:
        if what == "loss":
            continue
        before = made.places(made.serving)
        assert before == wanted, f"before {what}"
        play(made, what, number)
        if what in ("login", "logout", "pause", "unpause", "penalty"):
            wanted = made.places(made.serving)
        elif what == "pause on the other":
            wanted = made.places(B if made.serving == A else A)
        made.run(1.0 + made.chance.uniform(0.0, 0.3))
    assert made.places(A) == made.places(B) == wanted
