"""A node that could serve callers: would they be answered there? And who comes next when a node is left."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Condition, Role, Verdict
from cti_daemon.policy.health import Health

ORDER = {Role.PRIMARY: 0, Role.STANDBY: 1, Role.EMERGENCY: 2}

_HEARD_BY_THE_EDGE_ONLY = frozenset({Verdict.CONTROL_LOST, Verdict.CUT_OFF})


@dataclass(frozen=True, slots=True)
class Candidate:
    """`reachable_seats` None: unknown, and nobody is passed over for what is not known. `seatless_since_at` and `seated_since_at`:
    since when it is known to have none, or some. `is_mirrored`: its seats are known to be as on the serving node, or that does
    not apply."""

    name: NodeName
    role: Role
    health: Health
    reachable_seats: int | None
    in_maintenance: bool = False
    seatless_since_at: float | None = None
    seated_since_at: float | None = None
    is_mirrored: bool = True

    @property
    def is_media_server(self) -> bool:
        return self.role is not Role.EMERGENCY

    @property
    def is_well(self) -> bool:
        """Healthy in our eyes and not unreachable in the edge's. Where only our own SIP probe is broken the edge has said that it
        hears the node."""
        if self.health.verdict is Verdict.PROBE_BROKEN:
            return True
        return self.health.verdict is Verdict.HEALTHY and self.health.facts.edge not in (Condition.LOST, Condition.LATE)

    @property
    def is_offered(self) -> bool:
        """There may be somebody to answer, and no person is at work on it."""
        return self.reachable_seats != 0 and not self.in_maintenance

    @property
    def is_proven(self) -> bool:
        return self.is_well and self.is_offered

    @property
    def is_likely(self) -> bool:
        """Silent to us, but the edge hears it: callers would be served."""
        return self.health.verdict in _HEARD_BY_THE_EDGE_ONLY and self.health.facts.edge is Condition.OK and self.is_offered

    @property
    def is_in_doubt(self) -> bool:
        """Its verdict has not been reached yet."""
        return self.health.verdict is Verdict.SUSPECT and self.is_offered

    @property
    def is_worth_a_divert(self) -> bool:
        """Silent on every path; or SIP silent to us and the edge hears nothing either."""
        if self.health.verdict is not Verdict.SUSPECT:
            return False
        links_ok = any(c is Condition.OK for c in self.health.facts.links.values())
        return not links_ok or self.health.facts.edge in (Condition.LOST, Condition.LATE)


_TIERS: tuple[Callable[[Candidate], bool], ...] = (
    lambda c: c.is_media_server and c.is_proven,
    lambda c: c.is_media_server and c.is_likely,
    lambda c: c.is_proven,
    lambda c: c.is_likely,
    lambda c: not c.health.is_condemned and c.is_offered,
    lambda c: not c.health.is_condemned,  # music in a queue without seats, or on a node at work, is more than silence
)


def choose_heir(candidates: Iterable[Candidate], leaving: NodeName) -> Candidate | None:
    """Who serves next: a proven media server, one that the edge hears, proven emergency seats, whoever may live (an unknown node
    may, a dead one does not). Within each the order primary, standby, emergency. None: every other node is condemned."""
    others = sorted((c for c in candidates if c.name != leaving), key=lambda c: ORDER[c.role])
    return next((c for tier in _TIERS for c in others if tier(c)), None)
