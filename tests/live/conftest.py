"""The real lab for tests that need it: built anew, whole and calm before each test."""

from collections.abc import Iterator

import pytest

from lab import bench, daemon, faults, page
from lab.layout import Size
from lab.trial import start_daemon

from .tries import pytest_runtest_protocol

__all__ = ["pytest_runtest_protocol"]  # a hook: pytest finds it here

SIZE = Size(seats=60)
"""The promise about agents is made for 60 calls: all of them busy."""


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
