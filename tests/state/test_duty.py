"""Occupancy = time with a caller or in wrap-up / time on duty; a queue of the emergency system is answered by its own seats."""

import pytest

from cti_daemon.model.events import LinkLost, MemberSeen
from cti_daemon.model.ids import PATHS, NodeName, QueueName
from cti_daemon.model.reasons import Loss
from cti_daemon.policy.queueing import queues
from cti_daemon.state.duty import MOST_SECONDS
from cti_daemon.state.site import Site
from tests.sim.world import EMG, A
from tests.state.test_roll import HOTLINE, listed, place, site

FREE, IN_USE, UNAVAILABLE = 1, 2, 5
EMERGENCY = QueueName("emergency")


def pass_time(held: Site, began_at: float, ended_at: float, step: float = 0.25, serving: NodeName = A) -> None:
    at = began_at
    while at <= ended_at:
        held.duty.note(serving, at)
        at += step


def occupancy(held: Site, now: float) -> float | None:
    (queue,) = [queue for queue in queues(held, A, now) if queue.name == HOTLINE]
    assert queue.kpi is not None
    return queue.kpi.windows[0].occupancy_ratio


def test_two_seats_one_of_them_talks_half_of_the_time() -> None:
    held = site(listed(A, (place(1), IN_USE), (place(2), FREE)))
    pass_time(held, 0.0, 30.0)
    assert occupancy(held, 30.0) == pytest.approx(0.5)
    held.seat(MemberSeen(A, place(1), FREE, in_call=False), 30.0)
    pass_time(held, 30.25, 60.0)
    assert occupancy(held, 60.0) == pytest.approx(0.25, abs=0.01)


def test_a_seat_that_cannot_be_reached_is_not_on_duty() -> None:
    held = site(listed(A, (place(1), IN_USE), (place(2), UNAVAILABLE)))
    pass_time(held, 0.0, 10.0)
    assert occupancy(held, 10.0) == pytest.approx(1.0)


def test_nobody_on_duty_is_no_ratio() -> None:
    held = site(listed(A, (place(1), UNAVAILABLE)))
    pass_time(held, 0.0, 10.0)
    assert occupancy(held, 10.0) is None


def test_time_in_which_we_did_not_look_or_did_not_hear_is_not_counted() -> None:
    held = site(listed(A, (place(1), FREE)))
    pass_time(held, 0.0, 10.0)
    held.seat(MemberSeen(A, place(1), IN_USE, in_call=False), 10.0)
    pass_time(held, 10.0 + 2 * MOST_SECONDS, 10.0 + 2 * MOST_SECONDS)  # a stall of ours
    assert occupancy(held, 21.0) == pytest.approx(0.0)
    for path in PATHS:
        held.witness(LinkLost(A, path, Loss.SILENT), 21.0)
    pass_time(held, 21.0, 40.0)
    assert occupancy(held, 40.0) == pytest.approx(0.0)


def test_a_queue_that_only_the_emergency_system_has_is_shown_with_its_seats() -> None:
    held = site(listed(A, (place(1), FREE)), listed(EMG, (place(7, EMERGENCY), FREE), (place(6, EMERGENCY), UNAVAILABLE)))
    held.queues.tally_of(EMERGENCY)  # a queue of the configuration
    shown = {queue.name: queue for queue in queues(held, A, 1.0)}
    assert (shown[HOTLINE].node, [seat.seat for seat in shown[HOTLINE].seats]) == (A, ["seat1"])
    assert shown[EMERGENCY].node == EMG
    assert [(seat.seat, seat.state) for seat in shown[EMERGENCY].seats] == [("seat6", "unreachable"), ("seat7", "available")]
