"""The durable record of what was decided and what came of it: written by a thread of its own, off the loop.

A disk that is full, read-only, locked or gone never stops the engine: entries are held in memory (bounded), said to be
held, and written in their order when the disk is back."""

import asyncio
import itertools
import queue
import sqlite3
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cti_daemon.model.effects import Record
from cti_daemon.shell import log
from cti_daemon.shell.backup_file import STAMP, kept, put_back
from cti_daemon.shell.journal_file import DamagedError, JournalFile, Recovered, move_aside
from cti_daemon.wire.journal_record import Entry

MOST_HELD = 10_000
RETRY_SECONDS = 1.0
CLOSE_SECONDS = 3.0
_NO_JOURNAL = {"SQLITE_CORRUPT", "SQLITE_NOTADB"}


class Stored(StrEnum):
    DURABLE = "durable"
    HELD = "held"  # in memory: the disk does not take it now


@dataclass(slots=True)
class JournalStats:
    """Counted since the start. `entries` are durable, `lost` were given up because memory is bounded, `own` are the journal's
    remarks about itself; `was_damaged`: when it was opened. `fault` is why the last write failed; None when the disk takes what we
    write. `appended` is counted by the loop, all else by the journal's thread, so that no count has two writers."""

    appended: int = 0
    entries: int = 0
    errors: int = 0
    lost: int = 0
    fault: str | None = None
    own: int = 0
    was_damaged: bool = False

    @property
    def backlog(self) -> int:
        """Entries that are not durable yet."""
        return max(0, self.appended + self.own - self.entries - self.lost)


@dataclass(slots=True)
class _Batch:
    entries: list[Entry]
    done: "asyncio.Future[Stored]"


@dataclass(slots=True)
class _Opening:
    done: "asyncio.Future[Recovered]"


@dataclass(slots=True)
class _Closing:
    done: threading.Event = field(default_factory=threading.Event)


_Job = _Batch | _Opening | _Closing


class Journal:
    """One SQLite file (WAL, synchronous FULL). `observe_write` is called in the journal's thread with the seconds of each commit.
    `backups`: where a damaged journal finds its last good copy."""

    def __init__(self, path: str | Path, *, observe_write: Callable[[float], None] | None = None, backups: Path | None = None) -> None:
        self.stats = JournalStats()
        self.observe_write = observe_write
        self._path = Path(path)
        self._backups = backups
        self._boot_id = _boot_id()
        self._session = uuid.uuid4().hex[:12]
        self._numbers = itertools.count(1)  # both threads stamp
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        # below: used by the journal's thread only
        self._file: JournalFile | None = None
        self._held: deque[Entry] = deque()
        self._lost_untold = 0
        self._log = log.get("journal")
        self._repeats = log.Repeats(self._log)

    async def open(self) -> Recovered:
        """What the last run left. Never fails: with an unusable disk there is nothing to recover and `stats.fault` says why."""
        done: asyncio.Future[Recovered] = asyncio.get_running_loop().create_future()
        self._thread.start()
        self._jobs.put(_Opening(done))
        return await done

    async def append(self, *records: Record) -> Stored:
        """Write the records in one commit. Returns when they are durable, or held because the disk fails; never raises for the
        disk. How long to wait is the caller's business: a caller that gives up leaves the records on their way."""
        if not records:
            return Stored.DURABLE
        done: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Batch([self._stamp(r) for r in records], done))
        self.stats.appended += len(records)
        return await done

    async def close(self) -> None:
        """Write what is still held, if the disk takes it, and close the file."""
        if not self._thread.is_alive():
            return
        job = _Closing()
        self._jobs.put(job)
        await asyncio.to_thread(job.done.wait, CLOSE_SECONDS)

    def age_seconds(self, entry: Entry) -> float:
        """Since this entry was written: by the clock that cannot be set while the machine has run on, else by wall time."""
        if entry.boot_id == self._boot_id:
            return time.monotonic() - entry.monotonic
        return (datetime.now(UTC) - datetime.fromisoformat(entry.wall)).total_seconds()

    @property
    def is_healthy(self) -> bool:
        return self._file is not None and self.stats.fault is None

    def _stamp(self, record: Record) -> Entry:
        wall = datetime.now(UTC).isoformat(timespec="microseconds")
        return Entry(f"{self._session}-{next(self._numbers)}", record.kind, wall, time.monotonic(), self._boot_id, dict(record.data))

    # --- the journal's thread -----------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            jobs = self._next_jobs()
            batches = [j for j in jobs if isinstance(j, _Batch)]
            for job in jobs:
                if isinstance(job, _Opening):
                    _resolve(job.done, self._open_first())
            stored = self._write([e for b in batches for e in b.entries])
            for batch in batches:
                _resolve(batch.done, stored)
            for job in jobs:
                if isinstance(job, _Closing):
                    self._drop_file()
                    job.done.set()
                    return

    def _next_jobs(self) -> list[_Job]:
        """All that waits, at least one; none after RETRY_SECONDS while entries are held."""
        try:
            jobs = [self._jobs.get(timeout=RETRY_SECONDS if self._held else None)]
        except queue.Empty:
            return []
        while not self._jobs.empty():
            jobs.append(self._jobs.get_nowait())
        return jobs

    def _open_first(self) -> Recovered:
        damaged: Path | None = None
        restored: Path | None = None
        for _ in range(2):
            try:
                self._file = JournalFile(self._path)
                self._file.check()
                found = replace(self._file.recover(), damaged=damaged, restored_from=restored)
                return self._found(found if restored is None else replace(found, open_failover=None, lives={}))
            except (sqlite3.Error, OSError, DamagedError) as error:
                self._drop_file()
                if damaged is not None or not _is_damage(error):
                    self._failed(error)
                    break
                damaged = self._put_aside(error)
                restored = self._put_back_newest() if damaged is not None else None
        return Recovered(damaged=damaged)

    def _put_back_newest(self) -> Path | None:
        """The newest backup that can be opened takes the journal's place. Walked through to its last thousand entries only: it was tried
        whole when it was made, and the hotline waits for its guard."""
        for copy in kept(self._backups) if self._backups is not None else []:
            try:
                put_back(copy.path, self._path)
                with closing(JournalFile(self._path)) as file:
                    file.check()
                    if file.recover().chain_broken_at is None:
                        return copy.path
            except (sqlite3.Error, OSError, DamagedError) as error:
                self._log.error("a backup cannot be used, the one before it is tried", backup=str(copy.path), fault=str(error))
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        return None

    def _found(self, recovered: Recovered) -> Recovered:
        if recovered.damaged is not None:
            self.stats.was_damaged = True
            self.stats.own += 1
            facts: dict[str, Any] = {"damaged": recovered.damaged.name}
            copy = recovered.restored_from
            if copy is not None:
                facts |= {"backup": copy.name, "entries": recovered.entries}
            self._hold([self._stamp(Record("journal_restored" if copy is not None else "journal_begun", facts))])
        if recovered.chain_broken_at is not None:
            self._log.error("journal was changed by another hand", first_broken_entry=recovered.chain_broken_at)
        return recovered

    def _put_aside(self, error: Exception) -> Path | None:
        try:
            aside = move_aside(self._path, datetime.now(UTC).strftime(STAMP))
        except OSError as why:
            self._failed(why)
            return None
        self._log.error("journal was damaged and is put aside", fault=str(error), put_aside=str(aside))
        return aside

    def _hold(self, entries: list[Entry]) -> None:
        self._held.extend(entries)
        while len(self._held) > MOST_HELD:  # the newest matter most: they are what a restart goes on from
            self._held.popleft()
            self.stats.lost += 1
            self._lost_untold += 1

    def _write(self, entries: list[Entry]) -> Stored:
        self._hold(entries)
        if not self._held:
            return Stored.DURABLE
        batch = list(self._held)
        if self._lost_untold:
            batch.insert(0, self._stamp(Record("journal_gap", {"lost": self._lost_untold})))
        gaps = len(batch) - len(self._held)
        began = time.perf_counter()
        try:
            if self._file is None:
                self._file = JournalFile(self._path)
            self._file.write(batch)
        except (sqlite3.Error, OSError) as error:
            self._drop_file()
            self._failed(error)
            return Stored.HELD
        self._held.clear()
        self._lost_untold = 0
        self.stats.own += gaps
        self.stats.entries += len(batch)
        self.stats.fault = None
        if self.observe_write is not None:
            self.observe_write(time.perf_counter() - began)
        self._repeats.well("write", "journal is written again", caught_up=len(batch))
        return Stored.DURABLE

    def _failed(self, error: Exception) -> None:
        self.stats.errors += 1
        self.stats.fault = f"{self._path}: {error}"
        self._repeats.failed("write", "journal cannot be written; entries are held in memory", fault=self.stats.fault, held=len(self._held))

    def _drop_file(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except sqlite3.Error as error:
                self._log.debug("journal did not close cleanly", fault=str(error))
            self._file = None


def _boot_id() -> str:
    """Says which entries share one monotonic clock. Where the kernel's id is hidden (ProcSubset=pid), the time of the boot to ten
    seconds stands for it: a step of the wall clock then looks like another boot, which is the safe mistake."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"boot-at-{round(time.time() - time.monotonic(), -1):.0f}"


def _is_damage(error: Exception) -> bool:
    return isinstance(error, DamagedError) or getattr(error, "sqlite_errorname", "") in _NO_JOURNAL


def _resolve(future: "asyncio.Future[Stored] | asyncio.Future[Recovered]", value: Stored | Recovered) -> None:
    """Hand a result to the loop; a caller who gave up, or a loop that is closed, needs none."""

    def settle() -> None:
        if not future.done():
            future.set_result(value)  # type: ignore[arg-type]

    try:
        future.get_loop().call_soon_threadsafe(settle)
    except RuntimeError:
        return
