"""Paper tickets in the register's file: which numbers were printed, and which became what in the business system. No word of a caller:
those are in the system, and on the paper."""

import sqlite3
from collections import Counter
from dataclasses import dataclass

from cti_daemon.model.register import RowNumber

SCHEMA = """
CREATE TABLE IF NOT EXISTS ticket_series (first INTEGER NOT NULL, count INTEGER NOT NULL, by TEXT NOT NULL, wall REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS tickets (
  paper INTEGER NOT NULL, system TEXT NOT NULL, row INTEGER, by TEXT NOT NULL, wall REAL NOT NULL, UNIQUE (paper, system)
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What is still open between paper, system and register."""

    printed: int
    entered: int
    gaps: tuple[int, ...]
    """Printed, and not entered: blank, lost, or still to be entered."""
    strangers: tuple[int, ...]
    """Entered, and never printed."""
    double_papers: tuple[int, ...]
    """One paper, several numbers in the system."""
    double_systems: tuple[str, ...]
    """One number in the system, several papers."""
    rows_without: tuple[RowNumber, ...]
    """Handled on an emergency seat, and no ticket names the row."""


class Tickets:
    """On an open register. Raises `sqlite3.Error`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def print_series(self, count: int, by: str, wall: float) -> int:
        """Give out so many fresh numbers; the first of them."""
        (highest,) = self._db.execute("SELECT coalesce(max(first + count - 1), 0) FROM ticket_series").fetchone()
        self._db.execute("INSERT INTO ticket_series VALUES (?, ?, ?, ?)", (highest + 1, count, by, wall))
        return int(highest) + 1

    def enter(self, paper: int, system: str, row: RowNumber | None, by: str, wall: float) -> None:
        """The paper is that ticket. The same said twice changes nothing; another number for it is kept beside the first, as a double."""
        self._db.execute("INSERT OR IGNORE INTO tickets VALUES (?, ?, ?, ?, ?)", (paper, system, row, by, wall))

    def reconcile(self) -> Reconciliation:
        series = self._db.execute("SELECT first, count FROM ticket_series").fetchall()
        printed = {number for first, count in series for number in range(first, first + count)}
        entered = self._db.execute("SELECT paper, system, row FROM tickets").fetchall()
        papers, systems = Counter(paper for paper, _, _ in entered), Counter(system for _, system, _ in entered)
        handled = {row for (row,) in self._db.execute("SELECT row FROM callers WHERE harm = 'emergency'")}
        return Reconciliation(
            len(printed),
            len(papers),
            tuple(sorted(printed - papers.keys())),
            tuple(sorted(papers.keys() - printed)),
            tuple(sorted(paper for paper, count in papers.items() if count > 1)),
            tuple(sorted(system for system, count in systems.items() if count > 1)),
            tuple(sorted(handled - {row for _, _, row in entered})),
        )
