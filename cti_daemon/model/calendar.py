"""The site's calendar: working time, windows of readiness on great holidays (E7), and how soon somebody must respond to an incident (F1).

Days and hours are those of the site's own time zone."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cti_daemon.model.fields import Name, Table
from cti_daemon.model.incidents import Grade

MOST_SECONDS = 366 * 86_400.0
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Within = Annotated[float, Field(gt=0, le=MOST_SECONDS)]


class Calendar(Table):
    working_days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
    """Days of the week on which people work."""
    opens: time = time(8, 30)
    """The hour at which working time begins, such as 08:30:00."""
    closes: time = time(17, 30)
    """The hour at which it ends; later than `opens`."""
    holidays: tuple[date, ...] = ()
    """Days on which nobody works, such as 2027-01-01."""
    worked: tuple[date, ...] = ()
    """Days that are worked all the same (调休)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults: list[str] = []
        if self.opens.tzinfo is not None or self.closes.tzinfo is not None:
            faults.append("opens and closes are hours of the site, without an offset: 08:30:00")
        elif self.closes <= self.opens:
            faults.append(f"closes = {self.closes}: working time must end later than it begins, at {self.opens}")
        if not self.working_days and not self.worked:
            faults.append("working_days is empty: then no time is working time, and no clock of it ever runs out")
        faults += [f"holidays has {day} and worked has it too: it is one or the other" for day in sorted({*self.holidays} & {*self.worked})]
        if faults:
            raise ValueError("\n".join(faults))
        return self


class Readiness(Table):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    """As people call it, in any script: 国庆."""
    begins: Annotated[date, Field(alias="from")]
    """Its first day."""
    ends: Annotated[date | None, Field(alias="to")] = None
    """Its last day. Left out: that one day."""
    before_days: Annotated[int, Field(ge=0, le=60)] = 3
    """So many days before, fact `calendar.soon` is true: what must be ready by then is begun (emergency seats are checked)."""
    tighten: Annotated[float, Field(ge=0.05, le=1)] = 0.5
    """While it holds, a condition of a plan is fulfilled after this part of its `for`; 1: as always."""

    @property
    def last_day(self) -> date:
        return self.ends or self.begins


class ResponseClass(Table):
    name: Name
    """Of the class: emergency, important, general."""
    grades: Annotated[tuple[Grade, ...], Field(min_length=1)]
    """Incidents of these grades are of this class; a grade is of one class only."""
    respond: Within
    """Seconds from the incident's beginning until somebody looks after it."""
    plan: Within
    """Until a plan of what is to be done is proposed; no sooner than `respond`."""
    restore: Within
    """Until the service is restored; no sooner than `plan`."""
    hours: Literal["always", "working"] = "always"
    """Which hours count: all, or those of working time as `[calendar]` has it."""
    role: Name
    """Whose clocks they are: a role of plans."""
    late: tuple[Name, ...] = ()
    """Roles that are told when one has run out."""

    @property
    def spans(self) -> dict[str, float]:
        """Seconds by clock."""
        return {"respond": self.respond, "plan": self.plan, "restore": self.restore}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        faults: list[str] = []
        if self.plan < self.respond:
            faults.append(f"plan = {self.plan:g} is sooner than respond = {self.respond:g}: who proposes something has responded")
        if self.restore < self.plan:
            faults.append(f"restore = {self.restore:g} is sooner than plan = {self.plan:g}")
        if faults:
            raise ValueError("\n".join(faults))
        return self


def calendar_faults(
    windows: Sequence[Readiness], classes: Sequence[ResponseClass], roles: Collection[str], *, has_plans: bool, has_calendar: bool
) -> Iterator[str]:
    """Rules over several tables; each names what it is about, so that its line is found."""
    if windows and not has_plans:
        yield "readiness needs [plans]: without plans nothing would come of it"
    if classes and not has_plans:
        yield "response needs [plans]: without plans there are no incidents"
    for window in windows:
        if window.last_day < window.begins:
            yield f"readiness {window.name!r} ends on {window.last_day}, before it begins on {window.begins}"
    for before, after in zip(ordered := sorted(windows, key=lambda w: w.begins), ordered[1:], strict=False):
        if after.begins <= before.last_day:
            yield f"readiness {after.name!r} begins on {after.begins}, while {before.name!r} lasts: make one of them"
    yield from _class_faults(classes, roles, has_calendar=has_calendar)


def _class_faults(classes: Sequence[ResponseClass], roles: Collection[str], *, has_calendar: bool) -> Iterator[str]:
    names = [each.name for each in classes]
    yield from (
        f"response {name!r} is there twice; each class needs its own name" for name in sorted({n for n in names if names.count(n) > 1})
    )
    graded: dict[Grade, str] = {}
    for each in classes:
        for grade in each.grades:
            if grade in graded:
                yield f"response {each.name!r} has the grade {grade.value}, which {graded[grade]!r} has already"
            graded.setdefault(grade, each.name)
        for role in (each.role, *each.late):
            if role not in roles:
                right = "docs/design/plans.md has them, and roles of [plans] adds more"
                yield f"response {each.name!r} names the role {role!r}, which plans do not know; {right}"
        if each.hours == "working" and not has_calendar:
            yield f"response {each.name!r} counts working time, and there is no [calendar]"
