"""Callers' legs on the edges: which node serves each, and which seat. Kept current all the time, so that nothing has to
be asked of anyone at the moment of a failover."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from cti_daemon.model.events import ChannelBridged, ChannelEnded, EdgeListed, LegRouted, SeatTalking
from cti_daemon.model.ids import CallToken, ChannelName, NodeName, SeatName, Uniqueid
from cti_daemon.model.reasons import LegState

LegKey = tuple[NodeName, Uniqueid]
NO_EPOCH = -1


@dataclass(slots=True)
class Leg:
    edge: NodeName
    uniqueid: Uniqueid
    channel: ChannelName
    token: CallToken
    node: NodeName
    epoch: int
    """The routing epoch in which the edge chose `node`."""
    since_at: float
    bridged: bool = False
    talking_on: NodeName | None = None
    """The node on which a seat talks to this caller. Only with `node` equal to it is the caller talking: events of two
    nodes arrive in no order."""
    seat: SeatName | None = None
    rescue_epoch: int = NO_EPOCH
    """The epoch in which we redirected it; a Redirect is never repeated within an epoch."""
    rescued_at: float = field(default=float("-inf"))
    rescue_is_certain: bool = False

    @property
    def key(self) -> LegKey:
        return (self.edge, self.uniqueid)

    @property
    def state(self) -> LegState:
        if self.talking_on == self.node:
            return LegState.TALKING
        return LegState.WAITING if self.bridged else LegState.RINGING


class Legs:
    def __init__(self) -> None:
        self._by_key: dict[LegKey, Leg] = {}
        self._by_token: dict[CallToken, Leg] = {}
        self._by_node: dict[NodeName, dict[LegKey, Leg]] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Leg]:
        return iter(self._by_key.values())

    def get(self, edge: NodeName, uniqueid: Uniqueid) -> Leg | None:
        return self._by_key.get((edge, uniqueid))

    def of_token(self, token: CallToken) -> Leg | None:
        return self._by_token.get(token)

    def on(self, node: NodeName) -> list[Leg]:
        return list(self._by_node.get(node, {}).values())

    def states(self, node: NodeName) -> dict[LegState, int]:
        counted = Counter(leg.state for leg in self._by_node.get(node, {}).values())
        return {state: counted[state] for state in LegState}

    def route(self, event: LegRouted, at: float) -> Leg:
        """The edge dials `event.node` for this caller."""
        leg = self.get(event.edge, event.uniqueid)
        if leg is None:
            leg = Leg(event.edge, event.uniqueid, event.channel, event.token, event.node, event.epoch, at)
            self._add(leg)
            return leg
        self._move(leg, event.node)
        leg.epoch, leg.channel, leg.bridged, leg.since_at = event.epoch, event.channel, False, at
        return leg

    def bridge(self, event: ChannelBridged) -> Leg | None:
        leg = self.get(event.node, event.uniqueid)
        if leg is not None:
            leg.bridged = True
        return leg

    def talk(self, event: SeatTalking) -> Leg | None:
        leg = self.of_token(event.token)
        if leg is not None:
            leg.talking_on, leg.seat = event.node, event.seat
        return leg

    def end(self, event: ChannelEnded) -> Leg | None:
        """The caller's leg is gone; the end of any other channel changes nothing here."""
        leg = self._by_key.pop((event.node, event.uniqueid), None)
        if leg is not None:
            self._forget(leg)
        return leg

    def replace(self, event: EdgeListed, at: float) -> tuple[list[Leg], list[Leg]]:
        """Take a whole snapshot of one edge as the truth; what we alone know of a leg (its seat, its rescue) is kept.

        Returns the legs that were missing here and those that were held wrongly."""
        seen = {(event.edge, leg.uniqueid): leg for leg in event.legs}
        gone = [leg for key, leg in self._by_key.items() if key[0] == event.edge and key not in seen]
        for leg in gone:
            del self._by_key[leg.key]
            self._forget(leg)
        new: list[Leg] = []
        for key, found in seen.items():
            held = self._by_key.get(key)
            if held is None:
                held = Leg(event.edge, found.uniqueid, found.channel, found.token, found.node, found.epoch, at)
                self._add(held)
                new.append(held)
            else:
                self._move(held, found.node)
                held.epoch, held.channel = found.epoch, found.channel
            held.bridged = found.bridged
            if found.dialog and held.talking_on is None:  # known from before a restart of ours
                held.talking_on, held.seat = found.node, SeatName(found.dialog.partition("!")[0])
        return new, gone

    def _add(self, leg: Leg) -> None:
        self._by_key[leg.key] = leg
        self._by_token[leg.token] = leg
        self._by_node.setdefault(leg.node, {})[leg.key] = leg

    def _move(self, leg: Leg, node: NodeName) -> None:
        if leg.node != node:
            self._by_node[leg.node].pop(leg.key, None)
            leg.node = node
            self._by_node.setdefault(node, {})[leg.key] = leg

    def _forget(self, leg: Leg) -> None:
        self._by_node.get(leg.node, {}).pop(leg.key, None)
        if self._by_token.get(leg.token) is leg:
            del self._by_token[leg.token]
