"""Queue members as each node reports them: who is logged in where, and what the phone does. A node whose links are down is not
asked: `forget` makes its members unknown rather than old."""

from cti_daemon.model.events import MemberGone, MemberSeen, QueuesListed
from cti_daemon.model.ids import NodeName, QueueName, SeatName

_UNREACHABLE = frozenset({4, 5})  # AST_DEVICE_INVALID, AST_DEVICE_UNAVAILABLE
_IN_CALL = frozenset({2, 3, 7, 8})
_RINGING = 6

Members = dict[tuple[QueueName, SeatName], MemberSeen]


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


class Seats:
    def __init__(self) -> None:
        self._nodes: dict[NodeName, Members] = {}

    def of(self, node: NodeName) -> Members | None:
        """None: unknown."""
        return self._nodes.get(node)

    def forget(self, node: NodeName) -> None:
        self._nodes.pop(node, None)

    def reachable(self, node: NodeName) -> int | None:
        """How many seats of this node a call could reach."""
        held = self._nodes.get(node)
        if held is None:
            return None
        return len({seat for (_, seat), m in held.items() if m.device_state not in _UNREACHABLE})

    def replace(self, event: QueuesListed) -> None:
        self._nodes[event.node] = {(m.queue, m.seat): m for m in event.members}

    def apply(self, event: MemberSeen | MemberGone) -> None:
        """Changes before the first snapshot of a node are dropped: the snapshot holds them."""
        held = self._nodes.get(event.node)
        if held is None:
            return
        if isinstance(event, MemberSeen):
            held[(event.queue, event.seat)] = event
        else:
            held.pop((event.queue, event.seat), None)
