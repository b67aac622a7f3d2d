"""A step of a plan file: what each kind of action may have beside the keys that every step has."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from cti_daemon.model.incidents import PEOPLE, ActionKind, CallInLevel, Grade, Step
from cti_daemon.wire.plan_reader import Table

CALLED_ROLES = ("primary", "standby", "emergency")
"""Servers, by their role: a plan is the same on every site."""
MOST_PENALTY = 1_000_000


def read_step(table: Table, roles: Collection[str], plans: Collection[str] | None, seat_groups: Mapping[str, Collection[str]]) -> Step:
    """`plans`: names of all plans of the site; None: not known, so not checked."""
    kind = table.word("do", ActionKind)
    common: dict[str, Any] = {
        "id": table.name("id", needed='id = "…"'),
        "do": kind,
        "title": table.titled("title"),
        "rows": table.rows(),
        "after_seconds": table.span("after", 0.0) or 0.0,
        "follows": table.name("follows"),
        "answer": table.text("answer", most=40),
    }
    if kind in PEOPLE:
        special = _of_people(table, kind, roles)
    elif kind is ActionKind.NOTIFY:
        special = {"roles": _roles(table, roles), "acknowledge_within_seconds": table.span("acknowledge_within")}
    elif kind is ActionKind.CALL_IN:
        special = {"roles": _roles(table, roles), "level": table.word("level", CallInLevel, CallInLevel.COME)}
    elif kind is ActionKind.PLAN:
        special = {"plan": _child(table, plans)}
    elif kind is ActionKind.SEATS_LOGIN:
        special = _login(table, seat_groups)
    else:
        special = _OF_MACHINE[kind](table) if kind in _OF_MACHINE else {}
    step = Step(**common, **special)
    table.end()
    return step


def _roles(table: Table, known: Collection[str]) -> tuple[str, ...]:
    return table.names("roles", known, needed='roles = ["duty-lead"]', what="role")


def _of_people(table: Table, kind: ActionKind, roles: Collection[str]) -> Mapping[str, Any]:
    role = table.one_of("role", roles, needed='role = "maintenance"', what="role")
    special: dict[str, Any] = {
        "roles": (role,),
        "within_seconds": table.span("within", needed='within = "10m"'),
        "late": table.names("late", roles, what="role"),
    }
    if special["within_seconds"] == 0:
        table.fault("within", "must be more than nothing")
    if kind is ActionKind.TASK:
        return special | {"proof": table.text("proof", most=200)}
    options = table.names("options", needed='options = ["yes", "no"]')
    return special | {"options": options, "default": table.one_of("default", options, needed='default = "no"', what="option")}


def _child(table: Table, plans: Collection[str] | None) -> str:
    if plans is None:
        return table.name("plan", needed='plan = "…"')
    return table.one_of("plan", plans, needed='plan = "…"', what="plan")


# --- the machine's ----------------------------------------------------------------------------------------------------


def _login(table: Table, seat_groups: Mapping[str, Collection[str]]) -> Mapping[str, Any]:
    groups = table.names("groups")
    seats = table.names("seats", needed="" if groups else 'seats = ["seat12"]')
    return {
        "seats": tuple(dict.fromkeys([*seats, *(seat for group in groups for seat in seat_groups.get(group, ()))])),
        "groups": groups,
        "queues": table.names("queues", needed='queues = ["hotline"]'),
        "most": table.whole("most", 0, 10_000),
        "is_taken_back": table.flag("take_back"),
        "penalty": table.whole("penalty", 0, MOST_PENALTY),
    }


def _seats(table: Table) -> dict[str, Any]:
    return {"seats": table.names("seats", needed='seats = ["seat12"]'), "queues": table.names("queues")}


def _penalty(table: Table) -> Mapping[str, Any]:
    if not table.has("penalty"):
        table.fault("penalty", "is missing; add penalty = 0, the penalty that these seats have from now on")
    return _seats(table) | {"penalty": table.whole("penalty", 0, MOST_PENALTY)}


def _announce(table: Table) -> Mapping[str, Any]:
    return {"recording": table.sound("recording", needed='recording = "cti-outage", a sound file'), "wording": table.titled("wording")}


def _inform(table: Table) -> Mapping[str, Any]:
    return {"by": table.names("by", needed='by = ["sms"], gateways or "voice"'), "text": table.titled("text")}


def _test(table: Table) -> Mapping[str, Any]:
    return {"nodes": table.names("nodes", CALLED_ROLES, what="role of a server")}


def _grade(table: Table) -> Mapping[str, Any]:
    return {"grade": table.word("grade", Grade)}


_OF_MACHINE: Mapping[ActionKind, Callable[[Table], Mapping[str, Any]]] = {
    ActionKind.SEATS_LOGOUT: _seats,
    ActionKind.SEATS_UNPAUSE: _seats,
    ActionKind.SEATS_PENALTY: _penalty,
    ActionKind.ANNOUNCE_ON: _announce,
    ActionKind.INFORM_CALLERS: _inform,
    ActionKind.TEST_CALLS: _test,
    ActionKind.GRADE: _grade,
}
