"""Orders about seats while they are carried out: one seat takes one order at a time, and the answer is given when the media servers have
done it, or when they have had time enough."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cti_daemon.model.events import Command, Membership
from cti_daemon.model.ids import MemberKey, NodeName
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.policy.mirroring import Mirroring, Place
from cti_daemon.policy.ruling import LastOrder, Ruling, Wishes

DONE_WITHIN_SECONDS = 2.0
"""Then it is said how far things have come. Shorter than whoever asks on the control socket is kept waiting."""
SEATS_REMEMBERED = 1000
"""Whose last order is known, for whoever comes with the opposite one."""


@dataclass(frozen=True, slots=True)
class _Running:
    command: Command
    ruling: Ruling
    wishes: Wishes
    until_at: float


class SeatDesk:
    def __init__(self, mirroring: Mirroring) -> None:
        self._mirroring = mirroring
        self._running: list[_Running] = []
        self._last: OrderedDict[str, LastOrder] = OrderedDict()

    @property
    def is_idle(self) -> bool:
        return not self._running

    @property
    def next_at(self) -> float:
        return min((order.until_at for order in self._running), default=float("inf"))

    @property
    def last(self) -> Mapping[str, LastOrder]:
        """By seat."""
        return self._last

    @property
    def running(self) -> Mapping[MemberKey, Command]:
        """What is being carried out, by the places it is about."""
        return {key: order.command for order in self._running for key in order.wishes}

    def begin(self, command: Command, ruling: Ruling, wishes: Wishes, at: float, epoch: int) -> None:
        """The wishes are the mirror's already."""
        self._running.append(_Running(command, ruling, wishes, at + DONE_WITHIN_SECONDS))
        seat = str(command.args["seat"])
        self._last[seat] = LastOrder(command.user, command.verb, command.reason, at, epoch)
        self._last.move_to_end(seat)
        while len(self._last) > SEATS_REMEMBERED:
            self._last.popitem(last=False)

    def ended(self, at: float) -> Iterator[tuple[Command, Ruling]]:
        """Orders of which the end is known now, each with what is to be answered."""
        for order in list(self._running):
            places = _by_node(self._mirroring, order.wishes)
            is_over = all(word in _SETTLED for words in places.values() for word in words)
            if is_over or at >= order.until_at:
                self._running.remove(order)
                yield order.command, _ruling(order.ruling, places, self._mirroring.leader)


_SETTLED = (Place.DONE, Place.AWAY, Place.UNLIKE)


def _by_node(mirroring: Mirroring, wishes: Mapping[MemberKey, Membership | None]) -> dict[NodeName, list[Place | str]]:
    found: dict[NodeName, list[Place | str]] = {}
    for key, wanted in wishes.items():
        for node, place in mirroring.places(key, wanted).items():
            found.setdefault(node, []).append(place)
    return found


def _ruling(ordered: Ruling, places: Mapping[NodeName, list[Place | str]], leader: NodeName | None) -> Ruling:
    words = {node: _worst(found) for node, found in places.items()}
    data = {"nodes": {node: str(word) for node, word in words.items()}}
    done = [node for node, word in words.items() if word is Place.DONE]
    rest = "; ".join(f"{node}: {_TOLD.get(word, word)}" for node, word in words.items() if word is not Place.DONE)
    remark = f". {ordered.remark}" if ordered.remark else ""
    wanted = ordered.message.removesuffix(remark)
    if leader in done:
        told = f"{wanted}, on {' and '.join(done)}" + (f"; {rest}" if rest else "") + remark
        return Ruling(CommandStatus.OK, "done", told, data=data)
    refused = [str(word) for word in words.values() if word not in _TOLD]
    status, code = (CommandStatus.ERROR, "failed") if refused else (CommandStatus.ACCEPTED, "unfinished")
    return Ruling(status, code, f"not done yet: {wanted}; {rest}", data=data)


_TOLD: dict[Place | str, str] = {
    Place.DONE: "done",
    Place.AWAY: "it is not reached or not trusted at this moment, and gets it when it is back",
    Place.UNLIKE: "the seat is not in this queue there, and is no one's to add: queues.conf of the servers differ",
    Place.PENDING: "it has not said that it is done; it is asked again",
}


def _worst(found: list[Place | str]) -> Place | str:
    """What a server refused counts most, then what is open."""
    order = (Place.PENDING, Place.AWAY, Place.UNLIKE, Place.DONE)
    return next((word for word in found if word not in order), None) or next(place for place in order if place in found)
