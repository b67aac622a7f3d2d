"""What every reader of the bench shares: its core, its arguments, its result."""

import json
import os
import sys
import time

LOGIN = b"Action: Login\r\nActionID: bench-1\r\nUsername: bench\r\nSecret: bench\r\n\r\n"


class Stopwatch:
    """Runs from the first byte of the stream to the last event."""

    def __init__(self) -> None:
        self.port, self.events = int(sys.argv[1]), int(sys.argv[2])
        self._began = self._began_cpu = 0.0
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 1:
            os.sched_setaffinity(0, {cores[-1]})

    def start(self) -> None:
        if not self._began:
            self._began, self._began_cpu = time.perf_counter(), time.process_time()

    def stop(self, **more: object) -> None:
        """Print the result."""
        seconds, cpu = time.perf_counter() - self._began, time.process_time() - self._began_cpu
        rates = {"per_second": self.events / seconds, "per_cpu_second": self.events / cpu}
        print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, **rates, **more}), flush=True)
