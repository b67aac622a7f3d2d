"""Channels of one node and the calls they are parts of. One object a channel and one a part: ten thousand calls are forty
thousand channels, and every event of every channel comes through here."""

from __future__ import annotations

from cti_daemon.model.call_events import UP, ChannelSeen
from cti_daemon.model.ids import CallToken, NodeName, QueueName, SeatName, Uniqueid
from cti_daemon.model.reasons import CallState

PARKING = "parking"
"""The type of a parking lot's bridge: who is in it is parked."""


class Channel:
    """One channel. `held_in`: the bridge whose others it has put on hold; None: it holds nobody."""

    __slots__ = ("bridge", "endpoint", "held_in", "is_parked", "is_transferred", "part", "queue", "state", "uniqueid")

    def __init__(self, uniqueid: Uniqueid, part: Part, state: int, endpoint: SeatName) -> None:
        self.uniqueid = uniqueid
        self.part = part
        self.state = state
        self.endpoint = endpoint
        self.bridge = ""
        self.held_in: str | None = None
        self.is_parked = False
        self.is_transferred = False
        self.queue: QueueName | None = None
        """The queue it waits in."""


class Part:
    """What one node has of one call: the channels that share a linkedid."""

    __slots__ = ("call", "channels", "linkedid", "node")

    def __init__(self, node: NodeName, linkedid: Uniqueid, call: Call) -> None:
        self.node = node
        self.linkedid = linkedid
        self.call = call
        self.channels: list[Channel] = []

    @property
    def primary(self) -> Channel:
        """The channel with which the call came to this node; when that is gone, the oldest one left."""
        for channel in self.channels:
            if channel.uniqueid == self.linkedid:
                return channel
        return self.channels[0]

    def judge(self) -> CallState:
        """What the caller lives through here. Pure: of the channels as they are now."""
        channel = self.primary
        if channel.is_parked:
            return CallState.PARKED
        if channel.is_transferred:
            return CallState.TRANSFERRING
        if channel.bridge:
            together = [other for other in self.channels if other.bridge == channel.bridge]
            if any(other.held_in is not None for other in together):
                return CallState.HELD
            asks_elsewhere = len(together) == 1 and any(other.held_in is not None for other in self.channels)
            return CallState.TRANSFERRING if asks_elsewhere else CallState.TALKING
        if channel.queue is not None or channel.state == UP:
            return CallState.WAITING
        return CallState.RINGING

    def partner(self) -> Channel | None:
        """Who is in the caller's bridge with the caller."""
        channel = self.primary
        if not channel.bridge or channel.is_parked:
            return None
        return next((c for c in self.channels if c is not channel and c.bridge == channel.bridge), None)


class Call:
    """One call, on however many nodes it is seen: its parts share the token. Without a token a part is a call of its own."""

    __slots__ = ("began_at", "changed_at", "node", "parts", "since_at", "state", "token")

    def __init__(self, at: float) -> None:
        self.token: CallToken | None = None
        self.parts: list[Part] = []
        self.began_at = at
        self.changed_at = at
        self.since_at = at
        self.node: NodeName | None = None
        """Where and as what it is counted; None: not yet."""
        self.state = CallState.RINGING


class NodeChannels:
    """The channels of one node, by Uniqueid, and its parts, by linkedid."""

    __slots__ = ("by_id", "is_listed", "life", "parking", "parts", "suspects")

    def __init__(self) -> None:
        self.by_id: dict[Uniqueid, Channel] = {}
        self.parts: dict[Uniqueid, Part] = {}
        self.parking: set[str] = set()
        """Bridges that are parking lots."""
        self.is_listed = False
        """False: events are missing from what we hold, and only a list can tell which."""
        self.life = ""
        self.suspects: frozenset[Uniqueid] = frozenset()
        """Channels that the last list did not hold as we do: they may have changed while it was made."""

    def difference(self, seen: dict[Uniqueid, ChannelSeen]) -> frozenset[Uniqueid]:
        """Channels that the list and we do not hold alike."""
        missing = self.by_id.keys() ^ seen.keys()
        unlike = (uid for uid, row in seen.items() if (held := self.by_id.get(uid)) is not None and not _is_alike(held, row))
        return frozenset(missing) | frozenset(unlike)


def _is_alike(held: Channel, row: ChannelSeen) -> bool:
    return held.state == row.state and held.bridge == row.bridge and held.part.linkedid == row.linkedid
