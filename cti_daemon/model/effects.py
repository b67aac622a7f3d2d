"""What the core wants done, as data. The order in a batch is the order of doing: a `Record` is durable before
what stands behind it leaves (rule 2 of the house: persist, then act).

Each effect that reaches an Asterisk has an `effect_id`; its `Outcome` comes back as an event. Effects state what should
hold and may be repeated, all but `RescueLeg` (a second Redirect would throw a rescued caller out of the standby)."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cti_daemon.model.affected import AffectedEffect
from cti_daemon.model.drills import CallSeat
from cti_daemon.model.errands import Errand
from cti_daemon.model.events import Membership
from cti_daemon.model.ids import ChannelName, NodeName, PathName, QueueName, Uniqueid
from cti_daemon.model.plan_effects import PlanEffect
from cti_daemon.model.reasons import Mode, Reason


@dataclass(frozen=True, slots=True)
class SetRoute:
    """The edge tries `route` in this order for new and rescued callers."""

    effect_id: int
    edge: NodeName
    route: tuple[NodeName, ...]
    epoch: int


@dataclass(frozen=True, slots=True)
class CallHook:
    """Tell the site's own program the whole routing decision. Repeatable: it says what should hold."""

    effect_id: int
    route: tuple[NodeName, ...]
    epoch: int
    mode: Mode
    serving: NodeName
    diverted_from: NodeName | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class SetVia:
    """The edge dials `node` over `path`; None: over whichever contact it finds reachable."""

    effect_id: int
    edge: NodeName
    node: NodeName
    path: PathName | None


@dataclass(frozen=True, slots=True)
class SetDrill:
    """The edge tries `route` for test calls, and only for those; empty: they go the way of real calls."""

    effect_id: int
    edge: NodeName
    route: tuple[NodeName, ...]


class Switch(StrEnum):
    """Global variables by which a plan switches what callers hear and are offered."""

    ANNOUNCE = "CTI_ANNOUNCE"  # a sound file; edges
    ETA = "CTI_ETA"  # HH:MM; edges
    OFFER = "CTI_OFFER"  # 1; media servers


@dataclass(frozen=True, slots=True)
class SetSwitch:
    """The dialplan of `node` does as these switches say; empty: as it does without plans. Where one is not empty the dialplan must have
    `context`, else it is refused."""

    effect_id: int
    node: NodeName
    context: str
    values: tuple[tuple[Switch, str], ...]


@dataclass(frozen=True, slots=True)
class RaiseCaller:
    """A caller who waits goes before all whose priority is less."""

    effect_id: int
    node: NodeName
    queue: QueueName
    channel: ChannelName
    priority: int


@dataclass(frozen=True, slots=True)
class RescueLeg:
    """Redirect a caller's leg into the resume context. Not repeatable. The caller hears music for `delay_seconds` before the
    edge dials for him, so that a hundred calls are not set up in the same instant, with new callers behind them."""

    effect_id: int
    edge: NodeName
    uniqueid: Uniqueid
    channel: ChannelName
    epoch: int
    delay_seconds: float = 0.0
    is_ringing: bool = False
    """Nobody has answered this caller yet: there are few of them, and they go ahead of all others."""


@dataclass(frozen=True, slots=True)
class AttachDialog:
    """Hang the seat's dialog on the caller's leg, so that it survives us. Empty `dialog`: take it off."""

    effect_id: int
    edge: NodeName
    channel: ChannelName
    dialog: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a channel that has outlived its call."""

    effect_id: int
    node: NodeName
    channel: ChannelName


class MemberChange(StrEnum):
    """What of a queue member is set."""

    ADD = "add"
    REMOVE = "remove"
    PAUSE = "pause"  # and its reason
    PENALTY = "penalty"
    RINGINUSE = "ringinuse"


@dataclass(frozen=True, slots=True)
class SetMember:
    """Make this of a queue member of `node` as `wanted` has it. Only `key` counts for REMOVE."""

    effect_id: int
    node: NodeName
    change: MemberChange
    wanted: Membership


@dataclass(frozen=True, slots=True)
class AskEdge:
    """Ask the edge whether it hears `node` (PJSIPQualify, then watch the RTT). Answers come as `EdgeSaw`."""

    edge: NodeName
    node: NodeName


@dataclass(frozen=True, slots=True)
class SampleAudio:
    """Read the received-packet counters of these legs twice. The answer comes as `AudioSampled`."""

    edge: NodeName
    node: NodeName
    legs: tuple[tuple[Uniqueid, ChannelName], ...]


@dataclass(frozen=True, slots=True)
class ProbeNode:
    """Probe now: OPTIONS and heartbeats on every path, reconnect links that are down; go on every `every_seconds`."""

    node: NodeName
    every_seconds: float


@dataclass(frozen=True, slots=True)
class ListEdge:
    """Take a snapshot of the edge: what we hold may be wrong."""

    edge: NodeName


@dataclass(frozen=True, slots=True)
class ListNode:
    """Take a snapshot of a media server: its own word on the calls it holds is wanted."""

    node: NodeName


@dataclass(frozen=True, slots=True)
class Record:
    """An entry for the journal, durable before the effects behind it are done; where `is_awaited` is false nothing waits for it
    (history, of which no restart goes on)."""

    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    is_awaited: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """A thing people are told: log line, MQTT event, metric. `kind` is a closed set: divert, failover, switchover,
    failback, emergency, rerouted, rescue, verdict, path, maintenance, pause, withheld, stale, resync, security, command, drill, incident,
    callback, lease, alarm, recovered."""

    kind: str
    severity: str  # info | warning | critical
    text: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a command."""

    command_id: str
    user: str
    verb: str
    status: str
    code: str
    message: str
    epoch: int
    data: dict[str, Any] = field(default_factory=dict)


Effect = (
    SetRoute
    | CallHook
    | SetVia
    | SetDrill
    | SetSwitch
    | RaiseCaller
    | RescueLeg
    | AttachDialog
    | HangUp
    | SetMember
    | AskEdge
    | SampleAudio
    | ProbeNode
    | ListEdge
    | ListNode
    | Record
    | Report
    | Answer
    | AffectedEffect
    | PlanEffect
    | CallSeat
    | Errand
)
