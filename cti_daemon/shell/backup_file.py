"""Copies of the journal as files: made beside the running daemon, tried by putting them back in a scratch place, put back for real.

A copy that was not tried is none: it gets its name only after it was put back, opened and walked through from the first entry to the last.
Every fault is a BackupError with what to do about it; nothing half-made stays."""

import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from cti_daemon.shell.journal_file import DamagedError, JournalFile
from cti_daemon.shell.journal_reader import UnreadableError, Verification, head_at, verify

STAMP = "%Y-%m-%dT%H%M%SZ"  # without a run of digits that would be masked as a telephone number
_NAME = re.compile(r"journal-(\d{4}-\d\d-\d\dT\d{6}Z)\.sqlite")
_PARTIAL = ".journal.partial"
LEAST_FREE_BYTES = 16 * 2**20
"""Left on the disk beside the copy and its trial: the journal itself may live there."""
BUSY_SECONDS = 5.0


class BackupError(Exception):
    """Why there is no copy, or none that can be used."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One copy in the folder."""

    path: Path
    made_wall: datetime


@dataclass(frozen=True, slots=True)
class Tried:
    """A copy that was put back in a scratch place: what it holds."""

    path: Path
    entries: int
    head_hash: str


def kept(folder: Path) -> list[Kept]:
    """The newest first; none where the folder is not there."""
    try:
        named = [(path, match[1]) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    except OSError:
        return []
    copies = [Kept(path, datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)) for path, stamp in named]
    return sorted(copies, key=lambda each: each.made_wall, reverse=True)


def make(journal: Path, folder: Path, keep: int, now: datetime) -> Tried:
    """Copy the journal, whoever writes it meanwhile, try the copy, and take the oldest beyond `keep` away. Raises BackupError."""
    with _told("copied"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = folder / _PARTIAL
        partial.unlink(missing_ok=True)
        _see_room(journal, folder)
        try:
            _copy_living(journal, partial)
            tried = try_out(partial)
            target = folder / f"journal-{now.strftime(STAMP)}.sqlite"
            partial.rename(target)
            _sync_folder(folder)
        finally:
            partial.unlink(missing_ok=True)
        for old in kept(folder)[keep:]:
            old.path.unlink()
    return Tried(target, tried.entries, tried.head_hash)


def try_out(copy: Path) -> Tried:
    """Put it back in a scratch place beside it and walk through it. Raises BackupError."""
    with _told("tried"), tempfile.TemporaryDirectory(prefix=".trial-", dir=copy.parent) as scratch:
        place = Path(scratch) / "journal.sqlite"
        put_back(copy, place)
        with closing(JournalFile(place)) as file:
            file.check()
            file.recover()
        found = verify(place)
    return _whole(copy, found)


def newest_good(folder: Path) -> Tried:
    """The newest that can be used, however many are broken. Raises BackupError when there is none."""
    why = []
    for each in kept(folder):
        try:
            return try_out(each.path)
        except BackupError as fault:
            why.append(str(fault))
    raise BackupError("; ".join(why) or f"there is no backup in {folder}")


def put_back(copy: Path, journal: Path) -> None:
    """`copy` becomes the journal; nothing that belongs to another one stays beside it. Raises OSError."""
    draft = journal.with_name(f".{journal.name}.restored")
    shutil.copyfile(copy, draft)
    draft.chmod(0o640)
    _give_to_owner_of(journal.parent, draft)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    for suffix in ("-wal", "-shm"):
        journal.with_name(journal.name + suffix).unlink(missing_ok=True)
    draft.rename(journal)
    _sync_folder(journal.parent)


def is_of_this_journal(tried: Tried, journal: Path) -> bool:
    """Is the copy the beginning of the journal as it stands? Raises UnreadableError."""
    return head_at(journal, tried.entries) == tried.head_hash


def _whole(copy: Path, found: Verification) -> Tried:
    if found.broken_at is not None:
        raise BackupError(
            f"{copy.name}: entry {found.broken_at} does not follow from the one before it; `cti-daemon journal verify` says whether "
            "the journal itself was changed. The older copies stay"
        )
    return Tried(copy, found.entries, found.head_hash)


def _see_room(journal: Path, folder: Path) -> None:
    parts = (journal.with_name(journal.name + suffix) for suffix in ("", "-wal"))
    size = sum(part.stat().st_size for part in parts if part.exists())
    free, needed = shutil.disk_usage(folder).free, 2 * size + LEAST_FREE_BYTES
    if free < needed:
        raise BackupError(f"{folder}: {free // 2**20} MB are free, {needed // 2**20} MB are needed for a copy and its trial: make room")


def _copy_living(journal: Path, target: Path) -> None:
    """SQLite's online backup in one step: a reader's picture, which keeps no writer waiting (WAL)."""
    if not journal.exists():
        raise BackupError(f"{journal} does not exist: there is nothing to copy")
    target.touch(mode=0o600)
    source = f"file:{quote(str(journal.resolve()))}?mode=ro"
    with closing(sqlite3.connect(source, uri=True, timeout=BUSY_SECONDS)) as living, closing(sqlite3.connect(target)) as copy:
        living.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    _give_to_owner_of(target.parent, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _give_to_owner_of(folder: Path, path: Path) -> None:
    """What root makes by hand the daemon must be able to read."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(done: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError, DamagedError, UnreadableError) as error:
        raise BackupError(f"cannot be {done}: {error}") from error


def remember_drill(folder: Path, now: datetime) -> None:
    """When the last restore drill was passed, for whoever asks when the next one is due."""
    (folder / "last-drill").write_text(now.isoformat(timespec="seconds") + "\n", encoding="ascii")


def last_drill(folder: Path) -> float | None:
    """Wall time of the last restore drill that was passed; None: never."""
    with suppress(OSError, ValueError):
        return datetime.fromisoformat((folder / "last-drill").read_text(encoding="ascii").strip()).timestamp()
    return None


def elapsed_ms(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
