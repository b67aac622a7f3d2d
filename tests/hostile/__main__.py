"""A siege of the daemon that runs here: `python -m tests.hostile BASE PORT PASSWORDS.json SEED`; its result as JSON.

A program, because it must be in the network namespace of the daemon with every thread that it has."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from cti_daemon.model.verbs import VERBS
from tests.hostile.messages import Forge
from tests.hostile.raw import send_raw
from tests.hostile.siege import Siege

ROUNDS = 4
FLOOD = 2000
_MEGABYTE = b"x" * 1_000_000


async def besiege(base: str, port: int, passwords: dict[str, str], seed: int) -> dict[str, Any]:
    """Whose name begins with `visitor` has no right to anything."""
    strangers = tuple(user for user in passwords if user.startswith("visitor"))
    allowed = tuple(user for user in passwords if user not in strangers)
    forge = Forge(seed, tuple(VERBS), allowed, strangers)
    began = time.monotonic()
    async with Siege(base, port, passwords) as siege:
        await siege.send(forge.make(ROUNDS))
        flood = forge.flood(FLOOD)
        await siege.send(flood, in_a_rush=True)
        topic = f"{base}/request/{allowed[-1]}/failover".encode()
        taken = await asyncio.to_thread(send_raw, port, allowed[-1], passwords[allowed[-1]], topic, _MEGABYTE, repeat=50)
        last = await siege.ask(allowed[-1], "status", id="last")
        return {
            "seed": seed,
            "messages": len(siege.sent) - 1,
            "flood": len(flood),
            "counted_by_the_daemon": siege.reached(),
            "carried_out": [(message.kind, message.verb, answer) for message, answer in siege.carried_out()],
            "unanswered": [repr(message) for message in siege.unanswered()],
            "stray_answers": siege.stray,
            "bytes_of_50_MB_taken_by_the_broker": taken,
            "last_status": last["status"],
            "seconds": round(time.monotonic() - began, 2),
            "answers": siege.table(),
        }


if __name__ == "__main__":
    told = asyncio.run(besiege(sys.argv[1], int(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text()), int(sys.argv[4])))
    print(json.dumps(told))
