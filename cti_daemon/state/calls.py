"""Every call on every node: one caller seen on two nodes is one call, by its token.

Events only mark a call as changed; what it is now is judged when somebody asks (`counts`, `calls`). A node that is not listed,
or whose links are down, has calls that nobody knows: it has no counts."""

from collections import Counter
from collections.abc import Iterator
from sys import intern

from cti_daemon.model.call_events import (
    ChannelBegan,
    ChannelBridged,
    ChannelChanged,
    ChannelEnded,
    ChannelHeld,
    ChannelSeen,
    ChannelsListed,
    ChannelTransferred,
    ChannelUnbridged,
)
from cti_daemon.model.ids import CallToken, NodeName, QueueName, SeatName, Uniqueid
from cti_daemon.model.reasons import CallState
from cti_daemon.state.channels import Call, Channel, NodeChannels, Part
from cti_daemon.state.legs import Legs


class Calls:
    def __init__(self, edges: tuple[NodeName, ...], legs: Legs) -> None:
        self._edges = frozenset(edges)
        self._legs = legs
        self._nodes: dict[NodeName, NodeChannels] = {}
        self._by_token: dict[CallToken, Call] = {}
        self._changed: set[Call] = set()
        self._counted: Counter[tuple[NodeName, CallState]] = Counter()

    # --- out --------------------------------------------------------------------------------------------------------

    def counts(self) -> dict[tuple[NodeName, str], int]:
        """(node, state) → calls, of the nodes that are known; every state of such a node has a number."""
        self._judge()
        return {
            (node, state.value): self._counted[(node, state)] for node, held in self._nodes.items() if held.is_listed for state in CallState
        }

    def calls(self) -> Iterator[Call]:
        """Every call, each once, as it is now."""
        self._judge()
        seen: set[int] = set()
        for held in self._nodes.values():
            for part in held.parts.values():
                if id(part.call) not in seen:
                    seen.add(id(part.call))
                    yield part.call

    def of_token(self, token: CallToken) -> Call | None:
        self._judge()
        return self._by_token.get(token)

    def state_on(self, node: NodeName, token: CallToken) -> CallState | None:
        """What this caller lives through on one node, by that node's own word; None: it has nothing of this call, or is not known."""
        held, call = self._nodes.get(node), self._by_token.get(token)
        if held is None or not held.is_listed:
            return None
        return next((part.judge() for part in call.parts if part.node == node), None) if call is not None else None

    def token_of(self, node: NodeName, uniqueid: Uniqueid) -> CallToken | None:
        channel = self._find(node, uniqueid)
        return channel.part.call.token if channel is not None else None

    def channel(self, node: NodeName, uniqueid: Uniqueid) -> Channel | None:
        return self._find(node, uniqueid)

    def channels(self, node: NodeName) -> NodeChannels | None:
        return self._nodes.get(node)

    # --- in: one channel ----------------------------------------------------------------------------------------------

    def begin(self, event: ChannelBegan, at: float) -> None:
        held = self._nodes.get(event.node)
        if held is None:
            held = self._nodes[event.node] = NodeChannels()
        if event.uniqueid in held.by_id:
            return  # a list was quicker
        self._add(held, event.node, event.uniqueid, event.linkedid, event.state, event.endpoint, at)
        if event.token is not None:
            self._name(held.parts[event.linkedid], event.token)

    def change(self, event: ChannelChanged, at: float) -> None:
        channel = self._find(event.node, event.uniqueid)
        if channel is not None:
            channel.state = event.state
            self._touch(channel, event.linkedid, event.token, at)

    def bridge(self, event: ChannelBridged, at: float) -> None:
        channel = self._find(event.node, event.uniqueid)
        if channel is None or event.linkedid is None:
            return
        channel.bridge = _known_bridge(channel, event.bridge)
        channel.is_parked, channel.is_transferred, channel.queue = event.is_parking, False, None
        self._touch(channel, event.linkedid, event.token, at)
        if event.members > 1:
            self._gather(self._nodes[event.node], channel, event.members, at)
        if event.is_parking:
            self._nodes[event.node].parking.add(channel.bridge)

    def unbridge(self, event: ChannelUnbridged, at: float) -> None:
        channel = self._find(event.node, event.uniqueid)
        if channel is not None:
            if channel.bridge == event.bridge:
                channel.bridge, channel.is_parked = "", False
            self._touch(channel, event.linkedid, event.token, at)

    def hold(self, event: ChannelHeld, at: float) -> None:
        channel = self._find(event.node, event.uniqueid)
        if channel is not None:
            channel.held_in = channel.bridge if event.held else None
            self._mark(channel.part.call, at)

    def transfer(self, event: ChannelTransferred, at: float) -> None:
        channel = self._find(event.node, event.uniqueid)
        if channel is not None:
            channel.is_transferred = True
            self._mark(channel.part.call, at)

    def end(self, event: ChannelEnded, at: float) -> None:
        held = self._nodes.get(event.node)
        channel = held.by_id.pop(event.uniqueid, None) if held is not None else None
        if held is not None and channel is not None:
            self._drop(held, channel, at)

    # --- in: the queue, the edge, the node ----------------------------------------------------------------------------

    def wait(self, node: NodeName, uniqueid: Uniqueid, queue: QueueName | None, token: CallToken | None, at: float) -> None:
        """A channel waits in a queue; None: not any more."""
        channel = self._find(node, uniqueid)
        if channel is not None:
            channel.queue = queue
            if queue is not None:
                channel.is_transferred = False
            if token is not None and channel.part.call.token is None:
                self._name(channel.part, token)
            self._mark(channel.part.call, at)

    def touch(self, token: CallToken, at: float) -> None:
        """The edge sent this caller elsewhere, or said something about his leg."""
        call = self._by_token.get(token)
        if call is not None:
            self._mark(call, at)

    def forget(self, node: NodeName) -> None:
        """What the node does now is not known: what is held waits for the next list."""
        held = self._nodes.get(node)
        if held is not None:
            held.is_listed = False

    def replace(self, event: ChannelsListed, at: float) -> int:
        """Compare a whole list with what is held, and take over the differences: all of them after a gap, else those that an
        earlier list showed as well (an event on its way explains the others). Returns how many were taken over by the latter."""
        held = self._nodes.setdefault(event.node, NodeChannels())
        seen = {row.uniqueid: row for row in event.channels}
        held.parking |= event.parking
        different = held.difference(seen)
        settled = different if not held.is_listed else different & held.suspects
        for uniqueid in settled:
            self._correct(held, event.node, uniqueid, seen.get(uniqueid), at)
        resynced = len(settled) if held.is_listed else 0
        held.suspects = different - settled
        held.is_listed, held.life = True, event.life or held.life
        return resynced

    # --- inside -------------------------------------------------------------------------------------------------------

    def _find(self, node: NodeName, uniqueid: Uniqueid) -> Channel | None:
        held = self._nodes.get(node)
        return held.by_id.get(uniqueid) if held is not None else None

    def _mark(self, call: Call, at: float) -> None:
        call.changed_at = at
        self._changed.add(call)

    def _touch(self, channel: Channel, linkedid: Uniqueid, token: CallToken | None, at: float) -> None:
        part = channel.part
        if part.linkedid != linkedid:
            self._move(self._nodes[part.node], channel, linkedid, at)
            part = channel.part
        if token is not None and part.call.token is None:
            self._name(part, token)
        self._mark(part.call, at)

    def _add(
        self, held: NodeChannels, node: NodeName, uniqueid: Uniqueid, linkedid: Uniqueid, state: int, endpoint: SeatName, at: float
    ) -> Channel:
        part = self._part(held, node, uniqueid if linkedid == uniqueid else linkedid, at)  # one text where there can be ten thousand
        channel = held.by_id[uniqueid] = Channel(uniqueid, part, state, SeatName(intern(endpoint)))
        part.channels.append(channel)
        self._mark(part.call, at)
        return channel

    def _part(self, held: NodeChannels, node: NodeName, linkedid: Uniqueid, at: float) -> Part:
        part = held.parts.get(linkedid)
        if part is None:
            call = Call(at)
            part = held.parts[linkedid] = Part(node, linkedid, call)
            call.parts.append(part)
        return part

    def _move(self, held: NodeChannels, channel: Channel, linkedid: Uniqueid, at: float) -> None:
        """Calls were merged: this channel belongs to another one now."""
        self._leave(held, channel, at)
        part = channel.part = self._part(held, channel.part.node, linkedid, at)
        part.channels.append(channel)

    def _gather(self, held: NodeChannels, channel: Channel, members: int, at: float) -> None:
        """All channels of a bridge are one call; the younger ones are not told so by an event of their own."""
        bridge, part = channel.bridge, channel.part
        if sum(other.bridge == bridge for other in part.channels) >= members or channel.is_parked:
            return
        for other in list(held.by_id.values()):
            if other.bridge == bridge and other.part is not part:
                token = other.part.call.token
                self._move(held, other, part.linkedid, at)
                if token is not None and part.call.token is None:
                    self._name(part, token)

    def _drop(self, held: NodeChannels, channel: Channel, at: float) -> None:
        self._leave(held, channel, at)

    def _leave(self, held: NodeChannels, channel: Channel, at: float) -> None:
        part = channel.part
        part.channels.remove(channel)
        self._mark(part.call, at)
        if not part.channels:
            del held.parts[part.linkedid]
            part.call.parts.remove(part)

    def _name(self, part: Part, token: CallToken) -> None:
        """A part belongs to the call of a token, seen on another node before or not."""
        call, known = part.call, self._by_token.get(token)
        if known is None or known is call:
            leg = self._legs.of_token(token)
            call.token = token = token if leg is None else leg.token  # one text for all
            self._by_token[token] = call
            return
        call.parts.remove(part)
        self._changed.add(call)
        known.parts.append(part)
        part.call = known
        self._changed.add(known)

    def _correct(self, held: NodeChannels, node: NodeName, uniqueid: Uniqueid, row: ChannelSeen | None, at: float) -> None:
        channel = held.by_id.get(uniqueid)
        if row is None:
            if channel is not None:
                del held.by_id[uniqueid]
                self._drop(held, channel, at)
            return
        if channel is None:
            channel = self._add(held, node, uniqueid, row.linkedid, row.state, row.endpoint, at)
        channel.state = row.state
        if channel.bridge != row.bridge:
            channel.bridge = _known_bridge(channel, row.bridge)
        channel.is_parked = row.bridge in held.parking
        self._touch(channel, row.linkedid, row.token, at)

    def _judge(self) -> None:
        """Count every changed call anew."""
        counted = self._counted
        for call in self._changed:
            if call.node is not None:
                counted[(call.node, call.state)] -= 1
            was = call.node, call.state
            if call.parts:
                call.node, call.state = self._place(call)
                counted[(call.node, call.state)] += 1
                if was != (call.node, call.state):
                    call.since_at = call.changed_at
            else:
                call.node = None
                if call.token is not None and self._by_token.get(call.token) is call:
                    del self._by_token[call.token]
        self._changed.clear()

    def _place(self, call: Call) -> tuple[NodeName, CallState]:
        """The node that serves it, and what its caller lives through there."""
        leg = self._legs.of_token(call.token) if call.token is not None else None
        served = [part for part in call.parts if part.node not in self._edges]
        if leg is not None:
            for part in served:
                if part.node == leg.node:
                    return leg.node, part.judge()
            return leg.edge, CallState(leg.state.value)
        part = served[-1] if served else call.parts[0]
        return part.node, part.judge()


def _known_bridge(channel: Channel, bridge: str) -> str:
    """The bridge's name as the call's other channels have it: one text for all."""
    return next((other.bridge for other in channel.part.channels if other.bridge == bridge), bridge)
