"""Journal entry → the routing decision to stand by after a restart."""

from collections.abc import Mapping
from typing import Any

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Mode, Reason
from cti_daemon.model.records import Standing


def standing(route: Mapping[str, Any] | None, open_failover: Mapping[str, Any] | None) -> Standing | None:
    """`route` and `open_failover` are the data of the last decision and of an intent without an outcome. None when there
    is no decision, or one that this version cannot read: the edge's own globals are taken then."""
    if route is None:
        return None
    try:
        diverted = route.get("diverted_from")
        return Standing(
            mode=Mode(route["mode"]),
            serving=NodeName(str(route["serving"])),
            epoch=int(route["epoch"]),
            reason=Reason(route["reason"]),
            diverted_from=NodeName(str(diverted)) if diverted else None,
            open_failover_from=NodeName(str(open_failover["from"])) if open_failover else None,
        )
    except (KeyError, ValueError, TypeError):
        return None
