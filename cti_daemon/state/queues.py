"""Queues and their seats as each node reports them. A node whose links are down is not asked: `forget` makes its numbers
unknown rather than old."""

from dataclasses import dataclass, field

from cti_daemon.model.events import CallerJoined, CallerLeft, MemberGone, MemberSeen, QueuesListed
from cti_daemon.model.ids import NodeName, QueueName, SeatName, Uniqueid

_UNREACHABLE = frozenset({4, 5})  # AST_DEVICE_INVALID, AST_DEVICE_UNAVAILABLE
_IN_CALL = frozenset({2, 3, 7, 8})
_RINGING = 6


def seat_state(member: MemberSeen) -> str:
    """One word for people, worst first."""
    if member.device_state in _UNREACHABLE:
        return "unreachable"
    if member.device_state == 0:
        return "unknown"
    if member.in_call or member.device_state in _IN_CALL:
        return "in_call"
    if member.device_state == _RINGING:
        return "ringing"
    return "paused" if member.paused else "available"


@dataclass(slots=True)
class NodeQueues:
    members: dict[tuple[QueueName, SeatName], MemberSeen] = field(default_factory=dict)
    waiting: dict[QueueName, dict[Uniqueid, float]] = field(default_factory=dict)
    """When each waiting caller joined (monotonic)."""


class Queues:
    def __init__(self) -> None:
        self._nodes: dict[NodeName, NodeQueues] = {}

    def of(self, node: NodeName) -> NodeQueues | None:
        """None: unknown."""
        return self._nodes.get(node)

    def forget(self, node: NodeName) -> None:
        self._nodes.pop(node, None)

    def reachable_seats(self, node: NodeName) -> int | None:
        held = self._nodes.get(node)
        if held is None:
            return None
        return len({seat for (_, seat), m in held.members.items() if m.device_state not in _UNREACHABLE})

    def replace(self, event: QueuesListed, at: float) -> None:
        held = NodeQueues({(m.queue, m.seat): m for m in event.members})
        for caller in event.waiting:
            held.waiting.setdefault(caller.queue, {})[caller.uniqueid] = at - caller.waited_seconds
        before = self._nodes.get(event.node)
        if before is not None:  # our own instants are finer than the node's whole seconds
            for queue, callers in held.waiting.items():
                known = before.waiting.get(queue, {})
                callers.update({uniqueid: known[uniqueid] for uniqueid in callers if uniqueid in known})
        self._nodes[event.node] = held

    def apply(self, event: CallerJoined | CallerLeft | MemberSeen | MemberGone, at: float) -> None:
        """Changes before the first snapshot of a node are dropped: the snapshot holds them."""
        held = self._nodes.get(event.node)
        if held is None:
            return
        match event:
            case CallerJoined(queue=queue, uniqueid=uniqueid):
                held.waiting.setdefault(queue, {})[uniqueid] = at
            case CallerLeft(queue=queue, uniqueid=uniqueid):
                held.waiting.get(queue, {}).pop(uniqueid, None)
            case MemberSeen(queue=queue, seat=seat):
                held.members[(queue, seat)] = event
            case MemberGone(queue=queue, seat=seat):
                held.members.pop((queue, seat), None)
