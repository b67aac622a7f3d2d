"""A3 on the real site: two daemons are started at once, and one acts; who is stopped politely gives the lease up to the other one."""

import time
from collections.abc import Iterator

import pytest

from lab import bench, daemon, process
from lab.ami import Ami
from lab.deadline import wait_until
from lab.layout import EDGE, METRICS_PORT, Size
from lab.pairs import NAME, PORT, role, start_second, table

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]
PORTS = (METRICS_PORT, PORT)


@pytest.fixture
def small_lab() -> Iterator[None]:
    bench.up(Size(seats=10), print)
    try:
        yield
    finally:
        bench.down()


def test_of_two_started_at_once_one_acts_and_hands_over_when_it_is_stopped(small_lab: None) -> None:
    daemon.write_configuration(more=table("cti-2"))
    daemon.start()
    start_second()
    wait_until("one to act", lambda: "acting" in [role(port) for port in PORTS], 20, every_seconds=0.05)
    watched_until = time.monotonic() + 4.0
    while time.monotonic() < watched_until:
        assert sorted(str(role(port)) for port in PORTS) == ["acting", "standby"]
    first = next(port for port in PORTS if role(port) == "acting")
    with Ami(EDGE) as edge:
        claim = edge.get("CTI_LEASE")
        process.stop(daemon.NAME if first == METRICS_PORT else NAME)
        assert edge.get("CTI_LEASE") != claim
    other = next(port for port in PORTS if port != first)
    wait_until("the other one to act", lambda: role(other) == "acting", 10, every_seconds=0.05)
