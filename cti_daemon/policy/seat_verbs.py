"""What a person wants of a seat, as wishes for the roster: log in, log out, pause, unpause. The roster is every media server's, so an
order holds whoever serves.

args: `seat`; `queues` (a list; left out: for a login the queues are demanded, else all that the seat is in); for a login `name`,
`penalty`, `interface` (left out: PJSIP/<seat>); for a pause `reason`."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from cti_daemon.model.events import Membership
from cti_daemon.model.ids import Interface, MemberKey, QueueName, SeatName
from cti_daemon.model.reasons import MemberKind
from cti_daemon.policy.ruling import Ruling, refuse
from cti_daemon.policy.seats import text_fault

Wishes = dict[MemberKey, Membership | None]
"""What each place should be; None: nobody's."""
_SEAT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_INTERFACE = re.compile(r"[A-Za-z0-9]{1,16}/[\x21-\x3a\x3c-\x7b\x7d\x7e]{1,127}")
_MOST_PENALTY = 1_000_000


def plan(
    verb: str, args: Mapping[str, Any], roster: Mapping[MemberKey, Membership] | None, queues: Collection[QueueName]
) -> Wishes | Ruling:
    """`queues`: those the media servers have. Empty wishes: it is so already. Nothing is changed here."""
    takes, rule = _VERBS[verb]
    unknown = sorted(set(args) - set(takes))
    if unknown:
        return refuse("unknown_key", f"unknown args {', '.join(unknown)}; {verb} takes: {', '.join(takes)}")
    if roster is None:
        return refuse("unknown_state", "no media server's seats are known at this moment; try again when one is heard")
    seat, wanted = args.get("seat"), args.get("queues")
    if not isinstance(seat, str) or not _SEAT.fullmatch(seat):
        return refuse("malformed", 'which seat? args {"seat": "seat12"}: letters, digits, _ . -')
    if wanted is not None and (not isinstance(wanted, list) or not wanted or not all(isinstance(name, str) for name in wanted)):
        return refuse("malformed", 'queues must be a list of names, for example ["hotline"]')
    missing = sorted(set(wanted or ()) - set(queues))
    if missing:
        return refuse("wrong_target", f"no queue {', '.join(missing)}; known are {', '.join(sorted(queues))}")
    faults = [f"{key} {fault}" for key in ("reason", "name") if (fault := _fault(args.get(key, "")))]
    if faults:
        return refuse("malformed", "; ".join(faults))
    return rule(SeatName(seat), None if wanted is None else [QueueName(name) for name in wanted], args, roster)


def _fault(text: object) -> str | None:
    return text_fault(text) if isinstance(text, str) else "must be text"


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
    if queues is None:
        return refuse("malformed", 'log in to which queues? args {"queues": ["hotline"]}')
    if isinstance(penalty, bool) or not isinstance(penalty, int) or not 0 <= penalty <= _MOST_PENALTY:
        return refuse("malformed", f"penalty must be a whole number from 0 to {_MOST_PENALTY}")
    if not isinstance(interface, str) or not _INTERFACE.fullmatch(interface):
        return refuse("malformed", "interface must be technology/name, for example PJSIP/seat12")
    wishes: Wishes = {}
    for queue in queues:
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


_Rule = Callable[[SeatName, list[QueueName] | None, Mapping[str, Any], Mapping[MemberKey, Membership]], Wishes | Ruling]
_VERBS: dict[str, tuple[tuple[str, ...], _Rule]] = {
    "seat-login": (("seat", "queues", "name", "penalty", "interface"), _log_in),
    "seat-logout": (("seat", "queues"), _log_out),
    "seat-pause": (("seat", "queues", "reason"), _pause),
    "seat-unpause": (("seat", "queues"), _unpause),
}
VERBS = frozenset(_VERBS)
