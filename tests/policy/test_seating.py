"""Seats as people see them: each once, on however many nodes it is known."""

from dataclasses import replace

from cti_daemon.model.events import MemberSeen, Membership, QueuesListed
from cti_daemon.model.ids import Interface, NodeName, QueueName, SeatName
from cti_daemon.model.reasons import MemberKind
from cti_daemon.model.views import MembershipView
from cti_daemon.policy.seating import seats
from cti_daemon.state.site import Site
from tests.sim.world import EMG, A, B, settings

HOTLINE = QueueName("hotline")


def place(number: int, queue: QueueName = HOTLINE) -> Membership:
    return Membership(queue, Interface(f"PJSIP/seat{number}"), SeatName(f"seat{number}"), kind=MemberKind.DYNAMIC)


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
