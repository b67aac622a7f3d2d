"""Incidents as people are shown them."""

from cti_daemon.model.incidents import RESPONSE, Incident, StepRun, StepState, Titled
from cti_daemon.model.views import ClockView, IncidentView

_REVIEW = Titled("总结", "review")


def show(incident: Incident, now: float) -> IncidentView:
    plan, stage = incident.plan, incident.plan.stages[incident.stage]
    return IncidentView(
        id=incident.id,
        plan=plan.name,
        version=plan.version,
        title=plan.title,
        state=incident.state,
        grade=incident.grade,
        stage=stage.id,
        stage_title=stage.title,
        since_seconds=now - incident.began_at,
        is_drill=incident.is_drill,
        is_approved=incident.is_approved,
        subject=incident.subject,
        response=incident.response,
        found_by=incident.found_by,
        cause_class=incident.cause_class,
        eta=incident.eta,
        wording=incident.wording,
        vendor_case=incident.vendor_case,
        time_scale=plan.time_scale,
        clocks=tuple(_clock(incident, name, run, now) for name, run in incident.steps.items() if run.state is StepState.OPEN),
        steps={name: run.state.value for name, run in incident.steps.items()},
        told=tuple(dict.fromkeys(told.role for told in incident.told.values())),
    )


def _clock(incident: Incident, name: str, run: StepRun, now: float) -> ClockView:
    step = incident.plan.step(name)
    due = (run.due_at if run.due_at is not None else now) - now
    if name in RESPONSE:
        return ClockView(name, incident.response_role, RESPONSE[name], due, run.is_late, "", ())
    if step is None:
        return ClockView(name, incident.plan.recovery.review_role, _REVIEW, due, run.is_late, "", ())
    return ClockView(name, step.roles[0], step.title, due, run.is_late, step.proof, step.options)
