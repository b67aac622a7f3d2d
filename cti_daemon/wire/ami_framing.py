"""AMI framing, without I/O: bytes in, whole blocks out, before any of them is decoded.

Rules: the stream opens with one banner line; blocks end with an empty line; empty lines before a block are skipped; any split of
the stream gives the same blocks. A broken limit ends the stream for good: no block after the fault is ever given out."""

from dataclasses import dataclass

_END = b"\r\n\r\n"
_BANNER = b"Asterisk Call Manager/"
_BANNER_BYTES = 256
_PLAIN = bytes([ord("\r") + 1])


@dataclass(frozen=True, slots=True)
class Limits:
    """What one session may hold in memory. Asterisk's own events stay far below (22.10: 1.6 kB a block, 300 B a line)."""

    line_bytes: int = 16 * 1024
    block_bytes: int = 128 * 1024
    headers: int = 1024


@dataclass(frozen=True, slots=True)
class StreamFault:
    """Why the stream can no longer be believed; the link must be closed (`Loss.GARBLED`)."""

    why: str


class Framer:
    """One per connection life. `fault` is set once and for all; `banner` when its line is complete."""

    __slots__ = ("_limits", "_tail", "banner", "fault")

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._tail = bytearray()
        self.banner: str | None = None
        self.fault: StreamFault | None = None

    @property
    def buffered_bytes(self) -> int:
        return len(self._tail)

    def feed(self, data: bytes) -> list[bytes]:
        """Blocks completed by `data`, in order, without their end. Empty once `fault` is set."""
        if self.fault is not None:
            return []
        tail = self._tail
        if self.banner is None:
            tail += data
            return self._read_banner()
        if tail:
            searched = max(len(tail) - 3, 0)
            tail += data
            if tail.find(_END, searched) < 0:
                self._check_tail()
                return []
            data = bytes(tail)
            tail.clear()
        blocks = data.split(_END)
        tail += blocks.pop()
        blocks = self._checked(blocks)
        if tail:  # a fault has emptied it
            self._check_tail()
        return blocks

    def _read_banner(self) -> list[bytes]:
        line, newline, rest = self._tail.partition(b"\n")
        wanted = _BANNER if newline else _BANNER[: len(line)]
        if len(line) > _BANNER_BYTES or not line.startswith(wanted):
            self._end(f"not an Asterisk Call Manager: {bytes(line[:40])!r}")
            return []
        if not newline:
            return []
        self.banner = line.decode("ascii", "replace").strip()
        self._tail.clear()
        return self.feed(bytes(rest))

    def _checked(self, blocks: list[bytes]) -> list[bytes]:
        """The blocks within limits and without leading empty lines, up to the first fault."""
        limits = self._limits
        least = min(limits.line_bytes, 3 * limits.headers)  # a shorter block cannot break any limit
        if not blocks or (min(blocks) >= _PLAIN and max(map(len, blocks)) < least):
            return blocks  # none is empty or begins with an empty line: all begin with a letter
        good: list[bytes] = []
        for block in blocks:
            if len(block) >= least and (why := _broken(block, limits)):
                self._end(why)
                return good
            if whole := block.lstrip(b"\r\n"):
                good.append(whole)
        return good

    def _check_tail(self) -> None:
        if len(self._tail) > self._limits.block_bytes + len(_END):
            self._end(f"a block of more than {self._limits.block_bytes} bytes")

    def _end(self, why: str) -> None:
        self.fault = StreamFault(why)
        self._tail.clear()


def _broken(block: bytes, limits: Limits) -> str | None:
    if len(block) > limits.block_bytes:
        return f"a block of more than {limits.block_bytes} bytes"
    lines = block.split(b"\r\n")
    if len(lines) > limits.headers:
        return f"a block of more than {limits.headers} headers"
    if max(map(len, lines)) > limits.line_bytes:
        return f"a line of more than {limits.line_bytes} bytes"
    return None
