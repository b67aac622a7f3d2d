"""Who serves? The standing routing decision, and when it changes.

Divert on suspicion, rescue on verdict: a divert sends new callers to a proven node while the serving node is suspect, can be
taken back and moves nobody who is talking; a failover is latched and only a person (or, where the site says so, the
hold-down) goes back. The latch never blocks the next step: a dead standby leads on to the emergency seats."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Condition, Mode, Reason, Role, Verdict
from cti_daemon.model.records import Standing
from cti_daemon.model.settings import Failover
from cti_daemon.policy.candidate import ORDER, Candidate, choose_heir
from cti_daemon.policy.modes import CHOICES, OF_VERDICT, mode_of

DIVERT_LASTS_SECONDS = 1.0
"""A divert ends when the suspected node has been healthy for so long (its own hysteresis, apart from `rise`)."""


@dataclass(frozen=True, slots=True)
class Routing:
    """The standing decision. Level, not edge: it can be sent to an edge at any time. `cause`: why `serving` serves; `reason`: why
    this decision was made (a divert and its end change the reason only)."""

    mode: Mode
    serving: NodeName
    epoch: int
    reason: Reason
    since_at: float
    diverted_from: NodeName | None = None
    cause: Reason = Reason.START


def begin(standing: Standing | None, roles: Mapping[NodeName, Role], at: float) -> Routing:
    """What a start goes on from: the journal's last decision, else the primary."""
    if standing is None or standing.serving not in roles:
        primary = next(name for name, role in roles.items() if role is Role.PRIMARY)
        return Routing(Mode.NORMAL, primary, 0, Reason.START, at)
    cause = standing.cause or standing.reason
    return Routing(standing.mode, standing.serving, standing.epoch, standing.reason, at, standing.diverted_from, cause)


def decide(
    standing: Routing,
    candidates: Iterable[Candidate],
    now: float,
    *,
    is_edge_heard: bool,
    head: NodeName | None = None,
    settings: Failover,
) -> Routing:
    """The routing that should hold now; the same object when nothing changes. Its epoch is one higher when it does.
    `is_edge_heard`: some edge is healthy. Without one a common silence is ours, and nothing is diverted. `head`: where the
    edges send new callers first; while diverted that is not the serving node, and it can die too."""
    by_name = {c.name: c for c in candidates}
    serving = by_name[standing.serving]
    if serving.health.is_condemned:
        return _leave(standing, serving, by_name, now)
    if standing.diverted_from is not None:
        return _while_diverted(standing, serving, by_name, now, head)
    if is_edge_heard and serving.is_worth_a_divert and _has_proven(by_name, {serving.name}):
        facts = serving.health.facts
        sip_only = any(c is Condition.OK for c in facts.links.values())
        reason = Reason.SIP_SILENT if sip_only else Reason.EVERY_PATH_SILENT
        return _divert(standing, serving.name, reason, now)
    seated = _seats_elsewhere(serving, by_name, now, settings)
    if seated is not None:
        return serve(standing, seated, Reason.SEATS_OUT, now)
    home = _home(standing, serving, by_name, now, settings)
    return standing if home is None else serve(standing, home, Reason.HOLD_DOWN_OVER, now)


def serve(standing: Routing, heir: Candidate, reason: Reason, now: float) -> Routing:
    """`heir` serves from now on."""
    return Routing(mode_of(heir.role), heir.name, standing.epoch + 1, reason, now, cause=reason)


def route(routing: Routing, candidates: Iterable[Candidate]) -> tuple[NodeName, ...]:
    """The order in which the edge shall try: who serves, then every other node, the likeliest first. Nobody is left
    out: a last try costs a caller nothing when all else has failed."""

    def likelihood(c: Candidate) -> tuple[bool, bool, bool, bool, bool, int]:
        suspected = c.name == routing.diverted_from
        serves = c.name == routing.serving and not suspected
        return (not serves, c.health.is_condemned, suspected, not c.is_offered, not c.is_well, ORDER[c.role])

    return tuple(c.name for c in sorted(candidates, key=likelihood))


def _leave(standing: Routing, serving: Candidate, by_name: Mapping[NodeName, Candidate], now: float) -> Routing:
    heir = choose_heir(by_name.values(), serving.name)
    if heir is None:
        return standing
    reason = OF_VERDICT[serving.health.verdict]
    doubted = [c for c in by_name.values() if c.is_media_server and c.is_in_doubt and c.name != serving.name]
    if heir.is_media_server or not doubted:
        return serve(standing, heir, reason, now)
    # a doubt of a second ago must not latch the emergency seats: the doubted one serves, and new calls pass it by until it is judged
    return replace(serve(standing, doubted[0], reason, now), mode=Mode.DIVERTED, diverted_from=doubted[0].name)


def _while_diverted(
    standing: Routing, serving: Candidate, by_name: Mapping[NodeName, Candidate], now: float, head: NodeName | None
) -> Routing:
    diverted_to = by_name.get(head) if head is not None and head != serving.name else None
    if diverted_to is not None and diverted_to.health.is_condemned:
        return _divert(standing, serving.name, OF_VERDICT[diverted_to.health.verdict], now)
    if diverted_to is not None and diverted_to.is_worth_a_divert and _has_proven(by_name, {serving.name, diverted_to.name}):
        return _divert(standing, serving.name, Reason.EVERY_PATH_SILENT, now)
    served = serving.health.verdict in (Verdict.HEALTHY, Verdict.PROBE_BROKEN)
    if served and now - serving.health.since_at >= DIVERT_LASTS_SECONDS:
        return replace(
            standing,
            mode=mode_of(serving.role),
            diverted_from=None,
            epoch=standing.epoch + 1,
            reason=Reason.DIVERT_ENDED,
            since_at=now,
        )
    return standing


def _divert(standing: Routing, suspected: NodeName, reason: Reason, now: float) -> Routing:
    return replace(standing, mode=Mode.DIVERTED, diverted_from=suspected, epoch=standing.epoch + 1, reason=reason, since_at=now)


def _has_proven(by_name: Mapping[NodeName, Candidate], besides: set[NodeName]) -> bool:
    return any(c.is_proven for c in by_name.values() if c.name not in besides)


# --- seats ----------------------------------------------------------------------------------------------------------------


def is_seatless(candidate: Candidate, now: float, settings: Failover) -> bool:
    """The seat system of this media server is out: it is alive, and no seat has been reachable or logged in for the set time."""
    since_at = candidate.seatless_since_at
    return candidate.is_media_server and candidate.is_well and since_at is not None and now - since_at >= settings.seats_out_after


def _seats_elsewhere(serving: Candidate, by_name: Mapping[NodeName, Candidate], now: float, settings: Failover) -> Candidate | None:
    """Who takes the calls of a media server whose seats are out: the other one when it is known to have seats, else the
    emergency seats; None when nothing is to be done, or there is nobody better."""
    if settings.seats_out != "emergency" or not is_seatless(serving, now, settings):
        return None
    others = [c for c in by_name.values() if c.name != serving.name and c.is_proven]
    seated = [c for c in others if c.is_media_server and c.reachable_seats]
    return next(iter(seated or [c for c in others if not c.is_media_server]), None)


def _home(standing: Routing, serving: Candidate, by_name: Mapping[NodeName, Candidate], now: float, settings: Failover) -> Candidate | None:
    """The way back by itself: a better media server that has been well, with seats, for the whole hold-down. Never away from a
    node that a person chose."""
    if settings.failback != "auto" or standing.cause in CHOICES or standing.cause is Reason.START:
        return None
    better = sorted((c for c in by_name.values() if ORDER[c.role] < ORDER[serving.role]), key=lambda c: ORDER[c.role])
    return next((c for c in better if why_not_home(c, now, settings.hold_down) is None), None)


def why_not_home(candidate: Candidate, now: float, hold_down: float) -> str | None:
    """What stands against a way back to this server without a person's word; None when nothing does."""
    name = candidate.name
    if not candidate.is_proven:
        return f"{name} is not proven"
    if candidate.health.verdict is not Verdict.HEALTHY or now - candidate.health.since_at < hold_down:
        return f"{name} has not been healthy for the hold-down of {hold_down:g} s"
    if candidate.seated_since_at is None or now - candidate.seated_since_at < hold_down:
        return f"{name} has not had seats for the hold-down of {hold_down:g} s"
    return None if candidate.is_mirrored else f"the seats are not mirrored back to {name} yet"
