"""The site as people are shown it, drawn from state and judgements."""

from collections import Counter
from collections.abc import Mapping

from cti_daemon.model.ids import PATHS, NodeName
from cti_daemon.model.reasons import Condition
from cti_daemon.model.views import EvidenceView, NodeView, SiteView
from cti_daemon.policy import queueing, seating
from cti_daemon.policy.failover import Candidate, Routing
from cti_daemon.policy.health import Health
from cti_daemon.policy.mirroring import Mirroring
from cti_daemon.policy.reroute import Rerouting
from cti_daemon.state.evidence import NEVER, NodeEvidence
from cti_daemon.state.site import Site


def draw(
    site: Site,
    health: Mapping[NodeName, Health],
    candidates: Mapping[NodeName, Candidate],
    routing: Routing,
    rerouting: Rerouting,
    mirroring: Mirroring,
    counters: Mapping[str, Counter[tuple[str, ...]]],
    now: float,
) -> SiteView:
    return SiteView(
        mode=routing.mode,
        serving=routing.serving,
        diverted_from=routing.diverted_from,
        route=rerouting.route,
        epoch=routing.epoch,
        reason=routing.reason,
        since_seconds=now - routing.since_at,
        nodes=tuple(_node(site, name, health[name], candidates.get(name), now) for name in site.roles),
        queues=queueing.queues(site, routing.serving, now),
        failover_in_progress=rerouting.is_in_progress,
        legs_to_rescue=rerouting.legs_to_rescue,
        mirror_difference=mirroring.difference(),
        seats=seating.seats(site, routing.serving, now),
        calls=site.calls.counts(),
        counters={name: dict(counted) for name, counted in counters.items()},
    )


def _node(site: Site, name: NodeName, judged: Health, candidate: Candidate | None, now: float) -> NodeView:
    return NodeView(
        name=name,
        role=site.roles[name],
        state=judged.state,
        verdict=judged.verdict,
        since_seconds=now - judged.since_at,
        degraded_paths=judged.degraded_paths,
        evidence=tuple(_evidence(site.evidence[name], judged, now)),
        legs=site.legs.states(name),
        proven=candidate.is_proven if candidate else False,
    )


def _evidence(evidence: NodeEvidence, judged: Health, now: float) -> list[EvidenceView]:
    shown = [EvidenceView(f"link_{p}", judged.facts.links[p], evidence.links[p].age(now)) for p in PATHS]
    shown += [EvidenceView(f"sip_{p}", judged.facts.sip[p], evidence.sip[p].age(now)) for p in PATHS]
    for path in PATHS:
        words = [word for (_, of), word in evidence.edges.items() if of == path]
        if words:
            heard_at = max(word.heard_at for word in words)
            condition = Condition.LOST if all(word.is_silent for word in words) else Condition.OK
            shown.append(EvidenceView(f"edge_{path}", condition, now - heard_at if heard_at > NEVER else None))
    return shown
