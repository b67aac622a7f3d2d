"""panoramisk as its manual has it: every event parsed and handed to one callback."""

import asyncio
from typing import Any

from panoramisk import Manager

from bench.clients.stopwatch import Stopwatch


async def main() -> None:
    watch = Stopwatch()
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    seen = 0

    def count(_manager: Any, _message: Any) -> None:
        nonlocal seen
        if not seen:
            watch.start()
        seen += 1
        if seen == watch.events:
            done.set_result(None)

    login = {"username": "bench", "secret": "bench"}
    manager = Manager(loop=asyncio.get_running_loop(), host="127.0.0.1", port=watch.port, ping_delay=3600, **login)
    manager.register_event("*", count)
    manager.connect()
    await done
    watch.stop()
    manager.close()


if __name__ == "__main__":
    asyncio.run(main())
