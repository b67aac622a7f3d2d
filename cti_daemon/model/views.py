"""The picture of the site that people and machines are shown: made by the core on demand, read by metrics, HTTP, MQTT and
the command line. A fact that is not known is None, never 0 and never its last healthy look."""

from dataclasses import dataclass

from cti_daemon.model.ids import NodeName, PathName, QueueName, SeatName
from cti_daemon.model.reasons import Condition, LegState, Mode, NodeState, Reason, Role, Verdict


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """`evidence` is `link_a`, `link_b`, `sip_a`, `sip_b`, `edge_a`, `edge_b`; `age_seconds` since it was last good."""

    evidence: str
    condition: Condition
    age_seconds: float | None


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


@dataclass(frozen=True, slots=True)
class SeatView:
    seat: SeatName
    state: str
    """available, ringing, in_call, paused, unreachable, unknown"""


@dataclass(frozen=True, slots=True)
class QueueView:
    name: QueueName
    node: NodeName
    """The serving node, whose numbers these are."""
    waiting: int | None
    longest_wait_seconds: float | None
    seats: tuple[SeatView, ...]


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
    counters: dict[str, dict[tuple[str, ...], int]]
    """Name of a counter -> label values -> count: `failovers` (reason, result), `diverts` (reason,), `rescued_calls` (result,),
    `security_events` (node, kind)."""
