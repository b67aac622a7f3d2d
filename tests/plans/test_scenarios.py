"""Every shipped plan, in virtual time, against a transcript that a shift leader could read."""

import pytest

from tests.plans.script import inputs, transcript
from tests.plans.shipped import SCENARIOS, plans, rows

NAMES = sorted(path.stem for path in SCENARIOS.glob("*.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_does_what_its_rows_ask_for(name: str) -> None:
    text = (SCENARIOS / f"{name}.txt").read_text(encoding="utf-8")
    assert transcript(name, inputs(text)) == text, "look at the difference; if it is meant: python -m tests.plans --write"


def test_every_shipped_plan_has_a_scenario() -> None:
    """ "Every plan of the table shipped, each with a scenario test in virtual time (a readable transcript) that quotes its source row"."""
    assert {name.split(".")[0] for name in NAMES} == plans().keys()
    assert all(row in rows() for plan in plans().values() for row in plan.rows)


def test_every_step_of_every_plan_is_seen_in_some_scenario() -> None:
    unseen = []
    for name, plan in plans().items():
        text = "".join(path.read_text(encoding="utf-8") for path in SCENARIOS.glob(f"{name}*.txt"))
        unseen += [f"{name}/{step.id}" for step in plan.steps if f"{step.id}: {step.title.zh}" not in text]
    assert not unseen
