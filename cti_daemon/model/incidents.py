"""The words of emergency plans (docs/design/plans.md): a plan as its file has it, and an incident, which is one run of it.

Durations are seconds and have the site's `time_scale` in them already; instants are monotonic. Nothing here changes: the engine puts a
new incident in the place of the old one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType


class Grade(StrEnum):
    """How grave it is, as the sources grade it (A4)."""

    P1 = "P1"  # paralysed: no server eligible, or calls lost
    P2 = "P2"  # part failed, business limited
    P3 = "P3"  # a fault; the system runs
    P4 = "P4"  # a question, a check


class IncidentState(StrEnum):
    """发现→通知→评估→响应→恢复→总结 (E4). In this order; some may be passed over, none is gone back to."""

    DETECTED = "detected"
    NOTIFIED = "notified"  # somebody was told, and the channel took it
    ASSESSED = "assessed"  # a person has acknowledged, graded, approved or answered
    RESPONDING = "responding"  # a task or an action is done, or somebody who was called in comes
    RECOVERED = "recovered"
    REVIEWED = "reviewed"
    CLOSED = "closed"


class Comparison(StrEnum):
    EQUAL = "=="
    UNLIKE = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class Combination(StrEnum):
    ALL = "all"
    ANY = "any"


class Activation(StrEnum):
    """Who starts a plan. What saves calls is never subject to approval."""

    AUTOMATIC = "automatic"
    APPROVAL = "approval"


class ActionKind(StrEnum):
    """What a step does."""

    NOTIFY = "notify"  # roles are told
    TASK = "task"  # a role does it, until a deadline, with the proof that is asked for
    ASK = "ask"  # a decision of a role, with a default on silence
    CALL_IN = "call-in"  # an echelon stands by or comes
    EMERGENCY_ON = "emergency-on"
    EMERGENCY_OFF = "emergency-off"
    FAILOVER = "failover"
    SWITCHOVER = "switchover"
    SEATS_LOGIN = "seats-login"  # spare seats, other queues' agents: into queues, with a penalty
    SEATS_LOGOUT = "seats-logout"
    SEATS_UNPAUSE = "seats-unpause"
    SEATS_PENALTY = "seats-penalty"  # seats that are in queues get another penalty there
    ANNOUNCE_ON = "announce-on"  # new callers hear the approved wording and the expected time
    ANNOUNCE_OFF = "announce-off"
    CALLER_PRIORITY = "caller-priority"  # a class of callers goes to the head of the queue
    OFFER_CALL_BACK = "offer-call-back"  # who waits may leave his number by a key
    INFORM_CALLERS = "inform-callers"  # those in the register are told: apology, cause, expected time
    TEST_CALLS = "test-calls"  # the machine calls over each path
    NOTE = "note"
    GRADE = "grade"
    SNAPSHOT = "snapshot"  # the facts as they are now, into the record
    PLAN = "plan"  # another plan is started


TELEPHONY = frozenset(
    {
        ActionKind.EMERGENCY_ON,
        ActionKind.EMERGENCY_OFF,
        ActionKind.FAILOVER,
        ActionKind.SWITCHOVER,
        ActionKind.SEATS_LOGIN,
        ActionKind.SEATS_LOGOUT,
        ActionKind.SEATS_UNPAUSE,
        ActionKind.SEATS_PENALTY,
    }
)
"""What saves calls: it waits for nobody's approval."""
VOICES = frozenset({ActionKind.ANNOUNCE_ON, ActionKind.ANNOUNCE_OFF, ActionKind.CALLER_PRIORITY, ActionKind.OFFER_CALL_BACK})
"""What callers hear, and are offered: it holds while the incident is open, and ends with it."""
OF_THE_REGISTER = frozenset({ActionKind.INFORM_CALLERS, ActionKind.OFFER_CALL_BACK, ActionKind.CALLER_PRIORITY})
"""What a site without a register cannot do: a number that is left there would be kept by nobody."""
MACHINE = TELEPHONY | VOICES | {ActionKind.INFORM_CALLERS, ActionKind.TEST_CALLS}
"""What the engine has carried out, and what has an outcome."""
PEOPLE = frozenset({ActionKind.TASK, ActionKind.ASK})
"""Steps that wait for a person, until a deadline."""

Value = bool | float | str
"""Of a fact. Unknown is None and no value."""


class CallInLevel(StrEnum):
    STANDBY = "standby"
    COME = "come"


@dataclass(frozen=True, slots=True)
class Titled:
    """The same in both languages of the sources and of the engineers."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Test:
    """One fact against one value. `of`: whose, where a fact is several (a queue, a node or its role); empty: any one of them.
    `is_suppressed_in_maintenance`: never fulfilled while a maintenance window is open."""

    __test__ = False  # no case of pytest

    fact: str
    comparison: Comparison
    value: Value
    of: str = ""
    for_seconds: float = 0.0
    clear_for_seconds: float = 0.0
    gap_seconds: float = 0.0
    """An interruption no longer than this does not begin the count anew."""
    is_suppressed_in_maintenance: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """All or any of these."""

    combination: Combination
    parts: tuple["Condition", ...]
    for_seconds: float = 0.0
    clear_for_seconds: float = 0.0
    gap_seconds: float = 0.0
    is_suppressed_in_maintenance: bool = False


Condition = Test | Group


def tests_in(condition: Condition) -> list[Test]:
    """All of them, however deep."""
    return [condition] if isinstance(condition, Test) else [test for part in condition.parts for test in tests_in(part)]


@dataclass(frozen=True, slots=True)
class Step:
    """Fires once in an incident: `after_seconds` after its stage came into force, or after the step `follows` was finished (where
    `answer` is given: with that answer). A task or a question has `within_seconds`; when they are over, `late` are told."""

    id: str
    do: ActionKind
    title: Titled
    rows: tuple[str, ...] = ()
    after_seconds: float = 0.0
    follows: str = ""
    answer: str = ""
    roles: tuple[str, ...] = ()
    within_seconds: float | None = None
    late: tuple[str, ...] = ()
    proof: str = ""
    """What must be said when a task is finished; empty: nothing."""
    options: tuple[str, ...] = ()
    default: str = ""
    level: CallInLevel = CallInLevel.COME
    acknowledge_within_seconds: float | None = None
    """Nobody of the role has acknowledged by then: its deputy is told."""
    seats: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Groups of the site's seats; theirs are in `seats` already."""
    most: int = 0
    """So many seats at most are logged in, the first that are not in yet; 0: all."""
    is_taken_back: bool = False
    """Whom it has logged in is logged out again when its stage, or the incident, is over."""
    queues: tuple[str, ...] = ()
    penalty: int = 0
    grade: Grade | None = None
    plan: str = ""
    recording: str = ""
    """The sound file that says `wording`, without its ending."""
    wording: Titled = Titled("", "")
    """What is announced: the incident's wording, where nobody has given it another one."""
    by: tuple[str, ...] = ()
    """Gateways over which callers are told, in this order, or `voice`."""
    text: Titled = Titled("", "")
    """What callers are told, before the wording and the expected time of the incident."""
    nodes: tuple[str, ...] = ()
    """Roles of the servers that are called; empty: every server."""


@dataclass(frozen=True, slots=True)
class Stage:
    """In force while `when` holds, and from `after_seconds` in the stage before. With neither: the first one at once, another one by
    a person's word."""

    id: str
    title: Titled
    grade: Grade
    steps: tuple[Step, ...]
    rows: tuple[str, ...] = ()
    when: Condition | None = None
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Recovery:
    """When an incident is over: `when` holds (without it: no stage's condition holds any more) and every step of `needs` is done."""

    when: Condition | None = None
    needs: tuple[str, ...] = ()
    for_seconds: float = 0.0
    """The observation time."""
    text: Titled = Titled("", "")
    steps: tuple[Step, ...] = ()
    """What is told and done afterwards (tickets are entered again, the work log)."""
    review_role: str = ""
    """Who writes the review; empty: it is closed when the steps are done."""
    review_within_seconds: float = 86_400.0


@dataclass(frozen=True, slots=True)
class Plan:
    """One file, checked. `digest` names this very text."""

    name: str
    title: Titled
    version: str
    approved_by: str
    review_due: str
    rows: tuple[str, ...]
    stages: tuple[Stage, ...]
    recovery: Recovery
    digest: str
    text: str = field(repr=False)
    activation: Activation = Activation.AUTOMATIC
    approver: str = ""
    approve_within_seconds: float = 600.0
    is_started_by_silence: bool = False
    """Neither the approver nor the deputy has said anything in time."""
    reports: tuple[str, ...] = ()
    """Kinds of `fault-report` that open it."""
    per: str = ""
    """`seat`, `queue`: an incident for each one that is struck; empty: one for the site."""
    progress_seconds: float | None = None
    """So often, since the stage came into force, everybody who was told hears how it stands (C6); None: when something happens."""
    time_scale: float = 1.0
    seat_groups: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Those of the site's groups of seats that it names, as they were when it was read; one that the site has not is empty."""

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*(step for stage in self.stages for step in stage.steps), *self.recovery.steps)

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.id == name), None)


BACK = "/back"
"""Behind a step's name: what takes it back. No step of a file is called so."""


class StepState(StrEnum):
    WAITING = "waiting"  # its time has not come
    BEGUN = "begun"  # the intent is written down; the outcome is not known
    OPEN = "open"  # a person's task or question; its clock runs
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # the incident was over before


@dataclass(frozen=True, slots=True)
class StepRun:
    """What became of a step in one incident. `due_at`: its deadline, while it is open."""

    state: StepState
    since_at: float
    due_at: float | None = None
    is_late: bool = False
    by: str = ""
    """Who finished it: a user, or `silence`."""
    answer: str = ""
    said: str = ""
    """The proof, or why it failed."""
    added: tuple[str, ...] = ()
    """Seats that it has logged in, and that were not in before."""


@dataclass(frozen=True, slots=True)
class Told:
    """A role that was told of an incident, and the people behind it, as far as the channels said. They are told of the recovery."""

    role: str
    people: tuple[str, ...] = ()
    is_delivered: bool | None = None
    """None: not known yet."""
    is_acknowledged: bool = False
    deputy_at: float | None = None
    """When the deputy is told, unless somebody has acknowledged before; None: never, or it is done."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One run of a plan. `stage`: the place of the one in force among the plan's stages."""

    id: str
    plan: Plan
    state: IncidentState
    grade: Grade
    stage: int
    began_at: float
    entered_at: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    """When each stage that ever was in force came so."""
    steps: Mapping[str, StepRun] = field(default_factory=lambda: MappingProxyType({}))
    told: Mapping[str, Told] = field(default_factory=lambda: MappingProxyType({}))
    """By notice."""
    summoned: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By person of an echelon: the answer, or `arrived`."""
    is_drill: bool = False
    is_approved: bool = True
    approve_until_at: float | None = None
    subject: str = ""
    """Which seat or queue, of a plan that runs for each; empty: the site."""
    response: str = ""
    """Its response class, and whose clocks those are."""
    response_role: str = ""
    found_by: str = "automatic"
    cause_class: str = ""
    eta: str = ""
    wording: str = ""
    recording: str = ""
    """The sound file of a wording that a person has given; else that of the step."""
    vendor_case: str = ""
    held_up: tuple[int, ...] = ()
    """Stages that a person has lowered: not entered again before their condition has cleared."""
    floor: int = -1
    """The stage to which a person has raised it; -1: none."""
    well_since_at: float | None = None
    """Since when all that recovery asks for holds."""
    is_graded_by_person: bool = False

    @property
    def is_open(self) -> bool:
        """Not recovered yet."""
        return self.state in OPEN_STATES

    def step(self, name: str) -> Step | None:
        """A step of the plan, or of this very incident: that which takes another one back."""
        step = self.plan.step(name.removesuffix(BACK))
        if step is None or not name.endswith(BACK):
            return step
        held = self.steps.get(step.id)
        return replace(step, id=name, do=ActionKind.SEATS_LOGOUT, seats=held.added if held is not None else (), is_taken_back=False)


RESPONSE: Mapping[str, Titled] = MappingProxyType(
    {
        "response.respond": Titled("响应", "respond"),
        "response.plan": Titled("提出方案", "propose what is to be done"),
        "response.restore": Titled("恢复服务", "restore the service"),
    }
)
"""The clocks of an incident's response class (F1), beside the steps of its plan."""
OPEN_STATES = (IncidentState.DETECTED, IncidentState.NOTIFIED, IncidentState.ASSESSED, IncidentState.RESPONDING)
ORDER: tuple[IncidentState, ...] = tuple(IncidentState)
