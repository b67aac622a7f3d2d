"""Drills on a live site: "a switch of *test calls* to the emergency seats and back, with a record"; real calls are never touched."""

import pytest

from cti_daemon.model.effects import Report, RescueLeg, SetDrill, SetRoute
from cti_daemon.model.events import DrillCallSeen, Outcome, SeatTalking
from cti_daemon.model.ids import CallToken, NodeName, SeatName
from cti_daemon.model.reasons import Result
from tests.policy.drill_site import DrillSite
from tests.sim.world import EDGE, EMG, A, B


class Site(DrillSite):
    """No drill is planned here."""

    def switches(self) -> list[tuple[NodeName, ...]]:
        return [deed.route for deed in self.of(SetDrill)]

    def test_call(self, number: int, node: NodeName = EMG, seat: str = "") -> None:
        token = CallToken(f"test-{number}")
        self.feed(DrillCallSeen(EDGE, token, node))
        if seat:
            self.feed(SeatTalking(node, token, SeatName(seat), f"{seat}!dialog;to-tag=t;from-tag=f"))


def test_a_drill_moves_the_switch_for_test_calls_and_no_other() -> None:
    site = Site()
    site.calls(talking=3, waiting=1)
    site.run(4.0)
    routes = len(site.of(SetRoute))
    assert site.ask("drill-start", **{"for": "10m"}).code == "accepted"
    site.run(5.0)
    assert site.switches()[-1] == (EMG,)
    assert (site.engine.routing.serving, len(site.of(SetRoute)), site.of(RescueLeg)) == (A, routes, [])
    assert site.ask("drill-stop").code == "accepted"
    site.run(6.0)
    assert site.switches()[-1] == ()
    assert (len(site.of(SetRoute)), site.of(RescueLeg), site.engine.routing.epoch) == (routes, [], 0)


def test_the_record_says_when_what_who_and_how_it_went() -> None:
    """ "Drill record: time, content, participants, evaluation" (D7)."""
    site = Site()
    site.ask("drill-start", **{"for": "10m"})
    site.test_call(1, seat="eseat1")
    site.test_call(2, seat="eseat2")
    site.test_call(3, node=A, seat="seat1")  # came before the switch: no part of it
    site.run(8.0)
    answer = site.ask("drill-stop")
    assert answer.data == {"id": "emergency-seats-1", "calls": 2, "answered": 2, "seats": ["eseat1", "eseat2"]}
    assert [entry["state"] for entry in site.written()] == ["began", "seat", "seat", "ended"]
    ended = site.written()[-1]
    assert (ended["user"], ended["ended_by"], ended["reason"], ended["ran_seconds"]) == ("alice", "alice", "weekly check", 4.0)
    assert (ended["kind"], ended["seats"], ended["evaluation"], ended["how"]) == (
        "emergency-seats",
        ["eseat1", "eseat2"],
        "passed",
        "stopped",
    )
    assert [report.severity for report in site.of(Report) if report.kind == "drill"] == ["info", "info"]


def test_a_seat_that_speaks_before_the_edge_does_is_counted() -> None:
    site = Site()
    site.ask("drill-start", **{"for": "10m"})
    site.feed(SeatTalking(EMG, CallToken("test-1"), SeatName("eseat1"), "eseat1!dialog;to-tag=t;from-tag=f"))
    site.feed(SeatTalking(A, CallToken("test-2"), SeatName("seat1"), "seat1!dialog;to-tag=t;from-tag=f"))
    assert len(site.written()) == 1
    site.test_call(1)
    site.test_call(1)
    assert (site.written()[-1]["calls"], site.written()[-1]["answered"], site.written()[-1]["seats"]) == (1, 1, ["eseat1"])


@pytest.mark.parametrize(("calls", "evaluation"), [(0, "no test call was made"), (1, "failed")])
def test_a_drill_that_shows_nothing_has_not_passed(calls: int, evaluation: str) -> None:
    site = Site()
    site.ask("drill-start", **{"for": "10m"})
    for number in range(calls):
        site.test_call(number)
    site.ask("drill-stop")
    assert site.written()[-1]["evaluation"] == evaluation


def test_it_ends_by_itself() -> None:
    site = Site()
    site.ask("drill-start", **{"for": "60s"})
    site.run(63.0)
    assert site.engine.next_at < 64.6
    site.run(65.0)
    assert site.written()[-1]["how"] == "over"
    assert site.switches()[-1] == ()


def test_real_need_goes_first() -> None:
    """ "A drill is … aborted when the site is not healthy"."""
    site = Site()
    site.ask("drill-start", **{"for": "10m"})
    site.run(5.0)
    site.kill(A)
    site.run(7.0)
    assert site.engine.routing.serving == B
    assert (site.ended()["how"], site.ended()["evaluation"]) == ("aborted", "aborted")
    assert "failed_over" in site.ended()["why"]
    assert site.switches()[-1] == ()


def test_it_goes_on_after_a_restart_of_the_daemon_with_what_it_had_shown() -> None:
    site = Site()
    site.ask("drill-start", **{"for": "60s"})
    site.test_call(1, seat="eseat1")
    site.run(13.0)
    site.crash(10.0)
    site.run(30.0)
    assert site.switches()[-1] == (EMG,)
    site.test_call(2, seat="eseat2")
    site.run(70.0)
    assert (site.ended()["how"], site.ended()["answered"]) == ("over", 2)
    site.crash(1.0)
    site.run(75.0)
    assert site.engine.view(site.now).drill is None
    assert site.switches()[-1] == ()


def test_an_edge_is_told_again_when_it_did_not_take_it() -> None:
    site = Site()
    site.ask("drill-start", **{"for": "10m"})
    first = site.of(SetDrill)[-1]
    site.feed(Outcome(first.effect_id, Result.FAILED))
    before = len(site.switches())
    site.run(6.0)
    assert site.switches()[before:] == [(EMG,)]


def test_a_drill_that_cannot_be_is_refused_in_words() -> None:
    site = Site()
    assert site.ask("drill-stop").code == "wrong_mode"
    assert site.ask("drill-start").code == "no_time"
    assert site.ask("drill-start", **{"for": "5h"}).code == "no_time"
    assert site.ask("drill-start", kind="fire", **{"for": "10m"}).code == "malformed"
    site.kill(EMG)
    site.run(6.0)
    assert site.ask("drill-start", **{"for": "10m"}).code == "target_not_proven"
    site.heal(EMG)
    site.run(20.0)
    assert site.ask("drill-start", **{"for": "10m"}).code == "accepted"
    again = site.ask("drill-start", **{"for": "10m"})
    assert (again.code, "alice's drill" in again.message) == ("wrong_mode", True)
    site = Site()
    site.kill(A)
    site.run(6.0)
    assert "no drill before it is normal again" in site.ask("drill-start", **{"for": "10m"}).message
