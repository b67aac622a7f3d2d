"""Seats as people are shown them: each once, whichever nodes and queues it is seen in."""

from collections.abc import Sequence

from cti_daemon.model.ids import NodeName, QueueName, SeatName
from cti_daemon.model.reasons import Role, SeatState
from cti_daemon.model.views import MembershipView, SeatView
from cti_daemon.state.seats import NodeSeats, Seat
from cti_daemon.state.site import Site

_ELSEWHERE = (SeatState.IN_CALL, SeatState.RINGING)
"""What another node says of a phone counts for the seat: calls that were in progress at a switch end where they began."""


def seats(site: Site, serving: NodeName, now: float) -> tuple[SeatView, ...]:
    """Every seat that any node knows. Its home is the serving node, else the first other node it is logged in at."""
    order = sorted(site.servers, key=lambda name: name != serving)
    known = [(name, held) for name in order if (held := site.seats.of(name)) is not None]
    blind = site.roles[serving] is not Role.EMERGENCY and site.seats.of(serving) is None
    names = sorted({seat for _, held in known for seat in held.seats}, key=_natural)
    return tuple(_seat(site, name, known, now, blind=blind) for name in names)


def seats_of_queue(queue: QueueName, held: NodeSeats, now: float) -> tuple[SeatView, ...]:
    """The seats logged in to one queue, in the state that this queue has them in."""
    keys = sorted((key for key in held.members if key[0] == queue), key=lambda key: _natural(held.members[key].membership.seat))
    found: list[SeatView] = []
    for key in keys:
        name = held.members[key].membership.seat
        state, since_at = held.seats[name].state_in(key, now)
        found.append(SeatView(name, state, _age(since_at, now)))
    return tuple(found)


def _seat(site: Site, name: SeatName, known: Sequence[tuple[NodeName, NodeSeats]], now: float, *, blind: bool) -> SeatView:
    here = [(node, held.seats[name]) for node, held in known if name in held.seats]
    home, seat = next(((node, seat) for node, seat in here if seat.places), here[0])
    state, since_at = seat.state(now)
    if blind and site.roles[home] is not Role.EMERGENCY:
        state, since_at = SeatState.UNKNOWN, None  # who serves it is not heard: its own word, and no other's, would be old
    if state not in _ELSEWHERE:
        busy = [(other.phase, other.since_at) for node, other in here if node != home and other.phase in _ELSEWHERE]
        state, since_at = busy[0] if busy else (state, since_at)
    return SeatView(name, state, _age(since_at, now), _memberships(seat), home if seat.places else None)


def _memberships(seat: Seat) -> tuple[MembershipView, ...]:
    places = [seat.places[key].membership for key in sorted(seat.places)]
    return tuple(MembershipView(p.queue, p.penalty, p.paused, p.reason, p.kind.value == "dynamic") for p in places)


def _age(since_at: float | None, now: float) -> float | None:
    return None if since_at is None else now - since_at


def _natural(name: str) -> tuple[str, int, str]:
    """seat2 before seat10."""
    head = name.rstrip("0123456789")
    tail = name[len(head) :]
    return (head, int(tail[:18]) if tail else -1, name)
