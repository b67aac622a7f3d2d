"""Channels, calls and queue callers as a node's stream and its lists show them. The commonest events there are, hence named
tuples: made in a third of the time a frozen dataclass takes."""

from typing import NamedTuple

from cti_daemon.model.ids import CallToken, ChannelName, NodeName, QueueName, SeatName, Uniqueid

UP = 6
"""AST_STATE_UP: answered."""

# --- channels -------------------------------------------------------------------------------------------------------


class ChannelBegan(NamedTuple):
    """Newchannel. `linkedid` names the call on this node (it changes when calls are merged); `state` is AST_STATE_*.
    `endpoint`: whose channel it is, a seat or a trunk."""

    node: NodeName
    uniqueid: Uniqueid
    linkedid: Uniqueid
    token: CallToken | None
    state: int
    endpoint: SeatName


class ChannelChanged(NamedTuple):
    """Newstate."""

    node: NodeName
    uniqueid: Uniqueid
    linkedid: Uniqueid
    token: CallToken | None
    state: int


class ChannelBridged(NamedTuple):
    """A channel entered a bridge (BridgeEnter): on the edge, the node has answered this caller."""

    node: NodeName
    uniqueid: Uniqueid
    token: CallToken | None
    linkedid: Uniqueid | None = None
    bridge: str = ""
    members: int = 0
    """How many channels are in the bridge now."""
    is_parking: bool = False


class ChannelUnbridged(NamedTuple):
    """BridgeLeave."""

    node: NodeName
    uniqueid: Uniqueid
    linkedid: Uniqueid
    token: CallToken | None
    bridge: str


class ChannelHeld(NamedTuple):
    """Hold and Unhold: this party put the others on hold."""

    node: NodeName
    uniqueid: Uniqueid
    held: bool


class ChannelTransferred(NamedTuple):
    """BlindTransfer that worked: the transferred channel goes looking for its new party."""

    node: NodeName
    uniqueid: Uniqueid


class ChannelEnded(NamedTuple):
    """Hangup. `cause` is Asterisk's (Q.850)."""

    node: NodeName
    uniqueid: Uniqueid
    token: CallToken | None
    cause: int


class ChannelSeen(NamedTuple):
    """One row of CoreShowChannels. `queue`: the queue whose application runs on it, whether it still waits or is served."""

    uniqueid: Uniqueid
    linkedid: Uniqueid
    channel: ChannelName
    token: CallToken | None
    state: int
    bridge: str
    endpoint: SeatName
    queue: QueueName | None = None
    is_agent: bool = False
    """A queue has called this channel for its caller."""


class ChannelsListed(NamedTuple):
    """A whole, counted list of a node's channels: what it holds is all there is. `life` tells one run of the node's process from
    the next; empty when it could not be read."""

    node: NodeName
    channels: tuple[ChannelSeen, ...]
    parking: frozenset[str] = frozenset()
    """Bridges that are parking lots."""
    life: str = ""


# --- queue callers --------------------------------------------------------------------------------------------------


class CallerJoined(NamedTuple):
    """QueueCallerJoin. `position` counts from 1; 0 when it is not known."""

    node: NodeName
    queue: QueueName
    uniqueid: Uniqueid
    token: CallToken | None
    position: int = 0
    channel: ChannelName | None = None


class CallerLeft(NamedTuple):
    """QueueCallerLeave, whatever the cause; with `abandoned` QueueCallerAbandon, which stands before it.
    `waited_seconds` is the node's own count (whole seconds, as in its queue_log), told with an abandonment only."""

    node: NodeName
    queue: QueueName
    uniqueid: Uniqueid
    token: CallToken | None
    abandoned: bool
    waited_seconds: int | None = None


class CallerServed(NamedTuple):
    """AgentConnect: caller and seat are connected, after `waited_seconds` by the node's own count."""

    node: NodeName
    queue: QueueName
    uniqueid: Uniqueid
    token: CallToken | None
    seat: SeatName
    waited_seconds: int
    seat_channel: Uniqueid | None = None
    """The seat's own channel; None: it is gone already."""


class CallerDone(NamedTuple):
    """AgentComplete: their conversation is over, or the seat gave the caller away (`how`: caller, agent, transfer)."""

    node: NodeName
    queue: QueueName
    uniqueid: Uniqueid
    token: CallToken | None
    seat: SeatName
    talked_seconds: int
    how: str


class CallerUnserved(NamedTuple):
    """The queue gave the caller back to the dialplan, or never took him in (UserEvent CtiUnserved). `status` is QUEUESTATUS."""

    node: NodeName
    queue: QueueName
    uniqueid: Uniqueid
    token: CallToken | None
    status: str
    channel: ChannelName | None = None


class WaitingSeen(NamedTuple):
    """A caller in a queue, in a snapshot. `waited_seconds` is the node's own count."""

    queue: QueueName
    uniqueid: Uniqueid
    waited_seconds: float
    position: int = 0


class QueueCounted(NamedTuple):
    """One queue's counters in a snapshot: conversations completed and callers lost since the node began to count."""

    queue: QueueName
    completed: int
    abandoned: int


class StreamBegan(NamedTuple):
    """The events of this node that follow are not a continuation: what happened before was not heard."""

    node: NodeName


CallEvent = (
    ChannelBegan
    | ChannelChanged
    | ChannelBridged
    | ChannelUnbridged
    | ChannelHeld
    | ChannelTransferred
    | ChannelEnded
    | CallerJoined
    | CallerLeft
    | CallerServed
    | CallerDone
    | CallerUnserved
)
"""What the wire makes of one AMI event about a channel or a queue caller."""
