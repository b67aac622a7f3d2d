"""The facts as the picture of the site shows them; what is not known is not there."""

from dataclasses import replace

import pytest

from cti_daemon.model.ids import NodeName, QueueName, SeatName
from cti_daemon.model.incidents import Comparison, Test, Value
from cti_daemon.model.plan_tables import FACTS, fact_named, value_fault
from cti_daemon.model.reasons import Mode, NodeState, Reason, Role, Verdict
from cti_daemon.model.views import NodeView, QueueView, SeatView, SiteView
from cti_daemon.policy.plan_facts import Board

EMPTY = SiteView(Mode.NORMAL, None, None, (), 0, Reason.START, 0.0, (), (), failover_in_progress=False, legs_to_rescue=0)


def seats(*states: str) -> tuple[SeatView, ...]:
    return tuple(SeatView(SeatName(f"seat{n}"), state) for n, state in enumerate(states))


def queue(waiting: int | None, *states: str, name: str = "hotline") -> QueueView:
    return QueueView(QueueName(name), NodeName("pbx-a"), waiting, None if waiting is None else 0.0, seats(*states))


def facts(view: SiteView) -> dict[str, Value]:
    board = Board(0.0)
    board.look(view, 10.0)
    return board.as_data()


@pytest.mark.parametrize(
    ("states", "is_full"),
    [
        (("in_call", "ringing", "wrap_up"), True),
        (("in_call", "paused", "unreachable"), True),
        (("in_call", "available"), False),
        (("paused", "paused"), False),
        (("unreachable",), False),
        (("unknown", "unknown"), None),
        ((), None),
    ],
)
def test_lines_are_full_when_a_seat_is_busy_and_none_is_free(states: tuple[str, ...], is_full: bool | None) -> None:
    assert facts(replace(EMPTY, queues=(queue(1, *states),))).get("queue.lines_full[hotline]") is is_full


def test_nobody_knows_who_waits_while_the_server_is_not_heard() -> None:
    assert "queue.waiting[hotline]" not in facts(replace(EMPTY, queues=(queue(None),)))


def test_any_queue_will_do_and_one_can_be_named() -> None:
    board = Board(0.0)
    board.look(replace(EMPTY, queues=(queue(0), queue(5, name="complaints"))), 1.0)
    assert board.judge(Test("queue.waiting", Comparison.AT_LEAST, 5.0)) is True
    assert board.judge(Test("queue.waiting", Comparison.AT_LEAST, 5.0, of="hotline")) is False
    assert board.judge(Test("queue.waiting", Comparison.AT_LEAST, 5.0, of="sales")) is None


def test_seats_are_counted_and_unknown_ones_are_no_seats_out() -> None:
    known = facts(replace(EMPTY, seats=seats("available", "in_call", "unreachable", "logged_out", "paused")))
    assert (known["seats.available"], known["seats.usable"], known["seats.unreachable"], known["seats.logged_in"]) == (1, 3, 1, 4)
    assert "seats.usable" not in facts(replace(EMPTY, seats=seats("unknown", "unknown")))


def test_emergency_seats_are_in_no_count_of_seats() -> None:
    """D4 "all seats cannot log in" must be seen on a site that has emergency seats, which are there all day (found on the lab)."""
    emg = NodeView(NodeName("emg"), Role.EMERGENCY, NodeState.HEALTHY, Verdict.HEALTHY, 0.0, (), (), {}, proven=True)
    extra = (replace(seats("available")[0], node=NodeName("emg")), replace(seats("unreachable")[0], node=NodeName("pbx-a")))
    assert facts(replace(EMPTY, nodes=(emg,), seats=extra))["seats.usable"] == 0


def test_calls_that_fall_together_are_remembered_for_a_minute() -> None:
    board = Board(0.0)
    serving = replace(EMPTY, serving=NodeName("pbx-a"))
    for at, calls in ((1.0, 40), (2.0, 39), (3.0, 12)):
        board.look(replace(serving, calls={(NodeName("pbx-a"), "talking"): calls}), at)
    assert board.as_data()["calls.dropped_together"] == 28.0
    board.look(replace(serving, calls={(NodeName("pbx-a"), "talking"): 12}), 40.0)
    assert board.as_data()["calls.dropped_together"] == 28.0
    board.look(replace(serving, calls={(NodeName("pbx-a"), "talking"): 12}), 70.0)
    assert board.as_data()["calls.dropped_together"] == 0.0


def test_reports_count_for_ten_minutes() -> None:
    board = Board(0.0)
    board.report("network", 5.0)
    board.report("network", 60.0)
    board.look(EMPTY, 500.0)
    assert board.as_data()["reports.network"] == 2.0
    board.look(EMPTY, 620.0)
    assert board.as_data()["reports.network"] == 1.0


def test_the_table_is_closed_but_for_what_others_tell() -> None:
    assert fact_named("external.ups") is not None
    assert fact_named("external.") is None
    assert fact_named("queue.nonsense") is None
    assert value_fault(FACTS["queue.waiting"], True)
    assert value_fault(FACTS["queue.waiting"], float("nan"))
    assert value_fault(FACTS["trunk.state"], "sideways")
    assert not value_fault(FACTS["trunk.state"], "down")
