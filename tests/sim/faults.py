"""The words for what can go wrong. A fault holds from `at` until `until`; what it means is in `truth.py`."""

from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override

from cti_daemon.model.ids import NodeName, PathName


class Kind(StrEnum):
    KILL = "killed"  # SIGKILL; its kernel refuses; starts again at the end
    BLACK_HOLE = "black hole"  # every network of the node, audio included
    CONTROL_HOLE = "control networks gone"  # both control networks of the node; audio flows on
    FREEZE = "frozen"  # SIGSTOP: its kernel still accepts
    SIP_HUNG = "SIP hung"  # AMI and audio live
    SIP_AND_AUDIO_HUNG = "SIP and audio hung"
    NETWORK_LOST = "network lost"  # one control network, for everybody
    PATH_LOST = "path lost"  # one node's place on one control network
    EDGE_DEAF = "edge deaf"  # the edge does not hear the node (on `path`, or on both)
    CUT_OFF = "cut off"  # the daemon does not reach this node, the edge does
    ISOLATED = "isolated"  # the daemon reaches nobody
    AMI_SILENT = "AMI silent"  # the manager is stuck
    AMI_REFUSED = "AMI refused"  # the manager is switched off: a lie of the kernel's about the node's life
    PROBE_SILENT = "probe silent"  # our own SIP probes are filtered
    PROBE_REFUSED = "probe refused"  # a firewall rejects our SIP probes: the same lie
    LOSS = "loss"  # `level` of all datagrams on the control networks
    JITTER = "jitter"  # up to `level` seconds on the links of the node
    STALL = "stall"  # the daemon does not run
    STARVED = "starved"  # the daemon runs now and then
    RESTART = "restart"  # the daemon is killed and started again
    SLOW_DISK = "slow disk"  # the journal takes longer than is waited for
    ANSWERS_LOST = "answers lost"  # the edge does what it is told, `level` of its answers are lost
    ORDERS_LOST = "orders lost"  # `level` of what the edge is told is lost
    SEATS_GONE = "seats gone"  # no phone of the node can be reached
    EDGE_FROZEN = "edge frozen"
    EDGE_KILL = "edge killed"


TRUE_CAUSES = frozenset(
    {Kind.KILL, Kind.BLACK_HOLE, Kind.CONTROL_HOLE, Kind.FREEZE, Kind.SIP_HUNG, Kind.SIP_AND_AUDIO_HUNG, Kind.EDGE_DEAF}
)
"""Each ends, alone, what the node does for new callers."""
NOISE = frozenset(Kind) - TRUE_CAUSES


@dataclass(frozen=True, slots=True)
class Fault:
    at: float
    until: float
    kind: Kind
    node: NodeName | None = None
    path: PathName | None = None
    level: float = 0.0
    journal_lost: bool = False
    after_points: int | None = None
    """RESTART only: killed at the so many-th point (`marks.py`) from `at` on, in the middle of whatever is done then. None:
    killed at `at`."""

    @override
    def __str__(self) -> str:
        words = [self.kind.value, *(str(word) for word in (self.node, self.path) if word)]
        if self.level:
            words.append(f"{self.level:.2f}")
        if self.kind is Kind.RESTART:
            words.append("journal lost" if self.journal_lost else "journal kept")
            if self.after_points is not None:
                words.append(f"at point {self.after_points}")
        return " ".join(words)
