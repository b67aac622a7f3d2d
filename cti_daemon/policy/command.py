"""May this person do this now, and what would it do? Deny by default; dangerous verbs are first tried dry, then confirmed with
the token which the dry run gave out."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace

from cti_daemon.model.almanac import Window
from cti_daemon.model.events import Command
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.model.verbs import SCHEDULE, VERBS, WORKLIST, Kind
from cti_daemon.policy.callback_verbs import CALLBACKS, show_worklist
from cti_daemon.policy.drill_verbs import DRILLS, show_schedule
from cti_daemon.policy.errand_verbs import ERRANDS
from cti_daemon.policy.moves import MOVES
from cti_daemon.policy.order_args import check
from cti_daemon.policy.order_verbs import ORDERS, tell_span
from cti_daemon.policy.plan_verbs import PLANS, rule_word
from cti_daemon.policy.ruling import LastOrder, Ruling, Situation, refuse
from cti_daemon.policy.seat_verbs import SEATS, last_opposite

RULES = MOVES | ORDERS | SEATS | DRILLS | CALLBACKS | PLANS | ERRANDS
PLANNED = ("switchover", "failback")
"""Left alone in a time of readiness (E7). What is done about a fault is never left alone."""
_LISTS: dict[str, Callable[[Situation], Ruling]] = {WORKLIST: show_worklist, SCHEDULE: show_schedule}
OPPOSITE_SECONDS = 120.0
"""An order that undoes another one of so short ago is told so."""
EPOCHS_REMEMBERED = 5
"""A token of one of so many earlier epochs is known as one."""


def rule(command: Command, now: Situation, key: bytes) -> Ruling:
    """`key` is this process's secret for confirm tokens. Nothing is changed here."""
    refusal = _refuse(command, now)
    if refusal is not None:
        return refusal
    if VERBS[command.verb].kind is Kind.WORD:
        shown = _LISTS.get(command.verb)
        words = shown(now) if shown is not None else rule_word(command, now.plans)
        return words or _take_word(command)
    ruling = RULES[command.verb](command, now)
    if not ruling.is_go:
        return ruling
    if command.verb in PLANNED and command.args.get("force") is not True and now.plans is not None and now.plans.board.is_ready:
        return _in_readiness(now.plans.board.readiness)
    undone = _undone(ruling, command, now)
    if undone:
        ruling = replace(ruling, message=f"{ruling.message}. {undone}", remark=undone)
    if command.dry_run or VERBS[command.verb].is_dangerous:
        return _confirm(command, now, ruling, key)
    return ruling


def _refuse(command: Command, now: Situation) -> Ruling | None:
    if command.verb not in VERBS:
        return refuse("unknown_verb", f"unknown verb {command.verb!r}; known are {', '.join(sorted(VERBS))}")
    allowed = {verb for role in now.settings.role if command.user in role.users for verb in role.verbs}
    if command.verb not in allowed:
        return refuse("not_allowed", f"user {command.user!r} has no role that allows {command.verb!r}")
    if command.age_seconds > command.expires_in_seconds:
        return refuse("expired", f"issued {command.age_seconds:.1f} s ago, valid for {command.expires_in_seconds:g} s; send it again")
    epoch = now.routing.epoch
    if command.if_epoch is not None and command.if_epoch != epoch:
        told = f"the site is at epoch {epoch}, the command was meant for {command.if_epoch}{_since_then(now)}; look again, then decide"
        return refuse("stale_epoch", told)
    return check(command, now)


def _in_readiness(window: Window | None) -> Ruling:
    which = f" ({window.name})" if window is not None else ""
    told = f'it is a time of readiness{which}: nobody who serves is changed as planned. To do it all the same: args {{"force": true}}'
    return refuse("in_readiness", told)


def _take_word(command: Command) -> Ruling:
    if command.verb == "status":
        return Ruling(CommandStatus.OK, "ok", "the site's state is in data")
    if command.verb == "note" and not command.args.get("text", command.reason):
        return refuse("malformed", VERBS["note"].arg("text").ask)
    return Ruling(
        CommandStatus.OK, "dry_run" if command.dry_run else "ok", "it would be written down" if command.dry_run else "written down"
    )


def _confirm(command: Command, now: Situation, ruling: Ruling, key: bytes) -> Ruling:
    target = ruling.move.target if ruling.move else NodeName("")
    epoch = now.routing.epoch
    token = confirm_token(command, epoch, target, key)
    if command.dry_run:
        is_dangerous = VERBS[command.verb].is_dangerous
        then = "confirm with the token to do it" if is_dangerous else "send it without dry_run to do it"
        told = f"plan: {ruling.message}; {then}"
        return Ruling(CommandStatus.OK, "dry_run", told, ruling.move, ruling.order, token if is_dangerous else "", ruling.message)
    if hmac.compare_digest(command.confirm.encode(), token.encode()):
        return ruling
    if command.confirm and _is_of_an_earlier_epoch(command, now, key):
        return refuse("conflict", f"since your dry run the site has changed, to epoch {epoch}{_since_then(now)}; look again, then decide")
    return refuse(
        "confirm_needed",
        f"{command.verb} needs a dry_run first, then confirm with the token of its answer; a token dies with the epoch",
    )


def confirm_token(command: Command, epoch: int, target: NodeName, key: bytes) -> str:
    """Bound to user, verb, target, time and epoch: it confirms what was shown, to whom it was shown, while it is still true."""
    text = f"{command.user}\n{command.verb}\n{target}\n{command.args.get('for')}\n{epoch}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16]


def _is_of_an_earlier_epoch(command: Command, now: Situation, key: bytes) -> bool:
    """Is this the token of a dry run of a while ago, whoever was its target then?"""
    epochs = range(max(now.routing.epoch - EPOCHS_REMEMBERED, 0), now.routing.epoch)
    tokens = (confirm_token(command, epoch, target, key) for epoch in epochs for target in (*now.candidates, NodeName("")))
    return any(hmac.compare_digest(command.confirm.encode(), token.encode()) for token in tokens)


def _since_then(now: Situation) -> str:
    last = now.last
    if last is None:
        return ""
    why = f" ({last.reason})" if last.reason else ""
    return f": {last.user} gave the order {last.verb}{why} {now.now - last.at:.0f} s ago"


def _undone(ruling: Ruling, command: Command, now: Situation) -> str:
    last = last_opposite(command, now) if ruling.wishes is not None else _last_opposite(ruling, command, now.last)
    if last is None or now.now - last.at > OPPOSITE_SECONDS:
        return ""
    why = f" ({last.reason})" if last.reason else ""
    who = "you gave" if last.user == command.user else f"{last.user} gave"
    return f"This is the opposite of {last.verb}, which {who}{why} {tell_span(float(round(now.now - last.at)))} ago"


def _last_opposite(ruling: Ruling, command: Command, last: LastOrder | None) -> LastOrder | None:
    if last is None:
        return None
    goes_back = ruling.move is not None and ruling.move.target == last.left
    lifts = ruling.order is not None and last.order is not None and ruling.order.node == last.order.node and command.verb != last.verb
    ends = ruling.drill is not None and last.drill is not None and command.verb != last.verb
    return last if goes_back or lifts or ends else None
