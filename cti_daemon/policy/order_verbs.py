"""The verbs of standing orders: pause-automation, resume-automation, maintenance-on, maintenance-off. Each has a stated time and ends
by itself."""

from collections.abc import Callable

from cti_daemon.model.events import Command
from cti_daemon.model.ids import NodeName
from cti_daemon.model.shapes import Span
from cti_daemon.model.verbs import VERBS
from cti_daemon.policy.ruling import OrderChange, Ruling, Situation, accept, refuse


def rule_pause(command: Command, now: Situation) -> Ruling:
    seconds = span_of(command)
    routing = now.routing
    plan = (
        f"for {tell_span(seconds)} nothing is done by itself: nodes are judged and told, nobody is diverted, failed over or moved; "
        f"{routing.serving} goes on serving (epoch {routing.epoch}); commands are carried out; when the time is over what then holds "
        "is acted upon"
    )
    return accept(plan, order=OrderChange(None, seconds))


def rule_resume(_command: Command, now: Situation) -> Ruling:
    if not now.orders.is_paused:
        return refuse("wrong_mode", "automation is not paused")
    return accept("automation acts again, upon what holds now", order=OrderChange(None, 0.0))


def rule_maintenance_on(command: Command, now: Situation) -> Ruling:
    seconds = span_of(command)
    node = _node(command, now)
    if isinstance(node, Ruling):
        return node
    if node in (now.routing.serving, now.routing.diverted_from):
        return refuse("serves", f"{node} serves: switchover first, then maintenance")
    plan = f"for {tell_span(seconds)} {node} is out of judgement: no alarm, and no calls are sent there while anybody else can serve"
    return accept(plan, order=OrderChange(node, seconds))


def rule_maintenance_off(command: Command, now: Situation) -> Ruling:
    node = _node(command, now)
    if isinstance(node, Ruling):
        return node
    if node not in now.orders.maintenance:
        return refuse("wrong_mode", f"{node} is not in maintenance")
    return accept(f"{node} is judged again", order=OrderChange(node, 0.0))


ORDERS: dict[str, Callable[[Command, Situation], Ruling]] = {
    "pause-automation": rule_pause,
    "resume-automation": rule_resume,
    "maintenance-on": rule_maintenance_on,
    "maintenance-off": rule_maintenance_off,
}


def tell_span(seconds: float) -> str:
    """`90 s`, `30 min`, `2 h`: the largest unit that leaves no rest."""
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def tell_roughly(seconds: float) -> str:
    """`3 d`, `5 h`, `90 s`: in one number."""
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


def span_of(command: Command) -> float:
    """Its `for` in seconds; the args have been checked."""
    shape = VERBS[command.verb].arg("for").shape
    return (shape.seconds(command.args["for"]) if isinstance(shape, Span) else None) or 0.0


def _node(command: Command, now: Situation) -> NodeName | Ruling:
    node = command.args["node"]
    if node not in now.roles:
        return refuse("wrong_target", f"no node {node!r}; known are {', '.join(sorted(now.roles))}")
    return NodeName(node)
