"""Inputs of the core: what was seen, what was answered, what was asked for. Each is fed with the monotonic
instant at which it was seen; none carries a clock of its own."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cti_daemon.model.affected import AffectedEvent
from cti_daemon.model.call_events import CallEvent, ChannelsListed, QueueCounted, StreamBegan, WaitingSeen
from cti_daemon.model.drills import DrillsDue
from cti_daemon.model.errands import ErrandDone
from cti_daemon.model.ids import CallToken, ChannelName, Interface, MemberKey, NodeName, PathName, QueueName, SeatName, Uniqueid
from cti_daemon.model.lease import LeaseEvent
from cti_daemon.model.plan_effects import PlanEvent
from cti_daemon.model.reasons import Loss, MemberKind, OfferOutcome, Result, SurveyGrade
from cti_daemon.model.recording import RecordingChanged

# --- evidence -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkUp:
    """An AMI session is logged in and the node is fully booted."""

    node: NodeName
    path: PathName


@dataclass(frozen=True, slots=True)
class LinkLost:
    """An AMI session ended, or an attempt to open one failed."""

    node: NodeName
    path: PathName
    how: Loss


@dataclass(frozen=True, slots=True)
class LinkAlive:
    """Our heartbeat's nonce came back on the event stream of this session."""

    node: NodeName
    path: PathName


@dataclass(frozen=True, slots=True)
class SipAlive:
    """Any answer to our OPTIONS: even 401 shows that the SIP stack lives."""

    node: NodeName
    path: PathName


@dataclass(frozen=True, slots=True)
class SipRefused:
    """ECONNREFUSED on the connected probe socket."""

    node: NodeName
    path: PathName


@dataclass(frozen=True, slots=True)
class EdgeSaw:
    """The edge was asked (PJSIPQualify) about its contact for `node` on `path`: `heard` when its RTT changed."""

    edge: NodeName
    node: NodeName
    path: PathName
    heard: bool


@dataclass(frozen=True, slots=True)
class AudioSampled:
    """Received-packet counters of edge legs, read twice: which of the asked legs moved."""

    edge: NodeName
    node: NodeName
    moving: frozenset[Uniqueid]
    still: frozenset[Uniqueid]


@dataclass(frozen=True, slots=True)
class ObserverStalled:
    """Our own loop did not run for `seconds`: silence in that time proves nothing."""

    seconds: float


# --- the edge: callers' legs ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LegRouted:
    """The edge's dialplan dials `node` for this caller (UserEvent CtiRoute)."""

    edge: NodeName
    uniqueid: Uniqueid
    channel: ChannelName
    token: CallToken
    node: NodeName
    epoch: int


@dataclass(frozen=True, slots=True)
class DrillCallSeen:
    """The edge's dialplan is about to dial `node` for a test call (UserEvent CtiTest)."""

    edge: NodeName
    token: CallToken
    node: NodeName


@dataclass(frozen=True, slots=True)
class SeatAnswered:
    """A seat of `node` has answered the test call of a drill (UserEvent CtiSeatTest)."""

    node: NodeName
    token: CallToken


@dataclass(frozen=True, slots=True)
class LegSeen:
    """One caller's leg in a snapshot of the edge."""

    uniqueid: Uniqueid
    channel: ChannelName
    token: CallToken
    node: NodeName
    epoch: int
    bridged: bool
    dialog: str = ""
    """What `AttachDialog` hung on it: empty while no seat talks to this caller."""


@dataclass(frozen=True, slots=True)
class EdgeListed:
    """A whole, counted snapshot of an edge: what it holds is all there is. `route` and `epoch` are its globals."""

    edge: NodeName
    legs: tuple[LegSeen, ...]
    route: tuple[NodeName, ...]
    epoch: int
    took_seconds: float = 0.0
    """From the question to this answer: a leg may have moved in between."""


# --- the nodes: seats and queues ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeatTalking:
    """A seat and a caller were connected (UserEvent CtiDialog). `dialog` goes into a SIP Replaces header; empty: this seat is an outside
    number (CtiTalk), whose dialog nobody can take over."""

    node: NodeName
    token: CallToken
    seat: SeatName
    dialog: str


@dataclass(frozen=True, slots=True)
class FaultMarked:
    """A seat has said by its feature code that its caller reports a network fault (UserEvent CtiFault, on the seat's own channel)."""

    node: NodeName
    token: CallToken
    seat: SeatName


@dataclass(frozen=True, slots=True)
class OutsideOffered:
    """A caller was offered to a seat that is an outside number (UserEvent CtiOutside)."""

    node: NodeName
    seat: SeatName
    outcome: OfferOutcome


@dataclass(frozen=True, slots=True)
class SurveyAnswered:
    """A caller was asked how satisfied he is (UserEvent CtiSurvey)."""

    node: NodeName
    queue: QueueName
    token: CallToken
    grade: SurveyGrade


@dataclass(frozen=True, slots=True)
class Membership:
    """A seat's place in one queue: all that a person may change, and nothing of what its phone does."""

    queue: QueueName
    interface: Interface
    seat: SeatName
    name: str = ""
    """The member's name, free text of the site."""
    state_interface: str = ""
    """The device whose state is the member's."""
    kind: MemberKind = MemberKind.STATIC
    penalty: int = 0
    paused: bool = False
    reason: str = ""
    """Why it is paused."""
    ringinuse: bool | None = None
    """None: a status row does not say it, only events do."""
    wrap_up_seconds: int = 0
    """The member's own wrapuptime; 0: the queue's."""
    key: MemberKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", (self.queue, self.interface))


class MemberSeen(NamedTuple):
    """A queue member as an event or a status row shows it: the commonest event of a busy node, hence a tuple. `device_state` is
    Asterisk's number (0 unknown, 1 not in use, 2 in use, 3 busy, 4 invalid, 5 unavailable, 6 ringing, 7 ring+in use, 8 on
    hold); `in_call`: in a call of this very queue; `last_call_wall`: when its last call of this queue ended, by the node's
    clock in whole seconds, 0 for never."""

    node: NodeName
    membership: Membership
    device_state: int
    in_call: bool
    last_call_wall: int = 0


@dataclass(frozen=True, slots=True)
class MemberGone:
    node: NodeName
    queue: QueueName
    interface: Interface


@dataclass(frozen=True, slots=True)
class QueuesListed:
    """A whole, counted QueueStatus of one node."""

    node: NodeName
    members: tuple[MemberSeen, ...]
    waiting: tuple[WaitingSeen, ...]
    counted: tuple[QueueCounted, ...] = ()


@dataclass(frozen=True, slots=True)
class ShuttingDown:
    """The node says that it stops (Shutdown)."""

    node: NodeName


# --- distrust -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BlockRefused:
    """A block of an AMI stream that could not be proved genuine was dropped (docs/design: forged events)."""

    node: NodeName
    path: PathName
    kind: str
    why: str


# --- what we did, what we are asked ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an effect ended; `effect_id` is the number the engine gave it."""

    effect_id: int
    result: Result
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A request of a person, already decoded; rights and age are judged by the core."""

    id: str
    verb: str
    user: str
    reason: str = ""
    dry_run: bool = False
    confirm: str = ""
    if_epoch: int | None = None
    age_seconds: float = 0.0
    expires_in_seconds: float = 30.0
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing happened but time."""


StreamEvent = (
    LegRouted
    | DrillCallSeen
    | SeatTalking
    | FaultMarked
    | OutsideOffered
    | SurveyAnswered
    | RecordingChanged
    | SeatAnswered
    | MemberSeen
    | MemberGone
    | ShuttingDown
    | CallEvent
)
"""What the wire makes of one AMI event."""

Event = (
    LinkUp
    | LinkLost
    | LinkAlive
    | SipAlive
    | SipRefused
    | EdgeSaw
    | AudioSampled
    | ObserverStalled
    | EdgeListed
    | QueuesListed
    | ChannelsListed
    | StreamBegan
    | BlockRefused
    | Outcome
    | Command
    | Tick
    | LeaseEvent
    | AffectedEvent
    | PlanEvent
    | DrillsDue
    | ErrandDone
    | StreamEvent
)
