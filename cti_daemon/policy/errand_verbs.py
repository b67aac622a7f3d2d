"""May this be asked of the desks beside the calls? What they do is the shell's; the journal has the order before it is begun."""

from collections.abc import Callable
from dataclasses import replace

from cti_daemon.model.errand_verbs import OF_ONE_INCIDENT
from cti_daemon.model.events import Command
from cti_daemon.policy.plan_verbs import NONE_HERE
from cti_daemon.policy.ruling import Ruling, Situation, accept, refuse

_DOES = {
    "ticket-print": "{count} numbered forms are given out",
    "ticket-enter": "paper {paper} is entered as {system}",
    "ticket-reconcile": "paper, system and register are compared",
    "plan-list": "the plan files are read",
    "plan-check": "the plan files are checked",
    "plan-test": "the plans are tried in virtual time",
    "report": "the report is made from the journal",
}


def rule_ticket(command: Command, now: Situation) -> Ruling:
    if now.settings.affected is None:
        return refuse("wrong_mode", "no register is kept, in which tickets are: [register] is not configured")
    return _go(command)


def rule_plan_file(command: Command, now: Situation) -> Ruling:
    return _go(command) if now.settings.plans is not None else refuse("wrong_mode", NONE_HERE)


def rule_report(command: Command, _now: Situation) -> Ruling:
    kind, args = command.args["kind"], command.args
    if kind in OF_ONE_INCIDENT and "name" not in args:
        return refuse("malformed", 'which incident? args {"name": "lines-full-1"}, as the incidents of /status have it')
    if kind == "inspection" and "name" in args:
        return refuse("malformed", 'an inspection has no name; it is of so many days back: args {"days": 30}')
    if kind != "inspection" and "days" in args:
        return refuse("malformed", f"days are of an inspection, not of {kind}")
    return _go(command)


def _go(command: Command) -> Ruling:
    return replace(accept(_DOES[command.verb].format(**command.args)), is_errand=True)


ERRANDS: dict[str, Callable[[Command, Situation], Ruling]] = {
    **dict.fromkeys(("ticket-print", "ticket-enter", "ticket-reconcile"), rule_ticket),
    **dict.fromkeys(("plan-list", "plan-check", "plan-test"), rule_plan_file),
    "report": rule_report,
}
