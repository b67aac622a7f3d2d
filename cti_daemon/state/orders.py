"""Standing orders of people that end by themselves: automation paused, nodes in maintenance."""

from dataclasses import dataclass
from typing import Any

from cti_daemon.model.ids import NodeName
from cti_daemon.model.records import StandingOrder, StandingOrders


@dataclass(frozen=True, slots=True)
class Order:
    """In force until `until_at` (monotonic)."""

    user: str
    reason: str
    since_at: float
    until_at: float

    def left_seconds(self, now: float) -> float:
        return max(self.until_at - now, 0.0)


class Orders:
    """`pause` and `maintenance` are levels: a new order for the same thing takes the place of the old one."""

    def __init__(self, standing: StandingOrders | None, at: float) -> None:
        found = standing or StandingOrders()
        self.pause = _restored(found.pause, at) if found.pause else None
        self.maintenance = {node: _restored(order, at) for node, order in found.maintenance.items()}

    @property
    def is_paused(self) -> bool:
        return self.pause is not None

    def expire(self, now: float) -> tuple[bool, list[NodeName]]:
        """Take off what has ended: did the pause end, and whose maintenance did?"""
        is_pause_over = self.pause is not None and now >= self.pause.until_at
        if is_pause_over:
            self.pause = None
        over = [node for node, order in self.maintenance.items() if now >= order.until_at]
        for node in over:
            del self.maintenance[node]
        return is_pause_over, over

    @property
    def next_at(self) -> float:
        """When the next one ends."""
        ends = [order.until_at for order in self.maintenance.values()]
        return min([*ends, self.pause.until_at] if self.pause else ends, default=float("inf"))

    def as_data(self, now: float) -> dict[str, Any]:
        """For the journal, whole: its entry says from when the seconds count."""
        return {
            "pause": _data(self.pause, now) if self.pause else None,
            "maintenance": {node: _data(order, now) for node, order in sorted(self.maintenance.items())},
        }


def _restored(order: StandingOrder, at: float) -> Order:
    return Order(order.user, order.reason, at, at + order.left_seconds)


def _data(order: Order, now: float) -> dict[str, Any]:
    return {"user": order.user, "reason": order.reason, "left_seconds": round(order.left_seconds(now), 3)}
