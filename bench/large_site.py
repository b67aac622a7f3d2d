"""A picture with as many series as wanted, and what writing it costs: `python -m bench.large_site 10000`."""

import asyncio
import statistics
import sys
import time
from dataclasses import replace

from bench.clients.site import settings_of_sample
from cti_daemon.model.ids import NodeName, QueueName, SeatName
from cti_daemon.model.reasons import Mode, NodeState, Reason, Role, Verdict
from cti_daemon.model.views import Distribution, NodeView, QueueKpiView, QueueView, SeatView, SiteView, WindowView
from cti_daemon.shell.metrics import Metrics

ROUNDS = 21
SEATS_A_QUEUE = 20
_PRIMARY = NodeName("pbx-a")
_EDGES = (5.0, 15.0, 60.0)
_OUTCOMES = {"answered": 100, "abandoned": 15, "short_abandoned": 5, "timeout": 0, "overflowed": 0, "rescued": 2}


def site_of_series(series: int) -> SiteView:
    """A site with so many queues that about `series` series are exported, every count another number."""
    base, with_one = _series(_site(0)), _series(_site(1))
    return _site(max(0, series - base) // (with_one - base))


def _series(view: SiteView) -> int:
    metrics = Metrics(settings_of_sample(), lambda: view)
    return sum(not line.startswith("#") for line in "".join(metrics.pieces()).splitlines())


def _site(queues: int) -> SiteView:
    primary = NodeView(
        name=_PRIMARY,
        role=Role.PRIMARY,
        state=NodeState.HEALTHY,
        verdict=Verdict.HEALTHY,
        since_seconds=12.0,
        degraded_paths=(),
        evidence=(),
        legs={},
        proven=True,
    )
    return SiteView(
        mode=Mode.NORMAL,
        serving=_PRIMARY,
        diverted_from=None,
        route=(_PRIMARY,),
        epoch=1,
        reason=Reason.START,
        since_seconds=12.0,
        nodes=(primary,),
        queues=tuple(_queue(number) for number in range(queues)),
        failover_in_progress=False,
        legs_to_rescue=0,
    )


def _queue(number: int) -> QueueView:
    seats = tuple(SeatView(SeatName(f"seat{number * SEATS_A_QUEUE + n}"), "available") for n in range(SEATS_A_QUEUE))
    return QueueView(QueueName(f"queue-{number}"), _PRIMARY, waiting=number, longest_wait_seconds=3.5, seats=seats, kpi=_kpi(number))


def _kpi(number: int) -> QueueKpiView:
    quarter = WindowView(
        seconds=900.0,
        offered=20,
        outcomes={"answered": 16, "abandoned": 3, "short_abandoned": 1},
        answered_in_time=12,
        service_level={"answered_and_abandoned": 12 / 19, "asterisk": None},
        asa_seconds=8.25,
        abandonment_ratio=0.15,
        connect_ratio=0.8,
        occupancy_ratio=None,
    )
    return QueueKpiView(
        offered=1000 + number,
        outcomes=_OUTCOMES,
        answer=Distribution(_EDGES, (40, 50, 8, 2), 0.1 + number),
        abandon=Distribution(_EDGES, (5, 5, 5, 0), 301.0),
        talk=Distribution(_EDGES, (0, 10, 60, 30), 9000.0),
        windows=(replace(quarter, seconds=86_400.0), quarter),
    )


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
    metrics = Metrics(settings_of_sample(), lambda: view)
    measured = [asyncio.run(stalls(metrics)) for _ in range(ROUNDS)]
    longest, took = zip(*measured, strict=True)
    print(f"{_series(view)} series, {ROUNDS} pages")
    for name, values in (("longest stall of the loop", longest), ("whole page", took)):
        print(f"{name}: median {statistics.median(values) * 1e3:.2f} ms, max {max(values) * 1e3:.2f} ms, first {values[0] * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
