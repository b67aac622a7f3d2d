"""How a drill went: against the plan's own times, seat by seat, and in one word. The shape is in docs/design/plans.md."""

from collections.abc import Iterable, Mapping
from typing import Any

from cti_daemon.model.drills import DrillKind, SeatResult
from cti_daemon.model.incidents import PEOPLE, ActionKind, Incident, Step, StepRun, StepState, Titled
from cti_daemon.policy.order_verbs import tell_span
from cti_daemon.policy.plan_run import REVIEW, SILENCE
from cti_daemon.state.drill import Drill

PASSED, FAILED, ABORTED, NOTHING = "passed", "failed", "aborted", "no test call was made"
UNTRIED = frozenset({SeatResult.NOT_CALLED, SeatResult.BUSY})
HELD = frozenset({PASSED, FAILED})
"""Evaluations of a drill that was held."""


def evaluate(drill: Drill, incidents: Iterable[Incident], how: str, why: str, at: float) -> dict[str, Any]:
    """What the last entry of a drill says besides its own facts. `incidents`: those of a plan's drill, before they are closed."""
    runs = list(incidents)
    times = [time for incident in runs for time in _times(incident, at)]
    is_broken_off = how in ("aborted", "stopped")
    findings = [
        *_of_seats(drill, is_broken_off=is_broken_off),
        *(f for incident in runs for f in _of_steps(incident, is_over=how in ("done", "over"))),
    ]
    findings += [f"{one.role} was not told of the drill" for one in drill.participants.values() if one.is_told is False]
    untried = [str(call.seat) for call in drill.seat_calls.values() if call.result in UNTRIED]
    untried += [name for incident in runs for name, run in incident.steps.items() if run.state is StepState.OPEN]
    if how == "aborted" or (how == "stopped" and untried):
        evaluation = ABORTED
        findings = [f"{how} before its end" + (f": {why}" if why else ""), *findings]
    elif findings:
        evaluation = FAILED
    else:
        is_shown = drill.kind is DrillKind.PLAN or drill.calls or drill.seat_calls
        evaluation = PASSED if is_shown else NOTHING
    return {
        "content": content(drill, runs),
        "times": times,
        "steps": [step for incident in runs for step in _steps(incident)],
        "evaluation": evaluation,
        "findings": findings,
    }


def content(drill: Drill, incidents: Iterable[Incident] = ()) -> dict[str, str]:
    """What was drilled, in words."""
    root = next(iter(incidents), None)
    if root is not None:
        title, scale = root.plan.title, root.plan.time_scale
        times = f"; time_scale {scale:g}" if scale != 1.0 else ""
        return {"zh": f"预案演练：{title.zh}{times}", "en": f"drill of the plan {root.plan.name}: {title.en}{times}"}
    if drill.kind is DrillKind.PLAN:
        return {"zh": f"预案演练：{drill.plan}", "en": f"drill of the plan {drill.plan}"}
    if drill.seat_calls:
        return {"zh": "应急座席演练：逐席测试呼叫", "en": f"every emergency seat of {drill.target} is called by a test call"}
    return {"zh": "应急座席演练：测试来电转至应急座席", "en": f"test calls that come in go to the emergency seats of {drill.target}"}


def _of_seats(drill: Drill, *, is_broken_off: bool) -> list[str]:
    """Where it was broken off, a seat whose turn had not come is none."""
    untried = UNTRIED if is_broken_off else frozenset()
    found = [
        f"{call.seat}: {(call.result or SeatResult.NOT_CALLED).value}" + (f", {call.why}" if call.why else "")
        for call in drill.seat_calls.values()
        if call.result is not SeatResult.ANSWERED and call.result not in untried
    ]
    if drill.calls > drill.answered:
        found.append(f"{drill.calls - drill.answered} of {drill.calls} test calls were not answered")
    return found


def _of_steps(incident: Incident, *, is_over: bool) -> list[str]:
    found: list[str] = []
    for name, run in incident.steps.items():
        step = _step(incident, name)
        if run.state is StepState.FAILED:
            found.append(f"{name}: failed" + (f", {run.said}" if run.said else ""))
        elif step.do in PEOPLE and run.is_late:
            found.append(f"{name}: not done within {tell_span(step.within_seconds or 0.0)}" + (", silence" if run.by == SILENCE else ""))
        elif step.do in PEOPLE and run.state is StepState.OPEN and is_over:
            found.append(f"{name}: not done when the drill ended")
    return found


def _times(incident: Incident, at: float) -> list[dict[str, Any]]:
    """Everything that the plan gives somebody a time for."""
    found: list[dict[str, Any]] = []
    for name, run in incident.steps.items():
        step = _step(incident, name)
        if run.due_at is None or step.within_seconds is None:
            continue
        is_done = run.state is StepState.DONE and run.by != SILENCE
        took = run.since_at - (run.due_at - step.within_seconds) if is_done else None
        kept = _is_kept(run, is_done=is_done, at=at)
        words = {"step": name, "title": _title(step), "role": ", ".join(step.roles), "allowed_seconds": round(step.within_seconds, 3)}
        found.append(words | {"took_seconds": None if took is None else round(took, 3), "kept": kept, "by": run.by})
    return found


def _is_kept(run: StepRun, *, is_done: bool, at: float) -> bool | None:
    """None: its time was not over when the drill ended."""
    if run.is_late or (run.due_at is not None and not is_done and at > run.due_at):
        return False
    return True if is_done else None


def _steps(incident: Incident) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, run in incident.steps.items():
        step = _step(incident, name)
        found.append({"step": name, "title": _title(step), "do": step.do.value, "state": run.state.value, "said": run.said})
    return found


def _title(step: Step) -> Mapping[str, str]:
    return {"zh": step.title.zh, "en": step.title.en}


def _step(incident: Incident, name: str) -> Step:
    """A step of the plan, or one that every plan has."""
    from_plan = incident.plan.step(name)
    if from_plan is not None:
        return from_plan
    recovery = incident.plan.recovery
    within = recovery.review_within_seconds if name == REVIEW else None
    return Step(name, ActionKind.TASK, Titled("总结", "the review"), roles=(recovery.review_role,), within_seconds=within)
