"""Tells the core the calendar, by the clock on the wall and the site's time zone; again every minute, since that clock may be set."""

import asyncio
import time
from collections.abc import Callable

from cti_daemon.model.plan_effects import AlmanacTold
from cti_daemon.model.settings import Settings
from cti_daemon.shell.time_zone import zone_of
from cti_daemon.wire.almanac import draw

TELL_SECONDS = 60.0


class AlmanacTeller:
    """`now_at` is the core's clock."""

    def __init__(self, settings: Settings, post: Callable[[AlmanacTold], None], now_at: Callable[[], float]) -> None:
        self._settings, self._post, self._now_at = settings, post, now_at
        self._zone = zone_of(settings)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.tell()
            await asyncio.sleep(TELL_SECONDS)

    def tell(self) -> None:
        found = draw(self._settings.calendar, self._settings.readiness, self._zone, time.time(), self._now_at())
        self._post(AlmanacTold(found))
