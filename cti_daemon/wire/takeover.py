"""Exact takeover between the two sessions of one node.

Both sessions receive the same events, in the same order, with the same bytes. The active one's are applied; the spare's are only
kept. Marks (our own heartbeats, each with a nonce of its own) stand in both streams and cannot repeat, so a place in one stream
is a place in the other: "so many blocks after that mark". When the active session ends, the spare's blocks are followed from its
last mark, compared byte by byte with what was applied since, and what comes after is applied: nothing lost, nothing doubled.
Where that cannot be shown, the answer is LOST and the state must be read anew."""

from collections import deque
from enum import Enum

_MOST_MARKS = 1024
_MOST_SINCE = 50_000
_MOST_BYTES = 8 * 1024 * 1024
_RING_MARKS = 128
"""A dozen seconds of heartbeats of both links, a few when they are fast: far longer than a silent link goes unnoticed."""


class Trail:
    """What the active session has applied: its last mark and the blocks since."""

    __slots__ = ("_known", "_order", "bytes_since", "last_mark", "since")

    def __init__(self) -> None:
        self.last_mark: bytes | None = None
        self.since: list[bytes] = []
        self.bytes_since = 0
        self._known: set[bytes] = set()
        self._order: deque[bytes] = deque()

    def note(self, block: bytes, *, is_mark: bool) -> None:
        if is_mark:
            self.last_mark = block
            self.since = []
            self.bytes_since = 0
            self.know(block)
        elif self.last_mark is not None:
            self.since.append(block)
            self.bytes_since += len(block)
            if len(self.since) > _MOST_SINCE or self.bytes_since > _MOST_BYTES:
                self.forget()

    def know(self, mark: bytes) -> None:
        """A mark that stands before everything that will be applied."""
        self._known.add(mark)
        self._order.append(mark)
        if len(self._order) > _MOST_MARKS:
            self._known.discard(self._order.popleft())

    def knows(self, mark: bytes) -> bool:
        return mark in self._known

    def forget(self) -> None:
        """After too long without a mark no place can be shown: a takeover would be LOST."""
        self.last_mark = None
        self.since = []
        self.bytes_since = 0


class Ring:
    """What the spare session has received of late, bounded in marks, blocks and bytes; the oldest go first."""

    __slots__ = ("_blocks", "_bytes", "_marks", "_most_blocks", "_most_bytes", "_most_marks")

    def __init__(self, most_marks: int = _RING_MARKS, most_blocks: int = _MOST_SINCE, most_bytes: int = _MOST_BYTES) -> None:
        self._blocks: deque[tuple[bytes, bytes, bool]] = deque()
        self._bytes = self._marks = 0
        self._most_marks = most_marks
        self._most_blocks = most_blocks
        self._most_bytes = most_bytes

    def __len__(self) -> int:
        return len(self._blocks)

    def keep(self, kind: bytes, block: bytes, *, is_mark: bool) -> None:
        self._blocks.append((kind, block, is_mark))
        self._bytes += len(block)
        self._marks += is_mark
        while self._marks > self._most_marks or len(self._blocks) > self._most_blocks or self._bytes > self._most_bytes:
            _, oldest, was_mark = self._blocks.popleft()
            self._bytes -= len(oldest)
            self._marks -= was_mark

    def drain(self) -> list[tuple[bytes, bytes, bool]]:
        """Everything kept, oldest first, as (kind, block, is_mark); the ring is empty afterwards."""
        kept = list(self._blocks)
        self._blocks.clear()
        self._bytes = self._marks = 0
        return kept


class Place(Enum):
    SEEKING = "seeking"  # the spare has not yet come to where the active session was
    FOUND = "found"
    LOST = "lost"


class Takeover:
    """Follows the spare's stream to the place where the active one ended. Feed it the ring, then what arrives, while SEEKING."""

    __slots__ = ("_trail", "matched", "place")

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self.matched: int | None = None  # blocks after the mark that were found again; None: the mark not yet
        self.place = Place.SEEKING if trail.last_mark is not None else Place.LOST

    def seek(self, block: bytes, *, is_mark: bool) -> Place:
        """The next block of the spare's stream: it was applied already, or the place is LOST."""
        trail = self._trail
        if self.matched is None:
            if block == trail.last_mark:
                self.matched = 0
            elif is_mark and not trail.knows(block):
                self.place = Place.LOST  # the mark was passed before the spare began to listen
        elif self.place is Place.SEEKING and block == trail.since[self.matched]:
            self.matched += 1
        else:
            self.place = Place.LOST
        if self.matched == len(trail.since) and self.place is Place.SEEKING:
            self.place = Place.FOUND
        return self.place
