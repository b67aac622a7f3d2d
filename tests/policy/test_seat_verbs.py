"""Seat verbs: seat-login, seat-logout, seat-pause, seat-unpause act on the serving server and on the mirror."""

from dataclasses import replace
from typing import Any

import pytest

from cti_daemon.model.ids import MemberKey
from cti_daemon.model.reasons import MemberKind
from cti_daemon.policy.ruling import Ruling, Wishes
from cti_daemon.policy.seat_verbs import plan
from tests.policy.mirror_bench import QUEUES, SUPPORT, MirrorBench, member
from tests.sim.world import A, B

STATIC = member(9, kind=MemberKind.STATIC)
LI, LI_SUPPORT = member(2), member(2, SUPPORT)


def wishes(verb: str, **args: Any) -> Wishes:
    roster = {m.key: m for m in (LI, LI_SUPPORT, STATIC)}
    planned = plan(verb, args, roster, QUEUES)
    assert isinstance(planned, dict), planned
    return planned


def test_a_login_is_a_dynamic_member_of_each_queue() -> None:
    planned = wishes("seat-login", seat="seat7", queues=["hotline", "support"], name="王", penalty=2)
    assert [(m.queue, m.interface, m.name, m.penalty, m.kind) for m in planned.values() if m] == [
        (queue, "PJSIP/seat7", "王", 2, MemberKind.DYNAMIC) for queue in QUEUES
    ]


def test_what_is_so_already_is_no_wish() -> None:
    assert wishes("seat-login", seat="seat2", queues=["hotline"]) == {}
    assert wishes("seat-unpause", seat="seat2") == {}


def test_a_pause_is_for_every_queue_or_for_those_named() -> None:
    paused = {m.key: replace(m, paused=True, reason="lunch") for m in (LI, LI_SUPPORT)}
    assert wishes("seat-pause", seat="seat2", reason="lunch") == paused
    assert wishes("seat-pause", seat="seat2", reason="lunch", queues=["support"]) == {LI_SUPPORT.key: paused[LI_SUPPORT.key]}
    assert wishes("seat-pause", seat="seat9") == {STATIC.key: replace(STATIC, paused=True)}


def test_a_logout_takes_every_place_away() -> None:
    nowhere: dict[MemberKey, None] = {LI.key: None, LI_SUPPORT.key: None}
    assert wishes("seat-logout", seat="seat2") == nowhere


@pytest.mark.parametrize(
    ("verb", "args", "code", "why"),
    [
        ("seat-login", {"seat": "seat7", "queues": ["sales"]}, "wrong_target", "no queue sales"),
        ("seat-login", {"seat": "seat7", "queues": ["hotline"], "name": "Wang|x"}, "malformed", "name has '|'"),
        ("seat-pause", {"seat": "seat2", "reason": "a;b"}, "malformed", "reason has ';'"),
        ("seat-pause", {"seat": "seat2", "reason": "午" * 27}, "malformed", "81 bytes"),
        ("seat-pause", {"seat": "seat7"}, "wrong_target", "not logged in to any queue"),
        ("seat-logout", {"seat": "seat9"}, "wrong_target", "pause it instead"),
    ],
)
def test_a_refusal_says_what_would_be_right(verb: str, args: dict[str, Any], code: str, why: str) -> None:
    refused = plan(verb, args, {m.key: m for m in (LI, LI_SUPPORT, STATIC)}, QUEUES)
    assert isinstance(refused, Ruling)
    assert refused.code == code
    assert why in refused.message


def test_nothing_is_ordered_while_nothing_is_known() -> None:
    refused = plan("seat-pause", {"seat": "seat2"}, None, QUEUES)
    assert isinstance(refused, Ruling)
    assert refused.code == "unknown_state"


def test_an_order_holds_on_both_servers() -> None:
    made = MirrorBench((STATIC,))
    made.run(0.1)
    for verb, args in (
        ("seat-login", {"seat": "seat7", "queues": ["support"], "penalty": 2}),
        ("seat-pause", {"seat": "seat7", "reason": "training"}),
        ("seat-pause", {"seat": "seat9", "reason": "headset"}),
    ):
        planned = plan(verb, args, made.mirroring.roster, QUEUES)
        assert isinstance(planned, dict)
        made.order(planned)
        made.run(0.1)
    assert made.places(A) == made.places(B)
    assert made.places(A)[SUPPORT, member(7).interface] == (True, "training", 2)
    assert made.places(A)[STATIC.key] == (True, "headset", 0)
    made.run(60.0)
    assert made.places(A)[STATIC.key] == (True, "headset", 0)
    assert len(made.told) == 6
