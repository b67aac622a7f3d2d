"""Reading a journal that another process may be writing: never writes, never waits for the writer."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cti_daemon.shell.journal_file import ROW, Row, entry_of
from cti_daemon.wire.journal_record import GENESIS, Entry, chained


class UnreadableError(Exception):
    """Why the journal cannot be read, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk along the whole chain found. `head_hash` belongs to entry number `entries`; who noted an earlier pair elsewhere can
    tell with it whether anything before was changed or cut off."""

    entries: int
    head_hash: str
    broken_at: int | None
    """Number of the first entry that does not follow from the one before it; None: the chain holds."""
    missing: int | None = None
    """Number of the first entry that is not there; None: none is missing."""


def read(path: Path, *, after: int = 0, kinds: frozenset[str] | None = None) -> Iterator[Entry]:
    """The entries with a number above `after`, oldest first; of `kinds` only, if given. Raises UnreadableError."""
    for row in _rows(path, after):
        if kinds is None or row[1] in kinds:
            try:
                yield entry_of(row)
            except ValueError as error:
                raise UnreadableError(f"{path}: entry {row[6]} is damaged: {error}") from error


def verify(path: Path) -> Verification:
    """Walk the whole chain, to its first fault. Raises UnreadableError."""
    seq, previous = 0, GENESIS
    for row in _rows(path, 0):
        number, digest = row[6], row[7]
        if number != seq + 1:
            return Verification(seq, previous, broken_at=number, missing=seq + 1)
        try:
            follows = chained(entry_of(row), number, previous).hash == digest
        except ValueError:  # what stands there is no JSON any more
            follows = False
        if not follows:
            return Verification(seq, previous, broken_at=number)
        seq, previous = number, digest
    return Verification(seq, previous, broken_at=None)


def head(path: Path) -> tuple[int, str]:
    """Number and hash of the newest entry; (0, GENESIS) in an empty journal. Raises UnreadableError."""
    try:
        with closing(_open(path)) as db:
            row = db.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    except sqlite3.Error as error:
        raise UnreadableError(_told(path, error)) from error
    return (0, GENESIS) if row is None else (int(row[0]), str(row[1]))


def began(path: Path) -> str | None:
    """The wall time of the oldest entry; None in an empty journal. Raises UnreadableError."""
    row = next(_rows(path, 0), None)
    return None if row is None else row[2]


def head_at(path: Path, seq: int) -> str | None:
    """The hash of entry `seq`; None: there is no such entry. Raises UnreadableError."""
    return next((row[7] for row in _rows(path, seq - 1)), None) if seq > 0 else GENESIS


def _rows(path: Path, after: int) -> Iterator[Row]:
    try:
        with closing(_open(path)) as db:
            yield from db.execute(f"{ROW} WHERE seq > ? ORDER BY seq", (after,))
    except sqlite3.Error as error:
        raise UnreadableError(_told(path, error)) from error


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise UnreadableError(f"{path} does not exist; is this the journal's path in the configuration?")
    try:
        return sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, timeout=2.0)
    except sqlite3.OperationalError as error:
        raise UnreadableError(_told(path, error)) from error


def _told(path: Path, error: sqlite3.Error) -> str:
    """SQLite opens a file when it is first read, and says of a missing right only that it could not."""
    rights = "; it can be read by root and by the daemon's own user" if "unable to open" in str(error) else ""
    return f"{path}: {error}{rights}"
