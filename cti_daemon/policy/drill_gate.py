"""May a drill be held now? It waits for a healthy site and for few callers, and gives way as soon as that is over."""

from collections.abc import Mapping
from dataclasses import dataclass

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Mode, Verdict
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.health import Health


@dataclass(frozen=True, slots=True)
class Look:
    """The site, as far as a drill must know it. `live_calls` None: not known. `emergencies`: open incidents of the grades P1 and P2."""

    routing: Routing
    health: Mapping[NodeName, Health]
    maintenance: tuple[NodeName, ...]
    is_paused: bool
    is_moving: bool
    live_calls: int | None
    emergencies: tuple[str, ...] = ()


def why_not_begin(look: Look, most_calls: int | None) -> str:
    """Why no drill may begin; empty: it may."""
    sick = next((name for name, judged in look.health.items() if judged.verdict is not Verdict.HEALTHY), None)
    if sick is not None and look.routing.mode is Mode.NORMAL:
        return f"{sick} is {look.health[sick].verdict.value}: no drill before every node is healthy"
    if look.maintenance:
        return f"{look.maintenance[0]} is in maintenance: no drill meanwhile"
    if most_calls is not None and look.live_calls is None:
        return "how many callers are on the line is not known"
    return why_not_go_on(look, most_calls)


def why_not_go_on(look: Look, most_calls: int | None) -> str:
    """Why the drill that is in force must end at once; empty: it goes on. A node that is suspected for a moment ends none: what is done
    about it does."""
    if look.routing.mode is not Mode.NORMAL:
        return f"the site is {look.routing.mode.value}: no drill before it is normal again"
    if look.is_paused:
        return "automation is paused: no drill meanwhile"
    if look.is_moving:
        return "callers are being moved: no drill meanwhile"
    fallen = next((name for name, judged in look.health.items() if judged.is_condemned), None)
    if fallen is not None:
        return f"{fallen} is {look.health[fallen].verdict.value}: no drill before every node is healthy"
    if look.emergencies:
        return f"{look.emergencies[0]} is open: no drill in an emergency"
    if most_calls is not None and look.live_calls is not None and look.live_calls > most_calls:
        return f"{look.live_calls} callers are on the line, and with more than {most_calls} no drill is held"
    return ""
