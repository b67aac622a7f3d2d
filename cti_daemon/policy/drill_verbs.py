"""The verbs drill-start, drill-stop and drill-schedule, and a plan that is started as a drill. Nothing is changed here."""

from cti_daemon.model.drills import EMERGENCY_SEATS, DrillKind, PlannedDrill
from cti_daemon.model.events import Command
from cti_daemon.model.incidents import Plan
from cti_daemon.model.reasons import CommandStatus, Mode, Role
from cti_daemon.policy.drill_gate import why_not_begin
from cti_daemon.policy.moves import unproven
from cti_daemon.policy.order_verbs import span_of, tell_roughly, tell_span
from cti_daemon.policy.ruling import DrillChange, Ruling, Situation, accept, refuse
from cti_daemon.state.drill import Drill


def rule_start(command: Command, now: Situation) -> Ruling:
    seconds = span_of(command)
    name = command.args.get("name")
    if name is None:
        return _seats(None, now, seconds)
    planned = next((drill for drill in now.settings.drill if drill.name == name), None)
    if planned is None:
        names = ", ".join(sorted(drill.name for drill in now.settings.drill)) or "none"
        return refuse("wrong_target", f"no [[drill]] {name!r} in the configuration; there are: {names}")
    return rule_planned(planned, now, seconds)


def rule_planned(planned: PlannedDrill, now: Situation, seconds: float) -> Ruling:
    """A `[[drill]]` is to begin, for `seconds` at most."""
    if planned.kind is DrillKind.EMERGENCY_SEATS:
        return _seats(planned, now, seconds)
    plan = now.plans.plans.get(planned.what) if now.plans is not None else None
    if plan is None:
        return refuse("wrong_target", f"the plan {planned.what!r} is not loaded: see plan list")
    return rule_plan_drill(plan, now, 0, seconds, planned)


def rule_plan_drill(
    plan: Plan, now: Situation, stage: int, seconds: float, planned: PlannedDrill | None = None, subject: str = ""
) -> Ruling:
    """A plan as a drill."""
    refusal = _refusal(now, planned)
    if refusal is not None:
        return refusal
    begins = f"begins with stage {plan.stages[stage].id}: {plan.title.zh} / {plan.title.en}"
    text = f"a drill of the plan {plan.name} (version {plan.version}) {begins}; messages are marked, and no live call is touched"
    return accept(text, drill=DrillChange(DrillKind.PLAN, None, seconds, planned, plan.name, stage, subject))


def rule_stop(_command: Command, now: Situation) -> Ruling:
    drill = now.drill
    if drill is None:
        return refuse("wrong_mode", "no drill is in force")
    if drill.kind is DrillKind.PLAN:
        told = f"the drill of the plan {drill.plan} ends, and {drill.id} is closed; those who were told are told"
    else:
        told = f"test calls go the way of real calls again; so far {tell_calls(drill)}"
    ruling = accept(told, drill=DrillChange(drill.kind, drill.target, 0.0))
    ruling.data.update({"id": drill.id, "calls": drill.calls, "answered": drill.answered, "seats": sorted(drill.seats)})
    if drill.seat_calls:
        ruling.data["seat_calls"] = [call.as_data() for call in drill.seat_calls.values()]
    return ruling


DRILLS = {"drill-start": rule_start, "drill-stop": rule_stop}


def show_schedule(now: Situation) -> Ruling:
    """Which drills are due when, and how the last of each went."""
    if not now.settings.drill:
        return refuse("wrong_mode", "no drill is planned: the configuration has no [[drill]]")
    rows, lines = list[dict[str, object]](), list[str]()
    for entry in now.timetable:
        late = "OVERDUE" if entry.is_overdue else "due" if entry.due_for_seconds is not None else ""
        since = "" if entry.due_for_seconds is None else f" for {tell_roughly(entry.due_for_seconds)}"
        coming = "not known yet" if entry.next_in_seconds is None else f"in {tell_roughly(entry.next_in_seconds)}"
        last = "never held" if entry.held_ago_seconds is None else f"{entry.evaluation} {tell_roughly(entry.held_ago_seconds)} ago"
        refused = f"; refused: {entry.refusal}" if entry.refusal and late else ""
        lines.append(f"{entry.name}  {entry.what}  {entry.when}  next {coming}; {last}" + (f"; {late}{since}{refused}" if late else ""))
        rows.append(
            {
                "drill": entry.name,
                "what": entry.what,
                "when": entry.when,
                "start": entry.start,
                "next_in_seconds": _rounded(entry.next_in_seconds),
                "due_for_seconds": _rounded(entry.due_for_seconds),
                "overdue": entry.is_overdue,
                "held_ago_seconds": _rounded(entry.held_ago_seconds),
                "evaluation": entry.evaluation,
                "refusal": entry.refusal,
            }
        )
    return Ruling(CommandStatus.OK, "ok", "\n".join(lines), data={"drills": rows})


def tell_calls(drill: Drill) -> str:
    told = list[str]()
    if drill.seat_calls:
        good = sum(call.result is not None and call.result.value == "answered" for call in drill.seat_calls.values())
        told.append(f"{good} of {len(drill.seat_calls)} seats answered their test call")
    if drill.calls or not drill.seat_calls:
        seats = f", by {', '.join(sorted(drill.seats))}" if drill.seats else ""
        told.append(f"{drill.answered} of {drill.calls} test calls were answered{seats}")
    return "; ".join(told)


def _seats(planned: PlannedDrill | None, now: Situation, seconds: float) -> Ruling:
    refusal = _running(now)
    if refusal is not None:
        return refusal
    target = next((c for c in now.candidates.values() if c.role is Role.EMERGENCY), None)
    if target is None:
        return refuse("wrong_target", "the site has no node with role = 'emergency'")
    refusal = (unproven(target) if now.routing.mode is Mode.NORMAL else None) or _refusal(now, planned)
    if refusal is not None:
        return refusal
    plan = f"for {tell_span(seconds)} test calls go to the emergency seats on {target.name}; real calls are not touched"
    if planned is not None:
        plan = f"every emergency seat on {target.name} is called by a test call, within {tell_span(seconds)}; real calls are not touched"
    return accept(plan, drill=DrillChange(DrillKind.EMERGENCY_SEATS, target.name, seconds, planned))


def _running(now: Situation) -> Ruling | None:
    if now.drill is None:
        return None
    what = now.drill.plan or EMERGENCY_SEATS
    return refuse("wrong_mode", f"{now.drill.user}'s drill {what} is in force; drill-stop first")


def _refusal(now: Situation, planned: PlannedDrill | None) -> Ruling | None:
    """What stands against any drill now."""
    running = _running(now)
    if running is not None:
        return running
    why = why_not_begin(now.look(), planned.most_calls if planned is not None else None)
    return refuse("wrong_mode", why) if why else None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
