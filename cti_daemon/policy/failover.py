"""Who serves? The standing routing decision, and when it changes.

Divert on suspicion, rescue on verdict: a divert sends new callers to a proven standby while the serving node is
suspect, can be taken back and moves nobody who is talking; a failover is latched and only a person (or, where the site
says so, the hold-down) goes back. The latch never blocks the next step: a dead standby leads on to the emergency seats."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Condition, Mode, Reason, Role, Verdict
from cti_daemon.policy.health import Health

DIVERT_LASTS_SECONDS = 1.0
"""A divert ends when the suspected node has been healthy for so long (its own hysteresis, apart from `rise`)."""

_REASONS = {
    Verdict.DEAD: Reason.NODE_DEAD,
    Verdict.DEAD_SILENT: Reason.NODE_DEAD_SILENT,
    Verdict.HUNG: Reason.NODE_HUNG,
    Verdict.EDGE_CANNOT_REACH: Reason.EDGE_CANNOT_REACH,
}
_ORDER = {Role.PRIMARY: 0, Role.STANDBY: 1, Role.EMERGENCY: 2}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that could serve callers, as failover looks at it."""

    name: NodeName
    role: Role
    health: Health
    reachable_seats: int | None

    @property
    def is_proven(self) -> bool:
        """Healthy in our eyes and not unreachable in the edge's, and there is somebody to answer."""
        reachable = self.health.facts.edge not in (Condition.LOST, Condition.LATE)
        return self.health.verdict is Verdict.HEALTHY and reachable and self.reachable_seats != 0


@dataclass(frozen=True, slots=True)
class Routing:
    """The standing decision. Level, not edge: it can be sent to an edge at any time."""

    mode: Mode
    serving: NodeName
    epoch: int
    reason: Reason
    since_at: float
    diverted_from: NodeName | None = None


def decide(standing: Routing, candidates: Iterable[Candidate], now: float, *, is_edge_heard: bool, head: NodeName | None = None) -> Routing:
    """The routing that should hold now; the same object when nothing changes. Its epoch is one higher when it does.
    `is_edge_heard`: some edge is healthy. Without one a common silence is ours, and nothing is diverted. `head`: where the
    edges send new callers first; while diverted that is not the serving node, and it can die too."""
    by_name = {c.name: c for c in candidates}
    serving = by_name[standing.serving]
    if serving.health.is_condemned:
        heir = choose_heir(by_name.values(), serving.name)
        if heir is None:
            return standing
        return _serve(standing, heir, _REASONS[serving.health.verdict], now)
    if standing.diverted_from is not None:
        diverted_to = by_name.get(head) if head is not None else None
        if diverted_to is not None and diverted_to.health.is_condemned:
            reason = _REASONS[diverted_to.health.verdict]
            return replace(standing, epoch=standing.epoch + 1, reason=reason, since_at=now)
        served = serving.health.verdict in (Verdict.HEALTHY, Verdict.PROBE_BROKEN)
        if served and now - serving.health.since_at >= DIVERT_LASTS_SECONDS:
            return replace(
                standing,
                mode=_mode_of(serving),
                diverted_from=None,
                epoch=standing.epoch + 1,
                reason=Reason.DIVERT_ENDED,
                since_at=now,
            )
        return standing
    if is_edge_heard and _is_worth_a_divert(serving) and _proven_media(by_name.values(), serving.name):
        facts = serving.health.facts
        sip_only = any(c is Condition.OK for c in facts.links.values())
        reason = Reason.SIP_SILENT if sip_only else Reason.EVERY_PATH_SILENT
        return replace(
            standing,
            mode=Mode.DIVERTED,
            diverted_from=serving.name,
            epoch=standing.epoch + 1,
            reason=reason,
            since_at=now,
        )
    return standing


def command(standing: Routing, target: Candidate, now: float) -> Routing:
    """A person sends all new callers to `target`."""
    return _serve(standing, target, Reason.COMMAND, now)


def choose_heir(candidates: Iterable[Candidate], leaving: NodeName) -> Candidate | None:
    """The first proven node in the order primary, standby, emergency; when none is proven, the first that is not
    condemned (an unknown node may live, a dead one does not); None when every other node is condemned."""
    others = sorted((c for c in candidates if c.name != leaving), key=lambda c: _ORDER[c.role])
    return next((c for c in others if c.is_proven), None) or next(
        (c for c in others if not c.health.is_condemned and c.reachable_seats != 0), None
    )


def route(routing: Routing, candidates: Iterable[Candidate]) -> tuple[NodeName, ...]:
    """The order in which the edge shall try: who serves, then every other node, the likeliest first. Nobody is left
    out: a last try costs a caller nothing when all else has failed."""

    def likelihood(c: Candidate) -> tuple[bool, bool, bool, bool, int]:
        suspected = c.name == routing.diverted_from
        serves = c.name == routing.serving and not suspected
        return (not serves, c.health.is_condemned, suspected, not c.is_proven, _ORDER[c.role])

    return tuple(c.name for c in sorted(candidates, key=likelihood))


def _serve(standing: Routing, heir: Candidate, reason: Reason, now: float) -> Routing:
    return Routing(_mode_of(heir), heir.name, standing.epoch + 1, reason, now)


def _mode_of(candidate: Candidate) -> Mode:
    return {Role.PRIMARY: Mode.NORMAL, Role.STANDBY: Mode.FAILED_OVER, Role.EMERGENCY: Mode.EMERGENCY}[candidate.role]


def _is_worth_a_divert(serving: Candidate) -> bool:
    """Silent on every path; or SIP silent to us and the edge hears nothing either."""
    if serving.health.verdict is not Verdict.SUSPECT:
        return False
    links_ok = any(c is Condition.OK for c in serving.health.facts.links.values())
    return not links_ok or serving.health.facts.edge in (Condition.LOST, Condition.LATE)


def _proven_media(candidates: Iterable[Candidate], leaving: NodeName) -> bool:
    return any(c.is_proven and c.name != leaving and c.role is not Role.EMERGENCY for c in candidates)
