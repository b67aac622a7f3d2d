"""When drills are due, by the clock on the wall and the site's time zone: cron expressions as cronsim reads them, over a change of summer
time as Debian's cron does."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

from cronsim import CronSim, CronSimError

from cti_daemon.model.drills import DrillKind, DrillsDue, DueDrill, PlannedDrill
from cti_daemon.model.events import Event
from cti_daemon.model.settings import Settings
from cti_daemon.shell.config_faults import Fault
from cti_daemon.shell.time_zone import zone_of
from cti_daemon.wire.toml_lines import TomlLines

LOOK_SECONDS = 20.0
FIELDS = 5


class DrillCalendar:
    """`post` takes what it says; `now_wall` is the clock."""

    def __init__(self, settings: Settings, post: Callable[[Event], None], now_wall: Callable[[], float] = time.time) -> None:
        self._drills = settings.drill
        self._zone = zone_of(settings)
        self._post = post
        self._now_wall = now_wall

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.tell()
            await asyncio.sleep(LOOK_SECONDS)

    def tell(self) -> None:
        now_wall = self._now_wall()
        self._post(DrillsDue(tuple(due(drill, self._zone, now_wall) for drill in self._drills)))


def due(drill: PlannedDrill, zone: tzinfo, now_wall: float) -> DueDrill:
    """When it was due last, this very second included, and when next."""
    now = datetime.fromtimestamp(int(now_wall), zone)
    coming = next(CronSim(drill.when, now))
    last = next(CronSim(drill.when, datetime.fromtimestamp(int(now_wall) + 1, zone), reverse=True))
    return DueDrill(drill.name, max(now_wall - last.timestamp(), 0.0), max(coming.timestamp() - now_wall, 0.0))


def calendar_faults(file: Path, lines: TomlLines, settings: Settings) -> list[Fault]:
    """Cron expressions, and plans that are not there."""
    faults: list[Fault] = []
    for i, drill in enumerate(settings.drill):
        why = cron_fault(drill.when)
        if why:
            faults.append(Fault.at(file, lines, ("drill", i, "when"), why))
        if drill.kind is DrillKind.PLAN and settings.plans is not None:
            folder = file.parent / settings.plans.folder
            if not (folder / f"{drill.what}.toml").is_file():
                text = f"there is no plan {drill.what!r} in {folder}; right would be 'emergency-seats' or the name of a plan there"
                faults.append(Fault.at(file, lines, ("drill", i, "what"), text))
    return faults


def cron_fault(expression: str) -> str:
    """What is wrong with it; empty: nothing."""
    right = "right would be minute, hour, day of the month, month and weekday, such as 30 4 * * 1 (Mondays at 4:30)"
    count = len(expression.split())
    if count != FIELDS:
        return f"a cron expression has {FIELDS} fields, and {expression!r} has {count}; {right}"
    try:
        next(CronSim(expression, datetime(2026, 1, 1)))  # noqa: DTZ001 - which zone it is does not matter here
    except CronSimError as error:
        return f"{expression!r} is no cron expression: {str(error).lower()}; {right}"
    except StopIteration:
        return f"{expression!r} never comes; {right}"
    return ""
