"""One session's stream, sorted: what is wanted is given out in order, all the rest is only counted. The hot path.

An unwanted event costs one search for the end of its first line and one count; it never becomes an object."""

from collections import Counter
from enum import Enum

from cti_daemon.wire.ami_framing import Framer, Limits, StreamFault
from cti_daemon.wire.ami_proof import Proof

_MOST_KINDS = 512  # names of kinds that are kept apart; further ones are counted together


class Sort(Enum):
    """What a block is, by its first line. Nothing is proved yet."""

    STREAM = "stream"  # an event that both sessions of the node receive
    ITEM = "item"  # item or end of a list answer: this session's own
    RESPONSE = "response"
    BOOTED = "booted"  # FullyBooted: the one event without a system name
    UNWANTED = "unwanted"
    STRANGE = "strange"  # nothing that a genuine Asterisk writes


_UNWANTED = (Sort.UNWANTED, b"")

Block = tuple[Sort, bytes, bytes]
"""Sort, kind, the block itself."""


class Tally:
    """Events by kind. The sessions of a node may share one."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: Counter[bytes] = Counter()

    def add(self, first_lines: list[bytes]) -> None:
        self._lines.update(first_lines)

    def move(self, line: bytes, name: bytes) -> None:
        """One block counted under `line` goes under `name`: strangers may not name our counters."""
        self._lines[line] -= 1
        if self._lines[line] <= 0:
            del self._lines[line]
        self._lines[name] += 1

    def by_kind(self) -> dict[str, int]:
        """`Hangup` → how many; `(unproved)`, `(other)` and responses are apart."""
        return {line.removeprefix(b"Event: ").decode("ascii", "replace"): n for line, n in self._lines.items()}

    @property
    def events(self) -> int:
        return sum(n for line, n in self._lines.items() if line.startswith(b"Event: "))


class Stream:
    """One per connection life."""

    __slots__ = ("_framer", "_proof", "_sorts", "tally")

    def __init__(self, proof: Proof, tally: Tally | None = None, limits: Limits | None = None) -> None:
        self._framer = Framer(limits)
        self._proof = proof
        self._sorts: dict[bytes, tuple[Sort, bytes]] = {b"Event: FullyBooted": (Sort.BOOTED, b"FullyBooted")}
        self._sorts |= {b"Event: " + kind: (Sort.STREAM, kind) for kind in proof.stream_kinds}
        self._sorts |= {b"Event: " + kind: (Sort.ITEM, kind) for kind in proof.list_kinds}
        self._sorts |= dict.fromkeys((b"Response: Success", b"Response: Error"), (Sort.RESPONSE, b""))
        self.tally = tally or Tally()

    @property
    def banner(self) -> str | None:
        return self._framer.banner

    @property
    def fault(self) -> StreamFault | None:
        return self._framer.fault

    @property
    def buffered_bytes(self) -> int:
        return self._framer.buffered_bytes

    def feed(self, data: bytes) -> list[Block]:
        """Wanted blocks completed by `data`, in order."""
        blocks = self._framer.feed(data)
        lines = [block[: block.find(b"\r\n")] for block in blocks]
        self.tally.add(lines)
        sorts = list(map(self._sorts.get, lines))
        if None in sorts:
            sorts = [self._sorts.get(line) or self._meet(line, block) for line, block in zip(lines, blocks, strict=True)]
        return [(known[0], known[1], block) for known, block in zip(sorts, blocks, strict=True) if known is not _UNWANTED and known]

    def _meet(self, line: bytes, block: bytes) -> tuple[Sort, bytes]:
        """A first line never seen: skipped from now on if the head is genuine, strange otherwise."""
        if line.startswith(b"Response: "):
            self.tally.move(line, b"Response: (other)")
            return Sort.RESPONSE, b""
        if not self._proof.is_head_ours(block):
            self.tally.move(line, b"(unproved)")
            return Sort.STRANGE, b""
        if len(self._sorts) < _MOST_KINDS:
            self._sorts[line] = _UNWANTED
        else:
            self.tally.move(line, b"Event: (other)")
        return _UNWANTED
