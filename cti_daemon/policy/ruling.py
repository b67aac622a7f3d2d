"""What a command meets (the situation) and what is ruled about it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from cti_daemon.model.drills import DrillKind, PlannedDrill
from cti_daemon.model.events import Command, Membership
from cti_daemon.model.ids import MemberKey, NodeName, QueueName
from cti_daemon.model.reasons import CommandStatus, Reason, Role
from cti_daemon.model.register import RowNumber
from cti_daemon.model.settings import Settings
from cti_daemon.model.views import PlannedView
from cti_daemon.policy.candidate import Candidate
from cti_daemon.policy.drill_gate import Look
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.plans import Plans
from cti_daemon.state.callback import CallbackChange, Task
from cti_daemon.state.drill import Drill
from cti_daemon.state.orders import Orders

Wishes = dict[MemberKey, Membership | None]
"""What each place of a seat should be; None: nobody's."""


@dataclass(frozen=True, slots=True)
class Move:
    """New callers go to `target`."""

    target: NodeName
    reason: Reason


@dataclass(frozen=True, slots=True)
class OrderChange:
    """A standing order for `seconds`; 0 takes it off. `node` None: the pause of all automation."""

    node: NodeName | None
    seconds: float


@dataclass(frozen=True, slots=True)
class DrillChange:
    """A drill for at most `seconds`; 0 ends it. `target`: where test calls go from the start; `plan`, `stage`: of a plan's drill."""

    kind: DrillKind
    target: NodeName | None
    seconds: float
    planned: PlannedDrill | None = None
    plan: str = ""
    stage: int = 0
    subject: str = ""


@dataclass(frozen=True, slots=True)
class LastOrder:
    """The last command that was carried out, for whoever comes with the opposite one. `left`: who served before it, when that
    changed."""

    user: str
    verb: str
    reason: str
    at: float
    epoch_before: int
    left: NodeName | None = None
    order: OrderChange | None = None
    drill: DrillChange | None = None


@dataclass(frozen=True, slots=True)
class Seating:
    """`roster`: None while unknown. `queues`: those of the media servers. `running`: orders that are being carried out, by the places
    they are about. `last`: each seat's last order."""

    roster: Mapping[MemberKey, Membership] | None = None
    queues: Collection[QueueName] = ()
    running: Mapping[MemberKey, Command] = field(default_factory=dict)
    last: Mapping[str, LastOrder] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Situation:
    settings: Settings
    routing: Routing
    roles: Mapping[NodeName, Role]
    candidates: Mapping[NodeName, Candidate]
    orders: Orders
    last: LastOrder | None
    seating: Seating
    drill: Drill | None
    look: Callable[[], Look]
    """The site as a drill must know it; asked only by drills, since callers are counted for it."""
    now: float
    callbacks: Mapping[RowNumber, Task] = field(default_factory=dict)
    """Who is to be called back."""
    plans: Plans | None = None
    timetable: tuple[PlannedView, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    status: CommandStatus
    code: str
    message: str
    move: Move | None = None
    order: OrderChange | None = None
    confirm: str = ""
    plan: str = ""
    """Of a dry run: what would be done, and nothing but that."""
    remark: str = ""
    """The last sentence of the message: what this order undoes."""
    wishes: Wishes | None = None
    drill: DrillChange | None = None
    callback: CallbackChange | None = None
    is_errand: bool = False
    """The shell does it; what comes of it is the answer."""
    data: dict[str, Any] = field(default_factory=dict)
    """For the answer."""

    @property
    def is_go(self) -> bool:
        return self.status is CommandStatus.ACCEPTED

    @property
    def is_refusal(self) -> bool:
        return self.status is CommandStatus.REJECTED


def refuse(code: str, message: str) -> Ruling:
    return Ruling(CommandStatus.REJECTED, code, message)


def accept(
    message: str,
    move: Move | None = None,
    order: OrderChange | None = None,
    wishes: Wishes | None = None,
    drill: DrillChange | None = None,
    callback: CallbackChange | None = None,
) -> Ruling:
    return Ruling(CommandStatus.ACCEPTED, "accepted", message, move, order, wishes=wishes, drill=drill, callback=callback)
