"""Seats as people see them: each once, on however many nodes it is known."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti_daemon.model.events import MemberGone, MemberSeen, Membership, QueuesListed
from cti_daemon.model.ids import Interface, MemberKey, NodeName, QueueName, SeatName
from cti_daemon.model.reasons import MemberKind
from cti_daemon.model.views import MembershipView, SeatView
from cti_daemon.state.roll import Roll
from cti_daemon.state.site import Site
from tests.sim.world import EMG, A, B, settings

HOTLINE = QueueName("hotline")


def place(number: int, queue: QueueName = HOTLINE) -> Membership:
    return Membership(queue, Interface(f"PJSIP/seat{number}"), SeatName(f"seat{number}"), kind=MemberKind.DYNAMIC)


def seats(held: Site, serving: NodeName, now: float) -> tuple[SeatView, ...]:
    return held.roll.seats(serving, now)


def listed(node: NodeName, *members: tuple[Membership, int]) -> QueuesListed:
    return QueuesListed(node, tuple(MemberSeen(node, membership, device, in_call=False) for membership, device in members), ())


def site(*lists: QueuesListed) -> Site:
    made = Site(settings(), 0.0)
    for event in lists:
        made.list_queues(event, 0.0)
    return made


def test_a_mirrored_seat_is_shown_once_and_at_its_home() -> None:
    held = site(listed(A, (place(2), 1), (place(10), 1)), listed(B, (place(2), 1), (place(10), 1)))
    shown = seats(held, A, 1.0)
    assert [(seat.seat, seat.node) for seat in shown] == [("seat2", A), ("seat10", A)]
    assert [seat.node for seat in seats(held, B, 1.0)] == [B, B]


def test_its_places_are_shown_queue_by_queue() -> None:
    support = replace(place(1, QueueName("support")), penalty=3, paused=True, reason="lunch")
    (seat,) = seats(site(listed(A, (place(1), 1), (support, 1))), A, 1.0)
    assert seat.memberships == (
        MembershipView(HOTLINE, 0, paused=False, reason="", is_dynamic=True),
        MembershipView(QueueName("support"), 3, paused=True, reason="lunch", is_dynamic=True),
    )


def test_a_call_left_on_the_other_server_counts() -> None:
    """After a switch, calls in progress stay where they are: the phone is busy, whoever serves."""
    (seat,) = seats(site(listed(A, (place(1), 2)), listed(B, (place(1), 1))), B, 1.0)
    assert (seat.state, seat.node) == ("in_call", B)


def test_what_the_serving_node_does_not_tell_is_unknown() -> None:
    """Its mirror knows who is logged in, but not which phones are busy over there."""
    (seat,) = seats(site(listed(B, (place(1), 1))), A, 1.0)
    assert (seat.state, seat.node, len(seat.memberships)) == ("unknown", B, 1)


def test_emergency_seats_are_seats_too() -> None:
    held = site(listed(A, (place(1), 1)), listed(EMG, (place(7), 5)))
    assert [(seat.seat, seat.state, seat.node) for seat in seats(held, A, 1.0)] == [
        ("seat1", "available", A),
        ("seat7", "unreachable", EMG),
    ]
    assert [seat.state for seat in seats(site(listed(EMG, (place(7), 1))), A, 1.0)] == ["available"]


def test_what_does_not_change_is_the_same_object() -> None:
    """There may be thousands of seats: only those that change are drawn, and told, anew."""
    held = site(listed(A, (place(1), 1), (place(2), 1)), listed(B, (place(1), 1), (place(2), 1)))
    first = seats(held, A, 1.0)
    assert seats(held, A, 5.0) is first
    held.seat(MemberSeen(A, place(2), 6, in_call=False), 6.0)
    second = seats(held, A, 7.0)
    assert [seat.state for seat in second] == ["available", "ringing"]
    assert second[0] is first[0]
    held.list_queues(listed(A, (place(1), 1), (place(2), 6)), 8.0)
    assert seats(held, A, 9.0) is second
    assert held.roll.seats_of_queue(HOTLINE, A, 9.0) is held.roll.seats_of_queue(HOTLINE, A, 10.0)


def test_a_wrap_up_ends_without_an_event() -> None:
    own = replace(place(1), wrap_up_seconds=10)
    held = site(listed(A, (own, 2)))
    assert [seat.state for seat in seats(held, A, 1.0)] == ["in_call"]
    held.seat(MemberSeen(A, own, 1, in_call=False, last_call_wall=7), 2.0)
    for at, state in ((3.0, "wrap_up"), (11.9, "wrap_up"), (12.1, "available"), (20.0, "available")):
        assert [seat.state for seat in seats(held, A, at)] == [state]
        assert [seat.state for seat in held.roll.seats_of_queue(HOTLINE, A, at)] == [state]


def test_a_node_that_is_lost_takes_its_seats_along() -> None:
    held = site(listed(A, (place(1), 1)), listed(EMG, (place(7), 1)))
    assert [seat.seat for seat in seats(held, A, 1.0)] == ["seat1", "seat7"]
    held.seats.forget(EMG)
    assert [seat.seat for seat in seats(held, A, 2.0)] == ["seat1"]
    held.list_queues(listed(EMG, (place(7), 1)), 3.0)
    assert [seat.seat for seat in seats(held, A, 4.0)] == ["seat1", "seat7"]


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["seen", "gone", "list", "forget", "draw", "serve"]),
        st.sampled_from([A, B, EMG]),
        st.integers(1, 4),
        st.sampled_from([HOTLINE, QueueName("support")]),
        st.sampled_from([0, 1, 2, 5, 6]),
        st.booleans(),
    ),
    max_size=40,
)


@pytest.mark.slow
@given(OPERATIONS)
def test_drawing_a_little_is_drawing_all(history: list[tuple[str, NodeName, int, QueueName, int, bool]]) -> None:
    """The roll that is kept up says what a roll that is made anew would say."""
    held, serving, now = site(), A, 0.0
    rows: dict[NodeName, dict[MemberKey, MemberSeen]] = {A: {}, B: {}, EMG: {}}
    for what, node, number, queue, device, paused in history:
        now += 1.0
        member = MemberSeen(node, replace(place(number, queue), paused=paused), device, in_call=False, last_call_wall=int(now))
        match what:
            case "seen":
                rows[node][member.membership.key] = member
                held.seat(member, now)
            case "gone":
                rows[node].pop(member.membership.key, None)
                held.seat(MemberGone(node, queue, member.membership.interface), now)
            case "list":
                held.list_queues(QueuesListed(node, tuple(rows[node].values()), ()), now)
            case "forget":
                held.seats.forget(node)
            case "draw":
                seats(held, serving, now)
            case _:
                serving = node
    anew = Roll(held.seats, held.servers, frozenset({EMG}))
    kept = seats(held, serving, now)
    of_queues = [held.roll.seats_of_queue(queue, serving, now) for queue in (HOTLINE, QueueName("support"))]
    assert anew.seats(serving, now) == kept
    assert [anew.seats_of_queue(queue, serving, now) for queue in (HOTLINE, QueueName("support"))] == of_queues
