"""Is this node alive? Evidence and the present instant in, one verdict out.

Rules, in the order in which they bind:
1. A refusal by the node's kernel on AMI and SIP, newer than any sign of life, is death at once, without waiting.
2. Silence is judged by the table, with `late` = `suspect_after` and `lost` = `dead_after`.
3. When no node at all gives a sign of life, we are the one who is cut off: no verdict about anyone (ISOLATED).
4. A condemned node stays condemned (a graver verdict may replace a lighter one) and is risen only after `rise` seconds
   of unbroken health, the edge's word included."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cti_daemon.model.ids import PATHS, NodeName, PathName
from cti_daemon.model.reasons import Condition, NodeState, Verdict
from cti_daemon.model.settings import Detection
from cti_daemon.policy.table import CERTAINTY, CONDEMNED, MEDIA_MAY_LIVE, better, row, shown
from cti_daemon.state.evidence import NEVER, NodeEvidence

EDGE_WORD_LASTS_SECONDS = 10.0
"""An edge's word older than this says nothing."""
WITNESS_STEADY_SECONDS = 2.0
"""An edge that was late itself within this time convicts nobody who answers us (seen in drills on a starved machine)."""

_QUIET = frozenset({Condition.LATE, Condition.LOST})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verdict stood on; goes into the journal and the report with it."""

    links: dict[PathName, Condition]
    sip: dict[PathName, Condition]
    edge: Condition
    silent_seconds: float
    linked_from: float | None
    answering_from: float | None
    """Since when AMI, and our own OPTIONS, answer without a gap; None while they do not."""


@dataclass(frozen=True, slots=True)
class Health:
    """A node's standing verdict. `rising_at`: since when a condemned node looks healthy again; None while it does not."""

    verdict: Verdict
    why: str
    since_at: float
    facts: Facts
    rising_at: float | None = None
    degraded_paths: tuple[PathName, ...] = ()
    """Control networks on which nothing of a living node is heard."""
    risen_at: float | None = None
    """When it rose from its last condemnation; None when it was never condemned while we ran."""
    rule: str = ""
    """By which rule it was judged: a row of the table, or a rule of this file."""

    @property
    def state(self) -> NodeState:
        return shown(self.verdict)

    @property
    def is_condemned(self) -> bool:
        return self.verdict in CONDEMNED


def collect(evidence: NodeEvidence, now: float, detection: Detection, before: Facts | None = None) -> Facts:
    late, lost = detection.suspect_after, detection.dead_after
    links = {p: s.condition(now, late, max(lost, detection.control_lost_after)) for p, s in evidence.links.items()}
    sip = {p: s.condition(now, late, lost) for p, s in evidence.sip.items()}
    linked_from = _without_a_gap(links.values(), before.linked_from if before else None, now)
    answering_from = _without_a_gap(sip.values(), before.answering_from if before else None, now)
    if answering_from is not None:  # the edge's good word counts for a while
        fresh_from = max(now - EDGE_WORD_LASTS_SECONDS, answering_from)
    else:  # only what was said after the trouble began
        fresh_from = max([s.silent_from for s in evidence.sip.values()])
    edge = evidence.edge_condition(now, fresh_from, EDGE_WORD_LASTS_SECONDS)
    if edge is Condition.LOST:  # counts only when it has lasted, and none of it that is older than the node's own return
        lasts = min(evidence.edge_silent_seconds(now), now - max(fresh_from, linked_from or NEVER))
        edge = Condition.LOST if lasts >= detection.edge_silent else Condition.LATE
    return Facts(links, sip, edge, now - evidence.silent_from, linked_from, answering_from)


def _without_a_gap(conditions: Iterable[Condition], before: float | None, now: float) -> float | None:
    if Condition.OK not in conditions:
        return None
    return now if before is None else before


def is_refused(evidence: NodeEvidence, facts: Facts) -> bool:
    """Rule 1. One refused AMI connection and every SIP path refused (or that network already lost), all newer than any
    sign of life: the other AMI session's end need not be waited for."""
    sign_at = evidence.sign_at
    if max([s.refused_at for s in evidence.links.values()]) <= sign_at or max([s.refused_at for s in evidence.sip.values()]) <= sign_at:
        return False
    return all(c in (Condition.LOST, Condition.REFUSED) for c in facts.sip.values())


def quiet_paths(facts: Facts) -> tuple[PathName, ...]:
    """Control networks that are late or lost while the other one is not. A refusal is heard: that network carries."""
    found = tuple([p for p in PATHS if facts.links[p] in _QUIET and facts.sip[p] in _QUIET])
    return found if len(found) < len(PATHS) else ()


def _degraded(facts: Facts, since_at: float, now: float, detection: Detection) -> tuple[PathName, ...]:
    """Paths lost while the node has been healthy for as long as losing one takes: else the whole node was quiet."""
    if now - since_at < detection.dead_after:
        return ()
    return tuple(p for p in quiet_paths(facts) if facts.links[p] is facts.sip[p] is Condition.LOST)


def judge(
    previous: Health | None,
    evidence: NodeEvidence,
    now: float,
    detection: Detection,
    *,
    isolated: bool,
    edge_is_deaf: bool = False,
    edge_is_late: bool = False,
) -> Health:
    """`isolated`: nobody answers us. `edge_is_deaf`: the edges hear no server at all, so their silence is their own trouble.
    `edge_is_late`: no edge is a steady witness now; where the node itself answers us, the edges' silence about it is not taken."""
    facts = collect(evidence, now, detection, previous.facts if previous else None)
    links, sip = better(facts.links.values()), better(facts.sip.values())
    if is_refused(evidence, facts):
        links = sip = Condition.REFUSED
    found = row(links, sip, facts.edge)
    verdict, why, rule = found.verdict, found.why, found.rule
    if isolated and verdict is not Verdict.DEAD:
        verdict, why, rule = Verdict.ISOLATED, "no node answers us at all: we are the one who is cut off", "isolation"
    if verdict is Verdict.EDGE_CANNOT_REACH and edge_is_deaf:
        verdict, why, rule = Verdict.SUSPECT, "the edge hears no server at all: its own trouble", "deaf edge"
    if verdict in MEDIA_MAY_LIVE and edge_is_late:
        verdict, why, rule = Verdict.SUSPECT, "the edge does not hear it, but answers late itself", "late edge"
    fresh = Health(verdict, why, now, facts, rule=rule)
    if previous is None:
        return fresh
    if previous.is_condemned and not _is_graver(verdict, previous.verdict):
        return _rise(previous, fresh, now, detection)
    if verdict is previous.verdict:
        healthy = verdict is Verdict.HEALTHY
        degraded = _degraded(facts, previous.since_at, now, detection) if healthy else ()
        return Health(verdict, why, previous.since_at, facts, None, degraded, previous.risen_at, rule)
    return replace(fresh, risen_at=None if fresh.is_condemned else previous.risen_at)


def _is_graver(verdict: Verdict, than: Verdict) -> bool:
    return verdict in CONDEMNED and CERTAINTY.index(verdict) > CERTAINTY.index(than)


def _rise(previous: Health, fresh: Health, now: float, detection: Detection) -> Health:
    """Rule 4. A node which only our own probe does not reach has the edge's word for it."""
    held = replace(previous, facts=fresh.facts, rising_at=None)
    if fresh.verdict is not Verdict.PROBE_BROKEN and fresh.facts.edge in (Condition.LOST, Condition.LATE):
        return held
    if fresh.verdict not in (Verdict.HEALTHY, Verdict.PROBE_BROKEN):
        return held
    rising_at = now if previous.rising_at is None else previous.rising_at
    if now - rising_at >= detection.rise:
        return replace(fresh, risen_at=now)
    return replace(held, rising_at=rising_at)


def is_steady(edge: Health | None, now: float) -> bool:
    """Whether an edge has answered us, on AMI and SIP, without a gap for a while: one that is starved hears nobody in time."""
    if edge is None or edge.facts.linked_from is None or edge.facts.answering_from is None:
        return False
    return now - max(edge.facts.linked_from, edge.facts.answering_from) >= WITNESS_STEADY_SECONDS


def is_isolated(evidence: Mapping[NodeName, NodeEvidence], now: float, detection: Detection) -> bool:
    """Rule 3. True when every node we ever heard has been silent for longer than suspicion takes."""
    heard = [e for e in evidence.values() if e.sign_at > float("-inf")]
    return len(heard) > 1 and all(now - e.silent_from > detection.suspect_after for e in heard)


def next_look_at(health: Health, evidence: NodeEvidence, now: float, detection: Detection) -> float:
    """When this node must be judged again even if nothing is heard of it."""
    spans = (detection.suspect_after, detection.dead_after, detection.control_lost_after)
    quiet = max([s.silent_from for s in evidence.sip.values()])
    linked = max([s.silent_from for s in evidence.links.values()])
    deadlines = [instant + span for instant in (quiet, linked) for span in spans]
    if health.rising_at is not None:
        deadlines.append(health.rising_at + detection.rise)
    after = [d for d in deadlines if d > now]
    # a hair past the deadline: conditions change strictly after it
    return min(after, default=now + detection.dead_after) + 0.001
