"""Queues and their waiting callers as each node reports them. A node whose links are down is not asked: `forget` makes its
numbers unknown rather than old."""

from dataclasses import dataclass, field

from cti_daemon.model.events import CallerJoined, CallerLeft, QueuesListed
from cti_daemon.model.ids import NodeName, QueueName, Uniqueid


@dataclass(slots=True)
class NodeQueues:
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

    def replace(self, event: QueuesListed, at: float) -> None:
        held = NodeQueues()
        for caller in event.waiting:
            held.waiting.setdefault(caller.queue, {})[caller.uniqueid] = at - caller.waited_seconds
        before = self._nodes.get(event.node)
        if before is not None:  # our own instants are finer than the node's whole seconds
            for queue, callers in held.waiting.items():
                known = before.waiting.get(queue, {})
                callers.update({uniqueid: known[uniqueid] for uniqueid in callers if uniqueid in known})
        self._nodes[event.node] = held

    def apply(self, event: CallerJoined | CallerLeft, at: float) -> None:
        """Changes before the first snapshot of a node are dropped: the snapshot holds them."""
        held = self._nodes.get(event.node)
        if held is None:
            return
        if isinstance(event, CallerJoined):
            held.waiting.setdefault(event.queue, {})[event.uniqueid] = at
        else:
            held.waiting.get(event.queue, {}).pop(event.uniqueid, None)
