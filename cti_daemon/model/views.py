"""The picture of the site that people and machines are shown: made by the core on demand, read by metrics, HTTP, MQTT and
the command line. A fact that is not known is None, never 0 and never its last healthy look."""

from dataclasses import dataclass, field

from cti_daemon.model.ids import NodeName, PathName, QueueName, SeatName
from cti_daemon.model.incidents import Grade, IncidentState, Titled
from cti_daemon.model.reasons import Condition, LegState, Mode, NodeState, Reason, Role, Verdict
from cti_daemon.model.recording import RecordingView


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """`evidence` is `link_a`, `link_b`, `sip_a`, `sip_b`, `edge_a`, `edge_b`; `age_seconds` since it was last good."""

    evidence: str
    condition: Condition
    age_seconds: float | None


@dataclass(frozen=True, slots=True)
class OrderView:
    """A person's standing order; it ends by itself."""

    user: str
    reason: str
    ends_in_seconds: float


@dataclass(frozen=True, slots=True)
class DrillView:
    """A drill that is in force, and what it has shown so far. `target` None: test calls go the way of real calls."""

    kind: str
    target: NodeName | None
    user: str
    reason: str
    ends_in_seconds: float
    calls: int
    answered: int
    seats: tuple[SeatName, ...]
    id: str = ""
    planned: str = ""
    """The name of its `[[drill]]`."""
    plan: str = ""
    seat_calls: dict[SeatName, str] = field(default_factory=dict)
    """What came of the test call to each seat; empty: nothing yet."""


@dataclass(frozen=True, slots=True)
class PlannedView:
    """A `[[drill]]`: when it is due, and how it stands. None: not known, never, or not due."""

    name: str
    what: str
    when: str
    start: str
    next_in_seconds: float | None
    due_for_seconds: float | None
    held_ago_seconds: float | None
    evaluation: str
    is_overdue: bool
    refusal: str


@dataclass(frozen=True, slots=True)
class NodeView:
    name: NodeName
    role: Role
    state: NodeState
    verdict: Verdict
    since_seconds: float
    """How long this verdict has held."""
    degraded_paths: tuple[PathName, ...]
    evidence: tuple[EvidenceView, ...]
    legs: dict[LegState, int]
    """Callers' legs on the edges that this node serves."""
    proven: bool
    """May calls be sent here now?"""
    maintenance: OrderView | None = None
    """Out of judgement, by a person's order."""


@dataclass(frozen=True, slots=True)
class MembershipView:
    """A seat's place in one queue."""

    queue: QueueName
    penalty: int
    paused: bool
    reason: str
    is_dynamic: bool


@dataclass(frozen=True, slots=True)
class SeatView:
    """One seat, however many queues it is in."""

    seat: SeatName
    state: str
    """A `SeatState`."""
    since_at: float | None = None
    """Monotonic, against `SiteView.drawn_at`; None: since before we first looked. An instant and no age: a seat that does not
    change is one object, however often it is drawn."""
    memberships: tuple[MembershipView, ...] = ()
    node: NodeName | None = None
    """Where it is logged in, as far as this view goes: on its mirror it is too."""


@dataclass(frozen=True, slots=True)
class CallView:
    """One call, on however many nodes it is seen. No number of a person."""

    node: NodeName
    """The node that serves it; the edge while none does."""
    state: str
    """ringing, waiting, talking, held, parked, transferring"""
    queue: QueueName | None
    seat: SeatName | None
    since_seconds: float
    """In this state."""
    age_seconds: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """A histogram since the counters began: `counts[i]` values in `(edges[i-1], edges[i]]`, the last one above all edges."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    sum_seconds: float


@dataclass(frozen=True, slots=True)
class WindowView:
    """A queue's numbers over the last `seconds`. A ratio over nothing is None."""

    seconds: float
    offered: int
    outcomes: dict[str, int]
    """answered, abandoned, short_abandoned, timeout, overflowed, rescued"""
    answered_in_time: int
    service_level: dict[str, float | None]
    """By formula."""
    asa_seconds: float | None
    abandonment_ratio: float | None
    connect_ratio: float | None
    occupancy_ratio: float | None
    unknown_waits: int = 0
    """Of the answered, those whose wait nobody saw: they stand in no service level and in no mean."""


@dataclass(frozen=True, slots=True)
class QueueKpiView:
    """What happened to a queue's callers, run on through failovers: one series whichever node serves it."""

    offered: int
    outcomes: dict[str, int]
    answer: Distribution
    """Waits of answered callers."""
    abandon: Distribution
    talk: Distribution
    windows: tuple[WindowView, ...]
    answered_in_time: int = 0
    """Of the answered, those whose wait was seen and no longer than the queue's service level."""
    unseen: dict[str, int] = field(default_factory=dict)
    """Of `outcomes`, those that are known only from a node's own counters, after a gap: their waits stand in no distribution."""


@dataclass(frozen=True, slots=True)
class WaitingView:
    """A caller who waits. No number of a person."""

    position: int
    """In the queue of the node where the caller waits, from 1."""
    node: NodeName
    waited_seconds: float
    """From the first join, on whichever node."""


@dataclass(frozen=True, slots=True)
class QueueView:
    name: QueueName
    node: NodeName
    """The node whose numbers these are: the serving one, or the emergency system for a queue that only it has."""
    waiting: int | None
    longest_wait_seconds: float | None
    seats: tuple[SeatView, ...]
    kpi: QueueKpiView | None = None
    callers: tuple[WaitingView, ...] = ()


@dataclass(frozen=True, slots=True)
class ClockView:
    """An open task or question of an incident. `due_in_seconds` below 0: overdue."""

    step: str
    role: str
    title: Titled
    due_in_seconds: float
    is_late: bool
    proof: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IncidentView:
    """One run of an emergency plan."""

    id: str
    plan: str
    version: str
    title: Titled
    state: IncidentState
    grade: Grade
    stage: str
    stage_title: Titled
    since_seconds: float
    is_drill: bool
    is_approved: bool
    subject: str
    """Which seat or queue it is about; empty: the site."""
    response: str
    """Its response class; empty: none."""
    found_by: str
    cause_class: str
    eta: str
    wording: str
    vendor_case: str
    time_scale: float
    clocks: tuple[ClockView, ...]
    steps: dict[str, str]
    """What became of each step so far."""
    told: tuple[str, ...]
    """Roles that were told."""


@dataclass(frozen=True, slots=True)
class PairView:
    """Which of the two daemons of the site we are."""

    is_acting: bool
    """Else it stands by: what is shown is what it sees, and nothing of it is its doing."""
    peer: str


@dataclass(frozen=True, slots=True)
class SiteView:
    mode: Mode
    serving: NodeName | None
    diverted_from: NodeName | None
    route: tuple[NodeName, ...]
    epoch: int
    reason: Reason
    since_seconds: float
    nodes: tuple[NodeView, ...]
    queues: tuple[QueueView, ...]
    failover_in_progress: bool
    legs_to_rescue: int
    calls: dict[tuple[NodeName, str], int] = field(default_factory=dict)
    """(node, state) -> calls. No entry for a node that is not known."""
    seats: tuple[SeatView, ...] = ()
    """Every seat known, once."""
    drawn_at: float = 0.0
    """Monotonic instant of this picture."""
    mirror_difference: dict[NodeName, int] = field(default_factory=dict)
    """Memberships on a node that are not as they should be; no entry when that cannot be told."""
    counters: dict[str, dict[tuple[str, ...], int]] = field(default_factory=dict)
    """Name of a counter -> label values -> count: `failovers` (reason, result), `planned_moves` (reason, result: switchovers and
    failbacks), `diverts` (reason,), `rescued_calls` (result,), `stale_calls` (node, result), `security_events` (node, kind)."""
    routing_mode: Mode = Mode.NORMAL
    """The routing's own mode; `mode` is `paused` while automation is."""
    cause: Reason = Reason.START
    """Why `serving` serves; `reason` may be a later divert's."""
    pause: OrderView | None = None
    drill: DrillView | None = None
    drill_schedule: tuple[PlannedView, ...] = ()
    drill_calls: dict[tuple[NodeName, str], int] = field(default_factory=dict)
    """(node, state) -> calls of drills; they are not in `calls`."""
    incidents: tuple[IncidentView, ...] | None = None
    """Of emergency plans; None: the site has none."""
    withheld: str | None = None
    """What would be done if automation were not paused."""
    recording: RecordingView | None = None
    """None: the site does not have it watched."""
    pair: PairView | None = None
    """None: there is no second daemon."""
