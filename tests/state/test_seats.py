""" "Seats: login, pause and reason, ringing, in call, wrap-up, unreachable, unknown; per queue membership and penalty; since when" """

from dataclasses import replace

from cti_daemon.model.events import MemberGone, MemberSeen, Membership, QueuesListed
from cti_daemon.model.ids import Interface, NodeName, QueueName, SeatName
from cti_daemon.model.reasons import MemberKind, SeatState
from cti_daemon.state.seats import Seats

NODE = NodeName("pbx-a")
HOTLINE, SUPPORT = QueueName("hotline"), QueueName("support")
SEAT = SeatName("seat1")
PLACE = Membership(HOTLINE, Interface("PJSIP/seat1"), SEAT, kind=MemberKind.DYNAMIC)
OTHER = replace(PLACE, queue=SUPPORT, penalty=3)
FREE, IN_USE, UNAVAILABLE, RINGING = 1, 2, 5, 6


def seen(place: Membership = PLACE, device: int = FREE, *, in_call: bool = False, last_call_wall: int = 0) -> MemberSeen:
    return MemberSeen(NODE, place, device, in_call=in_call, last_call_wall=last_call_wall)


def holding(*members: MemberSeen, wrap_up: float = 0.0) -> Seats:
    seats = Seats({HOTLINE: wrap_up})
    seats.replace(QueuesListed(NODE, members, ()), 0.0)
    return seats


def state(seats: Seats, now: float) -> tuple[SeatState, float | None]:
    held = seats.of(NODE)
    assert held is not None
    return held.seats[SEAT].state(now)


def state_in(seats: Seats, queue: QueueName, now: float) -> tuple[SeatState, float | None]:
    held = seats.of(NODE)
    assert held is not None
    return held.seats[SEAT].state_in((queue, PLACE.interface), now)


def test_a_seat_is_what_its_phone_does_and_since_when() -> None:
    seats = holding(seen())
    assert state(seats, 1.0) == (SeatState.AVAILABLE, None)  # since before we first looked
    for at, device, expected in (
        (2.0, RINGING, SeatState.RINGING),
        (3.0, IN_USE, SeatState.IN_CALL),
        (9.0, FREE, SeatState.AVAILABLE),
        (11.0, UNAVAILABLE, SeatState.UNREACHABLE),
        (12.0, 0, SeatState.UNKNOWN),
    ):
        seats.apply(seen(device=device), at)
        assert state(seats, at + 0.5) == (expected, at)


def test_what_is_repeated_is_no_change() -> None:
    seats = holding(seen())
    seats.apply(seen(device=RINGING), 2.0)
    seats.apply(seen(device=RINGING), 4.0)
    assert state(seats, 5.0) == (SeatState.RINGING, 2.0)


def test_a_seat_in_two_queues_is_one_seat() -> None:
    """Paused in one of its queues it can still be called; in a call of one it is in a call for both."""
    seats = holding(seen(), seen(OTHER))
    seats.apply(seen(replace(PLACE, paused=True)), 1.0)
    assert state(seats, 2.0)[0] is SeatState.AVAILABLE
    assert state_in(seats, HOTLINE, 2.0)[0] is SeatState.PAUSED
    assert state_in(seats, SUPPORT, 2.0)[0] is SeatState.AVAILABLE
    seats.apply(seen(replace(OTHER, paused=True)), 3.0)
    assert state(seats, 4.0) == (SeatState.PAUSED, 3.0)
    seats.apply(seen(replace(OTHER, paused=True), IN_USE, in_call=True), 5.0)
    assert state_in(seats, HOTLINE, 6.0) == (SeatState.IN_CALL, 5.0)
    held = seats.of(NODE)
    assert held is not None
    assert list(held.seats) == [SEAT]


def test_wrap_up_begins_with_the_end_of_a_call_and_ends_by_itself() -> None:
    seats = holding(seen(device=IN_USE, in_call=True), wrap_up=10.0)
    seats.apply(seen(last_call_wall=1000), 20.0)
    assert state(seats, 29.9) == (SeatState.WRAP_UP, 20.0)
    assert state(seats, 31.0) == (SeatState.AVAILABLE, 30.0)
    assert state_in(seats, HOTLINE, 29.9) == (SeatState.WRAP_UP, 20.0)


def test_a_members_own_wrapuptime_comes_before_the_queues() -> None:
    own = replace(PLACE, wrap_up_seconds=4)
    seats = holding(seen(own, IN_USE, in_call=True), wrap_up=10.0)
    seats.apply(seen(own, last_call_wall=1000), 20.0)
    assert state(seats, 23.9)[0] is SeatState.WRAP_UP
    assert state(seats, 24.1)[0] is SeatState.AVAILABLE


def test_a_call_that_ended_before_we_looked_is_no_wrap_up() -> None:
    seats = holding(seen(last_call_wall=1000), wrap_up=10.0)
    seats.apply(seen(device=RINGING, last_call_wall=1000), 1.0)
    seats.apply(seen(last_call_wall=1000), 2.0)
    assert state(seats, 3.0)[0] is SeatState.AVAILABLE


def test_who_logs_out_of_the_last_queue_is_logged_out_and_remembered() -> None:
    seats = holding(seen(), seen(OTHER))
    seats.apply(MemberGone(NODE, HOTLINE, PLACE.interface), 1.0)
    assert state(seats, 2.0)[0] is SeatState.AVAILABLE
    seats.apply(MemberGone(NODE, SUPPORT, PLACE.interface), 3.0)
    assert state(seats, 4.0) == (SeatState.LOGGED_OUT, 3.0)
    seats.apply(seen(), 5.0)
    assert state(seats, 6.0) == (SeatState.AVAILABLE, 5.0)


def test_the_snapshot_keeps_what_no_row_tells() -> None:
    """`Ringinuse` is in events only (tried on 22.10), and so is the instant of a change."""
    seats = holding(seen())
    seats.apply(seen(replace(PLACE, ringinuse=True), RINGING), 2.0)
    seats.replace(QueuesListed(NODE, (seen(device=RINGING),), ()), 5.0)
    held = seats.of(NODE)
    assert held is not None
    assert held.members[PLACE.key].membership.ringinuse is True
    assert state(seats, 6.0) == (SeatState.RINGING, 2.0)
    seats.replace(QueuesListed(NODE, (seen(replace(PLACE, paused=True)),), ()), 8.0)
    assert state(seats, 9.0) == (SeatState.PAUSED, 8.0)


def test_a_member_missing_from_the_snapshot_is_logged_out() -> None:
    seats = holding(seen())
    seats.replace(QueuesListed(NODE, (), ()), 5.0)
    assert state(seats, 6.0) == (SeatState.LOGGED_OUT, 5.0)
    assert seats.reachable(NODE) == 0


def test_unknown_is_not_empty() -> None:
    seats = holding(seen())
    assert seats.reachable(NODE) == 1
    seats.apply(seen(device=UNAVAILABLE), 1.0)
    assert seats.reachable(NODE) == 0
    seats.forget(NODE)
    assert seats.of(NODE) is None
    assert seats.reachable(NODE) is None
    seats.apply(seen(), 2.0)
    assert seats.of(NODE) is None  # the next snapshot holds it
