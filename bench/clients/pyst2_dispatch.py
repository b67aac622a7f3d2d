"""pyst2 as its manual has it: a thread reads, another calls back."""

import os
import threading
from typing import Any

from asterisk.manager import Manager

from bench.clients.stopwatch import Stopwatch


def main() -> None:
    watch = Stopwatch()
    done = threading.Event()
    seen = 0

    def count(_event: Any, _manager: Any) -> None:
        nonlocal seen
        if not seen:
            watch.start()
        seen += 1
        if seen == watch.events:
            done.set()

    manager = Manager()
    manager.register_event("*", count)
    manager.connect("127.0.0.1", watch.port)
    manager.login("bench", "bench")
    done.wait()
    watch.stop()
    os._exit(0)  # its threads do not end by themselves


if __name__ == "__main__":
    main()
