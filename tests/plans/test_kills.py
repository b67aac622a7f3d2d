"""SIGKILL in the middle of each shipped plan's scenario, at every step: "nothing fires twice, nothing is forgotten, clocks go on"."""

import pytest

from tests.plans.kills import all_kills
from tests.plans.script import inputs
from tests.plans.shipped import SCENARIOS

pytestmark = pytest.mark.slow  # each plan again and again

NAMES = sorted(path.stem for path in SCENARIOS.glob("*.txt"))
PHASES = 3
"""A batch of effects can be lost before it is written down, before it is done, before its outcome is heard."""


@pytest.mark.parametrize("name", ["lines-full.by-a-person", "power-loss", "seat-fault"])
def test_a_kill_here_and_there_changes_nothing_for_anybody(name: str) -> None:
    found = all_kills(inputs((SCENARIOS / f"{name}.txt").read_text(encoding="utf-8")), every=7)
    assert not found.faults
    assert found.points > 5


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_kill_at_every_step_changes_nothing_for_anybody(name: str) -> None:
    """Each batch in one of its three phases; `python -m tests.plans --kills` does all three."""
    found = all_kills(inputs((SCENARIOS / f"{name}.txt").read_text(encoding="utf-8")), every=PHASES + 1)
    assert not found.faults
