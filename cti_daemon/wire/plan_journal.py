"""Incidents as the journal holds them, and back: instants as seconds ago, so that clocks go on over a restart."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cti_daemon.model.incidents import Grade, Incident, IncidentState, Plan, StepRun, StepState, Told
from cti_daemon.model.plan_tables import ROLES
from cti_daemon.wire.plan_file import Site, read_plan

_PLAIN = (
    "id",
    "stage",
    "is_drill",
    "is_approved",
    "found_by",
    "cause_class",
    "eta",
    "wording",
    "vendor_case",
    "floor",
    "is_graded_by_person",
)
_SINCE_ADDED = ("subject", "recording", "response", "response_role")
"""An entry of an earlier version has them not."""
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


def version_to_plain(plan: Plan) -> dict[str, Any]:
    """A version of a plan, so that an incident can keep it."""
    named = {role for step in plan.steps for role in (*step.roles, *step.late)} | {plan.approver, plan.recovery.review_role}
    roles = sorted(named - set(ROLES) - {""})
    return {
        "digest": plan.digest,
        "plan": plan.name,
        "version": plan.version,
        "text": plan.text,
        "time_scale": plan.time_scale,
        "roles": roles,
        "seat_groups": {group: list(seats) for group, seats in plan.seat_groups.items()},
    }


def version_from_plain(plain: Mapping[str, Any]) -> Plan:
    """Raises one of UNREADABLE for what this version of ours cannot read."""
    groups = {str(group): tuple(str(seat) for seat in seats) for group, seats in plain.get("seat_groups", {}).items()}
    site = Site(frozenset(str(role) for role in plain["roles"]), None, float(plain["time_scale"]), groups)
    plan = read_plan(str(plain["text"]), str(plain["plan"]), site)
    faults = "; ".join(str(fault) for fault in plan) if isinstance(plan, tuple) else ""
    if isinstance(plan, tuple) or plan.digest != plain["digest"]:
        raise ValueError(faults or "another text than its digest says")
    return plan


def incident_to_plain(incident: Incident, at: float) -> dict[str, Any]:
    def ago(instant: float | None) -> float | None:
        return None if instant is None else round(at - instant, 6)

    plain: dict[str, Any] = {name: getattr(incident, name) for name in _PLAIN}
    return plain | {
        "digest": incident.plan.digest,
        **{name: getattr(incident, name) for name in _SINCE_ADDED},
        "state": incident.state.value,
        "grade": incident.grade.value,
        "began": ago(incident.began_at),
        "entered": {str(stage): ago(entered_at) for stage, entered_at in incident.entered_at.items()},
        "approve_until": ago(incident.approve_until_at),
        "well_since": ago(incident.well_since_at),
        "held_up": list(incident.held_up),
        "summoned": dict(incident.summoned),
        "steps": {
            name: {
                "state": run.state.value,
                "since": ago(run.since_at),
                "due": ago(run.due_at),
                "late": run.is_late,
                "by": run.by,
                "answer": run.answer,
                "said": run.said,
                "added": list(run.added),
            }
            for name, run in incident.steps.items()
        },
        "told": {
            notice: {
                "role": told.role,
                "people": list(told.people),
                "delivered": told.is_delivered,
                "acknowledged": told.is_acknowledged,
                "deputy": ago(told.deputy_at),
            }
            for notice, told in incident.told.items()
        },
    }


def incident_from_plain(plain: Mapping[str, Any], plans: Mapping[str, Plan], elapsed_seconds: float, at: float) -> Incident:
    """`plans` by digest; `elapsed_seconds` since it was written. Raises one of UNREADABLE."""

    def instant(ago: float | None) -> float | None:
        return None if ago is None else at - elapsed_seconds - float(ago)

    def since(ago: float) -> float:
        return at - elapsed_seconds - float(ago)

    steps = {
        str(name): StepRun(
            StepState(run["state"]),
            since(run["since"]),
            instant(run["due"]),
            bool(run["late"]),
            str(run["by"]),
            str(run["answer"]),
            str(run["said"]),
            tuple(str(seat) for seat in run.get("added", ())),
        )
        for name, run in plain["steps"].items()
    }
    told = {
        str(notice): Told(
            str(held["role"]),
            tuple(str(person) for person in held["people"]),
            None if held["delivered"] is None else bool(held["delivered"]),
            bool(held["acknowledged"]),
            instant(held["deputy"]),
        )
        for notice, held in plain["told"].items()
    }
    own: dict[str, Any] = {name: plain[name] for name in _PLAIN} | {name: str(plain.get(name, "")) for name in _SINCE_ADDED}
    return Incident(
        plan=plans[plain["digest"]],
        state=IncidentState(plain["state"]),
        grade=Grade(plain["grade"]),
        began_at=since(plain["began"]),
        entered_at=MappingProxyType({int(stage): since(ago) for stage, ago in plain["entered"].items()}),
        approve_until_at=instant(plain["approve_until"]),
        well_since_at=instant(plain["well_since"]),
        held_up=tuple(int(stage) for stage in plain["held_up"]),
        summoned=MappingProxyType({str(person): str(answer) for person, answer in plain["summoned"].items()}),
        steps=MappingProxyType(steps),
        told=MappingProxyType(told),
        **own,
    )
