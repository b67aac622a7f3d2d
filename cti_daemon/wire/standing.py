"""Journal entries → what to stand by after a restart: the routing decision, people's orders, and what they were answered."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cti_daemon.model.effects import Answer
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Mode, Reason
from cti_daemon.model.records import Standing, StandingOrder, StandingOrders


def standing(route: Mapping[str, Any] | None, open_failover: Mapping[str, Any] | None) -> Standing | None:
    """`route` and `open_failover` are the data of the last decision and of an intent without an outcome. None when there
    is no decision, or one that this version cannot read: the edge's own globals are taken then."""
    if route is None:
        return None
    try:
        diverted = route.get("diverted_from")
        cause = route.get("cause")
        return Standing(
            mode=Mode(route["mode"]),
            serving=NodeName(str(route["serving"])),
            epoch=int(route["epoch"]),
            reason=Reason(route["reason"]),
            diverted_from=NodeName(str(diverted)) if diverted else None,
            open_failover_from=NodeName(str(open_failover["from"])) if open_failover else None,
            cause=Reason(cause) if cause else None,
        )
    except (KeyError, ValueError, TypeError):
        return None


def standing_orders(orders: Mapping[str, Any] | None, elapsed_seconds: float) -> StandingOrders | None:
    """`orders` is the data of the last entry of that kind, `elapsed_seconds` the time since it was written. One that has ended
    meanwhile has nothing left, and is told when it is taken off. None when there is none, or none that this version can read."""
    if orders is None:
        return None
    try:
        pause = orders["pause"]
        return StandingOrders(
            _order(pause, elapsed_seconds) if pause else None,
            {NodeName(str(node)): _order(order, elapsed_seconds) for node, order in orders["maintenance"].items()},
        )
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def answers(written: Iterable[Mapping[str, Any]]) -> Iterator[Answer]:
    """`written` is the data of entries `answer`, in their order; one that this version cannot read is passed over."""
    for data in written:
        try:
            yield Answer(
                command_id=str(data["id"]),
                user=str(data["user"]),
                verb=str(data["verb"]),
                status=str(data["status"]),
                code=str(data["code"]),
                message=str(data["message"]),
                epoch=int(data["epoch"]),
                data=dict(data["data"]),
            )
        except (KeyError, ValueError, TypeError):
            continue


def _order(order: Mapping[str, Any], elapsed_seconds: float) -> StandingOrder:
    return StandingOrder(str(order["user"]), str(order["reason"]), float(order["left_seconds"]) - max(elapsed_seconds, 0.0))
