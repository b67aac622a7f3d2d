"""Asterisk's queue_log as rows, and the stays they tell of: who joined which queue, and how that ended.

The file is written and flushed by the thread that does the thing, line by line (main/logger.c), so a SIGKILL loses no line of
what had been logged: what is missing after it had not happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class End(StrEnum):
    """How a stay in a queue ended."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMEOUT = "timeout"
    OVERFLOWED = "overflowed"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: seconds since 1970, whose call, which queue, which seat, what, and its data."""

    wall: int
    node: str
    uniqueid: str
    queue: str
    seat: str
    event: str
    data: tuple[str, ...]


@dataclass(slots=True)
class Stay:
    """One caller in one queue of one node. Waits are the node's own whole seconds."""

    node: str
    uniqueid: str
    number: str
    queue: str
    joined_wall: int
    end: End | None = None
    """None: the log ends before the stay does."""
    ended_wall: int | None = None
    seat: str = ""
    waits: set[int] = field(default_factory=set)
    """The wait as the log tells it: once for an abandonment, twice (CONNECT, COMPLETE…) for an answer. app_queue reads the clock
    anew for CONNECT, so on the edge of a second the two may differ by one."""
    is_over: bool = False
    """The conversation is over as well (always, where there was none)."""
    talked_seconds: int | None = None


_COMPLETE = {"COMPLETECALLER", "COMPLETEAGENT", "BLINDTRANSFER", "ATTENDEDTRANSFER"}
_GIVEN_BACK = {"EXITWITHTIMEOUT": End.TIMEOUT, "EXITEMPTY": End.OVERFLOWED, "EXITWITHKEY": End.OVERFLOWED}
_NO_MATTER = set(
    "QUEUESTART CONFIGRELOAD PAUSE UNPAUSE PAUSEALL UNPAUSEALL PENALTY ADDMEMBER REMOVEMEMBER RINGNOANSWER RINGCANCELED PAUSEREASON".split()
)


def parse(text: str, node: str) -> Iterator[Row]:
    """Yield the rows of one node's log; ValueError for a line that is none."""
    for line in text.splitlines():
        wall, uniqueid, queue, seat, event, *data = line.split("|")
        yield Row(int(wall), node, uniqueid, queue, seat, event, tuple(data))


def read_stays(rows: Iterable[Row]) -> list[Stay]:
    """Return every stay of one or several logs, in the order of the logs; ValueError for an event that is not understood."""
    stays: list[Stay] = []
    held: dict[tuple[str, str, str], list[Stay]] = {}
    for row in rows:
        if row.event in _NO_MATTER:
            continue
        mine = held.setdefault((row.node, row.uniqueid, row.queue), [])
        if row.event == "ENTERQUEUE":
            stay = Stay(row.node, row.uniqueid, row.data[1], row.queue, row.wall)
            stays.append(stay)
            mine.append(stay)
        elif row.event in {"FULL", "JOINEMPTY"}:
            stays.append(Stay(row.node, row.uniqueid, "", row.queue, row.wall, End.OVERFLOWED, row.wall, is_over=True))
        elif row.event in _COMPLETE:
            _complete(mine, row)
        else:
            _end(next(stay for stay in reversed(mine) if stay.end is None), row)
    return stays


def _end(stay: Stay, row: Row) -> None:
    stay.ended_wall = row.wall
    if row.event == "CONNECT":
        stay.end, stay.seat = End.ANSWERED, row.seat
        stay.waits.add(int(row.data[0]))
    elif row.event == "ABANDON":
        stay.end, stay.is_over = End.ABANDONED, True
        stay.waits.add(int(row.data[2]))
    elif row.event in _GIVEN_BACK:
        stay.end, stay.is_over = _GIVEN_BACK[row.event], True
    else:
        raise ValueError(f"queue_log of {row.node}: {row.event} is not understood")


def _complete(mine: list[Stay], row: Row) -> None:
    # Written by a thread of its own: after a transfer back to the same queue it may stand behind the next ENTERQUEUE.
    stay = next((stay for stay in mine if stay.end is End.ANSWERED and not stay.is_over), None)
    if stay is None:
        # An attended transfer that falls together with a hang-up is told twice, as either (seen).
        if any(over.seat == row.seat for over in mine):
            return
        raise ValueError(f"queue_log of {row.node}: {row.event} of {row.uniqueid}, who was not answered")
    # All of them end with wait, talk, position at joining.
    stay.is_over = True
    stay.waits.add(int(row.data[-3]))
    stay.talked_seconds = int(row.data[-2])
