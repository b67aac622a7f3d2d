"""From days and hours of the site to instants of our own clock."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo

from cti_daemon.model.almanac import Almanac, Window
from cti_daemon.model.calendar import WEEKDAYS, Calendar, Readiness

DAYS_BACK = 62
"""Incidents that began so long ago may still have clocks."""
DAYS_AHEAD = 400


def draw(calendar: Calendar | None, windows: Sequence[Readiness], zone: tzinfo, now_wall: float, now_at: float) -> Almanac:
    """`now_wall` and `now_at` are the same moment, on the wall and on our clock."""

    def instant(day: date, hour: time = time()) -> float:
        return now_at + datetime.combine(day, hour, zone).timestamp() - now_wall

    today = datetime.fromtimestamp(now_wall, zone).date()
    found = tuple(
        Window(
            window.name,
            instant(window.begins - timedelta(days=window.before_days)),
            instant(window.begins),
            instant(window.last_day + timedelta(days=1)),
            window.tighten,
        )
        for window in windows
    )
    if calendar is None:
        return Almanac(found)
    days = _working_days(calendar, today - timedelta(days=DAYS_BACK), DAYS_BACK + DAYS_AHEAD)
    return Almanac(found, tuple((instant(day, calendar.opens), instant(day, calendar.closes)) for day in days))


def _working_days(calendar: Calendar, first: date, count: int) -> Iterator[date]:
    holidays, worked = frozenset(calendar.holidays), frozenset(calendar.worked)
    for number in range(count):
        day = first + timedelta(days=number)
        if day in worked or (WEEKDAYS[day.weekday()] in calendar.working_days and day not in holidays):
            yield day
