"""Callers' legs on the edges: which node serves each, and which seat. Kept current all the time, so that nothing has to
be asked of anyone at the moment of a failover."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from cti_daemon.model.call_events import ChannelBridged, ChannelEnded
from cti_daemon.model.events import EdgeListed, LegRouted, SeatTalking
from cti_daemon.model.ids import CallToken, ChannelName, NodeName, SeatName, Uniqueid
from cti_daemon.model.reasons import LegState

LegKey = tuple[NodeName, Uniqueid]
NEVER = float("-inf")


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
    """When it was sent to `node`; NEVER when that was before we looked."""
    bridged: bool = False
    is_known_from_start: bool = True
    """False: found in a listing, so a seat may be talking to it without our knowing."""
    talking_on: NodeName | None = None
    """The node on which a seat talks to this caller. Only with `node` equal to it is the caller talking: events of two
    nodes arrive in no order."""
    talking_at: float = NEVER
    seat: SeatName | None = None
    dialog: str = ""
    """The seat's dialog, as it was hung on the leg for a rescue."""
    is_orphan: bool = False
    """Its half on `node` is gone for good: it must be redirected, also when the node itself is back. Ends when it is sent
    elsewhere."""
    redirected_at: float | None = None
    """When a Redirect was sent that has not been seen to work or to fail: it is never repeated blindly."""
    last_redirect_at: float = NEVER
    """When one was sent at all: an edge that does not take our route would send the leg back to the dead server at once."""

    @property
    def key(self) -> LegKey:
        return (self.edge, self.uniqueid)

    @property
    def state(self) -> LegState:
        if self.talking_on == self.node:
            return LegState.TALKING
        return LegState.WAITING if self.bridged else LegState.RINGING

    @property
    def may_be_talking(self) -> bool:
        return self.state is LegState.TALKING or (self.bridged and not self.is_known_from_start)

    def send_to(self, node: NodeName, epoch: int, at: float) -> None:
        """A new chapter: what was true of it on its former node is not true any more. (A seat of the new node may have spoken
        up before the edge did.)"""
        if self.talking_on != node or self.talking_at < self.since_at:
            self.talking_on, self.seat, self.dialog = None, None, ""
        self.node, self.epoch, self.since_at, self.bridged = node, epoch, at, False
        self.is_orphan, self.redirected_at = False, None


class Legs:
    def __init__(self) -> None:
        self._by_key: dict[LegKey, Leg] = {}
        self._by_token: dict[CallToken, Leg] = {}
        self._by_node: dict[NodeName, dict[LegKey, Leg]] = {}
        self.listed: set[NodeName] = set()
        """Edges that have told all their legs."""

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
        self._unplace(leg)
        leg.send_to(event.node, event.epoch, at)
        self._place(leg)
        leg.channel = event.channel
        return leg

    def bridge(self, event: ChannelBridged) -> Leg | None:
        leg = self.get(event.node, event.uniqueid)
        if leg is not None:
            leg.bridged = True
        return leg

    def talk(self, event: SeatTalking, at: float) -> Leg | None:
        leg = self.of_token(event.token)
        if leg is not None:
            leg.talking_on, leg.talking_at, leg.seat, leg.dialog = event.node, at, event.seat, event.dialog
        return leg

    def wait(self, token: CallToken, node: NodeName) -> Leg | None:
        """The caller has joined a queue of `node`: his leg, if a seat of that node was thought to talk to him. It has given him away."""
        leg = self.of_token(token)
        if leg is None or leg.talking_on != node:
            return None
        leg.talking_on, leg.seat, leg.dialog = None, None, ""
        leg.is_known_from_start = True
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
        self.listed.add(event.edge)
        seen = {(event.edge, leg.uniqueid): leg for leg in event.legs}
        gone = [leg for key, leg in self._by_key.items() if key[0] == event.edge and key not in seen]
        for leg in gone:
            del self._by_key[leg.key]
            self._forget(leg)
        new: list[Leg] = []
        for key, found in seen.items():
            held = self._by_key.get(key)
            if held is None:
                held = Leg(event.edge, found.uniqueid, found.channel, found.token, found.node, found.epoch, NEVER)
                held.is_known_from_start = False
                self._add(held)
                new.append(held)
            elif (held.node, held.epoch) != (found.node, found.epoch):
                self._unplace(held)
                held.send_to(found.node, found.epoch, at)
                self._place(held)
            held.channel, held.bridged = found.channel, found.bridged
            if found.dialog and held.talking_on is None and not held.is_known_from_start:  # known from before a restart of ours
                held.talking_on, held.talking_at, held.dialog = found.node, at, found.dialog
                held.seat = SeatName(found.dialog.partition("!")[0])
        return new, gone

    def _add(self, leg: Leg) -> None:
        self._by_key[leg.key] = leg
        self._by_token[leg.token] = leg
        self._place(leg)

    def _place(self, leg: Leg) -> None:
        self._by_node.setdefault(leg.node, {})[leg.key] = leg

    def _unplace(self, leg: Leg) -> None:
        self._by_node.get(leg.node, {}).pop(leg.key, None)

    def _forget(self, leg: Leg) -> None:
        self._unplace(leg)
        if self._by_token.get(leg.token) is leg:
            del self._by_token[leg.token]
