"""The seat mirror under random histories: people, restarts, failovers, lost links and lost answers, in any order."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti_daemon.model.reasons import MemberKind
from tests.policy.mirror_bench import STATIC, SUPPORT, MirrorBench, member
from tests.sim.world import A, B

pytestmark = pytest.mark.slow

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
