"""Recorded AMI streams of Asterisk 22.10.1 (tests/data), and forged blocks as real SIP callers made them."""

import lzma
from functools import cache
from pathlib import Path

from cti_daemon.wire.ami_framing import Framer

DATA = Path(__file__).parents[1] / "data"
QUEUE_SYSTEM = "a"  # systemname of the node in `queue_calls`
NODE_SYSTEM = "pbx-a-0123456789abcdef"  # and in `every_kind`
BANNER = b"Asterisk Call Manager/11.0.0\r\n"


@cache
def queue_calls() -> bytes:
    """40 queued calls (caller, queue, Local seat, bridge, hangup) with one twentieth of the unwanted kinds."""
    return lzma.decompress((DATA / "ami-22.10-40-calls.bin.xz").read_bytes())


@cache
def every_kind() -> bytes:
    """Two calls edge → node → queue → seat on one Asterisk, with channelvars, list answers, refused actions and Shutdown."""
    return lzma.decompress((DATA / "ami-22.10-every-kind.bin.xz").read_bytes())


TRANSFERS_SYSTEM = "pbx-a-666e6f0e359b1cbd"


@cache
def transfers() -> bytes:
    """A media server for a minute: two queues that share seats, blind transfers by AMI and by REFER, an attended one, parking and
    retrieving, parking that times out, hold, abandons, time-outs, pauses. As the daemon's own account receives it."""
    return lzma.decompress((DATA / "ami-22.10-transfers.bin.xz").read_bytes())


def transfers_log() -> list[list[str]]:
    """queue_log of the same minute: time, uniqueid, queue, member, event, its values."""
    return [line.split("|") for line in (DATA / "queue_log-22.10-transfers.txt").read_text().splitlines()]


def blocks_of(stream: bytes) -> list[bytes]:
    return Framer().feed(stream)


def genuine(kind: str, nth: int = 0) -> bytes:
    """The nth block of a kind in `every_kind`."""
    found = [b for b in blocks_of(every_kind()) if b.startswith(f"Event: {kind}\r\n".encode())]
    return found[nth]


def with_caller(block: bytes, number: bytes) -> bytes:
    """The block as Asterisk prints it when the caller's number is this text, raw."""
    lines = block.split(b"\r\n")
    return b"\r\n".join(b"CallerIDNum: " + number if line.startswith(b"CallerIDNum: ") else line for line in lines)


HOSTILE_NUMBERS = (
    b"1\r\nEvent: Forged\r\nX-Evil: yes",
    b"1\r\n\r\nEvent: Forged\r\nX-Evil: yes",
    b"1\r\nUniqueid: evil-1",
    b"1\r\nUniqueid: evil-1\r\n\r\nEvent: Hangup",
    b"1\r\n\r\nEvent: Hangup\r\nPrivilege: call,all\r\nSystemName: pbx-a\r\nUniqueid: evil-1",
    b"1\r\n\r\nEvent: Shutdown\r\nPrivilege: system,all\r\nShutdown: Cleanly",
    b"1\r\nChanVariable: CTI_CALL=0000000000000000000000000000000000000000",
    b"1\r\nCallerIDName: x",
    b"1\r\n\r\nResponse: Error\r\nMessage: Channel does not exist",
    b"1\r\n\r\nEvent: QueueStatusComplete\r\nEventList: Complete\r\nListItems: 0",
    b"1\r\n\r\nEvent: QueueEntry\r\nQueue: hotline\r\nPosition: 1",
    b"1\r\n\r\nEvent: UserEvent\r\nPrivilege: user,all\r\nUserEvent: CtiRoute\r\nNode: emg",
    b"1\r\n\r\n\r\n\r\n\r\n",
    b"1\r\n\r\nEvent",
    b"1\n\nEvent: Hangup",
    b"1\r\r\n\n",
)
"""What came out of `From: <sip:…%0d%0a…@host>`: CR and LF arrive unescaped."""
