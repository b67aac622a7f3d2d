"""Since when a node has seats that can be reached, or has none. Told the counts, with the instant."""

from dataclasses import dataclass

from cti_daemon.model.ids import NodeName


@dataclass(slots=True)
class _Presence:
    seated: bool
    since_at: float


class SeatPresence:
    def __init__(self) -> None:
        self._nodes: dict[NodeName, _Presence] = {}

    def note(self, node: NodeName, reachable: int | None, at: float) -> None:
        """`reachable` None: unknown. What was known before does not count on when it is known again."""
        if reachable is None:
            self._nodes.pop(node, None)
            return
        held = self._nodes.get(node)
        if held is None or held.seated != (reachable > 0):
            self._nodes[node] = _Presence(reachable > 0, at)

    def forgive(self, seconds: float) -> None:
        """We did not look for so long: that time proves neither."""
        for held in self._nodes.values():
            held.since_at += seconds

    def seatless_since_at(self, node: NodeName) -> float | None:
        held = self._nodes.get(node)
        return held.since_at if held is not None and not held.seated else None

    def seated_since_at(self, node: NodeName) -> float | None:
        held = self._nodes.get(node)
        return held.since_at if held is not None and held.seated else None
