"""The SQLite file of the journal, used by one thread. Raises `sqlite3.Error` and `OSError`; the journal knows what to do then."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cti_daemon.model.ids import NodeName
from cti_daemon.wire.journal_record import GENESIS, Entry, canonical, chained, first_break

BUSY_SECONDS = 1.0
CHAIN_CHECKED_AT_START = 1000
ANSWERS_RECALLED = 1000
PLAN_VERSIONS_RECALLED = 200

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
  seq INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  wall TEXT NOT NULL,
  monotonic REAL NOT NULL,
  boot_id TEXT NOT NULL,
  data TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_kind ON entries (kind, seq);
"""
ROW = "SELECT uid, kind, wall, monotonic, boot_id, data, seq, hash FROM entries"

Row = tuple[str, str, str, float, str, str, int, str]


class DamagedError(Exception):
    """The file is there and is not a whole journal."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the journal knew when it was opened. `route` is the last routing decision (an entry `route` or `failover_intent`,
    whichever came later); `open_failover` an intent whose outcome was never written; `orders` people's standing orders; `damaged`
    where a broken file was moved to; `chain_broken_at` the first entry that was tampered with."""

    route: Entry | None = None
    open_failover: Entry | None = None
    orders: Entry | None = None
    drills: Entry | None = None
    """The last word on drills."""
    entries: int = 0
    lives: dict[NodeName, str] = field(default_factory=dict)
    """The last settled life of each media server."""
    answers: tuple[Entry, ...] = ()
    """The newest ANSWERS_RECALLED answers to commands, in their order."""
    plans: Entry | None = None
    """The last word on plans and incidents."""
    lease_nonce: str = ""
    """Of the claim under which this daemon of a pair acted last; empty: never."""
    plan_versions: tuple[Entry, ...] = ()
    """The newest PLAN_VERSIONS_RECALLED versions that incidents have begun with."""
    damaged: Path | None = None
    restored_from: Path | None = None
    """The backup that we run on since the journal was damaged."""
    chain_broken_at: int | None = None


class JournalFile:
    """An open file. `write` is one durable commit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        if not path.exists():
            path.touch(mode=0o640)  # before SQLite makes it as the umask likes
        self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def check(self) -> None:
        """Raises DamagedError for a file that SQLite cannot trust."""
        with closing(self._db.execute("PRAGMA quick_check(1)")) as rows:
            word = rows.fetchone()[0]
        if word != "ok":
            raise DamagedError(word)

    def write(self, entries: Sequence[Entry]) -> None:
        """Append in order, in one commit. Entries already in the file (their commit's answer was lost) are left alone."""
        with self._transaction():
            seq, previous = self._tail()
            for entry in entries:
                if self._db.execute("SELECT 1 FROM entries WHERE uid = ?", (entry.uid,)).fetchone():
                    continue
                seq += 1
                bound = chained(entry, seq, previous)
                previous = bound.hash
                self._db.execute(
                    "INSERT INTO entries (seq, uid, kind, wall, monotonic, boot_id, data, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (seq, bound.uid, bound.kind, bound.wall, bound.monotonic, bound.boot_id, canonical(bound.data), bound.hash),
                )

    def recover(self) -> Recovered:
        return Recovered(
            route=self._last("route", "failover_intent"),
            open_failover=self._open_failover(),
            orders=self._last("orders"),
            drills=self._last("drills"),
            entries=self._tail()[0],
            lives={NodeName(str(e.data["node"])): str(e.data["life"]) for e in self._rows("WHERE kind = ? ORDER BY seq", "node_life")},
            answers=tuple(self._rows("WHERE kind = 'answer' ORDER BY seq DESC LIMIT ?", ANSWERS_RECALLED))[::-1],
            plans=self._last("plans"),
            lease_nonce=self._lease_nonce(),
            plan_versions=tuple(self._rows("WHERE kind = 'plan_version' ORDER BY seq DESC LIMIT ?", PLAN_VERSIONS_RECALLED)),
            chain_broken_at=self._chain_broken_at(),
        )

    def _lease_nonce(self) -> str:
        taken = (e for e in self._rows("WHERE kind = ? ORDER BY seq DESC LIMIT 20", "lease") if e.data.get("state") == "taken")
        return next((str(entry.data["nonce"]) for entry in taken), "")

    def _last(self, *kinds: str) -> Entry | None:
        rows = (self._db.execute(f"{ROW} WHERE kind = ? ORDER BY seq DESC LIMIT 1", (k,)).fetchone() for k in kinds)
        return max((entry_of(r) for r in rows if r is not None), key=lambda e: e.seq, default=None)

    def _open_failover(self) -> Entry | None:
        intent = self._last("failover_intent")
        if intent is None:
            return None
        later = self._rows("WHERE kind = 'failover_done' AND seq > ?", intent.seq)
        closed = any(done.data.get("epoch") == intent.data.get("epoch") for done in later)
        return None if closed else intent

    def _chain_broken_at(self) -> int | None:
        before = max(0, self._tail()[0] - CHAIN_CHECKED_AT_START)
        anchor = self._db.execute("SELECT hash FROM entries WHERE seq = ?", (before,)).fetchone()
        return first_break(anchor[0] if anchor else GENESIS, self._rows("WHERE seq > ? ORDER BY seq", before))

    def _rows(self, where: str, value: int | str) -> Iterable[Entry]:
        return map(entry_of, self._db.execute(f"{ROW} {where}", (value,)))

    def _tail(self) -> tuple[int, str]:
        row = self._db.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return (0, GENESIS) if row is None else (row[0], row[1])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def move_aside(path: Path, stamp: str, why: str = "damaged") -> Path:
    """Rename a journal with what belongs to it; returns its new place."""
    aside = path.with_name(f"{path.name}.{why}-{stamp}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def entry_of(row: Row) -> Entry:
    uid, kind, wall, monotonic, boot_id, data, seq, digest = row
    return Entry(uid, kind, wall, monotonic, boot_id, json.loads(data), seq, digest)
