"""The register beside the loop: a thread of its own does what the file takes time for.

A disk that is full, read-only or gone stops nobody: what must be written is held in memory (bounded), said to be held, and written in
its order when the disk is back. What is only asked is told the fault at once."""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from cti_daemon.model.register import Harmed, Progress, Row, RowNumber
from cti_daemon.shell import log
from cti_daemon.shell.journal_file import move_aside
from cti_daemon.shell.register_file import DamagedError, RegisterFile
from cti_daemon.shell.register_keys import KeyRing

MOST_HELD = 10_000
RETRY_SECONDS = 1.0
CLOSE_SECONDS = 3.0
_DAMAGED = {"SQLITE_CORRUPT", "SQLITE_NOTADB"}

T = TypeVar("T")


class RegisterError(Exception):
    """Why the register cannot be asked at this moment."""


@dataclass(slots=True)
class _Job:
    """`is_kept`: it must be written, however long the disk takes."""

    work: Callable[[RegisterFile], Any]
    done: "asyncio.Future[Any]"
    is_kept: bool


@dataclass(slots=True)
class _Closing:
    done: threading.Event = field(default_factory=threading.Event)


class Register:
    """One SQLite file (WAL, synchronous FULL). `fault`: why the disk does not take it; None while it does. `lost`: entries given up because
    memory is bounded too."""

    def __init__(self, path: str | Path, ring: KeyRing) -> None:
        self.fault: str | None = None
        self.lost = 0
        self.counts: dict[str, int] = {}
        """Rows by how they stand, as of the last look into the file."""
        self._path = Path(path)
        self._ring = ring
        self._jobs: queue.SimpleQueue[_Job | _Closing] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="register", daemon=True)
        # below: used by the register's thread only
        self._file: RegisterFile | None = None
        self._held: deque[_Job] = deque()
        self._log = log.get("register")
        self._repeats = log.Repeats(self._log)

    def start(self) -> None:
        self._thread.start()

    async def close(self) -> None:
        """Write what is still held, if the disk takes it, and close the file."""
        if self._thread.is_alive():
            job = _Closing()
            self._jobs.put(job)
            await asyncio.to_thread(job.done.wait, CLOSE_SECONDS)

    @property
    def backlog(self) -> int:
        """Entries that are not durable yet."""
        return len(self._held)

    async def keep(self, harmed: Harmed, number: str | None) -> tuple[Row, bool]:
        """Returns when the caller's row is durable, however long the disk takes; see `RegisterFile.keep`."""
        wall = time.time()
        return await self._put(lambda file: file.keep(harmed, number, wall), is_kept=True)

    async def note(self, row: RowNumber, progress: Progress) -> Row | None:
        wall = time.time()
        return await self._put(lambda file: file.note(row, progress, wall), is_kept=True)

    async def ask(self, work: Callable[[RegisterFile], T]) -> T:
        """Do this in the register's thread. Raises RegisterError when the disk fails, and what `work` itself raises."""
        return await self._put(work, is_kept=False)

    async def _put(self, work: Callable[[RegisterFile], T], *, is_kept: bool) -> T:
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(work, done, is_kept))
        return await done

    # --- the register's thread ----------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=RETRY_SECONDS if self._held else None)
            except queue.Empty:
                job = None
            self._catch_up()
            if isinstance(job, _Closing):
                self._drop_file()
                job.done.set()
                return
            if job is not None:
                self._take(job)

    def _catch_up(self) -> None:
        while self._held:
            job = self._held.popleft()
            if not self._try(job):
                self._held.appendleft(job)
                return
            if not self._held:
                self._repeats.well("write", "the register is written again")

    def _take(self, job: _Job) -> None:
        if self._held and job.is_kept:
            self._hold(job)
        elif not self._try(job):
            if job.is_kept:
                self._hold(job)
            else:
                _settle(job.done, RegisterError(f"the register cannot be used: {self.fault}"))

    def _hold(self, job: _Job) -> None:
        self._held.append(job)
        while len(self._held) > MOST_HELD:
            _settle(self._held.popleft().done, RegisterError("given up: memory is bounded too"))
            self.lost += 1

    def _try(self, job: _Job) -> bool:
        """False: the disk does not take it now."""
        try:
            file = self._opened()
            found = job.work(file)
            self.counts = file.counts()
        except DamagedError as error:
            self._failed(error)
            return False
        except (sqlite3.Error, OSError) as error:
            self._drop_file()
            if getattr(error, "sqlite_errorname", "") in _DAMAGED:
                with contextlib.suppress(OSError):  # else it is put aside when it is opened
                    self._put_aside(error)
            self._failed(error)
            return False
        except Exception as error:  # noqa: BLE001 - the asker's own affair: a lost key, a torn value
            _settle(job.done, error)
            return True
        self.fault = None
        _settle(job.done, found)
        return True

    def _opened(self) -> RegisterFile:
        if self._file is None:
            try:
                self._file = RegisterFile(self._path, self._ring)
            except (sqlite3.Error, DamagedError) as error:
                if not isinstance(error, DamagedError) and getattr(error, "sqlite_errorname", "") not in _DAMAGED:
                    raise
                self._put_aside(error)
                self._file = RegisterFile(self._path, self._ring)
        return self._file

    def _put_aside(self, error: Exception) -> None:
        aside = move_aside(self._path, datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ"))
        self._log.error("the register was damaged and is put aside; a new one begins", fault=str(error), put_aside=str(aside))

    def _failed(self, error: Exception) -> None:
        self.fault = f"{self._path}: {error}"
        self._repeats.failed("write", "the register cannot be written; entries are held in memory", fault=self.fault, held=len(self._held))

    def _drop_file(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except sqlite3.Error as error:
                self._log.debug("the register did not close cleanly", fault=str(error))
            self._file = None


def _settle(future: "asyncio.Future[Any]", found: object) -> None:
    """Hand a result or an error to the loop; who gave up, or a loop that is closed, needs none."""

    def settle() -> None:
        if future.done():
            return
        if isinstance(found, Exception):
            future.set_exception(found)
        else:
            future.set_result(found)

    try:
        future.get_loop().call_soon_threadsafe(settle)
    except RuntimeError:
        return
