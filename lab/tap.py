"""What one caller's events were, as they went over the wire to the daemon: `python -m lab.tap NUMBER-OR-TOKEN CAPTURE…`."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab import pcap
from lab.layout import AMI_PORT, CTL_NETS, PBXS

_NODE_OF = {host.address(net): f"{host.name} {net.value}" for host in PBXS for net in CTL_NETS}
_SHORT = (
    "Channel",
    "DestChannel",
    "Queue",
    "HoldTime",
    "TalkTime",
    "Reason",
    "ChannelStateDesc",
    "BridgeNumChannels",
    "MemberName",
    "Cause",
)


@dataclass(frozen=True, slots=True)
class Block:
    """One AMI message of an Asterisk, when its last byte went by, and on which session."""

    wall: float
    session: str
    fields: dict[str, str]


def read(paths: Iterable[Path]) -> Iterator[Block]:
    """Yield what the Asterisks sent, session by session; bytes sent twice are taken once."""
    for path in paths:
        pending: defaultdict[tuple[str, int, int], bytes] = defaultdict(bytes)
        expected: dict[tuple[str, int, int], int] = {}
        with path.open("rb") as stream:
            for segment in pcap.read_segments(stream):
                if segment.source_port != AMI_PORT:
                    continue
                key = (segment.source, segment.target_port, 0)
                fresh = segment.payload[max(0, expected.get(key, segment.sequence) - segment.sequence) :]
                expected[key] = max(expected.get(key, 0), segment.sequence + len(segment.payload))
                *whole, pending[key] = (pending[key] + fresh).split(b"\r\n\r\n")
                session = f"{_NODE_OF.get(segment.source, segment.source)} {segment.target_port}"
                for block in whole:
                    yield Block(segment.wall, session, _fields(block))


def _fields(block: bytes) -> dict[str, str]:
    lines = (line.partition(": ") for line in block.decode("utf-8", "replace").split("\r\n"))
    return {key: value for key, _, value in reversed(list(lines))}


def of_caller(blocks: Iterable[Block], what: str) -> list[Block]:
    """Return the blocks of one caller: of every call (Linkedid, token) in whose blocks `what` stands somewhere."""
    held = list(blocks)
    calls = {
        name for block in held if what in block.fields.values() or f"CTI_CALL={what}" in block.fields.values() for name in _names(block)
    }
    return [block for block in held if calls & _names(block)]


def _names(block: Block) -> set[str]:
    fields = block.fields
    found = {fields.get(key, "") for key in ("Linkedid", "DestLinkedid", "ChanVariable", "DestChanVariable")}
    return found - {"", "CTI_CALL="}


def main() -> int:
    """Print one line a block."""
    what, *paths = sys.argv[1:]
    for block in sorted(of_caller(read(map(Path, paths)), what), key=lambda block: block.wall):
        shown = " ".join(f"{key}={block.fields[key]}" for key in _SHORT if block.fields.get(key))
        clock = time.strftime("%H:%M:%S", time.localtime(block.wall)) + f"{block.wall % 1:.3f}"[1:]
        print(f"{clock} {block.session:20} {block.fields.get('Event', '?'):20} {shown}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
