"""Backups and restore drills in their time. The work is a process of its own: neither the loop nor its interpreter's lock is held by it."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cti_daemon.model.backups import DAY_SECONDS, Backup
from cti_daemon.model.effects import Record, Report
from cti_daemon.shell import log
from cti_daemon.shell.backup_file import kept, last_drill
from cti_daemon.shell.journal_file import Recovered
from cti_daemon.wire.exposition import Family, Kind

SETTLE_SECONDS = 30.0
"""After the start: the site first."""
LOOK_SECONDS = 30.0
RETRY_SECONDS = 600.0
PATIENCE_SECONDS = 600.0
"""So long a failover that does not end (an edge that is away) is waited for; the copy is made by another process, after all."""
MOST_SECONDS = 900.0


@dataclass(slots=True)
class BackupStats:
    """Wall times in seconds; None: never. `failures` since the start."""

    last_wall: float | None = None
    size_bytes: int | None = None
    drill_wall: float | None = None
    failures: int = 0


def damage(recovered: Recovered) -> Report:
    """What people are told at a start with a damaged journal: loudly, since the record has a hole."""
    name = recovered.damaged.name if recovered.damaged is not None else "?"
    facts: dict[str, Any] = {"damaged": name, "entries": recovered.entries}
    if recovered.restored_from is None:
        text = f"the journal was damaged and there is no backup: a new one begins. The old one lies beside it as {name}: keep it"
        return Report("alarm", "critical", text, facts)
    copy = recovered.restored_from.name
    text = (
        f"the journal was damaged: we run on the last good backup, {copy} ({recovered.entries} entries). What was written since is only in"
    )
    return Report("alarm", "critical", f"{text} {name}: keep it", {**facts, "backup": copy})


class Backups:
    """`append` writes a record, `tell` tells people, `is_busy`: a failover is under way, and everything else waits."""

    def __init__(
        self,
        config: Path,
        table: Backup,
        append: Callable[[Record], Awaitable[Any]],
        tell: Callable[[list[Report]], None],
        is_busy: Callable[[], bool],
    ) -> None:
        self._config = config
        self._table = table
        self._folder = Path(table.folder)
        self._append = append
        self._tell = tell
        self._is_busy = is_busy
        self._began_wall = time.time()
        self._retry_at: dict[str, float] = {}
        self.stats = BackupStats()
        self._log = log.get("backup")

    @property
    def due_wall(self) -> float:
        """When the next backup is due."""
        last = self.stats.last_wall
        return self._began_wall if last is None else last + self._table.every

    @property
    def drill_due_wall(self) -> float:
        last = self.stats.drill_wall
        return self._began_wall if last is None else last + self._table.drill_every_days * DAY_SECONDS

    async def run(self) -> None:
        """For as long as the daemon runs."""
        await asyncio.to_thread(self._look)
        await asyncio.sleep(SETTLE_SECONDS)
        while True:
            await self.work()
            await asyncio.sleep(LOOK_SECONDS)

    async def work(self) -> None:
        """What is due now, a failover that is under way first."""
        for verb, kind, due_wall in (("backup", "backup", self.due_wall), ("drill", "restore_drill", self.drill_due_wall)):
            late_seconds = time.time() - due_wall
            is_due = late_seconds >= 0 and time.monotonic() >= self._retry_at.get(verb, 0.0)
            if is_due and (late_seconds > PATIENCE_SECONDS or not self._is_busy()):
                await self._do(verb, kind)

    async def _do(self, verb: str, kind: str) -> None:
        code, said, faults = await self._ask(verb)
        if code == 0:
            facts = json.loads(said.splitlines()[-1])
            await self._append(Record(kind, facts))
            self._log.info("backup made and tried" if verb == "backup" else "restore drill passed", **facts)
            if verb == "drill":
                self._tell([Report("drill", "info", f"restore drill passed: {facts['entries']} entries", {**facts, "kind": "restore"})])
        else:
            self.stats.failures += 1
            self._retry_at[verb] = time.monotonic() + min(RETRY_SECONDS, self._table.every)
            why = (faults or said).strip() or f"ended with {code}"
            await self._append(Record(f"{kind}_failed", {"why": why}))
            self._tell([Report("alarm", "warning", f"{kind.replace('_', ' ')} of the journal failed: {why}", {"why": why})])
        await asyncio.to_thread(self._look)

    async def _ask(self, verb: str) -> tuple[int, str, str]:
        """Our own command line, in a process of its own: exit code, output, errors."""
        words = ("-P", "-m", "cti_daemon", "journal", verb, "--unrecorded", "--config", str(self._config))
        try:
            child = await asyncio.create_subprocess_exec(
                sys.executable, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL
            )
        except OSError as error:
            return 1, "", f"{sys.executable}: {error.strerror}"
        try:
            async with asyncio.timeout(MOST_SECONDS):
                said, faults = await child.communicate()
        except TimeoutError:
            return 1, "", f"not done within {MOST_SECONDS:g} s"
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        return child.returncode or 0, said.decode(errors="replace"), faults.decode(errors="replace")

    def _look(self) -> None:
        found = kept(self._folder)
        self.stats.last_wall = found[0].made_wall.timestamp() if found else None
        try:
            self.stats.size_bytes = found[0].path.stat().st_size if found else None
        except OSError:
            self.stats.size_bytes = None
        self.stats.drill_wall = last_drill(self._folder)

    def families(self) -> Iterator[Family]:
        """What Prometheus reads; what never was has no sample."""
        stats = self.stats
        known = (
            ("cti_backup_last_timestamp_seconds", "When the newest backup of the journal was made", stats.last_wall),
            ("cti_backup_due_timestamp_seconds", "When the next backup is due", self.due_wall),
            ("cti_backup_size_bytes", "Size of the newest backup", stats.size_bytes),
            ("cti_restore_drill_last_timestamp_seconds", "When the last restore drill was passed", stats.drill_wall),
            ("cti_restore_drill_due_timestamp_seconds", "When the next restore drill is due", self.drill_due_wall),
        )
        for name, text, value in known:
            yield Family(name, Kind.GAUGE, text, (), [] if value is None else [((), value)])
        yield Family("cti_backup_failures_total", Kind.COUNTER, "Backups and restore drills that failed", (), [((), stats.failures)])
