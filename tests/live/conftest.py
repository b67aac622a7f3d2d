"""The real lab for tests that need it: built anew, whole and calm before each test.

A test that failed on a machine that stood still meanwhile proves nothing, about nobody: it is made again, and says so. One that
failed on a machine that ran has failed."""

import sys
from collections.abc import Iterator

import pytest
from _pytest.runner import runtestprotocol  # what pytest itself calls; there is no public name

from lab import bench, daemon, faults, page
from lab.layout import Size
from lab.stillness import Stillness
from lab.trial import start_daemon

TRIES = 3
STOOD_STILL_SECONDS = 0.3
"""A thread that only sleeps woke so late: longer than the silence by which a dead server is suspected."""

SIZE = Size(seats=60)
"""The promise about agents is made for 60 calls: all of them busy."""


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports: list[pytest.TestReport] = []
    for number in range(1, TRIES + 1):
        item._initrequest()  # type: ignore[attr-defined]  # fixtures anew; again no public name
        with Stillness() as machine:
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if all(report.passed or report.skipped for report in reports):
            break
        if machine.longest_seconds < STOOD_STILL_SECONDS or number == TRIES:
            break
        print(f"\nvoid: the machine stood still for {machine.longest_seconds:.2f} s; once more: {item.nodeid}", file=sys.__stderr__)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def say(text: str) -> None:
    """What pytest shows when a test fails."""
    print(text)


@pytest.fixture
def fresh_lab() -> Iterator[None]:
    """All Asterisks, phones, broker and Prometheus anew; gone afterwards."""
    bench.up(SIZE, say)
    try:
        yield
    finally:
        bench.down()


@pytest.fixture
def site(fresh_lab: None) -> Iterator[None]:
    """The lab with the daemon beside it, every node judged healthy."""
    start_daemon()
    try:
        yield
    finally:
        print(daemon.LOG.read_text(encoding="utf-8", errors="replace")[-8000:])
        daemon.stop()
        faults.heal_all()


def failovers() -> int:
    """How many failovers the running daemon counts."""
    counted = page.status().get("counters", {}).get("failovers", [])
    return sum(int(row["count"]) for row in counted)
