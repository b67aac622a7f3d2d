"""4-interfaces, retained: `…/queues/<queue>/stats` "waiting, longest wait, answered, abandoned, service level, seats by state";
`…/seats/<seat>/state` "device state, login, pause and reason, since". Unknown is null, and time that passes is no change."""

import json
from dataclasses import replace
from typing import Any

import pytest

from cti_daemon.model.ids import QueueName, SeatName
from cti_daemon.model.settings import Settings
from cti_daemon.model.views import MembershipView, SeatView
from cti_daemon.shell.mqtt_states import EXPIRY_SECONDS, MOST_SEATS, SAY_AGAIN_SECONDS, RetainedStates
from tests.shell.conftest import NOW_AT, Picture

BASE = "cti/v1/95598"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def states(settings: Settings, picture: Picture, clock: Clock) -> RetainedStates:
    return RetainedStates(settings, picture, clock)


def said(states: RetainedStates) -> dict[str, dict[str, Any]]:
    return {state.topic.removeprefix(f"{BASE}/"): json.loads(state.body) for state in states.changes()}


def test_a_queue_is_told_with_its_figures(states: RetainedStates) -> None:
    body = said(states)["queues/hotline/stats"]
    figures = {key: body[key] for key in ("waiting", "longest_wait_seconds", "offered", "answered", "abandoned")}
    assert figures == {"waiting": 2, "longest_wait_seconds": 3.5, "offered": 120, "answered": 100, "abandoned": 15}
    assert body["service_level"] == {"answered_and_abandoned": 0.6316, "asterisk": None}
    assert body["windows"]["15m"]["connect_ratio"] == 0.8
    assert (body["seats"]["in_call"], body["seats"]["wrap_up"]) == (1, 0)


def test_a_seat_is_told_with_login_pause_reason_and_since(states: RetainedStates, picture: Picture) -> None:
    paused = MembershipView(QueueName("hotline"), 4, paused=True, reason="lunch", is_dynamic=True)
    here = replace(paused, queue=QueueName("support"), paused=False, reason="")
    picture.now = replace(picture.now, seats=(SeatView(SeatName("seat1"), "in_call", NOW_AT - 83.0, (paused, here)),))
    body = said(states)["seats/seat1/state"]
    assert (body["state"], body["logged_in"], body["paused"], body["reason"]) == ("in_call", True, False, "lunch")
    assert body["queues"][0] == {"queue": "hotline", "penalty": 4, "paused": True, "reason": "lunch", "dynamic": True}
    assert body["since"] < body["at"]


def test_only_what_changes_is_told_again(states: RetainedStates, picture: Picture) -> None:
    assert set(said(states)) >= {"state", "nodes/pbx-a/state", "queues/hotline/stats", "seats/seat1/state", "seats/seat2/state"}
    first, second = picture.now.seats
    picture.now = replace(picture.now, seats=(replace(first, since_at=99.0), replace(second, since_at=20.0)))
    assert said(states) == {}
    picture.now = replace(picture.now, seats=(first, replace(second, state="ringing")))
    assert set(said(states)) == {"seats/seat2/state"}


def test_queues_and_seats_expire_unless_they_are_told_again(states: RetainedStates, clock: Clock) -> None:
    """Else a seat of a daemon that is gone would be `available` for ever."""
    expiries = {state.topic.split("/")[3]: state.expiry_seconds for state in states.changes()}
    assert expiries == {"state": None, "nodes": None, "queues": EXPIRY_SECONDS, "seats": EXPIRY_SECONDS}
    clock.now = SAY_AGAIN_SECONDS + 1
    assert set(said(states)) == {"queues/hotline/stats", "seats/seat1/state", "seats/seat2/state"}


def test_a_seat_that_left_is_logged_out_and_one_out_of_sight_is_unknown(states: RetainedStates, picture: Picture) -> None:
    states.changes()
    picture.now = replace(picture.now, seats=picture.now.seats[:1])
    body = said(states)["seats/seat2/state"]
    assert (body["state"], body["logged_in"], body["queues"]) == ("logged_out", False, [])
    picture.now = replace(picture.now, seats=())
    told = said(states)
    assert {topic: body["state"] for topic, body in told.items()} == dict.fromkeys(("seats/seat1/state", "seats/seat2/state"), "unknown")
    assert told["seats/seat1/state"]["logged_in"] is None


def test_a_queue_out_of_sight_is_told_as_unknown(states: RetainedStates, picture: Picture) -> None:
    before = said(states)["queues/hotline/stats"]
    picture.now = replace(picture.now, queues=())
    body = said(states)["queues/hotline/stats"]
    assert set(body) == set(before)
    assert [body[key] for key in body if key not in {"queue", "at"}] == [None] * (len(body) - 2)


def test_thousands_of_seats_come_in_rounds_after_the_sites_own_state(states: RetainedStates, picture: Picture) -> None:
    many = tuple(SeatView(SeatName(f"seat{n}"), "available") for n in range(2 * MOST_SEATS + 1))
    picture.now = replace(picture.now, seats=many)
    rounds = [list(said(states)) for _ in range(4)]
    assert rounds[0][0] == "state"
    seats = [[topic for topic in told if topic.startswith("seats/")] for told in rounds]
    assert [len(told) for told in seats] == [MOST_SEATS, MOST_SEATS, 1, 0]
    assert not states.has_more
