"""The SQLite file of the register, used by one thread. Raises `sqlite3.Error` and `OSError`; the register knows what to do then.

Not in the journal: a chain of hashes keeps everything for good, and a caller has the right to be corrected and erased. What is erased
is overwritten (`secure_delete`), and the write-ahead log is emptied behind it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cti_daemon.model.ids import CallToken, NodeName, QueueName
from cti_daemon.model.register import CallerKey, Harm, Harmed, Progress, Row, RowNumber, RowState
from cti_daemon.shell.informed_file import SCHEMA as INFORMED_SCHEMA
from cti_daemon.shell.informed_file import Informed
from cti_daemon.shell.register_keys import KeyRing, LostKeyError, TornError
from cti_daemon.shell.ticket_file import SCHEMA, Tickets

BUSY_SECONDS = 1.0
NUMBER = "number"
"""The column that is sealed."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS callers (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  token TEXT NOT NULL UNIQUE,
  harm TEXT NOT NULL,
  was TEXT NOT NULL,
  node TEXT NOT NULL,
  edge TEXT NOT NULL,
  queue TEXT,
  harmed_wall REAL NOT NULL,
  changed_wall REAL NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next_wall REAL NOT NULL,
  result TEXT NOT NULL,
  by TEXT NOT NULL,
  times INTEGER NOT NULL,
  number BLOB,
  caller TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS callers_by_caller ON callers (caller);
"""
_COLUMNS = (
    "row, token, harm, was, node, edge, queue, harmed_wall, changed_wall, state, attempts, next_wall, result, by, times, number, caller"
)


_RANK = {Harm.EMERGENCY: 0, Harm.HUNG_UP: 1, Harm.ASKED: 2, Harm.LOST: 3}


class DamagedError(Exception):
    """The file is there and is not a whole register."""


class RegisterFile:
    """An open file. Each method that changes something is one durable commit."""

    def __init__(self, path: Path, ring: KeyRing) -> None:
        self._ring = ring
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        if not path.exists():
            path.touch(mode=0o640)  # before SQLite makes it as the umask likes
        self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        self.tickets = Tickets(self._db)
        self.informed = Informed(self._db)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA secure_delete=ON")
            self._db.executescript(_SCHEMA + SCHEMA + INFORMED_SCHEMA)
            self._check()
        except BaseException:
            self._db.close()
            raise

    def _check(self) -> None:
        with closing(self._db.execute("PRAGMA quick_check(1)")) as rows:
            word = rows.fetchone()[0]
        if word != "ok":
            raise DamagedError(word)

    def close(self) -> None:
        self._db.close()

    # --- in -----------------------------------------------------------------------------------------------------------

    def keep(self, harmed: Harmed, number: str | None, wall: float) -> tuple[Row, bool]:
        """The row of this caller, and whether it is new. A call has one row. Who has an open row already gets no second one: it is counted
        there (`times`), and the graver harm stays."""
        digest = self._ring.digest(number) if number else ""
        with self._transaction():
            held = self._first("token = ?", harmed.token)
            if held is None and digest and harmed.state is not RowState.CLOSED:
                held = self._first("caller = ? AND state != 'closed'", digest)
                if held is not None:
                    self._db.execute("UPDATE callers SET times = times + 1, changed_wall = ? WHERE row = ?", (wall, held.row))
            if held is not None:
                if held.harmed.token == harmed.token and _RANK[harmed.harm] > _RANK[held.harmed.harm]:
                    self._db.execute(
                        "UPDATE callers SET harm = ?, state = ?, changed_wall = ? WHERE row = ?",
                        (harmed.harm.value, harmed.state.value, wall, held.row),
                    )
                if number and not held.has_number:
                    self._write_number(held.row, number)
                return self._get(held.row), False
            cursor = self._db.execute(
                "INSERT INTO callers (token, harm, was, node, edge, queue, harmed_wall, changed_wall, state, attempts, next_wall,"
                " result, by, times, caller) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, '', '', 1, '')",
                (
                    harmed.token,
                    harmed.harm.value,
                    harmed.was,
                    harmed.node,
                    harmed.edge,
                    harmed.queue,
                    wall - harmed.ago_seconds,
                    wall,
                    harmed.state.value,
                ),
            )
            row = int(cursor.lastrowid or 0)
            if number:
                self._write_number(row, number)
            return self._get(row), True

    def note(self, row: RowNumber, progress: Progress, wall: float) -> Row | None:
        """How the row stands now; None: there is no such row any more."""
        with self._transaction():
            self._db.execute(
                "UPDATE callers SET state = ?, attempts = ?, next_wall = ?, result = ?, by = ?, changed_wall = ? WHERE row = ?",
                (progress.state.value, progress.attempts, progress.next_wall, progress.result, progress.by, wall, row),
            )
        return self.get(row)

    def correct(self, row: RowNumber, number: str, wall: float) -> None:
        with self._transaction():
            self._write_number(row, number)
            self._db.execute("UPDATE callers SET changed_wall = ? WHERE row = ?", (wall, row))

    def erase(self, rows: list[RowNumber], wall: float) -> None:
        """Take the numbers out for good. What happened stays, with nobody's number: counts must close."""
        with self._transaction():
            self.informed.forget(rows)
            self._db.executemany(
                "UPDATE callers SET number = NULL, caller = '', state = 'closed', result = 'erased', changed_wall = ? WHERE row = ?",
                [(wall, row) for row in rows],
            )
        self._empty_log()

    def expire(self, before_wall: float) -> list[RowNumber]:
        """Erase the rows of interruptions before that instant, whole; which ones."""
        with self._transaction():
            found = [int(row) for (row,) in self._db.execute("SELECT row FROM callers WHERE harmed_wall < ? ORDER BY row", (before_wall,))]
            self.informed.forget(found)
            self._db.executemany("DELETE FROM callers WHERE row = ?", [(row,) for row in found])
        if found:
            self._empty_log()
        return found

    def rotate(self) -> tuple[int, int]:
        """Seal with the key that writes what an older one has sealed; how many that were, and how many cannot be opened any more."""
        sealed_anew = lost = 0
        with self._transaction():
            for row, sealed in self._db.execute("SELECT row, number FROM callers WHERE number IS NOT NULL").fetchall():
                try:
                    number = self._ring.open(sealed, row, NUMBER)
                except (LostKeyError, TornError):  # it stays as it is, and is told
                    lost += 1
                    continue
                sealed_anew += self._ring.is_old(sealed)
                self._write_number(row, number)
        self._empty_log()
        return sealed_anew, lost

    # --- out ----------------------------------------------------------------------------------------------------------

    def get(self, row: RowNumber) -> Row | None:
        return self._first("row = ?", row)

    def number(self, row: RowNumber) -> str | None:
        """None: not known, or erased. Raises LostKeyError, TornError."""
        found = self._db.execute("SELECT number FROM callers WHERE row = ?", (row,)).fetchone()
        return None if found is None or found[0] is None else self._ring.open(found[0], row, NUMBER)

    def find(self, number: str) -> list[Row]:
        return list(self._rows("caller = ?", self._ring.digest(number)))

    def rows(self, state: RowState | None = None) -> list[Row]:
        """All, or those that stand so; the oldest first."""
        return list(self._rows("state = ?", state.value) if state else self._rows("1 = ?", 1))

    def open_rows(self) -> list[Row]:
        return list(self._rows("state != ?", RowState.CLOSED.value))

    def counts(self) -> dict[str, int]:
        return dict(self._db.execute("SELECT state, count(*) FROM callers GROUP BY state").fetchall())

    # --- inside -------------------------------------------------------------------------------------------------------

    def _write_number(self, row: RowNumber, number: str) -> None:
        sealed = self._ring.seal(number, row, NUMBER)
        self._db.execute("UPDATE callers SET number = ?, caller = ? WHERE row = ?", (sealed, self._ring.digest(number), row))

    def _get(self, row: RowNumber) -> Row:
        found = self._first("row = ?", row)
        if found is None:
            raise DamagedError(f"row {row} is gone")
        return found

    def _first(self, where: str, value: str | int) -> Row | None:
        return next(iter(self._rows(where, value)), None)

    def _rows(self, where: str, value: str | int) -> Iterator[Row]:
        for found in self._db.execute(f"SELECT {_COLUMNS} FROM callers WHERE {where} ORDER BY row", (value,)).fetchall():  # noqa: S608 - our own words
            yield _row_of(found)

    def _empty_log(self) -> None:
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

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


def _row_of(found: tuple[object, ...]) -> Row:
    (row, token, harm, was, node, edge, queue, harmed_wall, changed_wall, state, attempts, next_wall, result, by, times, number, caller) = (
        found
    )
    return Row(
        row=int(str(row)),
        harmed=Harmed(
            CallToken(str(token)),
            Harm(str(harm)),
            str(was),
            NodeName(str(node)),
            NodeName(str(edge)),
            RowState(str(state)),
            QueueName(str(queue)) if queue is not None else None,
        ),
        progress=Progress(RowState(str(state)), int(str(attempts)), float(str(next_wall)), str(result), str(by)),
        harmed_wall=float(str(harmed_wall)),
        changed_wall=float(str(changed_wall)),
        has_number=number is not None,
        caller=CallerKey(str(caller)),
        times=int(str(times)),
    )
