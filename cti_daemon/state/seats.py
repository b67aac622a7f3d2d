"""Seats as each node reports them: who is logged in where, what the phone does, and since when. A node whose links are down is
not asked: `forget` makes its seats unknown rather than old."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cti_daemon.model.events import MemberGone, MemberSeen, Membership, QueuesListed
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

    def is_wrapping_up(self, now: float) -> bool:
        return any(now < until_at for _, until_at in self.wrap_ups.values())

    def _rested(self, wrap_up: tuple[float, float] | None, now: float) -> tuple[SeatState, float | None]:
        if wrap_up is None:
            return SeatState.AVAILABLE, self.since_at
        began_at, until_at = wrap_up
        if now < until_at:
            return SeatState.WRAP_UP, began_at
        return SeatState.AVAILABLE, max(until_at, self.since_at or until_at)

    def settle(self, at: float | None) -> None:
        """Its places have changed: in which phase is it now? `at` None: nobody knows since when."""
        phase, is_paused = SeatState.LOGGED_OUT, True
        for member in self.places.values():
            state = _busy_state(member)
            if phase is SeatState.LOGGED_OUT or (state is not phase and _WORST_FIRST.index(state) < _WORST_FIRST.index(phase)):
                phase = state
            is_paused = is_paused and member.membership.paused
        if phase is SeatState.AVAILABLE and is_paused:
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
    agreed: dict[MemberKey, tuple[Membership, Membership]] = field(default_factory=dict)
    """What a row had and what was held, where they said the same: the wire gives the same objects again and again, and comparing
    thousands of them in full with every list would take too long."""


class Seats:
    """`wrap_up_seconds`: each queue's wrapuptime, which no node tells; a member's own comes first."""

    def __init__(self, wrap_up_seconds: Mapping[QueueName, float]) -> None:
        self._wrap_up_seconds = wrap_up_seconds
        self._nodes: dict[NodeName, NodeSeats] = {}
        self._changed: set[SeatName] | None = None
        self._resting: set[tuple[NodeName, SeatName]] = set()

    def of(self, node: NodeName) -> NodeSeats | None:
        """None: unknown."""
        return self._nodes.get(node)

    def membership(self, node: NodeName, key: MemberKey) -> Membership | None:
        """A place as this node has it; None also where nothing is known."""
        held = self._nodes.get(node)
        member = held.members.get(key) if held is not None else None
        return member.membership if member is not None else None

    def forget(self, node: NodeName) -> None:
        if self._nodes.pop(node, None) is not None:
            self._changed = None

    def take_changed(self, now: float) -> set[SeatName] | None:
        """Seats of which something has changed since this was last asked, those in wrap-up included; None: any may have."""
        changed, self._changed = self._changed, set()
        resting = [(node, name) for node, name in self._resting if (held := self._nodes.get(node)) is not None and name in held.seats]
        self._resting = {(node, name) for node, name in resting if self._nodes[node].seats[name].is_wrapping_up(now)}
        return changed if changed is None else changed | {name for _, name in resting}

    def reachable(self, node: NodeName) -> int | None:
        """How many seats of this node a call could reach."""
        held = self._nodes.get(node)
        if held is None:
            return None
        if held.reachable is None:
            held.reachable = len({member.membership.seat for member in held.members.values() if is_reachable(member)})
        return held.reachable

    def are_paused(self, node: NodeName) -> bool:
        """Every one of them: the node's queues ring nobody, so stale calls can be ended one after the other. False: unknown, too."""
        held = self._nodes.get(node)
        return held is not None and all(member.membership.paused for member in held.members.values())

    def replace(self, event: QueuesListed, at: float) -> None:
        """Take a whole snapshot as the truth; what no status row tells (ringinuse, since when) is kept."""
        held = self._nodes.get(event.node)
        if held is None:
            held = self._nodes[event.node] = NodeSeats()
            self._changed = None
            for row in event.members:
                self._set(held, row, None)
            return
        listed = set()
        for row in event.members:
            key = row.membership.key
            listed.add(key)
            known = held.members.get(key)
            if known is None:
                self._set(held, row, at)
                continue
            agreed = held.agreed.get(key)
            if row[2:] != known[2:] or agreed is None or agreed[0] is not row.membership or agreed[1] is not known.membership:
                member = _with_ringinuse(row, known)
                if member != known:
                    self._set(held, member, at)
                held.agreed[key] = (row.membership, held.members[key].membership)
        for key in held.members.keys() - listed:
            self._remove(held, key, at)

    def apply(self, event: MemberSeen | MemberGone, at: float) -> None:
        """Changes before the first snapshot of a node are dropped: the snapshot holds them."""
        held = self._nodes.get(event.node)
        if held is None:
            return
        if isinstance(event, MemberGone):
            self._remove(held, (event.queue, event.interface), at)
            return
        self._set(held, event, at)

    def _set(self, held: NodeSeats, member: MemberSeen, at: float | None) -> None:
        membership = member.membership
        key = membership.key
        before = held.members.get(key)
        if before is None or (before.device_state != member.device_state and is_reachable(before) != is_reachable(member)):
            held.reachable = None
        held.members[key] = member
        seat = held.seats.get(membership.seat)
        if seat is None:
            seat = held.seats[membership.seat] = Seat()
        seat.places[key] = member
        if before is not None and at is not None and member.last_call_wall > before.last_call_wall:
            self._wrap_up(seat, member, at)
        seat.settle(at)
        if self._changed is not None:
            self._changed.add(membership.seat)

    def _remove(self, held: NodeSeats, key: MemberKey, at: float) -> None:
        gone = held.members.pop(key, None)
        if gone is not None:
            held.reachable = None
            seat = held.seats[gone.membership.seat]
            del seat.places[key]
            seat.wrap_ups.pop(key, None)
            seat.settle(at)
            if self._changed is not None:
                self._changed.add(gone.membership.seat)

    def _wrap_up(self, seat: Seat, member: MemberSeen, at: float) -> None:
        own = member.membership.wrap_up_seconds
        seconds = own if own > 0 else self._wrap_up_seconds.get(member.membership.queue, 0.0)
        if seconds > 0:
            seat.wrap_ups[member.membership.key] = (at, at + seconds)
            self._resting.add((member.node, member.membership.seat))


def _with_ringinuse(row: MemberSeen, known: MemberSeen) -> MemberSeen:
    if row.membership.ringinuse is not None or known.membership.ringinuse is None:
        return row
    if replace(known.membership, ringinuse=None) == row.membership:
        return row._replace(membership=known.membership)  # one object for all who repeat it
    return row._replace(membership=replace(row.membership, ringinuse=known.membership.ringinuse))
