"""Over which control network should the edge dial a node? Losing one network is no failover and must cost no new call."""

from cti_daemon.model.ids import PATHS, PathName
from cti_daemon.policy.health import Health
from cti_daemon.state.evidence import NodeEvidence

SAME_QUESTION_SECONDS = 0.4
"""A word on one path and a silence on the other belong to the same question when they are no further apart."""


def preferred(health: Health, evidence: NodeEvidence) -> PathName | None:
    """The path to dial explicitly, or None while both are fine (the edge then picks among its reachable contacts) or
    while neither is known to be better."""
    lost = set(health.degraded_paths) | _edge_misses(evidence)
    kept = [path for path in PATHS if path not in lost]
    return kept[0] if lost and kept else None


def _edge_misses(evidence: NodeEvidence) -> set[PathName]:
    """Paths on which an edge hears nothing while it hears the node on the other one."""
    edges = {edge for edge, _ in evidence.edges}
    missed: set[PathName] = set()
    for edge in edges:
        words = {path: word for (of, path), word in evidence.edges.items() if of == edge}
        heard_at = max((w.heard_at for w in words.values() if not w.is_silent), default=float("-inf"))
        missed |= {p for p, w in words.items() if w.is_silent and heard_at > w.silent_at - SAME_QUESTION_SECONDS}
    return missed if len(missed) < len(PATHS) else set()
