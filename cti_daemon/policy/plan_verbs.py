"""May this be said to that incident? Shapes of args are checked already (`order_args`). Nothing is changed here."""

from collections.abc import Callable, Iterable

from cti_daemon.model.contacts import Contact
from cti_daemon.model.events import Command
from cti_daemon.model.incidents import ActionKind, Incident, IncidentState, StepState, Value
from cti_daemon.model.plan_tables import FactKind, fact_named, plain, value_fault
from cti_daemon.model.verbs import MOST_DRILL_SECONDS
from cti_daemon.policy.drill_verbs import rule_plan_drill
from cti_daemon.policy.plans import Plans
from cti_daemon.policy.ruling import Ruling, Situation, accept, refuse

NONE_HERE = "this site has no emergency plans: the configuration has no [plans]"
UNKNOWN = "unknown"
RECOVERED = "recovered"


def rule_plan(command: Command, now: Situation) -> Ruling:
    """Any verb of a plan."""
    if now.plans is None:
        return refuse("wrong_mode", NONE_HERE)
    if command.verb == "plan-start":
        return _start(command, now.plans, now)
    if command.verb == "fact-set":
        return _fact(command, now.plans)
    if command.verb == "fault-report":
        return accept(f"a fault of kind {command.args['kind']} is reported")
    incident = named(command, now.plans)
    if command.verb == "coming":
        return incident if isinstance(incident, Ruling) else _coming(command, incident, now.settings.contact)
    return incident if isinstance(incident, Ruling) else _OF_INCIDENT[command.verb](command, incident)


def rule_word(command: Command, plans: Plans | None) -> Ruling | None:
    """`note` and `ack` with an incident: a refusal, or None."""
    if "incident" not in command.args:
        return None
    if plans is None:
        return refuse("wrong_mode", NONE_HERE)
    found = named(command, plans)
    return found if isinstance(found, Ruling) else None


def named(command: Command, plans: Plans) -> Incident | Ruling:
    name = str(command.args["incident"])
    incident = plans.incidents.get(name)
    if incident is None:
        there = ", ".join(sorted(n for n, i in plans.incidents.items() if i.state is not IncidentState.CLOSED)) or "none"
        return refuse("wrong_target", f"no incident {name!r}; there are: {there}")
    if incident.state is IncidentState.CLOSED and command.verb != "note":
        return refuse("wrong_mode", f"{name} is closed; only a note can be added")
    return incident


def told_value(command: Command) -> Value | None:
    """What `fact-set` tells; None: unknown. On the command line everything is text, so the fact says what it means."""
    given, fact = command.args["value"], fact_named(str(command.args["fact"]))
    if given == UNKNOWN or fact is None:
        return None
    if isinstance(given, str) and fact.kind in (FactKind.FLAG, FactKind.ANY) and given in ("true", "false"):
        return given == "true"
    if isinstance(given, str) and fact.kind in (FactKind.NUMBER, FactKind.ANY):
        try:
            number = float(given)
        except ValueError:
            return given
        return number if abs(number) < 1e12 else given
    return plain(given)


def _start(command: Command, plans: Plans, now: Situation) -> Ruling:
    plan = plans.plans.get(str(command.args["plan"]))
    if plan is None:
        return refuse("wrong_target", f"no plan {command.args['plan']!r}; there are {', '.join(sorted(plans.plans))}")
    is_drill, subject = command.args.get("drill") is True, str(command.args.get("subject", ""))
    if subject and not plan.per:
        return refuse("wrong_target", f"{plan.name} runs for the whole site: leave subject out")
    running = plans.running(plan, subject, is_drill=is_drill)
    if running is not None:
        return refuse("wrong_mode", f"{running.id} is under way ({running.state.value})")
    stages = [stage.id for stage in plan.stages]
    wanted = command.args.get("stage", stages[0])
    if wanted not in stages:
        return refuse("wrong_target", f"{plan.name} has no stage {wanted!r}; it has {', '.join(stages)}")
    if is_drill:
        return rule_plan_drill(plan, now, stages.index(wanted), MOST_DRILL_SECONDS, subject=subject)
    return accept(f"the plan {plan.name} (version {plan.version}) begins with stage {wanted}: {plan.title.zh} / {plan.title.en}")


def _fact(command: Command, _plans: Plans) -> Ruling:
    name = str(command.args["fact"])
    fact = fact_named(name)
    if fact is None:
        return refuse("wrong_target", f"no fact {name!r}; external.NAME is free, the others are in docs/design/plans.md")
    if fact.is_measured:
        return refuse("wrong_target", f"{name} is measured by the daemon: nobody can tell it another")
    value = told_value(command)
    if value is not None and (fault := value_fault(fact, value)):
        return refuse("malformed", f"{name} {fault}, or {UNKNOWN}")
    return accept(f"{name} is {UNKNOWN if value is None else str(value).lower() if isinstance(value, bool) else value}")


# --- of one incident --------------------------------------------------------------------------------------------------


def _approve(command: Command, incident: Incident) -> Ruling:
    if incident.is_approved:
        return refuse("wrong_mode", f"{incident.id} waits for nobody's approval")
    return accept(f"{incident.id} is approved by {command.user}")


def _stage(command: Command, incident: Incident) -> Ruling:
    args, stages = command.args, [stage.id for stage in incident.plan.stages]
    changes = [
        f"{key} {args[key]}" for key in ("stage", "grade", "eta", "wording", "recording", "cause_class", "vendor_case") if key in args
    ]
    if not changes:
        return refuse("malformed", "set what? stage, grade, eta, wording, recording, cause_class or vendor_case")
    if ("stage" in args or "grade" in args) and not command.reason:
        return refuse("malformed", "a stage or a grade is changed with a reason")
    if "stage" in args and not incident.is_open:
        return refuse("wrong_mode", f"{incident.id} is {incident.state.value}: its stages are over")
    if "stage" in args and args["stage"] not in [*stages, RECOVERED]:
        return refuse("wrong_target", f"no stage {args['stage']!r}; there are {', '.join([*stages, RECOVERED])}")
    return accept(f"{incident.id}: {', '.join(changes)}")


def _task(command: Command, incident: Incident) -> Ruling:
    name = str(command.args["step"])
    step, held = incident.plan.step(name), incident.steps.get(name)
    if held is None or held.state is not StepState.OPEN or (step is not None and step.do is not ActionKind.TASK):
        return refuse("wrong_target", _no_step(incident, name, ActionKind.TASK))
    if step is not None and step.proof and not command.args.get("proof", "").strip():
        return refuse("malformed", f"{name} is done with a proof: {step.proof}")
    return accept(f"{incident.id}: {name} is done")


def _answer(command: Command, incident: Incident) -> Ruling:
    name, given = str(command.args["step"]), str(command.args["answer"])
    step, held = incident.plan.step(name), incident.steps.get(name)
    if step is None or step.do is not ActionKind.ASK or held is None or held.state is not StepState.OPEN:
        return refuse("wrong_target", _no_step(incident, name, ActionKind.ASK))
    if given not in step.options:
        return refuse("malformed", f"{given!r} is no answer to {name}; answers are {', '.join(step.options)}")
    return accept(f"{incident.id}: {name}: {given}")


def _arrived(command: Command, incident: Incident) -> Ruling:
    return accept(f"{incident.id}: {command.args.get('person', command.user)} has arrived")


def _coming(command: Command, incident: Incident, contacts: Iterable[Contact]) -> Ruling:
    contact = who_comes(command, contacts)
    if contact is None:
        who = command.args.get("person", command.user)
        return refuse("wrong_target", f'{who!r} is nobody of the contact book; name whom it concerns: args {{"person": …}}')
    if not summonses_of(incident, contact):
        roles = ", ".join(contact.roles) or "no role"
        return refuse("wrong_target", f"{incident.id} has not called in {contact.name}, who has {roles}")
    does = "comes" if command.args["answer"] == "yes" else "does not come"
    return accept(f"{incident.id}: {contact.name} {does}")


def who_comes(command: Command, contacts: Iterable[Contact]) -> Contact | None:
    """By name, or whose name at the broker it is."""
    name = command.args.get("person")
    return next((one for one in contacts if (one.name == name if name else command.user in (one.user, one.name))), None)


def summonses_of(incident: Incident, contact: Contact) -> list[str]:
    """By which he was called in."""
    steps = {step.id for step in incident.plan.steps if step.do is ActionKind.CALL_IN}
    return [name for name, held in incident.told.items() if held.role in contact.roles and name.split("/")[1] in steps]


def _close(command: Command, incident: Incident) -> Ruling:
    if not command.reason:
        return refuse("malformed", "an incident is closed with a reason")
    return accept(f"{incident.id} is closed; it was {incident.state.value}")


def _no_step(incident: Incident, name: str, kind: ActionKind) -> str:
    waiting = [n for n, held in incident.steps.items() if held.state is StepState.OPEN and _kind(incident, n) is kind]
    return f"{incident.id} has no open {kind.value} {name!r}; open are: {', '.join(waiting) or 'none'}"


def _kind(incident: Incident, name: str) -> ActionKind:
    step = incident.plan.step(name)
    return ActionKind.TASK if step is None else step.do


_OF_INCIDENT: dict[str, Callable[[Command, Incident], Ruling]] = {
    "approve": _approve,
    "stage-set": _stage,
    "task-done": _task,
    "answer": _answer,
    "arrived": _arrived,
    "incident-close": _close,
}
PLANS: dict[str, Callable[[Command, Situation], Ruling]] = dict.fromkeys(
    ("plan-start", "fact-set", "fault-report", "coming", *_OF_INCIDENT), rule_plan
)
