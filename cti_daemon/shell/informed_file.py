"""Which callers were told of which incident, in the register's file: a caller is claimed, durably, before a message to him leaves, so
that a kill in between repeats none. No number, no text: the caller's digest, which goes when his number is erased."""

import sqlite3
from collections.abc import Iterable

from cti_daemon.model.register import CallerKey, RowNumber

SCHEMA = """
CREATE TABLE IF NOT EXISTS informed (
  incident TEXT NOT NULL, about TEXT NOT NULL, caller TEXT NOT NULL, row INTEGER NOT NULL, via TEXT NOT NULL, result TEXT NOT NULL,
  wall REAL NOT NULL, PRIMARY KEY (incident, about, caller)
) STRICT;
"""
BEGUN = "begun"
"""Claimed, and its end is not known: perhaps it arrived."""


class Informed:
    """On an open register. Raises `sqlite3.Error`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def claim(self, incident: str, about: str, caller: CallerKey, row: RowNumber, wall: float) -> str | None:
        """None: he is ours to tell, now and never again. Else what became of him before."""
        cursor = self._db.execute(
            "INSERT OR IGNORE INTO informed (incident, about, caller, row, via, result, wall) VALUES (?, ?, ?, ?, '', ?, ?)",
            (incident, about, caller, row, BEGUN, wall),
        )
        if cursor.rowcount == 1:
            return None
        found = self._db.execute(
            "SELECT result FROM informed WHERE incident = ? AND about = ? AND caller = ?", (incident, about, caller)
        ).fetchone()
        return str(found[0])

    def told(self, incident: str, about: str) -> frozenset[CallerKey]:
        """Everybody who was claimed."""
        found = self._db.execute("SELECT caller FROM informed WHERE incident = ? AND about = ?", (incident, about)).fetchall()
        return frozenset(CallerKey(caller) for (caller,) in found)

    def settle(self, incident: str, about: str, caller: CallerKey, via: str, result: str) -> None:
        self._db.execute(
            "UPDATE informed SET via = ?, result = ? WHERE incident = ? AND about = ? AND caller = ?",
            (via, result, incident, about, caller),
        )

    def forget(self, rows: Iterable[RowNumber]) -> None:
        """Their callers are erased."""
        self._db.executemany(
            "DELETE FROM informed WHERE row = ?1 OR caller IN (SELECT caller FROM callers WHERE row = ?1 AND caller != '')",
            [(row,) for row in rows],
        )
