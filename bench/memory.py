"""Resident memory of a process that has everything the daemon has loaded and holds so many calls and seats.

Usage: python -m bench.memory CALLS SEATS"""

import asyncio
import json
import re
import secrets
import subprocess
import sys
from pathlib import Path

from bench import stream
from bench.clients.ours import NODE, PATH
from bench.clients.site import begin, settings_of_sample
from bench.growing import CALLS_IN_STREAM
from cti_daemon.engine import Engine
from cti_daemon.model.events import Event, QueuesListed
from cti_daemon.shell import daemon
from cti_daemon.shell.metrics import Metrics
from cti_daemon.wire.ami_list import read_queues
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.ami_stream import Sort, Stream
from cti_daemon.wire.one_stream import OneStream

_CHUNK_BYTES = 65536
_NOW = 1000.0


def seats(count: int) -> QueuesListed:
    """A queue with so many places, like the recorded one."""
    proof = Proof(stream.SYSTEM_NAME)
    member = next(block for block in stream.queue_status().split(b"\r\n\r\n") if block.startswith(b"Event: QueueMember"))
    items = []
    for number in range(count):
        block = member
        for key, value in ((b"Location", b"PJSIP/seat%d"), (b"StateInterface", b"PJSIP/seat%d"), (b"Name", b"Seat %d")):
            block = re.sub(rb"(?<=\r\n" + key + rb": )[^\r]*", value % number, block)
        match = proof.match(b"QueueMember", block)
        if match is not None:
            items.append((b"QueueMember", match))
    return read_queues(items, NODE)


def resident_megabytes() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def forget() -> None:
    """The recorded stream is the bench's, not the daemon's."""
    for cached in (stream.whole, stream.calls, stream.queue_status):
        cached.cache_clear()


def load(engine: Engine, calls: int) -> None:
    """As the active session would: in chunks, proved, read, fed."""

    def post(event: Event) -> None:
        engine.feed(event, _NOW)

    proof = Proof(stream.SYSTEM_NAME)
    one_stream = OneStream(NODE, proof, post, lambda: None)
    one_stream.begin(PATH)
    begin(NODE, PATH, post)
    forget()
    wire = Stream(proof)
    wire.feed(b"Asterisk Call Manager/11.0.0\r\n")
    words = [sys.executable, "-m", "bench.growing", str(-(-calls // CALLS_IN_STREAM))]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]) as growing:
        while growing.stdout is not None and (chunk := growing.stdout.read(_CHUNK_BYTES)):
            for sort, kind, block in wire.feed(chunk):
                if sort is Sort.STREAM:
                    one_stream.hear(PATH, 1, kind, block, is_mark=False)


async def main(calls: int, places: int) -> None:
    listed = seats(places)
    forget()
    settings = settings_of_sample()
    engine = Engine(settings, None, secrets.token_bytes(32), _NOW)
    before = resident_megabytes()
    load(engine, calls)
    engine.feed(listed, _NOW)
    view = engine.view(_NOW)
    page = await Metrics(settings, lambda: engine.view(_NOW)).page()
    held = sum(count for (node, _), count in view.calls.items() if node == NODE)
    result = {"calls": held, "seats": len(view.seats), "page_bytes": len(page), "loaded": daemon.__name__}
    print(json.dumps({**result, "resident_mb": round(resident_megabytes(), 1), "before_mb": round(before, 1)}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
