"""What the journal gives back after a restart: only what Asterisk does not know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Mode, Reason


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """A person's order that ends by itself, with what is left of its time."""

    user: str
    reason: str
    left_seconds: float


@dataclass(frozen=True, slots=True)
class StandingOrders:
    """Orders in force when the journal was last written (kind `orders`)."""

    pause: StandingOrder | None = None
    maintenance: dict[NodeName, StandingOrder] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StandingDrills:
    """The last entry `drills`, and its age."""

    data: Mapping[str, Any]
    elapsed_seconds: float


@dataclass(frozen=True, slots=True)
class Standing:
    """The routing decision in force when the journal was last written (kind `route`). `open_failover_from`: the node
    left in a failover which was not recorded as done. `cause`: why `serving` serves, when that is another reason than the
    decision's own (a divert does not change it)."""

    mode: Mode
    serving: NodeName
    epoch: int
    reason: Reason
    diverted_from: NodeName | None = None
    open_failover_from: NodeName | None = None
    cause: Reason | None = None


@dataclass(frozen=True, slots=True)
class StandingPlans:
    """What the journal holds: the last entry `plans`, its age, and the versions of plans that incidents have begun with."""

    data: Mapping[str, Any]
    elapsed_seconds: float
    versions: tuple[Mapping[str, Any], ...] = ()
