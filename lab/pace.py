"""How fast this machine is at the moment: the lab's Asterisks share few cores, and times stretch alike."""

from __future__ import annotations

import time

QUIET_SECONDS = 0.14


def machine_pace() -> float:
    """How long a fixed loop takes, against QUIET_SECONDS on a quiet core."""
    times = []
    for _ in range(3):
        began_at = time.perf_counter()
        total = 0
        for number in range(3_000_000):
            total += number
        times.append(time.perf_counter() - began_at)
    return sorted(times)[1] / QUIET_SECONDS
