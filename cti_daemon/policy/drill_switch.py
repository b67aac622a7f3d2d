"""The edges' switch for test calls, held as a level: each edge is told again when it was away, did not take it, or we were away."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cti_daemon.model.effects import Effect, SetDrill
from cti_daemon.model.events import Outcome
from cti_daemon.model.ids import NodeName
from cti_daemon.model.incidents import ActionKind, Incident, StepState
from cti_daemon.model.reasons import Result, Role
from cti_daemon.state.site import Site

RETRY_SECONDS = 1.0
_LEADS_TO: dict[ActionKind, Role | None] = {
    ActionKind.EMERGENCY_ON: Role.EMERGENCY,
    ActionKind.EMERGENCY_OFF: None,
    ActionKind.FAILOVER: Role.STANDBY,
    ActionKind.SWITCHOVER: Role.STANDBY,
}
"""Where a step of a plan sends callers; in a drill, test calls."""


@dataclass(slots=True)
class _Edge:
    """What an edge is known to hold; None: not known."""

    holds: tuple[NodeName, ...] | None = None
    asked: tuple[int, tuple[NodeName, ...]] | None = None
    again_at: float = field(default=float("-inf"))


class Switch:
    def __init__(self, site: Site, ids: Iterator[int]) -> None:
        self._site, self._ids = site, ids
        self._edges = {edge: _Edge() for edge in site.edges}

    @property
    def next_at(self) -> float:
        return min((edge.again_at for edge in self._edges.values() if edge.asked is not None), default=float("inf"))

    def learn(self, event: Outcome, at: float) -> bool:
        for edge in self._edges.values():
            if edge.asked is not None and edge.asked[0] == event.effect_id:
                edge.holds = edge.asked[1] if event.result is Result.DONE else None
                edge.asked, edge.again_at = None, at + RETRY_SECONDS
                return True
        return False

    def hold(self, wanted: tuple[NodeName, ...], at: float, out: list[Effect]) -> None:
        """Make every edge hold it."""
        for name, edge in self._edges.items():
            if not self._site.evidence[name].connected:
                edge.holds = edge.asked = None  # it may have been restarted
                continue
            if edge.asked is not None and at >= edge.again_at:
                edge.asked = None  # its answer is lost
            if edge.holds != wanted and (edge.asked is None or edge.asked[1] != wanted) and (edge.asked or at >= edge.again_at):
                effect = SetDrill(next(self._ids), name, wanted)
                edge.asked, edge.again_at = (effect.effect_id, wanted), at + RETRY_SECONDS
                out.append(effect)


def way_of(incidents: Iterable[Incident], site: Site) -> NodeName | None:
    """Where test calls go in a plan's drill: where its last step of that kind would have sent everybody. None: the way of real calls."""
    steps = (
        (run.since_at, _LEADS_TO[step.do])
        for incident in incidents
        for step in incident.plan.steps
        if step.do in _LEADS_TO and (run := incident.steps.get(step.id)) is not None and run.state is StepState.DONE
    )
    last = max(steps, key=lambda found: found[0], default=None)
    return None if last is None else next((node for node, role in site.roles.items() if role is last[1]), None)
