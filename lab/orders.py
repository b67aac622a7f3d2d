"""What the daemon ordered at the edge and when the edge obeyed, from the packets between them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lab import pcap
from lab.layout import CTL_NETS, EDGE

_ROUTE = re.compile(rb"Variable: CTI_ROUTE\r\nValue: ([^,\r]+)[^\r]*\r\n")
_EPOCH = re.compile(rb"Variable: CTI_EPOCH\r\nValue: (\d+)\r\n")
_EDGES = frozenset(EDGE.address(net) for net in CTL_NETS)


@dataclass(slots=True)
class Orders:
    """Instants of the captures' clock. A text that is cut by the end of a segment is not seen: at most one a segment."""

    epochs: dict[int, float] = field(default_factory=dict)
    """When the edge was first given a routing decision, by its number."""
    heads: list[tuple[float, str]] = field(default_factory=list)
    """Each route the edge was given: when, and the node that new callers try first."""
    redirects: list[float] = field(default_factory=list)
    """Redirects as they left."""
    obeyed: list[float] = field(default_factory=list)
    """Redirects the edge answered with success."""

    def decisions(self, after_wall: float) -> list[float]:
        """Return when the edge was given new decisions after that instant: of a divert and a failover the last is the verdict."""
        return sorted(wall for wall in self.epochs.values() if wall >= after_wall)


def read(paths: Iterable[Path]) -> Orders:
    """Read the captures of all control networks."""
    orders = Orders()
    for path in paths:
        with path.open("rb") as stream:
            for segment in pcap.read_segments(stream):
                if segment.target in _EDGES:
                    for found in _EPOCH.finditer(segment.payload):
                        epoch = int(found[1])
                        orders.epochs[epoch] = min(segment.wall, orders.epochs.get(epoch, segment.wall))
                    orders.heads += [(segment.wall, found[1].decode()) for found in _ROUTE.finditer(segment.payload)]
                    orders.redirects += [segment.wall] * segment.payload.count(b"Action: Redirect\r\n")
                else:
                    orders.obeyed += [segment.wall] * segment.payload.count(b"Message: Redirect successful\r\n")
    orders.heads.sort()
    orders.redirects.sort()
    orders.obeyed.sort()
    return orders
