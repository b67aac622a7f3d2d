"""Incidents of emergency plans as Prometheus reads them. Drills are apart: no alert shall take one for an emergency.

Labels are closed sets: plans of the folder, roles of the table and of `[plans]`, grades, states. No person is ever one."""

from collections import Counter
from collections.abc import Iterable, Iterator

from cti_daemon.model.incidents import OPEN_STATES
from cti_daemon.model.views import ClockView, IncidentView
from cti_daemon.wire.exposition import Family, Kind, LabelValues

_STATES = ("due", "late")


def families(incidents: tuple[IncidentView, ...]) -> Iterator[Family]:
    """Of a site that has plans."""
    live = [incident for incident in incidents if not incident.is_drill]
    clocks = [(incident.plan, clock) for incident in live for clock in incident.clocks]
    counted = Counter((i.plan, i.grade.value, i.state.value) for i in live)
    yield _gauge("cti_incidents", "Incidents of emergency plans, without drills", ("plan", "grade", "state"), counted.items())
    drills = Counter((i.plan, i.state.value) for i in incidents if i.is_drill)
    yield _gauge("cti_incident_drills", "Drills of emergency plans", ("plan", "state"), drills.items())
    ages: dict[LabelValues, float] = {}
    for incident in live:
        if incident.state in OPEN_STATES:
            ages[(incident.plan,)] = max(ages.get((incident.plan,), 0.0), incident.since_seconds)
    yield _gauge(
        "cti_incident_age_seconds", "How long the oldest incident of the plan that is not over has lasted", ("plan",), ages.items()
    )
    yield _gauge("cti_incident_clocks", "Tasks and questions that wait for a person", ("plan", "state"), _by_state(clocks))
    tasks = [(clock.role, clock) for _, clock in clocks]
    yield _gauge("cti_incident_tasks", "The same, by the role that they wait for", ("role", "state"), _by_state(tasks))
    due = _nearest((plan, clock.due_in_seconds) for plan, clock in clocks if not clock.is_late)
    yield _gauge("cti_incident_clock_due_seconds", "Until the next of them is due", ("plan",), due)
    overdue = _nearest((plan, clock.due_in_seconds) for plan, clock in clocks if clock.is_late)
    late = (((plan,), -seconds) for (plan,), seconds in overdue)
    yield _gauge("cti_incident_clock_overdue_seconds", "For how long the longest of them is overdue", ("plan",), late)
    waiting = [((), sum(not i.is_approved and i.state in OPEN_STATES for i in incidents))]
    yield _gauge("cti_incidents_unapproved", "Plans that wait for the approval of their start", (), waiting)


def _by_state(clocks: Iterable[tuple[str, ClockView]]) -> Iterable[tuple[LabelValues, float]]:
    """Both states of whatever waits for somebody: that none is late is known."""
    found: Counter[LabelValues] = Counter()
    for of, clock in clocks:
        found.update({(of, state): int(clock.is_late == (state == "late")) for state in _STATES})
    return found.items()


def _nearest(dues: Iterable[tuple[str, float]]) -> Iterable[tuple[LabelValues, float]]:
    found: dict[LabelValues, float] = {}
    for plan, seconds in dues:
        found[(plan,)] = min(found.get((plan,), seconds), seconds)
    return found.items()


def _gauge(name: str, text: str, labels: tuple[str, ...], samples: Iterable[tuple[LabelValues, float]]) -> Family:
    return Family(name, Kind.GAUGE, text, labels, samples)
