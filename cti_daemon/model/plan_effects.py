"""What a plan wants done to people, and what comes back. Persist, then act: the intent is in the journal before any of these leaves.

`Notify` and `CallIn` are levels, not edges. After a restart an effect whose outcome is not in the journal is ordered again, with the same
`notice` or `summons`: whoever carries it out keeps a durable note of what was handed over, does not do it twice, and tells the outcome
again. A channel that cannot be used is an outcome too (`is_delivered` false, with the reason)."""

from dataclasses import dataclass
from enum import StrEnum

from cti_daemon.model.almanac import Almanac
from cti_daemon.model.ids import NodeName
from cti_daemon.model.incidents import CallInLevel, Grade, Plan, Value


class NoticeKind(StrEnum):
    """What a notice is about: a channel may show it differently."""

    ALARM = "alarm"
    TASK = "task"
    QUESTION = "question"
    APPROVAL = "approval"
    LATE = "late"
    PROGRESS = "progress"
    RECOVERED = "recovered"


PROGRESS_NOTICE = "progress-"
"""How the step in a notice's name begins that tells how it stands: once for each time."""


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell a role. `notice` is unique and stable: `<incident>/<step>/<role>`. `people`: these, where they were told before and are to be
    told again (recovery); empty: whoever has the role now. `is_to_deputy`: the role has not acknowledged in time."""

    notice: str
    incident: str
    role: str
    title: str
    text: str
    is_drill: bool
    kind: NoticeKind = NoticeKind.ALARM
    grade: Grade = Grade.P3
    people: tuple[str, ...] = ()
    is_to_deputy: bool = False
    time_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Notified:
    """How a notice ended for one person (or for the role as a whole, when it has nobody: then `person` is empty)."""

    notice: str
    role: str
    person: str
    channel: str
    is_delivered: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CallIn:
    """Call a role in (an echelon, staff on leave). `summons` is unique and stable, as a notice is."""

    summons: str
    incident: str
    role: str
    level: CallInLevel
    title: str
    text: str
    is_drill: bool


class SummonsAnswer(StrEnum):
    YES = "yes"
    NO = "no"
    SILENT = "silent"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Summoned:
    """What one person answered. Whoever is nobody (an empty role) comes back once, unreachable, with an empty `person`."""

    summons: str
    person: str
    answer: SummonsAnswer
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FactTold:
    """A fact that we do not measure ourselves, from the shell (calendar, contacts); None: unknown from now on."""

    fact: str
    value: Value | None
    of: str = ""


@dataclass(frozen=True, slots=True)
class AlmanacTold:
    """The calendar of the site, as instants of our own clock."""

    almanac: Almanac


@dataclass(frozen=True, slots=True)
class PlansRead:
    """The plan files were read anew, and all of them are well: these are in force from now on."""

    plans: tuple[Plan, ...]


class About(StrEnum):
    """Why callers are told: nobody is told twice of the same."""

    FAULT = "fault"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class InformCallers:
    """Tell those in the register whom something happened to in the last `since_seconds`, over the first of `by` that takes it; each caller
    once for `incident` and `about`, also over a restart. `order` is `<incident>/<step>`. The outcome is `Carried`."""

    order: str
    incident: str
    about: About
    by: tuple[str, ...]
    title: str
    text: str
    since_seconds: float
    time_scale: float = 1.0


@dataclass(frozen=True, slots=True)
class TestCalls:
    """Call each of these servers over each control network, from every edge. The outcome is `Carried`."""

    __test__ = False  # no case of pytest

    order: str
    nodes: tuple[NodeName, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a step of the machine."""

    order: str
    is_done: bool
    said: str


PlanEffect = Notify | CallIn | InformCallers | TestCalls
PlanEvent = Notified | Summoned | FactTold | PlansRead | AlmanacTold | Carried
