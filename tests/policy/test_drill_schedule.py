"""The schedule: due in its time, begun by itself, refused with the reason and tried again, overdue with an alarm, over restarts too."""

from typing import Any

import pytest

from cti_daemon.model.effects import Report
from tests.policy.drill_site import DrillSite, planned
from tests.sim.world import B

DAY = 86_400.0


def _site(**more: Any) -> DrillSite:
    """It has been known for some days."""
    table: dict[str, Any] = {"retry": 10.0, "overdue_after": DAY}
    site = DrillSite(planned(**(table | more)))
    site.calendar({"weekly": 3 * DAY})
    site.run(5.0)
    return site


def test_it_is_not_due_for_a_time_before_it_was_known() -> None:
    """A fresh installation owes nothing."""
    site = _site()
    site.run(10.0)
    assert not site.called
    assert "due" not in site.ask("drill-schedule").message


def test_what_is_due_is_begun_by_itself_and_once() -> None:
    site = _site()
    site.run(6.0)
    site.calendar({"weekly": 0.5})
    site.run(40.0)
    site.calendar({"weekly": 34.5})
    site.run(45.0)
    assert [entry["user"] for entry in site.written("ended")] == ["schedule"]
    row = site.ask("drill-schedule").data["drills"][0]
    assert (row["drill"], row["evaluation"], row["due_for_seconds"], row["overdue"]) == ("weekly", "passed", None, False)


def test_where_people_begin_it_only_watch_is_kept() -> None:
    site = _site(start="command")
    site.calendar({"weekly": 0.5})
    site.run(10.0)
    assert not site.called
    assert site.ask("drill-schedule").data["drills"][0]["due_for_seconds"] == pytest.approx(5.5, abs=0.1)


def test_refused_it_waits_says_why_once_and_is_held_when_it_may_be() -> None:
    site = _site(most_calls=1)
    site.calls(talking=2, waiting=0)
    site.run(6.0)
    for second in range(6, 36, 5):
        site.calendar({"weekly": second - 5.5})
        site.run(second + 5.0)
    assert [entry["why"] for entry in site.written("refused")] == ["2 callers are on the line, and with more than 1 no drill is held"]
    assert "refused: 2 callers" in site.ask("drill-schedule").message
    site.hang_up(next(iter(site.legs)))
    site.calendar({"weekly": 31.0})
    site.run(80.0)
    assert [entry["evaluation"] for entry in site.written("ended")] == ["passed"]


def test_an_aborted_drill_was_not_held() -> None:
    site = _site(ring_seconds=60.0)
    site.answers = dict.fromkeys(("seat1", "seat2", "seat3"))
    site.calendar({"weekly": 0.5})
    site.run(8.0)
    site.kill(B)
    site.run(12.0)
    assert site.ended()["evaluation"] == "aborted"
    assert site.ask("drill-schedule").data["drills"][0]["due_for_seconds"] is not None
    site.run(30.0)
    site.calendar({"weekly": 25.0})
    assert site.written("refused")[-1]["why"].startswith("pbx-b is")


def test_overdue_is_an_alarm_once_also_over_a_restart() -> None:
    site = _site(start="command", overdue_after=10.0)
    site.calendar({"weekly": 0.0})
    for second in range(6, 24, 3):
        site.run(float(second))
        site.calendar({"weekly": second - 5.0})
    assert _alarms(site) == ["the drill weekly was due 10 s ago and was not held"]
    assert site.engine.view(site.now).drill_schedule[0].is_overdue
    site.crash(1.0)
    site.run(30.0)
    site.calendar({"weekly": 25.0})
    assert site.engine.view(site.now).drill_schedule[0].is_overdue
    assert len(_alarms(site)) == 1


def _alarms(site: DrillSite) -> list[str]:
    return [report.text for report in site.of(Report) if report.kind == "alarm" and "drill" in report.text]


def test_what_was_held_is_known_after_a_restart() -> None:
    site = _site()
    site.calendar({"weekly": 0.5})
    site.run(40.0)
    site.crash(5.0)
    site.run(50.0)
    site.calendar({"weekly": 45.5})
    site.run(60.0)
    assert len(site.written("ended")) == 1


def test_without_a_plan_for_drills_the_list_says_so() -> None:
    assert DrillSite().ask("drill-schedule").message == "no drill is planned: the configuration has no [[drill]]"
