"""How often a test of the live lab is made.

A test that failed while the machine stood still, or while its host took half of it away, proves nothing about anybody: it is made
again, and says so. One that failed on a machine that ran has failed. One whose every try was void is skipped with that reason; of these a
run bears a few, then they are failures: who sees a green run may believe that most of it was really seen."""

from __future__ import annotations

import sys
import time

import pytest
from _pytest.runner import runtestprotocol  # what pytest itself calls; there is no public name
from pytest_timeout import _get_item_settings  # type: ignore[import-untyped]  # the same

from lab.stillness import Stillness, wait_calm

TRIES = 4
CALM_SECONDS = 60.0
"""So long a try waits for a machine that runs; then it begins all the same."""
MOST_VOIDS = 4
PATIENCE_SECONDS = 600.0
"""What a whole run spends on waiting and on void tries; afterwards each test is made once, at once."""


class Spent:
    """What this run had to bear with so far."""

    seconds = 0.0
    voids = 0


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Make one test of the lab, and say what became of it. Pytest asks us about all tests, not only about those beside us."""
    if item.get_closest_marker("lab") is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in _tried(item, nextitem):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _tried(item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.TestReport]:
    limit = _get_item_settings(item)
    number = 0
    while True:
        number += 1
        item.ihook.pytest_timeout_cancel_timer(item=item)  # each try has its own time
        item._initrequest()  # type: ignore[attr-defined]  # fixtures anew; again no public name
        began_at = time.monotonic()
        wait_calm(min(CALM_SECONDS, PATIENCE_SECONDS - Spent.seconds))
        Spent.seconds += time.monotonic() - began_at
        if limit.timeout:
            item.ihook.pytest_timeout_set_timer(item=item, settings=limit)
        began_at = time.monotonic()
        with Stillness() as machine:
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if machine.was_there or all(report.passed or report.skipped for report in reports):
            return reports
        print(f"\nvoid: {machine}: {item.nodeid}", file=sys.__stderr__, flush=True)
        Spent.seconds += time.monotonic() - began_at
        if number == TRIES or Spent.seconds > PATIENCE_SECONDS:
            return _void(item, reports, f"void {number} x: {machine}")


def _void(item: pytest.Item, reports: list[pytest.TestReport], reason: str) -> list[pytest.TestReport]:
    Spent.voids += 1
    for report in reports:
        if report.failed and Spent.voids <= MOST_VOIDS:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, reason)
    return reports
