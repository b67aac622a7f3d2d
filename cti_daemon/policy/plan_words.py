"""What people have said to plans and incidents is done: each word with a name and a reason, written down. It was ruled before."""

from types import MappingProxyType

from cti_daemon.model.effects import Effect
from cti_daemon.model.events import Command
from cti_daemon.model.incidents import IncidentState, StepState
from cti_daemon.policy.plan_run import REVIEW, Run
from cti_daemon.policy.plan_verbs import RECOVERED, told_value
from cti_daemon.policy.plans import Plans

ARRIVED = "arrived"
_FIELDS = ("eta", "wording", "recording", "cause_class", "vendor_case")


def obey(plans: Plans, command: Command, at: float, out: list[Effect]) -> None:
    """Carry out a verb that was accepted."""
    args = command.args
    match command.verb:
        case "plan-start":
            plan = plans.plans[str(args["plan"])]
            stage = next((i for i, s in enumerate(plan.stages) if s.id == args.get("stage")), 0)
            is_drill, cause = args.get("drill") is True, f"by {command.user}" + (f": {command.reason}" if command.reason else "")
            found_by, subject = "drill" if is_drill else command.user, str(args.get("subject", ""))
            plans.start(plan, at, out, stage=stage, cause=cause, found_by=found_by, subject=subject, is_drill=is_drill)
        case "fact-set":
            plans.board.tell(str(args["fact"]), "", told_value(command))
            plans.note_fact(at)
        case "fault-report":
            where, text = str(args.get("seat", "")), str(args.get("text", ""))
            said = ": ".join(word for word in (f"reported by {command.user}", where, text) if word)
            report(plans, str(args["kind"]), said, command.user, at, out, seat=where)
        case _ if "incident" in args:
            run = plans.run(str(args["incident"]), at, out)
            _say(run, command)
            plans.take(run, at, out)
        case _:
            pass
    plans.settle(at, out)


def report(plans: Plans, kind: str, said: str, by: str, at: float, out: list[Effect], *, is_opening: bool = True, seat: str = "") -> None:
    """A fault is reported. A person's word opens an incident at once; what is only counted opens it by the plan's own condition."""
    plans.board.report(kind, at)
    plans.note_fact(at)
    for plan in [plan for plan in plans.plans.values() if kind in plan.reports]:
        subject = seat if plan.per == "seat" else ""
        running = plans.running(plan, subject)
        if running is None and is_opening:
            plans.start(plan, at, out, cause=said, found_by="report", subject=subject)
        elif running is not None:
            run = plans.run(running.id, at, out)
            run.write("report", said, by=by)
            plans.take(run, at, out)


def _say(run: Run, command: Command) -> None:
    args, user = command.args, command.user
    match command.verb:
        case "ack":
            run.write("ack", f"{user} looks after it" + _why(args.get("text") or command.reason), by=user)
            run.notices.acknowledge(lambda _notice, _held: True)
            run.reach(IncidentState.ASSESSED)
        case "note":
            said, item = str(args.get("text") or command.reason), str(args.get("item", ""))
            run.write("note", f"{user}{f' ({item})' if item else ''}: {said}", by=user, item=item, said=said)
        case "approve":
            run.change(is_approved=True, approve_until_at=None)
            run.write("approved", f"approved by {user}" + _why(command.reason), by=user)
            run.notices.acknowledge(lambda notice, _held: "/approval/" in notice)
            run.reach(IncidentState.ASSESSED)
        case "stage-set":
            _set(run, command)
        case "task-done":
            _finish(run, str(args["step"]), user, said=str(args.get("proof", "")) or command.reason)
        case "answer":
            _finish(run, str(args["step"]), user, answer=str(args["answer"]), said=command.reason)
        case "arrived":
            person = str(args.get("person", user))
            run.change(summoned=MappingProxyType({**run.now.summoned, person: ARRIVED}))
            run.write("arrived", f"{person} has arrived", by=user, person=person)
            held = run.now.steps.get(ARRIVED)
            if held is not None and held.state is StepState.OPEN:
                _finish(run, ARRIVED, user, said=person)
        case "incident-close":
            run.close(user, command.reason)
        case _:
            pass


def _finish(run: Run, step: str, user: str, answer: str = "", said: str = "") -> None:
    run.finish(step, StepState.DONE, by=user, answer=answer, said=said)
    run.notices.acknowledge(lambda notice, _held: notice.startswith(f"{run.now.id}/{step}/"))
    if step == REVIEW and run.now.state is IncidentState.RECOVERED:
        run.change(state=IncidentState.REVIEWED)
        run.write("state", IncidentState.REVIEWED.value, by=user)
    run.close_when_done(user)


def _set(run: Run, command: Command) -> None:
    args, user = command.args, command.user
    fields = {key: str(args[key]) for key in _FIELDS if key in args}
    if fields:
        if "wording" in fields:
            fields.setdefault("recording", "")  # the old one says other words
        run.change(**fields)
        words = {key: word for key, word in fields.items() if word}
        run.write("said", ", ".join(f"{key}: {word}" for key, word in words.items()), by=user, fields=words)
    if "grade" in args:
        run.change(grade=type(run.now.grade)(args["grade"]), is_graded_by_person=True)
        run.write("grade", f"{args['grade']}, by {user}" + _why(command.reason), by=user, reason=command.reason)
        run.reach(IncidentState.ASSESSED)
    if args.get("stage") == RECOVERED:
        run.recover(user, command.reason)
    elif "stage" in args:
        index = next(i for i, stage in enumerate(run.now.plan.stages) if stage.id == args["stage"])
        above = tuple(range(index + 1, len(run.now.plan.stages)))
        run.change(floor=index, held_up=above)
        run.write("override", f"{user} sets stage {args['stage']}" + _why(command.reason), by=user, reason=command.reason)
        if index != run.now.stage:
            run.enter(index, user)
        run.reach(IncidentState.ASSESSED)


def _why(reason: object) -> str:
    return f": {reason}" if reason else ""
