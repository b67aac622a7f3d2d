"""What a person wants of a seat, as wishes for the roster: log in, log out, pause, unpause. The roster is every media server's, so an
order holds whoever serves. Shapes of args are checked already (`order_args`)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from cti_daemon.model.events import Command, Membership
from cti_daemon.model.ids import Interface, MemberKey, QueueName, SeatName
from cti_daemon.model.reasons import CommandStatus, MemberKind
from cti_daemon.policy.ruling import LastOrder, Ruling, Situation, Wishes, accept, refuse
from cti_daemon.policy.seats import safe_text, text_fault

OPPOSITES = {"seat-login": "seat-logout", "seat-logout": "seat-login", "seat-pause": "seat-unpause", "seat-unpause": "seat-pause"}

PENALTY = "seat-penalty"
"""Ordered by plans only: people give a penalty with seat-login."""


def rule_seat(command: Command, now: Situation) -> Ruling:
    args = dict(command.args)
    if command.verb == "seat-pause":
        args.setdefault("reason", safe_text(command.reason))  # why it was asked for is why it is paused
    wishes = plan(command.verb, args, now.seating.roster, now.seating.queues)
    if isinstance(wishes, Ruling):
        return wishes
    busy = next((now.seating.running[key] for key in wishes if key in now.seating.running), None)
    if busy is not None:
        who = "your own" if busy.user == command.user else f"{busy.user}'s"
        return refuse("conflict", f"{who} {busy.verb} of {args['seat']} is being carried out at this moment; look again, then decide")
    if not wishes:
        return Ruling(CommandStatus.OK, "ok", f"{_told(command.verb, args)}: it is so already")
    return accept(_told(command.verb, args, wishes), wishes=wishes)


def last_opposite(command: Command, now: Situation) -> LastOrder | None:
    last = now.seating.last.get(str(command.args.get("seat")))
    return last if last is not None and last.verb == OPPOSITES.get(command.verb) else None


def _told(verb: str, args: Mapping[str, Any], wishes: Collection[MemberKey] = ()) -> str:
    what: dict[str, str] = {
        "seat-login": "logged in to",
        "seat-logout": "logged out of",
        "seat-pause": "paused in",
        "seat-unpause": "not paused in",
    }
    what[PENALTY] = f"has penalty {args.get('penalty', 0)} in"
    why = f" ({args['reason']})" if args.get("reason") else ""
    queues = sorted({queue for queue, _ in wishes}) or args.get("queues")
    return f"{args['seat']} {'' if verb == PENALTY else 'is '}{what[verb]} {', '.join(queues) if queues else 'every queue it is in'}{why}"


def plan(
    verb: str, args: Mapping[str, Any], roster: Mapping[MemberKey, Membership] | None, queues: Collection[QueueName]
) -> Wishes | Ruling:
    """`queues`: those the media servers have. Empty wishes: it is so already. Nothing is changed here."""
    if roster is None:
        return refuse("unknown_state", "no media server's seats are known at this moment; try again when one is heard")
    wanted = args.get("queues")
    missing = sorted(set(wanted or ()) - set(queues))
    if missing:
        return refuse("wrong_target", f"no queue {', '.join(missing)}; known are {', '.join(sorted(queues))}")
    faults = [f"{key} {fault}" for key in ("reason", "name") if (fault := text_fault(args.get(key, "")))]
    if faults:
        return refuse("malformed", "; ".join(faults))
    return _RULES[verb](SeatName(args["seat"]), None if wanted is None else [QueueName(name) for name in wanted], args, roster)


def _places(seat: SeatName, queues: list[QueueName] | None, roster: Mapping[MemberKey, Membership]) -> list[Membership] | Ruling:
    """Where the seat is now, in these queues."""
    held = [m for m in roster.values() if m.seat == seat and (queues is None or m.queue in queues)]
    if not held:
        where = "any queue" if queues is None else ", ".join(queues)
        return refuse("wrong_target", f"{seat} is not logged in to {where}")
    return held


def _log_in(
    seat: SeatName, queues: list[QueueName] | None, args: Mapping[str, Any], roster: Mapping[MemberKey, Membership]
) -> Wishes | Ruling:
    penalty, interface = args.get("penalty", 0), args.get("interface", f"PJSIP/{seat}")
    wishes: Wishes = {}
    for queue in queues or ():
        key = (queue, Interface(interface))
        held = roster.get(key)
        name = args.get("name", held.name if held is not None else interface)
        if held is None:
            wishes[key] = Membership(queue, key[1], seat, name, interface, MemberKind.DYNAMIC, penalty)
        elif held.kind is MemberKind.DYNAMIC and held.penalty != penalty and "penalty" in args:
            wishes[key] = replace(held, penalty=penalty)
    return wishes


def _log_out(
    seat: SeatName, queues: list[QueueName] | None, _args: Mapping[str, Any], roster: Mapping[MemberKey, Membership]
) -> Wishes | Ruling:
    held = _places(seat, queues, roster)
    if isinstance(held, Ruling):
        return held
    fixed = sorted(m.queue for m in held if m.kind is not MemberKind.DYNAMIC)
    if fixed:
        return refuse("wrong_target", f"{seat} stands in queues.conf or a database for {', '.join(fixed)}; pause it instead")
    return {m.key: None for m in held}


def _pause(
    seat: SeatName, queues: list[QueueName] | None, args: Mapping[str, Any], roster: Mapping[MemberKey, Membership]
) -> Wishes | Ruling:
    held, reason = _places(seat, queues, roster), args.get("reason", "")
    if isinstance(held, Ruling):
        return held
    return {m.key: replace(m, paused=True, reason=reason) for m in held if (m.paused, m.reason) != (True, reason)}


def _unpause(
    seat: SeatName, queues: list[QueueName] | None, _args: Mapping[str, Any], roster: Mapping[MemberKey, Membership]
) -> Wishes | Ruling:
    held = _places(seat, queues, roster)
    if isinstance(held, Ruling):
        return held
    return {m.key: replace(m, paused=False, reason="") for m in held if m.paused}


def _penalize(
    seat: SeatName, queues: list[QueueName] | None, args: Mapping[str, Any], roster: Mapping[MemberKey, Membership]
) -> Wishes | Ruling:
    held, penalty = _places(seat, queues, roster), args.get("penalty", 0)
    if isinstance(held, Ruling):
        return held
    fixed = sorted(m.queue for m in held if m.kind is not MemberKind.DYNAMIC)
    if fixed:
        return refuse("wrong_target", f"{seat} stands in queues.conf or a database for {', '.join(fixed)}: its penalty is given there")
    return {m.key: replace(m, penalty=penalty) for m in held if m.penalty != penalty}


_Rule = Callable[[SeatName, list[QueueName] | None, Mapping[str, Any], Mapping[MemberKey, Membership]], Wishes | Ruling]
_RULES: dict[str, _Rule] = {"seat-login": _log_in, "seat-logout": _log_out, "seat-pause": _pause, "seat-unpause": _unpause}
SEATS: dict[str, Callable[[Command, Situation], Ruling]] = dict.fromkeys(_RULES, rule_seat)
_RULES[PENALTY] = _penalize
