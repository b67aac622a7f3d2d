"""The recorded stream: 400 queued calls of a real Asterisk 22.10.1, every event it made, 12.5 MB."""

import lzma
from functools import cache
from pathlib import Path

SYSTEM_NAME = "a"
QUEUE = "hotline"
CALLS = 400
_FILE = Path(__file__).parent / "data" / "ami-22.10-queue-400-calls.bin.xz"
_LISTED = b"Event: QueueStatusComplete\r\n"
_LISTED_TOO = b"Event: CoreShowChannelsComplete\r\n"


@cache
def whole() -> bytes:
    return lzma.decompress(_FILE.read_bytes())


@cache
def queue_status() -> bytes:
    """The list answer at its head: the queue and its members, from `Event: QueueParams` to its Complete."""
    text = whole()
    begin = text.index(b"Event: QueueParams")
    end = text.index(b"\r\n\r\n", text.index(_LISTED)) + 4
    return text[begin:end]


@cache
def calls() -> bytes:
    """What follows the lists: the calls, from whole block to whole block."""
    text = whole()
    after = text.index(b"\r\n\r\n", text.index(_LISTED_TOO)) + 4
    return text[after : text.rindex(b"\r\n\r\n") + 4]


def events(stream: bytes) -> int:
    return stream.count(b"\r\n\r\nEvent: ") + stream.startswith(b"Event: ")
