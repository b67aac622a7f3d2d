"""A picture with as many series as wanted, and what writing it costs: `python -m tests.shell.large_site 10000`."""

import asyncio
import statistics
import sys
import time
from dataclasses import replace

from cti_daemon.model.ids import NodeName, QueueName, SeatName
from cti_daemon.model.views import QueueView, SeatView, SiteView
from cti_daemon.shell import config
from cti_daemon.shell.metrics import Metrics
from tests.shell.conftest import SAMPLE, Picture

ROUNDS = 21


def site_of_series(series: int) -> SiteView:
    """The sample site with so many queues that about `series` series are exported, every count another number."""
    one = Picture().now
    settings = config.load(SAMPLE, offline=True).settings
    base, more = (_series(Metrics(settings, lambda queues=queues: replace(one, queues=queues))) for queues in ((), one.queues))  # type: ignore[misc]
    wanted = max(0, series - base) // (more - base)
    return replace(one, queues=tuple(_queue(one.queues[0], number) for number in range(wanted)))


def _series(metrics: Metrics) -> int:
    return sum(not line.startswith("#") for line in "".join(metrics.pieces()).splitlines())


def _queue(like: QueueView, number: int) -> QueueView:
    name = QueueName(f"queue-{number}")
    seats = tuple(SeatView(SeatName(f"seat{number * 20 + n}"), "available") for n in range(20))
    kpi = like.kpi and replace(like.kpi, offered=1000 + number, answer=replace(like.kpi.answer, sum_seconds=0.1 + number))
    return replace(like, name=name, node=NodeName("pbx-a"), waiting=number, seats=seats, kpi=kpi)


async def stalls(metrics: Metrics) -> tuple[float, float]:
    """Longest time that another task of the loop had to wait for its turn while one page was made, and the whole time, in seconds."""
    longest, ended = 0.0, False

    async def others() -> None:
        nonlocal longest
        before = time.perf_counter()
        while not ended:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, before = max(longest, now - before), now

    beside = asyncio.create_task(others())
    await asyncio.sleep(0)
    began = time.perf_counter()
    await metrics.page()
    took = time.perf_counter() - began
    ended = True
    await beside
    return longest, took


def main() -> None:
    view = site_of_series(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    metrics = Metrics(config.load(SAMPLE, offline=True).settings, lambda: view)
    measured = [asyncio.run(stalls(metrics)) for _ in range(ROUNDS)]
    longest, took = zip(*measured, strict=True)
    print(f"{_series(metrics)} series, {ROUNDS} pages")
    for name, values in (("longest stall of the loop", longest), ("whole page", took)):
        print(f"{name}: median {statistics.median(values) * 1e3:.2f} ms, max {max(values) * 1e3:.2f} ms, first {values[0] * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
