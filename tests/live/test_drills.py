"""A few of the drills, once each: those that prove most. `make drills` runs all of them five times."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab import bench, tally
from lab.catalogue import DRILLS
from lab.disturbances import FLAP_SECONDS, flaps
from lab.drill import run
from lab.exercise import Drill
from lab.trial import Load

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

_FEW = Load(loud=10, quiet=10, waiting=4, new_per_second=2)
_SHORT = {
    "both-together": DRILLS["both-together"],
    "daemon-restarts": replace(DRILLS["daemon-restarts"], load=_FEW),
    "returns": DRILLS["returns"],
    "swap-networks": replace(DRILLS["swap-networks"], load=_FEW),
    "broker-frozen": DRILLS["broker-frozen"],
    "broker-black": DRILLS["broker-black"],
    "stop-daemon": replace(DRILLS["stop-daemon"], load=_FEW),
    "flapping": replace(DRILLS["flapping"], load=_FEW, steps=flaps(2), watch_seconds=4 * FLAP_SECONDS),
}


@pytest.fixture
def no_lab_left() -> Iterator[None]:
    yield
    bench.down()


@pytest.mark.parametrize(("name", "drill"), _SHORT.items(), ids=list(_SHORT))
def test_drill(no_lab_left: None, name: str, drill: Drill) -> None:
    """Nobody lost, nobody in silence, no new call failed, as many failovers as there were deaths, the right server serves."""
    record = tally.Record(name, drill.text, drill.expected)
    outcome = run(drill, record)
    print(outcome)
    assert outcome.wrong == []
