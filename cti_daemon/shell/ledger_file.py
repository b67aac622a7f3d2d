"""The queues' figures on disk: one JSON file, replaced as a whole. Why not the journal: the journal is a chain of decisions that
is never rewritten; these are levels, worth nothing once the next ones are there."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from cti_daemon.shell import log

WRITE_SECONDS = 5.0
_log = log.get("ledger")


class Kept(NamedTuple):
    plain: dict[str, Any]
    aged_seconds: float
    """Since it was written, by the wall clock; never negative."""


class LedgerFile:
    """One per daemon."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._repeats = log.Repeats(_log)

    def read(self) -> Kept | None:
        """What the last run left; None when there is nothing, or nothing that can be read (then it is put aside and said)."""
        try:
            kept = json.loads(self._path.read_bytes())
            return Kept(kept["figures"], max(0.0, time.time() - float(kept["saved_wall"])))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as fault:
            self.put_aside(str(fault))
            return None

    def put_aside(self, why: str) -> None:
        """It cannot be used: counters begin anew."""
        aside = self._path.with_name(f"{self._path.name}.damaged")
        _log.error("the queues' figures cannot be read; they begin anew", file=str(self._path), fault=why, put_aside=str(aside))
        try:
            self._path.replace(aside)
        except OSError as fault:
            _log.warning("the file could not be put aside", fault=str(fault))

    async def run(self, draw: Callable[[], dict[str, Any]]) -> None:
        """Write every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            await self.write(draw())

    async def write(self, plain: dict[str, Any]) -> None:
        """Durable when this returns, or said why not. Never raises for the disk."""
        await asyncio.to_thread(self._replace, plain)

    def _replace(self, plain: dict[str, Any]) -> None:
        body = json.dumps({"saved_wall": round(time.time(), 3), "figures": plain}, separators=(",", ":")).encode()
        fresh = self._path.with_name(f"{self._path.name}.new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            with fresh.open("wb") as stream:
                fresh.chmod(0o640)
                stream.write(body)
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(self._path)
        except OSError as fault:
            self._repeats.failed("write", "the queues' figures cannot be kept; after a restart they would begin anew", fault=str(fault))
        else:
            self._repeats.well("write", "the queues' figures are kept again")
