"""The incidents of a plan's drill: which they are, and how they are called off."""

from collections.abc import Iterable

from cti_daemon.model.effects import Effect
from cti_daemon.model.incidents import Incident, IncidentState
from cti_daemon.policy.plans import Plans

OVER = "演练结束 / the drill is over"


def incidents_of(plans: Plans | None, root: str, *, closed: bool = True) -> list[Incident]:
    """The drill's own incident first, then those of the plans that it has started, as far down as they go."""
    if plans is None:
        return []
    family = [root]
    for incident in plans.incidents.values():  # a child is younger than its parent
        if incident.is_drill and incident.found_by in family and incident.id not in family:
            family.append(incident.id)
    found = [plans.incidents[name] for name in family if name in plans.incidents]
    return [incident for incident in found if closed or incident.state is not IncidentState.CLOSED]


def call_off(plans: Plans, incidents: Iterable[Incident], by: str, why: str, at: float, out: list[Effect]) -> None:
    """Close what is still open of them, and tell those who were told."""
    for incident in incidents:
        if incident.state is IncidentState.CLOSED:
            continue
        run = plans.run(incident.id, at, out)
        if incident.is_open:
            run.notices.tell_recovery(f"{OVER}: {why}")
        run.close(by, f"the drill is over: {why}")
        plans.take(run, at, out)
    plans.settle(at, out)
