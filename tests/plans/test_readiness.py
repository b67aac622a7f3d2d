"""E7 "重大节假日保障": a calendar of readiness: tighter thresholds, echelons pre-alerted, no planned switchover, emergency seats checked
before."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from cti_daemon.model.almanac import Almanac, Window
from cti_daemon.model.calendar import Calendar, Readiness
from cti_daemon.model.effects import Answer
from cti_daemon.model.events import Command
from cti_daemon.model.incidents import Comparison, Group, Test
from cti_daemon.model.plan_effects import AlmanacTold
from cti_daemon.policy.plan_facts import Board
from cti_daemon.state.hold import Hold
from cti_daemon.wire.almanac import draw
from tests.plans.shipped import plans as shipped
from tests.plans.test_engine import TELL, WHEN_DOWN, Site, plan
from tests.plans.test_facts import EMPTY
from tests.sim.world import A, B

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = 86_400.0
HOLIDAY = Readiness.model_validate({"name": "国庆", "from": date(2027, 10, 1), "to": date(2027, 10, 7), "before_days": 3})


def wall(*parts: int) -> float:
    return datetime(*parts, tzinfo=SHANGHAI).timestamp()  # type: ignore[arg-type, misc]


def test_a_window_begins_and_ends_at_midnight_of_the_site_and_is_prepared_days_before() -> None:
    almanac = draw(None, [HOLIDAY], SHANGHAI, wall(2027, 9, 1, 12), 1000.0)

    def at(*parts: int) -> float:
        return 1000.0 + wall(*parts) - wall(2027, 9, 1, 12)

    assert [almanac.is_soon(at(2027, 9, 27, 23, 59)), almanac.is_soon(at(2027, 9, 28))] == [False, True]
    assert [almanac.window(at(2027, 9, 30, 23, 59)), almanac.window(at(2027, 10, 8))] == [None, None]
    for inside in ((2027, 10, 1), (2027, 10, 7, 23, 59)):
        window = almanac.window(at(*inside))
        assert window is not None
        assert (window.name, window.tighten) == ("国庆", 0.5)
    assert not almanac.is_soon(at(2027, 10, 8))


def test_a_window_of_one_day_needs_no_end() -> None:
    one = Readiness.model_validate({"name": "元旦", "from": date(2027, 1, 1)})
    almanac = draw(None, [one], UTC, datetime(2027, 1, 1, 12, tzinfo=UTC).timestamp(), 0.0)
    assert almanac.window(0.0) is not None
    assert almanac.window(DAY / 2) is None


def test_working_time_leaves_out_nights_weekends_and_holidays_and_keeps_days_worked_all_the_same() -> None:
    calendar = Calendar(opens=time(9), closes=time(17), holidays=(date(2027, 10, 4),), worked=(date(2027, 10, 9),))
    now = wall(2027, 10, 1, 15)  # a Friday
    almanac = draw(calendar, [], SHANGHAI, now, 0.0)

    def due(hours: float) -> datetime:
        return datetime.fromtimestamp(now + almanac.after(0.0, hours * 3600), SHANGHAI)

    assert due(1) == datetime(2027, 10, 1, 16, tzinfo=SHANGHAI)
    assert due(3) == datetime(2027, 10, 5, 10, tzinfo=SHANGHAI), "over the weekend, and the holiday on Monday"
    assert due(2 + 4 * 8 + 1) == datetime(2027, 10, 9, 10, tzinfo=SHANGHAI), "the Saturday is worked"
    assert Almanac().after(5.0, 10.0) == 15.0, "without a calendar every hour counts"


def test_what_begins_at_night_counts_from_the_morning_on() -> None:
    almanac = draw(Calendar(opens=time(9), closes=time(17)), [], SHANGHAI, wall(2027, 10, 1, 3), 0.0)
    assert almanac.after(0.0, 3600.0) == 7 * 3600.0


def board(at: float, *windows: Window) -> Board:
    found = Board(0.0)
    found.almanac = Almanac(windows)
    found.look(EMPTY, at)
    found.read_calendar(at)
    return found


WINDOW = Window("国庆", 100.0, 200.0, 300.0, 0.5)


@pytest.mark.parametrize(
    ("at", "is_soon", "is_ready", "pace"), [(99, False, False, 1), (100, True, False, 1), (200, True, True, 0.5), (300, False, False, 1)]
)
def test_the_calendar_is_a_fact(at: float, is_soon: bool, is_ready: bool, pace: float) -> None:
    found = board(at, WINDOW)
    assert (found.as_data()["calendar.soon"], found.as_data()["calendar.readiness"], found.pace) == (is_soon, is_ready, pace)
    assert found.is_ready is is_ready


def test_without_a_calendar_readiness_is_what_people_tell() -> None:
    found = Board(0.0)
    found.look(EMPTY, 1.0)
    found.read_calendar(1.0)
    assert found.values("calendar.readiness") == []
    found.tell("calendar.readiness", "", value=True)
    assert found.is_ready


def test_thresholds_are_tighter_while_it_lasts_and_as_always_before_and_afterwards() -> None:
    full = Test("queue.lines_full", Comparison.EQUAL, True, for_seconds=900.0)
    both = Group(combination=shipped()["lines-full"].stages[0].when.combination, parts=(full,), for_seconds=0.0)  # type: ignore[union-attr]
    for condition in (full, both):
        hold = Hold(condition, 0.0)
        for at in map(float, range(0, 440, 10)):
            hold.look(lambda _: True, at, is_maintenance=False)
        assert not hold.is_met
        assert hold.next_at() == 900.0
        hold.look(lambda _: True, 440.0, is_maintenance=False, pace=0.5)
        assert (hold.is_met, hold.next_at()) == (False, 450.0)
        hold.look(lambda _: True, 450.0, is_maintenance=False, pace=0.5)
        assert hold.is_met
    again = Hold(full, 0.0)
    for at in (0.0, 300.0, 460.0):
        again.look(lambda _: True, at, is_maintenance=False)
    assert not again.is_met


def test_an_incident_that_opened_sooner_says_why() -> None:
    site = Site(plan(WHEN_DOWN.replace("2s", "20s"), TELL))
    site.feed(AlmanacTold(Almanac((Window("国庆", 0.0, 0.0, 1e6, 0.5),))))
    site.kill(A)
    began_at = site.now
    site.run(began_at + 15.0)
    opened = [record.data for record in site.records if record.kind == "incident" and record.data["what"] == "opened"]
    assert [data["cause"] for data in opened] == ["node.state[primary] = down; 国庆: for 0.5 of the time"]


@pytest.mark.parametrize("verb", ["switchover", "failback"])
def test_nothing_planned_is_done_in_a_time_of_readiness_without_force(verb: str) -> None:
    site = Site(plan(TELL))
    if verb == "failback":
        _serve_from_standby(site)
    site.feed(AlmanacTold(Almanac((Window("国庆", 0.0, 0.0, 1e6, 0.5),))))
    site.run(site.now + 2.0)
    refused = site.ask(verb)
    assert (refused.status, refused.code) == ("rejected", "in_readiness")
    assert "国庆" in refused.message
    assert "force" in refused.message
    assert site.ask(verb, force=True).code == "confirm_needed"
    assert site.ask("failover").code == "confirm_needed", "what is done about a fault is never left alone"


def _serve_from_standby(site: Site) -> None:
    site.feed(Command("dry", "switchover", "alice", dry_run=True))
    token = next(effect for _, effect in reversed(site.effects) if isinstance(effect, Answer)).data["confirm"]
    site.feed(Command("do", "switchover", "alice", confirm=token))
    assert site.engine.routing.serving == B


def test_outside_of_it_a_planned_move_is_as_always() -> None:
    site = Site(plan(TELL))
    site.feed(AlmanacTold(Almanac((Window("国庆", 1e5, 1e6, 2e6, 0.5),))))
    site.run(site.now + 2.0)
    assert site.ask("switchover").code == "confirm_needed"
