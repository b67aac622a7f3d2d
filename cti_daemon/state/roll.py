"""The roll of seats as people are shown it: each seat once, whichever nodes and queues it is seen in. There may be thousands, so only
those are drawn anew that have changed; a `SeatView` that is the same object as before says the same."""

from bisect import insort
from collections.abc import Sequence

from cti_daemon.model.ids import MemberKey, NodeName, QueueName, SeatName
from cti_daemon.model.reasons import MemberKind, SeatState
from cti_daemon.model.views import MembershipView, SeatView
from cti_daemon.state.seats import NodeSeats, Seat, Seats

_ELSEWHERE = (SeatState.IN_CALL, SeatState.RINGING)
"""What another node says of a phone counts for the seat: calls that were in progress at a switch end where they began."""

_Order = tuple[str, int, SeatName]


class Roll:
    """`servers`: the nodes that have seats; `emergency`: those whose seats are other people."""

    def __init__(self, seats: Seats, servers: Sequence[NodeName], emergency: frozenset[NodeName]) -> None:
        self._seats = seats
        self._servers = servers
        self._emergency = emergency
        self._serving: NodeName | None = None
        self._is_blind = False
        self._order: list[_Order] = []
        self._views: dict[SeatName, SeatView] = {}
        self._all: tuple[SeatView, ...] | None = None
        self._places: dict[QueueName, dict[MemberKey, SeatView]] = {}
        self._of_queue: dict[QueueName, tuple[SeatView, ...]] = {}
        self._keys: dict[SeatName, tuple[MemberKey, ...]] = {}
        """Where each seat is shown in `_places`: on the serving node only."""

    def seats(self, serving: NodeName, now: float) -> tuple[SeatView, ...]:
        """Every seat that any node knows. Its home is the serving node, else the first other node it is logged in at."""
        self._refresh(serving, now)
        if self._all is None:
            self._all = tuple(self._views[name] for _, _, name in self._order)
        return self._all

    def seats_of_queue(self, queue: QueueName, serving: NodeName, now: float) -> tuple[SeatView, ...]:
        """The seats logged in to one queue of the serving node, in the state that this queue has them in."""
        self._refresh(serving, now)
        shown = self._of_queue.get(queue)
        if shown is None:
            shown = self._of_queue[queue] = tuple(sorted(self._places.get(queue, {}).values(), key=lambda view: _natural(view.seat)))
        return shown

    def queues(self, serving: NodeName, now: float) -> list[QueueName]:
        """Queues of the serving node that a seat is logged in to; none while the node is not heard."""
        self._refresh(serving, now)
        return [queue for queue, places in self._places.items() if places]

    def home_of(self, queue: QueueName, serving: NodeName, now: float) -> NodeName:
        """The node whose seats answer this queue: the emergency system for a queue that only it has, else the serving node."""
        if queue in self.queues(serving, now):
            return serving
        return next((node for node in self._emergency if self._has(node, queue)), serving)

    def seats_at(self, queue: QueueName, node: NodeName, now: float) -> tuple[SeatView, ...]:
        """The seats of a queue of a node that does not serve, drawn anew each time: the emergency system has few."""
        held = self._seats.of(node)
        if held is None:
            return ()
        keys = [key for key in held.members if key[0] == queue]
        seats = [(held.members[key].membership.seat, key) for key in keys]
        return tuple(SeatView(name, *held.seats[name].state_in(key, now)) for name, key in sorted(seats, key=lambda s: _natural(s[0])))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _has(self, node: NodeName, queue: QueueName) -> bool:
        held = self._seats.of(node)
        return held is not None and any(key[0] == queue for key in held.members)

    def _refresh(self, serving: NodeName, now: float) -> None:
        held = self._seats.of(serving)
        is_blind = serving not in self._emergency and held is None
        changed = self._seats.take_changed(now)
        if changed is None or (serving, is_blind) != (self._serving, self._is_blind):
            self._serving, self._is_blind = serving, is_blind
            self._places.clear()
            self._of_queue.clear()
            self._keys.clear()
            names = {name for node in self._servers if (known := self._seats.of(node)) is not None for name in known.seats}
            for gone in self._views.keys() - names:
                del self._views[gone]
            self._order = sorted(_natural(name) for name in self._views)
            self._all = None
            changed = names
        for name in changed:
            self._draw(name, serving, now)
            self._draw_places(name, held, now)

    def _draw(self, name: SeatName, serving: NodeName, now: float) -> None:
        order = (serving, *(node for node in self._servers if node != serving))
        here = [(node, known.seats[name]) for node in order if (known := self._seats.of(node)) is not None and name in known.seats]
        if not here:
            return
        home, seat = next(((node, seat) for node, seat in here if seat.places), here[0])
        state, since_at = seat.state(now)
        if self._is_blind and home not in self._emergency:
            state, since_at = SeatState.UNKNOWN, None  # who serves it is not heard: its own word, and no other's, would be old
        if state not in _ELSEWHERE:
            busy = [(other.phase, other.since_at) for node, other in here if node != home and other.phase in _ELSEWHERE]
            state, since_at = busy[0] if busy else (state, since_at)
        view = SeatView(name, state, since_at, _memberships(seat), home if seat.places else None)
        before = self._views.get(name)
        if before is None:
            insort(self._order, _natural(name))
        if before != view:
            self._views[name] = view
            self._all = None

    def _draw_places(self, name: SeatName, held: NodeSeats | None, now: float) -> None:
        seat = held.seats.get(name) if held is not None else None
        keys = tuple(seat.places) if seat is not None else ()
        for key in self._keys.get(name, ()):
            if key not in keys:
                del self._places[key[0]][key]
                self._of_queue.pop(key[0], None)
        self._keys[name] = keys
        for key in keys if seat is not None else ():
            views = self._places.setdefault(key[0], {})
            view = SeatView(name, *seat.state_in(key, now)) if seat is not None else None
            if view is not None and views.get(key) != view:
                views[key] = view
                self._of_queue.pop(key[0], None)


def _memberships(seat: Seat) -> tuple[MembershipView, ...]:
    places = [seat.places[key].membership for key in sorted(seat.places)]
    return tuple(MembershipView(p.queue, p.penalty, p.paused, p.reason, p.kind is MemberKind.DYNAMIC) for p in places)


def _natural(name: SeatName) -> _Order:
    """seat2 before seat10."""
    head = name.rstrip("0123456789")
    tail = name[len(head) :]
    return (head, int(tail[:18]) if tail else -1, name)
