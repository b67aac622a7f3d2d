"""The table `[[drill]]`: what is tried, when, at how many live calls not, and who takes part."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from cti_daemon.model.fields import Name, Seconds, Table
from cti_daemon.model.ids import NodeName, SeatName

EMERGENCY_SEATS = "emergency-seats"
WEEK_SECONDS = 604_800.0


class DrillKind(StrEnum):
    EMERGENCY_SEATS = "emergency-seats"
    PLAN = "plan"


class SeatResult(StrEnum):
    """What came of the test call to a seat."""

    ANSWERED = "answered"
    SILENT = "silent"  # it rang to the end
    DECLINED = "declined"  # it ended before: the telephone, or somebody at it, did not take it
    BUSY = "busy"  # in a call as long as the drill ran: it was not called
    UNREACHABLE = "unreachable"  # its telephone is not reached, or it is not logged in
    REFUSED = "refused"  # the node did not take the order to call it
    NOT_CALLED = "not_called"  # the drill ended before its turn


class PlannedDrill(Table):
    """A drill that is due again and again."""

    name: Name
    """In `drill-start --name NAME`, in the record and in the metrics."""
    what: Name
    """`emergency-seats`: every emergency seat is called by a test call. Else the name of a plan, which is run with drill = true."""
    when: Annotated[str, Field(min_length=9, max_length=100)]
    """When it is due: a cron expression of five fields (minute, hour, day, month, weekday), in the time zone of `[site]`."""
    start: Literal["automatic", "command"] = "automatic"
    """Who begins it when it is due: the daemon, or a person (then it is only watched that it is held)."""
    most_calls: Annotated[int, Field(ge=0, le=100_000)] = 20
    """Refused, and aborted, while more callers than this are on the line."""
    longest: Seconds = 1800.0
    """It ends by itself after so long."""
    retry: Annotated[float, Field(ge=10, le=86_400)] = 600.0
    """Refused or aborted, it is tried again after so long."""
    overdue_after: Annotated[float, Field(gt=0, le=31 * 86_400)] = WEEK_SECONDS
    """Due for so long and not held: alarm."""
    roles: tuple[Name, ...] = ()
    """Who takes part: they are told when it begins and how it ended."""
    ring_seconds: Annotated[float, Field(ge=1, le=120)] = 15.0
    """Of emergency seats: a seat that has not answered by then is silent."""
    together: Annotated[int, Field(ge=1, le=10)] = 1
    """Of emergency seats: so many are called at once."""
    seats: tuple[Name, ...] = ()
    """Of emergency seats: those that must be there. Left out: those that the emergency system knows."""

    @property
    def kind(self) -> DrillKind:
        return DrillKind.EMERGENCY_SEATS if self.what == EMERGENCY_SEATS else DrillKind.PLAN


def table_faults(drills: tuple[PlannedDrill, ...], *, has_emergency: bool, has_plans: bool) -> list[str]:
    """What the tables say against the rest of the configuration."""
    names = [drill.name for drill in drills]
    faults = [f"drill name {name!r} is used twice; each needs its own" for name in sorted({n for n in names if names.count(n) > 1})]
    for drill in drills:
        if drill.kind is DrillKind.EMERGENCY_SEATS and not has_emergency:
            faults.append(f"drill {drill.name!r} is of the emergency seats, and no node has role = 'emergency'")
        if drill.kind is DrillKind.PLAN and not has_plans:
            faults.append(f"drill {drill.name!r} is of the plan {drill.what!r}, and there is no [plans]")
    return faults


@dataclass(frozen=True, slots=True)
class CallSeat:
    """Have `node` ring this seat with a test call; who answers hears that it is one, and the call ends by itself. Not repeatable."""

    effect_id: int
    node: NodeName
    seat: SeatName
    interface: str
    token: str
    ring_seconds: float


@dataclass(frozen=True, slots=True)
class DueDrill:
    """When a `[[drill]]` was due last and is due next, by the clock on the wall."""

    name: str
    due_ago_seconds: float
    next_in_seconds: float


@dataclass(frozen=True, slots=True)
class DrillsDue:
    """The calendar, told once in a while."""

    drills: tuple[DueDrill, ...]
