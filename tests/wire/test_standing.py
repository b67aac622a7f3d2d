"""What a restart goes on from."""

from typing import Any

import pytest

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Mode, Reason
from cti_daemon.model.records import StandingOrder, StandingOrders
from cti_daemon.state.orders import Order, Orders
from cti_daemon.wire.standing import standing, standing_orders

ROUTE = {"mode": "emergency", "serving": "emg", "epoch": 4, "reason": "divert_ended", "cause": "emergency_on", "diverted_from": None}


def test_why_a_node_serves_outlives_a_divert() -> None:
    """Nothing goes home by itself away from a node that a person chose, also after a restart."""
    found = standing(ROUTE, None)
    assert found is not None
    assert (found.mode, found.serving, found.reason, found.cause) == (Mode.EMERGENCY, "emg", Reason.DIVERT_ENDED, Reason.EMERGENCY_ON)


def test_an_entry_of_an_earlier_version_has_no_cause() -> None:
    found = standing({k: v for k, v in ROUTE.items() if k != "cause"}, None)
    assert found is not None
    assert found.cause is None


def test_orders_go_through_the_journal_with_what_is_left_of_their_time() -> None:
    """ "Ends by itself", also when the daemon was started anew in between."""
    orders = Orders(None, 0.0)
    orders.pause = Order("alice", "upgrade", 100.0, 160.0)
    orders.maintenance[NodeName("pbx-b")] = Order("bob", "disk", 90.0, 190.0)
    found = standing_orders(orders.as_data(110.0), 20.0)
    assert found == StandingOrders(
        StandingOrder("alice", "upgrade", 30.0),
        {NodeName("pbx-b"): StandingOrder("bob", "disk", 60.0)},
    )


def test_an_order_that_ended_while_we_were_down_is_taken_off_and_told() -> None:
    orders = Orders(StandingOrders(None, {NodeName("pbx-b"): StandingOrder("bob", "disk", -5.0)}), 1000.0)
    assert orders.expire(1000.0) == (False, ["pbx-b"])
    assert orders.next_at == float("inf")


def test_a_wall_clock_that_was_set_back_makes_no_order_longer() -> None:
    found = standing_orders({"pause": {"user": "alice", "reason": "", "left_seconds": 60.0}, "maintenance": {}}, -3600.0)
    assert found is not None
    assert found.pause == StandingOrder("alice", "", 60.0)


@pytest.mark.parametrize(
    "data", [{}, {"pause": 1, "maintenance": {}}, {"pause": None, "maintenance": []}, {"pause": {"user": "a"}, "maintenance": {}}]
)
def test_what_cannot_be_read_is_no_order(data: dict[str, Any]) -> None:
    assert standing_orders(data, 0.0) is None
