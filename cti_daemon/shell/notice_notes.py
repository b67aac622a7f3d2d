"""What was handed to whom, on disk: so that nothing is sent twice over a restart of the daemon, and nothing is forgotten.

One JSON line before a try leaves and one behind it; no address, no text. Not in the journal, which is the core's: these are the
hands' own notes. A month later they are dropped."""

import asyncio
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from cti_daemon.policy.reaching import Tried, TryResult
from cti_daemon.shell import log

KEPT_SECONDS = 31 * 86_400.0
WITHIN_SECONDS = 1.0
"""So long a message waits for the disk: people are told also when it is full."""
_log = log.get("notices")


class _Note(NamedTuple):
    wall: float
    notice: str
    tried: Tried


class NoticeNotes:
    """One per daemon. `path` is beside the journal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes: dict[str, dict[tuple[str, int], Tried]] = {}
        self._repeats = log.Repeats(_log)
        self._order = asyncio.Lock()

    def read(self) -> None:
        """What earlier runs noted. A line that cannot be read is passed over: the last one of a run that was killed may be half."""
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return
        except (OSError, ValueError) as fault:
            _log.error("the notes of what was sent cannot be read: an open notice may be sent a second time", fault=str(fault))
            return
        least = time.time() - KEPT_SECONDS
        kept = [note for note in map(_note_in, lines) if note is not None and note.wall >= least]
        for note in kept:
            self._take(note)
        if len(kept) < len(lines):
            self._replace(kept)

    def tried(self, notice: str) -> tuple[Tried, ...]:
        """What was tried for this notice, in order."""
        return tuple(self._notes.get(notice, {}).values())

    async def note(self, notice: str, tried: Tried) -> None:
        """Durable when this returns, or said why not. Never raises for the disk."""
        note = _Note(time.time(), notice, tried)
        self._take(note)
        async with self._order:
            writing = asyncio.ensure_future(asyncio.to_thread(self._append, _line(note)))
            done, _ = await asyncio.wait({writing}, timeout=WITHIN_SECONDS)
        fault = writing.result() if done else f"no answer within {WITHIN_SECONDS:g} s"
        if fault:
            self._repeats.failed("write", "what was sent cannot be noted; after a restart it may be sent a second time", fault=fault)
        else:
            self._repeats.well("write", "what is sent is noted again")

    def _take(self, note: _Note) -> None:
        self._notes.setdefault(note.notice, {})[note.tried.person, note.tried.place] = note.tried

    def _append(self, line: str) -> str:
        """Empty, or why not."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            with os.fdopen(
                os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640), "a", encoding="utf-8"
            ) as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as fault:
            return str(fault)
        return ""

    def _replace(self, notes: Iterable[_Note]) -> None:
        fresh = self._path.with_name(f"{self._path.name}.new")
        try:
            fresh.write_text("".join(map(_line, notes)), encoding="utf-8")
            fresh.chmod(0o640)
            fresh.replace(self._path)
        except OSError as fault:
            _log.warning("old notes of what was sent cannot be dropped", fault=str(fault))


def _line(note: _Note) -> str:
    tried = note.tried
    result = tried.result.value if tried.result is not None else None
    told: dict[str, Any] = {"wall": round(note.wall, 3), "notice": note.notice, "person": tried.person, "place": tried.place}
    return json.dumps({**told, "via": tried.via, "result": result, "reason": tried.reason}, ensure_ascii=False) + "\n"


def _note_in(line: str) -> _Note | None:
    try:
        told = json.loads(line)
        result = TryResult(told["result"]) if told["result"] is not None else None
        tried = Tried(str(told["person"]), int(told["place"]), str(told["via"]), result, str(told["reason"]))
        return _Note(float(told["wall"]), str(told["notice"]), tried)
    except (ValueError, KeyError, TypeError):
        return None
