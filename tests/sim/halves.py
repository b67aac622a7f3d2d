"""The media servers' side of calls: what each holds, as its own list shows it. A half outlives its caller's leg when the BYE does not
arrive, and dies with its server without a word."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count

from cti_daemon.model.call_events import UP, ChannelBegan, ChannelBridged, ChannelEnded, ChannelSeen, ChannelsListed
from cti_daemon.model.events import Event
from cti_daemon.model.ids import PATHS, CallToken, ChannelName, NodeName, QueueName, SeatName, Uniqueid
from tests.sim.clock import Clock
from tests.sim.truth import Truth

BYES_AFTER = (0.001, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)
"""RFC 3261, timers F and E; then the sender gives up."""
HOTLINE = QueueName("hotline")
TRUNK = SeatName("edge")


@dataclass(slots=True, eq=False)
class Half:
    node: NodeName
    number: int
    token: CallToken
    seat: SeatName | None = None
    """Who talks to this caller."""

    @property
    def uniqueid(self) -> Uniqueid:
        return Uniqueid(f"{self.node}-{self.number}")

    @property
    def channel(self) -> ChannelName:
        return ChannelName(f"PJSIP/edge-{self.number:08x}")


class Halves:
    def __init__(self, clock: Clock, truth: Truth) -> None:
        self._clock, self._truth = clock, truth
        self._held: dict[NodeName, list[Half]] = {node: [] for node in truth.nodes}
        self._numbers = count(1)
        self.emit: Callable[[NodeName, Event], None] = lambda _node, _event: None

    def begin(self, node: NodeName, token: CallToken) -> Half:
        half = Half(node, next(self._numbers), token)
        self._held[node].append(half)
        self.emit(node, ChannelBegan(node, half.uniqueid, half.uniqueid, token, UP, TRUNK))
        return half

    def connect(self, half: Half, seat: SeatName) -> None:
        half.seat = seat
        for uniqueid, members in ((half.uniqueid, 1), (Uniqueid(f"{half.uniqueid}s"), 2)):
            if members == 2:
                self.emit(half.node, ChannelBegan(half.node, uniqueid, half.uniqueid, half.token, UP, seat))
            bridge = f"bridge-{half.number}"
            self.emit(half.node, ChannelBridged(half.node, uniqueid, half.token, half.uniqueid, bridge, members))

    def leave(self, half: Half) -> None:
        """The edge sends BYE, again and again, until the node hears it."""
        for seconds in BYES_AFTER:
            self._clock.after(seconds, partial(self._bye, half))

    def _bye(self, half: Half) -> None:
        if any(self._truth.edge_hears(half.node, path) for path in PATHS):
            self.end(half)

    def end(self, half: Half) -> None:
        """Gone from its node; nothing happens where it is gone already."""
        if half in self._held[half.node]:
            self._held[half.node].remove(half)
            for uniqueid in (half.uniqueid, *([Uniqueid(f"{half.uniqueid}s")] if half.seat else [])):
                self.emit(half.node, ChannelEnded(half.node, uniqueid, half.token, 16))

    def die(self, node: NodeName) -> None:
        """The process is gone, and with it every call, without an event."""
        self._held[node].clear()

    def lives(self, half: Half) -> bool:
        return half in self._held[half.node]

    def of_channel(self, node: NodeName, channel: ChannelName) -> Half | None:
        return next((half for half in self._held[node] if half.channel == channel), None)

    def listing(self, node: NodeName) -> ChannelsListed:
        rows: list[ChannelSeen] = []
        for half in self._held[node]:
            bridge = f"bridge-{half.number}" if half.seat else ""
            rows.append(ChannelSeen(half.uniqueid, half.uniqueid, half.channel, half.token, UP, bridge, TRUNK, HOTLINE))
            if half.seat is not None:
                seat = ChannelName(f"PJSIP/{half.seat}-{half.number:08x}")
                uniqueid = Uniqueid(f"{half.uniqueid}s")
                rows.append(ChannelSeen(uniqueid, half.uniqueid, seat, half.token, UP, bridge, half.seat, is_agent=True))
        return ChannelsListed(node, tuple(rows), life=f"life {self._truth.incarnation[node]}")
