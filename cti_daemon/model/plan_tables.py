"""The closed tables a plan file is checked against: the roles it may name and the facts it may stand on."""

from dataclasses import dataclass
from enum import StrEnum

from cti_daemon.model.incidents import Test, Titled, Value
from cti_daemon.model.reasons import Mode, NodeState, SeatState, Verdict

ROLES: dict[str, Titled] = {
    "duty": Titled("值班员", "operator on duty"),
    "duty-lead": Titled("值班负责人", "leader on duty"),
    "duty-manager": Titled("值班领导", "manager on duty"),
    "marketing-manager": Titled("营销部值班领导", "marketing's manager on duty"),
    "team-leader": Titled("组长", "team leader"),
    "maintenance": Titled("系统运维专员", "maintenance"),
    "supervisor": Titled("主管", "supervisor"),
    "operations-supervisor": Titled("运营主管", "operations supervisor"),
    "centre-manager": Titled("中心经理", "centre manager"),
    "centre-leader": Titled("中心领导", "leader of the centre"),
    "leading-group": Titled("领导小组", "leading group"),
    "commander": Titled("指挥长", "commander"),
    "supplier": Titled("供应商", "supplier"),
    "supplier-backup": Titled("供应商后援", "supplier's back-up staff"),
    "maker": Titled("原厂", "maker"),
    "it": Titled("IT", "IT"),
    "security": Titled("安全", "security"),
    "hr": Titled("HR", "HR"),
    "agents": Titled("全体坐席", "all agents"),
    "echelon-1": Titled("第一梯队", "first echelon"),
    "echelon-2": Titled("第二梯队", "second echelon"),
    "staff-on-leave": Titled("休假人员", "staff on leave"),
    "functional-staff": Titled("职能人员", "functional staff"),
    "business": Titled("业务部门", "business department"),
    "public": Titled("公众", "the public"),
}
"""Whom a plan may tell. Who has a role, and how he is reached, is in the contact book of the site."""

PER = ("queue", "seat")
"""Of what a plan may run an incident for each."""
REPORTS = ("seat", "login", "network", "system", "information-system", "power", "security", "complaint", "staff", "other")
"""Kinds of `fault-report`."""
REPORT_WINDOW_SECONDS = 600.0
"""`reports.<kind>` counts those of so long *(ours)*."""
EXTERNAL = "external."


class FactKind(StrEnum):
    NUMBER = "number"
    FLAG = "flag"
    WORD = "word"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Fact:
    """`per`: what it is told of one by one. `is_measured` false: the daemon does not see it; it is unknown until it is told by
    `fact-set`."""

    kind: FactKind
    does: str
    per: str = ""
    words: tuple[str, ...] = ()
    is_measured: bool = True


_NUMBER, _FLAG, _WORD = FactKind.NUMBER, FactKind.FLAG, FactKind.WORD
_TOLD_FACTS = {
    "seats.login_failures": Fact(_NUMBER, "logins that failed in the last minutes, as the seat system counts them", is_measured=False),
    "trunk.state": Fact(_WORD, "the carrier's line", words=("up", "down"), is_measured=False),
    "ivr.answer_seconds": Fact(_NUMBER, "until a caller hears the first option", is_measured=False),
    "seat.wrap_seconds": Fact(_NUMBER, "work after a call, mean", is_measured=False),
    "calendar.readiness": Fact(_FLAG, "a window of readiness (重大节假日保障) is open", is_measured=False),
    "calendar.soon": Fact(_FLAG, "such a window begins within days, or is open", is_measured=False),
    "staff.off_duty": Fact(_NUMBER, "people who dropped out of this shift by accident", is_measured=False),
}
FACTS: dict[str, Fact] = {
    "queue.waiting": Fact(_NUMBER, "callers who wait", "queue"),
    "queue.longest_wait": Fact(_NUMBER, "seconds that the one who waits longest has waited; 0 when nobody waits", "queue"),
    "queue.lines_full": Fact(_FLAG, "a seat is busy, and none is free (坐席线路占满)", "queue"),
    "queue.service_level": Fact(_NUMBER, "share answered in time, 0 to 1, over the shortest window", "queue"),
    "queue.connect_rate": Fact(_NUMBER, "接通率: answered of offered, 0 to 1, over the shortest window", "queue"),
    "queue.abandonment": Fact(_NUMBER, "share that gave up, 0 to 1, over the shortest window", "queue"),
    "queue.asa_seconds": Fact(_NUMBER, "mean wait of the answered, over the shortest window", "queue"),
    "queue.arrivals_ratio": Fact(_NUMBER, "callers a second over the shortest window, against those over the longest", "queue"),
    "seats.available": Fact(_NUMBER, "seats that could take a call now; emergency seats are in no count of seats"),
    "seats.usable": Fact(_NUMBER, "seats that are logged in and reachable, paused ones too"),
    "seats.unreachable": Fact(_NUMBER, "seats whose phone is not reached"),
    "seats.logged_in": Fact(_NUMBER, "seats in any queue"),
    "seat.state": Fact(_WORD, "what a seat is doing", "seat", tuple(s.value for s in SeatState if s is not SeatState.UNKNOWN)),
    "calls.dropped_together": Fact(_NUMBER, "by how many the calls in progress fell within a few seconds; kept for a minute"),
    "calls.in_progress": Fact(_NUMBER, "calls in progress"),
    "node.state": Fact(_WORD, "state of an Asterisk", "node", tuple(s.value for s in NodeState if s is not NodeState.UNKNOWN)),
    "node.verdict": Fact(_WORD, "verdict on an Asterisk", "node", tuple(v.value for v in Verdict if v is not Verdict.UNKNOWN)),
    "path.degraded": Fact(_NUMBER, "Asterisks that are not reached over this control network", "path"),
    "site.mode": Fact(_WORD, "mode of the site", words=tuple(m.value for m in Mode)),
    "site.served_by": Fact(_WORD, "role of the node that serves", words=("primary", "standby", "emergency")),
    "recording.missing": Fact(_NUMBER, "callers who talk to a seat and are not recorded, though `[recording]` says they should be"),
    "security.events": Fact(_NUMBER, "messages and orders that were not believed, in the last ten minutes"),
    "emergency_seats.check_age": Fact(_NUMBER, "seconds since a drill of the emergency seats was passed, or since plans were first run"),
    **{f"reports.{kind}": Fact(_NUMBER, f"fault reports of kind {kind} in the last ten minutes") for kind in REPORTS},
    **_TOLD_FACTS,
}


def fact_named(name: str) -> Fact | None:
    """A row of the table; every `external.<name>` is one that other systems tell."""
    if name.startswith(EXTERNAL) and len(name) > len(EXTERNAL):
        return Fact(FactKind.ANY, "told by another system", is_measured=False)
    return FACTS.get(name)


def is_each(test: Test, per: str) -> bool:
    """Is it said of each seat or queue, and not of a certain one?"""
    fact = fact_named(test.fact)
    return fact is not None and fact.per == per and not test.of


def value_fault(fact: Fact, value: object) -> str:
    """Why this is no value of the fact; empty: it is one."""
    if fact.kind is FactKind.FLAG and not isinstance(value, bool):
        return "must be true or false"
    if fact.kind is FactKind.NUMBER and (isinstance(value, bool) or not isinstance(value, int | float) or value != value):  # noqa: PLR0124 - NaN
        return "must be a number"
    if fact.kind is FactKind.WORD and value not in fact.words:
        return f"must be one of {', '.join(fact.words)}"
    if not isinstance(value, bool | int | float | str):
        return "must be a number, true, false or text"
    return ""


def plain(value: object) -> Value:
    """Numbers are compared as numbers, whichever way they were written."""
    return value if isinstance(value, bool | str) else float(value)  # type: ignore[arg-type]
