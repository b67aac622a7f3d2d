"""The verbs of standing orders: pause-automation, resume-automation, maintenance-on, maintenance-off. Each has a stated time and ends
by itself."""

import re
from collections.abc import Callable

from cti_daemon.model.events import Command
from cti_daemon.model.ids import NodeName
from cti_daemon.policy.ruling import OrderChange, Ruling, Situation, accept, refuse

MOST_PAUSE_SECONDS = 86_400.0
MOST_MAINTENANCE_SECONDS = 7 * 86_400.0
_SPAN = re.compile(r"([0-9]{1,6})(s|m|h|d)")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def rule_pause(command: Command, now: Situation) -> Ruling:
    seconds = _span(command, ("for",), MOST_PAUSE_SECONDS)
    if isinstance(seconds, Ruling):
        return seconds
    routing = now.routing
    plan = (
        f"for {tell_span(seconds)} nothing is done by itself: nodes are judged and told, nobody is diverted, failed over or moved; "
        f"{routing.serving} goes on serving (epoch {routing.epoch}); commands are carried out; when the time is over what then holds "
        "is acted upon"
    )
    return accept(plan, order=OrderChange(None, seconds))


def rule_resume(command: Command, now: Situation) -> Ruling:
    if command.args:
        return refuse("unknown_key", f"unknown args {', '.join(sorted(command.args))}; resume-automation takes none")
    if not now.orders.is_paused:
        return refuse("wrong_mode", "automation is not paused")
    return accept("automation acts again, upon what holds now", order=OrderChange(None, 0.0))


def rule_maintenance_on(command: Command, now: Situation) -> Ruling:
    seconds = _span(command, ("node", "for"), MOST_MAINTENANCE_SECONDS)
    if isinstance(seconds, Ruling):
        return seconds
    node = _node(command, now)
    if isinstance(node, Ruling):
        return node
    if node in (now.routing.serving, now.routing.diverted_from):
        return refuse("serves", f"{node} serves: switchover first, then maintenance")
    plan = f"for {tell_span(seconds)} {node} is out of judgement: no alarm, and no calls are sent there while anybody else can serve"
    return accept(plan, order=OrderChange(node, seconds))


def rule_maintenance_off(command: Command, now: Situation) -> Ruling:
    unknown = sorted(set(command.args) - {"node"})
    if unknown:
        return refuse("unknown_key", f"unknown args {', '.join(unknown)}; maintenance-off takes: node")
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


def _span(command: Command, keys: tuple[str, ...], most: float) -> float | Ruling:
    unknown = sorted(set(command.args) - set(keys))
    if unknown:
        return refuse("unknown_key", f"unknown args {', '.join(unknown)}; {command.verb} takes: {', '.join(keys)}")
    value = command.args.get("for")
    said = 'args {"for": …}: seconds, or "90s", "30m", "2h", "1d"'
    if isinstance(value, str) and (found := _SPAN.fullmatch(value)):
        value = int(found[1]) * _UNITS[found[2]]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return refuse("no_time", f"for how long? {said}")
    if not 0 < value <= most:
        return refuse("no_time", f"the time must be above 0 and at most {tell_span(most)}; {said}")
    return float(value)


def _node(command: Command, now: Situation) -> NodeName | Ruling:
    node = command.args.get("node")
    if not isinstance(node, str) or node not in now.roles:
        return refuse("wrong_target", f'which node? args {{"node": …}}; known are {", ".join(sorted(now.roles))}')
    return NodeName(node)
