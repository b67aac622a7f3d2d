"""What a scrape costs against the number of series: the longest wait of anything else on the loop, and the whole page; beside
prometheus-client writing the same samples."""

import asyncio
from statistics import median
from typing import Any

from bench.clients.site import settings_of_sample
from bench.large_site import site_of_series, stalls
from cti_daemon.shell.metrics import Metrics

SERIES = (1_000, 10_000)
ROUNDS = 15


def run() -> list[dict[str, Any]]:
    found = []
    for series in SERIES:
        view = site_of_series(series)
        metrics = Metrics(settings_of_sample(), lambda view=view: view)  # type: ignore[misc]
        measured = [asyncio.run(stalls(metrics)) for _ in range(ROUNDS)]
        longest, whole = ([1000 * value for value in values] for values in zip(*measured, strict=True))
        found.append(
            {
                "series": sum(not line.startswith("#") for line in "".join(metrics.pieces()).splitlines()),
                "longest_stall_ms": {"median": round(median(longest), 2), "most": round(max(longest), 2)},
                "page_ms": {"median": round(median(whole), 2), "most": round(max(whole), 2)},
            }
        )
    return found
