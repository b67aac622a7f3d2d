"""Seats as each node reports them: who is logged in where, what the phone does, and since when. A node whose links are down is
not asked: `forget` makes its seats unknown rather than old."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cti_daemon.model.events import MemberGone, MemberSeen, QueuesListed
from cti_daemon.model.ids import MemberKey, NodeName, QueueName, SeatName
from cti_daemon.model.reasons import SeatState

_DEVICE = {
    0: SeatState.UNKNOWN,
    1: SeatState.AVAILABLE,
    2: SeatState.IN_CALL,
    3: SeatState.IN_CALL,
    4: SeatState.UNREACHABLE,
    5: SeatState.UNREACHABLE,
    6: SeatState.RINGING,
    7: SeatState.IN_CALL,
    8: SeatState.IN_CALL,
}


def is_reachable(member: MemberSeen) -> bool:
    return _DEVICE.get(member.device_state) is not SeatState.UNREACHABLE


def _busy_state(member: MemberSeen) -> SeatState:
    """What its phone does; AVAILABLE when that is nothing."""
    state = _DEVICE.get(member.device_state, SeatState.UNKNOWN)
    return SeatState.IN_CALL if member.in_call and state is not SeatState.UNREACHABLE else state


@dataclass(slots=True)
class Seat:
    """One seat on one node, in however many queues. `since_at` None: it was like this when we first looked."""

    places: dict[MemberKey, MemberSeen] = field(default_factory=dict)
    phase: SeatState = SeatState.LOGGED_OUT
    since_at: float | None = None
    wrap_ups: dict[MemberKey, tuple[float, float]] = field(default_factory=dict)
    """From when until when a queue leaves it alone after a call."""

    def state(self, now: float) -> tuple[SeatState, float | None]:
        """In one word, and since when: it is paused when every one of its queues has paused it."""
        if self.phase is not SeatState.AVAILABLE:
            return self.phase, self.since_at
        return self._rested(max(self.wrap_ups.values(), key=lambda span: span[1], default=None), now)

    def state_in(self, key: MemberKey, now: float) -> tuple[SeatState, float | None]:
        """As one of its queues has it."""
        member = self.places[key]
        if self.phase not in (SeatState.AVAILABLE, SeatState.PAUSED):
            return self.phase, self.since_at
        if member.membership.paused:
            return SeatState.PAUSED, self.since_at if self.phase is SeatState.PAUSED else None
        return self._rested(self.wrap_ups.get(key), now)

    def _rested(self, wrap_up: tuple[float, float] | None, now: float) -> tuple[SeatState, float | None]:
        if wrap_up is None:
            return SeatState.AVAILABLE, self.since_at
        began_at, until_at = wrap_up
        if now < until_at:
            return SeatState.WRAP_UP, began_at
        return SeatState.AVAILABLE, max(until_at, self.since_at or until_at)

    def settle(self, at: float | None) -> None:
        """Its places have changed: in which phase is it now? `at` None: nobody knows since when."""
        states = {_busy_state(member) for member in self.places.values()}
        phase = next((state for state in _WORST_FIRST if state in states), SeatState.LOGGED_OUT)
        if phase is SeatState.AVAILABLE and all(member.membership.paused for member in self.places.values()):
            phase = SeatState.PAUSED
        if phase is not self.phase:
            self.phase, self.since_at = phase, at


_WORST_FIRST = (SeatState.UNREACHABLE, SeatState.IN_CALL, SeatState.RINGING, SeatState.UNKNOWN, SeatState.AVAILABLE)


@dataclass(slots=True)
class NodeSeats:
    """What one node says. Never changed but by `Seats`."""

    members: dict[MemberKey, MemberSeen] = field(default_factory=dict)
    seats: dict[SeatName, Seat] = field(default_factory=dict)
    reachable: int | None = None
    """Counted when asked for; None after a change that matters to it."""


class Seats:
    """`wrap_up_seconds`: each queue's wrapuptime, which no node tells; a member's own comes first."""

    def __init__(self, wrap_up_seconds: Mapping[QueueName, float]) -> None:
        self._wrap_up_seconds = wrap_up_seconds
        self._nodes: dict[NodeName, NodeSeats] = {}

    def of(self, node: NodeName) -> NodeSeats | None:
        """None: unknown."""
        return self._nodes.get(node)

    def forget(self, node: NodeName) -> None:
        self._nodes.pop(node, None)

    def reachable(self, node: NodeName) -> int | None:
        """How many seats of this node a call could reach."""
        held = self._nodes.get(node)
        if held is None:
            return None
        if held.reachable is None:
            held.reachable = len({member.membership.seat for member in held.members.values() if is_reachable(member)})
        return held.reachable

    def replace(self, event: QueuesListed, at: float) -> None:
        """Take a whole snapshot as the truth; what no status row tells (ringinuse, since when) is kept."""
        before = self._nodes.get(event.node)
        held = NodeSeats()
        for row in event.members:
            known = before.members.get(row.membership.key) if before is not None else None
            member = _with_ringinuse(row, known) if known is not None else row
            held.members[member.membership.key] = member
            seat = held.seats.setdefault(member.membership.seat, Seat())
            seat.places[member.membership.key] = member
        for name, old in before.seats.items() if before is not None else ():
            seat = held.seats.setdefault(name, Seat())
            seat.phase, seat.since_at = old.phase, old.since_at
            seat.wrap_ups = {key: span for key, span in old.wrap_ups.items() if key in seat.places}
        for name, seat in held.seats.items():
            was_there = before is not None and name in before.seats
            seat.settle(at if was_there else None)
        self._nodes[event.node] = held

    def apply(self, event: MemberSeen | MemberGone, at: float) -> None:
        """Changes before the first snapshot of a node are dropped: the snapshot holds them."""
        held = self._nodes.get(event.node)
        if held is None:
            return
        if isinstance(event, MemberGone):
            self._remove(held, (event.queue, event.interface), at)
            return
        key = event.membership.key
        before = held.members.get(key)
        if before is None or is_reachable(before) != is_reachable(event):
            held.reachable = None
        held.members[key] = event
        seat = held.seats.setdefault(event.membership.seat, Seat())
        seat.places[key] = event
        if before is not None and event.last_call_wall > before.last_call_wall:
            self._wrap_up(seat, event, at)
        seat.settle(at)

    def _remove(self, held: NodeSeats, key: MemberKey, at: float) -> None:
        gone = held.members.pop(key, None)
        if gone is not None:
            held.reachable = None
            seat = held.seats[gone.membership.seat]
            del seat.places[key]
            seat.wrap_ups.pop(key, None)
            seat.settle(at)

    def _wrap_up(self, seat: Seat, member: MemberSeen, at: float) -> None:
        own = member.membership.wrap_up_seconds
        seconds = own if own > 0 else self._wrap_up_seconds.get(member.membership.queue, 0.0)
        if seconds > 0:
            seat.wrap_ups[member.membership.key] = (at, at + seconds)


def _with_ringinuse(row: MemberSeen, known: MemberSeen) -> MemberSeen:
    if row.membership.ringinuse is not None or known.membership.ringinuse is None:
        return row
    if replace(known.membership, ringinuse=None) == row.membership:
        return row._replace(membership=known.membership)  # one object for all who repeat it
    return row._replace(membership=replace(row.membership, ringinuse=known.membership.ringinuse))
