"""Sums over the last so many seconds, kept in ninety slots: adding and asking cost the same however many calls there were."""

from collections import deque
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any

SLOTS = 90


class Column(IntEnum):
    """What is summed."""

    OFFERED = 0
    ANSWERED = 1
    ABANDONED = 2
    SHORT_ABANDONED = 3
    TIMEOUT = 4
    OVERFLOWED = 5
    RESCUED = 6
    ANSWERED_IN_TIME = 7
    ABANDONED_IN_TIME = 8
    WAITS_KNOWN = 9
    """Answers whose wait is known: those that happened unseen in a gap are counted, but nobody saw how long they took."""
    WAITED_SECONDS = 10
    TALKED_SECONDS = 11
    BUSY_SECONDS = 12
    STAFFED_SECONDS = 13


class Window:
    """The sums of the running slot and the 89 before it; a slot is a ninetieth of `seconds`, cut on the monotonic clock."""

    __slots__ = ("_slots", "_total", "grain_seconds", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.grain_seconds = seconds / SLOTS
        self._slots: deque[tuple[int, list[float]]] = deque()
        self._total = [0.0] * len(Column)

    def add(self, sums: Sequence[float], at: float) -> None:
        """Sums by column, of one instant or of a part of one slot."""
        slot = self._advance(at)
        if not self._slots or self._slots[-1][0] < slot:
            self._slots.append((slot, [0.0] * len(Column)))
        held = self._slots[-1][1]
        for column, amount in enumerate(sums):
            held[column] += amount
            self._total[column] += amount

    def sums(self, at: float) -> Sequence[float]:
        """By column."""
        self._advance(at)
        return tuple(self._total)

    def _advance(self, at: float) -> int:
        """Forget the slots that are over; the number of the running one."""
        slot = int(at // self.grain_seconds)
        while self._slots and self._slots[0][0] <= slot - SLOTS:
            _, gone = self._slots.popleft()
            self._total = [total - part for total, part in zip(self._total, gone, strict=True)]
        if not self._slots:
            self._total = [0.0] * len(Column)  # also ends what rounding has left
        return slot

    # --- kept over a restart ------------------------------------------------------------------------------------------

    def to_plain(self, at: float) -> list[Any]:
        """Slots as [how many slots ago, sums]."""
        now = self._advance(at)
        return [[now - slot, sums] for slot, sums in self._slots]

    def take_plain(self, plain: Sequence[Any], aged_seconds: float, at: float) -> None:
        """Go on with what `to_plain` gave `aged_seconds` ago. Raises ValueError, TypeError for anything else."""
        then = int((at - aged_seconds) // self.grain_seconds)
        for ago, sums in plain:
            if len(sums) != len(Column):
                raise ValueError("a slot of another shape")
            values = [float(value) for value in sums]
            self._slots.append((then - int(ago), values))
            self._total = [total + value for total, value in zip(self._total, values, strict=True)]
        self._advance(at)


class Windows:
    """Several windows over the same happenings. What is new is summed apart and goes to all of them when the slot of the finest one is
    over, or when they are looked at: a happening costs one addition, not one a window."""

    __slots__ = ("_fresh", "_grain_seconds", "_is_fresh", "_slot", "_windows")

    def __init__(self, lengths_seconds: Sequence[float]) -> None:
        self._windows = tuple(Window(seconds) for seconds in lengths_seconds)
        self._grain_seconds = min(window.grain_seconds for window in self._windows)
        if any(window.grain_seconds % self._grain_seconds for window in self._windows):
            raise ValueError("each window must be a multiple of the shortest")
        self._fresh = [0.0] * len(Column)
        self._slot = 0.0
        self._is_fresh = False

    def __iter__(self) -> Iterator[Window]:
        self._settle()
        return iter(self._windows)

    def add(self, column: Column, amount: float, at: float) -> None:
        slot = at // self._grain_seconds
        if slot != self._slot:
            self._settle()
            self._slot = slot
        self._fresh[column] += amount
        self._is_fresh = True

    def _settle(self) -> None:
        if self._is_fresh:
            middle_at = (self._slot + 0.5) * self._grain_seconds  # of the slot: rounding shall not carry it into a neighbour
            for window in self._windows:
                window.add(self._fresh, middle_at)
            self._fresh = [0.0] * len(Column)
            self._is_fresh = False
