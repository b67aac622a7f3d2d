"""The calendar is told in instants of the core's own clock, whatever the clock on the wall says."""

import asyncio
import contextlib
from datetime import UTC, date, datetime, timedelta

from cti_daemon.model.calendar import Calendar, Readiness
from cti_daemon.model.plan_effects import AlmanacTold
from cti_daemon.model.settings import Settings
from cti_daemon.shell.almanac import AlmanacTeller


def today() -> date:
    return datetime.now(UTC).date()


async def test_the_calendar_is_told_at_once_and_holds_by_the_core_s_clock(settings: Settings) -> None:
    window = Readiness.model_validate({"name": "today", "from": today() - timedelta(days=1), "to": today() + timedelta(days=1)})
    site = settings.site.model_copy(update={"time_zone": "UTC"})
    given = settings.model_copy(update={"site": site, "readiness": (window,), "calendar": Calendar()})
    told: list[AlmanacTold] = []
    heard = asyncio.Event()

    def post(event: AlmanacTold) -> None:
        told.append(event)
        heard.set()

    task = asyncio.ensure_future(AlmanacTeller(given, post, lambda: 5000.0).run())
    async with asyncio.timeout(10):
        await heard.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    found = told[0].almanac
    assert found.window(5000.0) is not None
    assert found.window(5000.0 + 3 * 86_400) is None
    assert found.working is not None
    assert len(found.working) > 250
