"""The book of standing orders: written down when they change, told when they begin and end, and what is not done because of them."""

from collections.abc import Mapping

from cti_daemon.model.effects import Effect, Record
from cti_daemon.model.events import Command
from cti_daemon.model.ids import NodeName
from cti_daemon.model.records import StandingOrders
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.health import Health
from cti_daemon.policy.modes import ORDERS
from cti_daemon.policy.ruling import OrderChange
from cti_daemon.policy.telling import Withheld, tell_order
from cti_daemon.state.orders import Order, Orders


class OrderBook:
    def __init__(self, standing: StandingOrders | None, at: float) -> None:
        self.orders = Orders(standing, at)
        self._withheld = Withheld()

    @property
    def withheld(self) -> str | None:
        """What would be done if automation were not paused."""
        return self._withheld.text

    def may_move_callers(self, routing: Routing) -> bool:
        """While automation is paused only what a person has ordered since moves anybody."""
        pause = self.orders.pause
        return pause is None or (routing.reason in ORDERS and routing.since_at >= pause.since_at)

    def hold(self, standing: Routing, wanted: Routing, judged: Health, out: list[Effect]) -> None:
        """Automation is paused: `wanted` is told and written down, not done."""
        self._withheld.hold(standing, wanted, judged, out)

    def change(self, change: OrderChange, command: Command, health: Mapping[NodeName, Health], at: float, out: list[Effect]) -> None:
        order = Order(command.user, command.reason, at, at + change.seconds) if change.seconds else None
        if change.node is None:
            self.orders.pause = order
        elif order is not None:
            self.orders.maintenance[change.node] = order
        else:
            del self.orders.maintenance[change.node]
        out.append(Record("orders", self.orders.as_data(at)))
        self._tell(change.node, order, health, out)

    def expire(self, health: Mapping[NodeName, Health], at: float, out: list[Effect]) -> None:
        """What has ended is taken off."""
        is_pause_over, over = self.orders.expire(at)
        if is_pause_over or over:
            out.append(Record("orders", self.orders.as_data(at)))
        if is_pause_over:
            self._tell(None, None, health, out)
        for node in over:
            self._tell(node, None, health, out)

    def _tell(self, node: NodeName | None, order: Order | None, health: Mapping[NodeName, Health], out: list[Effect]) -> None:
        if node is None and order is None:
            self._withheld.clear()
        out.append(tell_order(node, order, health[node].verdict if node is not None else None))
