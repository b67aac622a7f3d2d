"""What a command meets (the situation) and what is ruled about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import CommandStatus, Reason, Role
from cti_daemon.model.settings import Settings
from cti_daemon.policy.candidate import Candidate
from cti_daemon.policy.failover import Routing
from cti_daemon.state.orders import Orders


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


@dataclass(frozen=True, slots=True)
class Situation:
    settings: Settings
    routing: Routing
    roles: Mapping[NodeName, Role]
    candidates: Mapping[NodeName, Candidate]
    orders: Orders
    last: LastOrder | None
    now: float


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

    @property
    def is_go(self) -> bool:
        return self.status is CommandStatus.ACCEPTED

    @property
    def is_refusal(self) -> bool:
        return self.status is CommandStatus.REJECTED


def refuse(code: str, message: str) -> Ruling:
    return Ruling(CommandStatus.REJECTED, code, message)


def accept(message: str, move: Move | None = None, order: OrderChange | None = None) -> Ruling:
    return Ruling(CommandStatus.ACCEPTED, "accepted", message, move, order)
