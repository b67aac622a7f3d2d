"""What a verdict stands on, spelled out: each piece of evidence with its age, for people, the journal and `explain`."""

from typing import Any

from cti_daemon.model.ids import PATHS
from cti_daemon.model.reasons import Condition
from cti_daemon.model.views import EvidenceView
from cti_daemon.policy.health import Health
from cti_daemon.state.evidence import NEVER, NodeEvidence


def pieces(evidence: NodeEvidence, judged: Health, now: float) -> list[EvidenceView]:
    shown = [EvidenceView(f"link_{p}", judged.facts.links[p], evidence.links[p].age(now)) for p in PATHS]
    shown += [EvidenceView(f"sip_{p}", judged.facts.sip[p], evidence.sip[p].age(now)) for p in PATHS]
    for path in PATHS:
        words = [word for (_, of), word in evidence.edges.items() if of == path]
        if words:
            heard_at = max(word.heard_at for word in words)
            condition = Condition.LOST if all(word.is_silent for word in words) else Condition.OK
            shown.append(EvidenceView(f"edge_{path}", condition, now - heard_at if heard_at > NEVER else None))
    return shown


def of_node(evidence: NodeEvidence, judged: Health, now: float) -> dict[str, Any]:
    """For the journal. Ages in seconds since each piece was last good; null: never."""
    return {
        "verdict": judged.verdict.value,
        "why": judged.why,
        "rule": judged.rule,
        "since_seconds": round(now - judged.since_at, 4),
        "silent_seconds": round(judged.facts.silent_seconds, 4),
        "edge": judged.facts.edge.value,
        "evidence": {
            p.evidence: {"condition": p.condition.value, "age_seconds": None if p.age_seconds is None else round(p.age_seconds, 4)}
            for p in pieces(evidence, judged, now)
        },
    }
