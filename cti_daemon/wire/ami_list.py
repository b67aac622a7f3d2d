"""List answers (QueueStatus, CoreShowChannels): collected between start and Complete, believed as a whole or not at all.

The ActionID proves nothing, since callers' text can stand before it in an item: every item must be canonical and the number of
items must be the one that Asterisk counted."""

import re
from dataclasses import dataclass

from cti_daemon.model.call_events import ChannelsListed, QueueCounted, WaitingSeen
from cti_daemon.model.events import EdgeListed, LegSeen, MemberSeen, QueuesListed
from cti_daemon.model.ids import NodeName
from cti_daemon.wire.ami_calls import read_channel, read_counted, read_waiting
from cti_daemon.wire.ami_events import read_leg, read_member

_MOST_ITEMS = 100_000


@dataclass(frozen=True, slots=True)
class ListRefused:
    """The whole answer is not believed; ask again."""

    why: str


class ListAnswer:
    """One list answer being collected. `kinds` are its items, `complete` its end."""

    __slots__ = ("_items", "_why", "action_id", "begun", "complete", "kinds")

    def __init__(self, action_id: str, kinds: frozenset[bytes], complete: bytes) -> None:
        self.action_id = action_id
        self.kinds = kinds
        self.complete = complete
        self.begun = False
        self._items: list[tuple[bytes, re.Match[bytes]]] = []
        self._why: str | None = None

    def taint(self, why: str) -> None:
        """Something in this answer could not be proved: the rest is collected, the whole will be refused."""
        self._why = self._why or why
        self._items.clear()

    def add(self, kind: bytes, match: re.Match[bytes]) -> None:
        if self._why is not None:
            return
        if kind not in self.kinds or match["action"] != self.action_id.encode("ascii"):
            self.taint("an item that was not asked for")
        elif len(self._items) >= _MOST_ITEMS:
            self.taint("more items than a node can have")
        else:
            self._items.append((kind, match))

    def end(self, match: re.Match[bytes]) -> list[tuple[bytes, re.Match[bytes]]] | ListRefused:
        """The proved items, if they are exactly as many as Asterisk says."""
        if self._why is None and match["action"] != self.action_id.encode("ascii"):
            self.taint("an end that was not asked for")
        if self._why is None and int(match["items"]) != len(self._items):
            self.taint(f"{len(self._items)} items came where {int(match['items'])} were counted")
        return self._items if self._why is None else ListRefused(self._why)


def queue_answer(action_id: str) -> ListAnswer:
    return ListAnswer(action_id, frozenset({b"QueueParams", b"QueueMember", b"QueueEntry"}), b"QueueStatusComplete")


def channel_answer(action_id: str) -> ListAnswer:
    return ListAnswer(action_id, frozenset({b"CoreShowChannel"}), b"CoreShowChannelsComplete")


def read_queues(items: list[tuple[bytes, re.Match[bytes]]], node: NodeName) -> QueuesListed:
    members: list[MemberSeen] = []
    waiting: list[WaitingSeen] = []
    counted: list[QueueCounted] = []
    for kind, match in items:
        if kind == b"QueueMember":
            members.append(read_member(match, node))
        elif kind == b"QueueEntry":
            waiting.append(read_waiting(match))
        else:
            counted.append(read_counted(match))
    return QueuesListed(node, tuple(members), tuple(waiting), tuple(counted))


def read_channels(items: list[tuple[bytes, re.Match[bytes]]], node: NodeName, life: str) -> ChannelsListed:
    """`life` names this run of the node's process: when it started, as CoreStatus says it."""
    return ChannelsListed(node, tuple(read_channel(match) for _, match in items), life=life)


def read_edge(items: list[tuple[bytes, re.Match[bytes]]], edge: NodeName, route: str, epoch: str) -> EdgeListed:
    """`route` and `epoch` are the globals CTI_ROUTE and CTI_EPOCH; empty where nobody ever set them."""
    legs: list[LegSeen] = [leg for _, match in items if (leg := read_leg(match)) is not None]
    nodes = tuple(NodeName(name.strip()) for name in route.split(",") if name.strip())
    return EdgeListed(edge, tuple(legs), nodes, int(epoch) if re.fullmatch(r"[0-9]{1,15}", epoch) else 0)
