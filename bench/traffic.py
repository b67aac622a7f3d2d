"""Processor time of the real daemon beside real PBXs, at several rates of real calls (as root, with the lab)."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab import bench, carrier, daemon, page, process
from lab.carrier import Audio, Group
from lab.layout import Size
from lab.trial import start_daemon

RATES = (20, 50, 100)
SECONDS = 20.0
SETTLE_SECONDS = 4.0
HOLD_SECONDS = 1.0
_TICKS = os.sysconf("SC_CLK_TCK")


def run(say: Callable[[str], None]) -> list[dict[str, Any]]:
    bench.up(Size(seats=100), say)
    try:
        start_daemon()
        idle = _share(SETTLE_SECONDS)
        return [_at(rate, number, idle, say) for number, rate in enumerate(RATES)]
    finally:
        daemon.stop()
        bench.down()


def _at(rate: int, number: int, idle: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Callers who stay a second: offered, answered where a seat is free, gone."""
    say(f"{rate} calls a second")
    group = Group(f"bench-{rate}", 10 + number, round(rate * (SECONDS + 2 * SETTLE_SECONDS)), rate, HOLD_SECONDS, Audio.NONE)
    carrier.start(group)
    time.sleep(SETTLE_SECONDS)
    calls, began = _offered(), time.monotonic()
    share = _share(SECONDS)
    placed = (_offered() - calls) / (time.monotonic() - began)
    carrier.stop(group)
    time.sleep(SETTLE_SECONDS)
    return {
        "wanted_per_second": rate,
        "offered_per_second": round(placed, 1),
        "core_share": round(share, 4),
        "idle_core_share": round(idle, 4),
        "core_share_per_10_calls": round(10 * (share - idle) / placed, 5) if placed else None,
    }


def _share(seconds: float) -> float:
    """Of one core, over the next `seconds`."""
    before, began = _ticks(), time.monotonic()
    time.sleep(seconds)
    return (_ticks() - before) / _TICKS / (time.monotonic() - began)


def _ticks() -> int:
    pid = process.find(daemon.NAME)
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _offered() -> int:
    return sum(queue["offered"] or 0 for queue in page.status()["queues"])
