"""A plan file: TOML text in, a checked plan or every fault at once out. Data only: there is no code in a plan."""

import hashlib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from cti_daemon.model.incidents import (
    MACHINE,
    PEOPLE,
    ActionKind,
    Activation,
    Grade,
    Group,
    Plan,
    Recovery,
    Stage,
    Step,
    tests_in,
)
from cti_daemon.model.plan_tables import PER, REPORTS, ROLES, is_each
from cti_daemon.wire.plan_conditions import read_condition
from cti_daemon.wire.plan_reader import Faults, PlanFault, Table
from cti_daemon.wire.plan_steps import read_step
from cti_daemon.wire.toml_lines import TomlLines

MOST_BYTES = 64 * 1024
MOST_STEPS = 100
LEAST_PROGRESS_SECONDS = 60.0
_DATE = r"YYYY-MM-DD"
AFTERWARDS = (ActionKind.TASK, ActionKind.NOTIFY, ActionKind.INFORM_CALLERS)
_SILENCE = ("wait", "start")


@dataclass(frozen=True, slots=True)
class Site:
    """What a plan may name besides what the tables have: roles of the site's own contact book, and the names of all its plans (None:
    not known, so not checked)."""

    roles: frozenset[str] = field(default_factory=frozenset)
    plans: frozenset[str] | None = None
    time_scale: float = 1.0
    seat_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A plan may name groups that a site does not have: their step fails, and says so."""


def read_plan(text: str, name: str, site: Site = Site()) -> Plan | tuple[PlanFault, ...]:
    """`name`: the file's own, which the plan must have too. Never raises for what stands in a file."""
    if len(text.encode(errors="replace")) > MOST_BYTES:
        return (PlanFault(None, "", f"is larger than {MOST_BYTES} bytes; this is no plan"),)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return (_not_toml(str(error), text),)
    except RecursionError:
        return (PlanFault(1, "", "is nested too deeply; this is no plan"),)
    faults = Faults(TomlLines(text), site.time_scale)
    plan = _plan(Table(data, (), faults), text, name, site)
    return tuple(sorted(set(faults.found), key=lambda f: (f.line or 0, f.key, f.text))) or plan


def _not_toml(message: str, text: str) -> PlanFault:
    head, found, tail = message.rpartition(" (at ")
    words = tail.rstrip(")").replace(",", "").split()
    line = int(words[1]) if found and words[:1] == ["line"] else max(len(text.splitlines()), 1)
    return PlanFault(line, "", f"is not TOML here: {head if found else message}")


def _plan(table: Table, text: str, name: str, site: Site) -> Plan:
    roles = frozenset(ROLES) | site.roles
    if (own := table.name("name", needed=f'name = "{name}"')) and own != name:
        table.fault("name", f"is {own!r}, but the file is {name}.toml: give both the same name")
    version = table.text("version", needed='version = "1"', most=40)
    review_due = table.text("review_due", needed=f'review_due = "{_DATE}"', most=10)
    if review_due and not _is_date(review_due):
        table.fault("review_due", f"must be a date, {_DATE}; found {review_due!r}")
    activation = table.word("activation", Activation, Activation.AUTOMATIC)
    approver = table.one_of("approver", roles, what="role", needed='approver = "commander"' if activation is Activation.APPROVAL else "")
    stages = _stages(table, roles, site)
    named = sorted({group for stage in stages for step in stage.steps for group in step.groups})
    groups = {group: site.seat_groups.get(group, ()) for group in named}
    plan = Plan(
        name=name,
        title=table.titled("title"),
        version=version,
        approved_by=table.text("approved_by", needed='approved_by = "…", who has approved this version', most=80),
        review_due=review_due,
        rows=table.rows(),
        stages=stages,
        recovery=_recovery(table, roles, site),
        digest=_digest(text, site.time_scale, groups),
        text=text,
        activation=activation,
        approver=approver,
        approve_within_seconds=table.span("approve_within", 600.0) or 600.0,
        is_started_by_silence=table.one_of("on_silence", _SILENCE, what="word") == "start",
        reports=table.names("reports", REPORTS, what="kind of report"),
        per=table.one_of("per", PER, what="word"),
        progress_seconds=_progress(table, site.time_scale),
        time_scale=site.time_scale,
        seat_groups=groups,
    )
    table.end()
    _check_together(plan, table)
    return plan


def _progress(table: Table, time_scale: float) -> float | None:
    seconds = table.span("progress")
    if seconds is not None and seconds < LEAST_PROGRESS_SECONDS * time_scale:
        table.fault("progress", f"must be at least {LEAST_PROGRESS_SECONDS:g} s: people are told so often how it stands")
        return None
    return seconds


def _digest(text: str, time_scale: float, groups: Mapping[str, tuple[str, ...]]) -> str:
    """Of all that the plan is made of."""
    seats = f"{sorted(groups.items())!r}\n" if groups else ""
    return hashlib.sha256(f"{time_scale!r}\n{seats}{text}".encode(errors="replace")).hexdigest()[:16]


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and text[4] == "-" and len(tomllib.loads(f"d = {text}")) == 1
    except tomllib.TOMLDecodeError:
        return False


def _stages(table: Table, roles: Collection[str], site: Site) -> tuple[Stage, ...]:
    found: list[Stage] = []
    for part in table.tables("stage", needed="[[stage]]"):
        after = part.span("after")
        if after is not None and not found:
            part.fault("after", "the first stage has none before it; its `when` opens the plan")
        found.append(
            Stage(
                id=part.name("id", needed='id = "…"'),
                title=part.titled("title"),
                grade=part.word("grade", Grade),
                steps=tuple(read_step(step, roles, site.plans, site.seat_groups) for step in part.tables("step", needed="[[stage.step]]")),
                rows=part.rows(),
                when=read_condition(part.table("when")),
                after_seconds=after,
            )
        )
        part.end()
    return tuple(found)


def _recovery(table: Table, roles: Collection[str], site: Site) -> Recovery:
    part = table.table("recovered")
    if part is None:
        return Recovery()
    recovery = Recovery(
        when=read_condition(part.table("when")),
        needs=part.names("needs", what="step"),
        for_seconds=part.span("for", 0.0) or 0.0,
        text=part.titled("text", needed=False),
        steps=tuple(read_step(step, roles, site.plans, site.seat_groups) for step in part.tables("step")),
        review_role=part.one_of("review", roles, what="role"),
        review_within_seconds=part.span("review_within", 86_400.0) or 0.0,
    )
    part.end()
    return recovery


# --- rules over several keys ----------------------------------------------------------------------------------------


def _check_together(plan: Plan, table: Table) -> None:
    if not plan.rows:
        table.fault("rows", 'is missing or empty; add the rows of the sources that this plan serves: rows = ["D1"]')
    if len(plan.steps) > MOST_STEPS:
        table.fault("stage", f"has {len(plan.steps)} steps in all; at most {MOST_STEPS} can be carried out in order")
    if plan.activation is Activation.APPROVAL and plan.stages and plan.stages[0].when is None and not plan.reports:
        table.fault(
            "activation", "approval is asked for what opens by itself or by a report; this plan only opens by a person's plan-start"
        )
    _check_stages(plan, table)
    _check_steps(plan, table)
    named = {step.id: step for stage in plan.stages for step in stage.steps}
    for index, step in enumerate(plan.recovery.steps):
        at = table.at(("recovered", "step", index))
        if step.do not in AFTERWARDS:
            at.fault("do", f"afterwards there are only {', '.join(AFTERWARDS)}")
        if step.follows or step.after_seconds:
            at.fault("follows" if step.follows else "after", "afterwards everything begins at once")
        if step.id in named or step.id in {other.id for other in plan.recovery.steps[:index]}:
            at.fault("id", f"{step.id!r} is used twice; each step of a plan needs its own")
    for need in plan.recovery.needs:
        if need not in named or named[need].do not in PEOPLE | MACHINE:
            table.at(("recovered",)).fault("needs", f"names {need!r}, which is no task, question or action of the machine in this plan")


def _check_stages(plan: Plan, table: Table) -> None:
    seen: set[str] = set()
    for place, stage in enumerate(plan.stages):
        if stage.id and stage.id in seen:
            _at(table, place).fault("id", f"{stage.id!r} is used twice; each stage needs its own")
        seen.add(stage.id)
        if isinstance(stage.when, Group) and not stage.when.parts:
            _at(table, place).fault("when", "has no part")
        elif plan.per and stage.when is not None and not any(is_each(test, plan.per) for test in tests_in(stage.when)):
            _at(table, place).fault(
                "when", f"the plan runs per {plan.per}, and no fact here is of a {plan.per} (without `of`): leave `per` out"
            )


def _check_steps(plan: Plan, table: Table) -> None:
    before: dict[str, Step] = {}
    for place, stage in enumerate(plan.stages):
        for index, step in enumerate(stage.steps):
            at = _at(table, place, index)
            if step.id and step.id in before:
                at.fault("id", f"{step.id!r} is used twice; each step of a plan needs its own")
            followed = before.get(step.follows)
            if step.follows and followed is None:
                at.fault("follows", f"{step.follows!r} is no step above this one")
            if followed is not None and followed.do not in PEOPLE | MACHINE:
                at.fault(
                    "follows",
                    f"{step.follows!r} is over as soon as it is begun; only a task, a question or an action of the machine is waited for",
                )
            if step.answer and (followed is None or step.answer not in (*followed.options, "late", "failed")):
                at.fault(
                    "answer",
                    f"{step.answer!r} is no answer of the step it follows"
                    if followed
                    else "needs `follows`, the question it is the answer to",
                )
            if step.do is ActionKind.PLAN and step.plan == plan.name:
                at.fault("plan", "is this very plan")
            before.setdefault(step.id, step)


def _at(table: Table, stage: int, step: int | None = None) -> Table:
    path = ("stage", stage) if step is None else ("stage", stage, "step", step)
    return table.at(path)
