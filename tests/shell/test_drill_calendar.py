"""`[[drill]]`: "cron expressions with the site's time zone, validated with line and key"."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cti_daemon.model.drills import DrillsDue, PlannedDrill
from cti_daemon.model.events import Event
from cti_daemon.shell import config
from cti_daemon.shell.drill_calendar import DrillCalendar, due
from tests.shell.conftest import SAMPLE

HOUR = 3600.0
TABLE = '[[drill]]\nname = "weekly"\nwhat = "emergency-seats"\nwhen = "30 4 * * 1"\n'


def drill(when: str) -> PlannedDrill:
    return PlannedDrill(name="weekly", what="emergency-seats", when=when)


def test_the_hour_is_that_of_the_site() -> None:
    """Monday 4:30 in Shanghai is Sunday 20:30 UTC."""
    shanghai, now = ZoneInfo("Asia/Shanghai"), datetime(2026, 11, 22, 20, 0, tzinfo=UTC).timestamp()
    told = due(drill("30 4 * * 1"), shanghai, now)
    assert (told.next_in_seconds, told.due_ago_seconds) == (HOUR / 2, 7 * 24 * HOUR - HOUR / 2)
    assert due(drill("30 4 * * 1"), UTC, now).next_in_seconds == 8.5 * HOUR


def test_the_very_minute_counts_as_due() -> None:
    now = datetime(2026, 11, 23, 4, 30, tzinfo=UTC).timestamp()
    told = due(drill("30 4 * * 1"), UTC, now)
    assert (told.due_ago_seconds, told.next_in_seconds) == (0.0, 7 * 24 * HOUR)


def test_over_a_change_of_summer_time_it_comes_once() -> None:
    """2:30 does not exist on that day in Berlin: it comes when the clock has jumped."""
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 3, 29, 1, 0, tzinfo=berlin).timestamp()
    first = due(drill("30 2 * * *"), berlin, now).next_in_seconds
    assert first == HOUR
    assert due(drill("30 2 * * *"), berlin, now + first + 60).next_in_seconds > 20 * HOUR


def test_the_calendar_tells_every_drill() -> None:
    settings = config.load(SAMPLE, offline=True).settings
    heard: list[Event] = []
    DrillCalendar(settings.model_copy(update={"drill": (drill("0 0 * * *"),)}), heard.append, lambda: 1_800_000_000.0).tell()
    (told,) = heard
    assert isinstance(told, DrillsDue)
    assert [each.name for each in told.drills] == ["weekly"]


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (TABLE.replace("30 4 * * 1", "30 25 * * 1"), "drill[1].when: '30 25 * * 1' is no cron expression: bad hour"),
        (TABLE.replace("30 4 * * 1", "at half past four"), "drill[1].when: a cron expression has 5 fields, and 'at half past four' has 4"),
        (TABLE.replace("30 4 * * 1", "0 0 30 2 *"), "drill[1].when: '0 0 30 2 *'"),
        (TABLE.replace('"emergency-seats"', '"lines-full"'), "drill 'weekly' is of the plan 'lines-full', and there is no [plans]"),
        (TABLE.replace('"emergency-seats"', '"nothing"') + "[plans]\n", "drill[1].what: there is no plan 'nothing' in "),
        (TABLE + TABLE, "drill name 'weekly' is used twice"),
        (TABLE + "most_calls = -1\n", "drill[1].most_calls: "),
        (TABLE + "lenght = 5\n", "drill[1].lenght: is no key of this table"),
        (TABLE + 'start = "cron"\n', "drill[1].start: must be one of"),
    ],
)
def test_a_fault_is_told_with_line_and_key(table: str, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "cti-daemon.toml"
    file.write_text(f"{SAMPLE.read_text()}\n{table}")
    with pytest.raises(config.ConfigError) as caught:
        config.load(file, offline=True)
    told = [str(found) for found in caught.value.faults]
    assert any(fault in text and text.startswith(f"{file}:") and text[len(str(file)) + 1].isdigit() for text in told), told


def test_a_time_zone_that_is_none_is_told(tmp_path: Path) -> None:
    file = tmp_path / "cti-daemon.toml"
    file.write_text(SAMPLE.read_text().replace('# time_zone = "Asia/Shanghai"', 'time_zone = "Asia/Shanghi"'))
    with pytest.raises(config.ConfigError, match=r"site.time_zone: 'Asia/Shanghi' is no time zone of this machine"):
        config.load(file, offline=True)
