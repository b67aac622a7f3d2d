"""Damaged plan files: "each is accepted and runs, or refused with a message that names line and key"."""

import pytest

from cti_daemon.model.incidents import Plan
from cti_daemon.wire.plan_file import Site, read_plan
from tests.plans.mutations import try_files
from tests.plans.shipped import plans, texts

GOOD = texts()["seat-fault"]


@pytest.mark.slow
def test_a_seeded_share_of_damaged_files() -> None:
    """Of 10,000: the rest by `python -m tests.plans --files 10000`."""
    tried = try_files(300, seed=7)
    assert not tried.faults
    assert tried.accepted > 5
    assert tried.refused > 100


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'fact = "seat.state"',
            'fact = "seat.stat"',
            "stage[1].when.fact: there is no fact 'seat.stat'; did you mean seat.state?",
        ),
        (
            'role   = "team-leader"',
            'role   = "teamleader"',
            "stage[1].step[1].role: there is no role 'teamleader'; did you mean team-leader?",
        ),
        ('within = "5m"', 'within = "5 minutes"', "stage[1].step[1].within: must be a time:"),
        (
            'fact = "seat.state", value = "unreachable"',
            'fact = "seats.unreachable", value = "many"',
            "stage[1].when.value: seats.unreachable must be a number; found 'many'",
        ),
        ('value = "unreachable", for', 'value = "gone", for', "stage[1].when.value: seat.state must be one of available, ringing"),
        ('value = "unreachable", for', 'is = "=>", value = "unreachable", for', "stage[1].when.is: there is no word '=>'; did you mean"),
        ('per         = "seat"', 'per         = "desk"', "per: there is no word 'desk'; there are queue, seat"),
        ('follows = "move-to-spare"', 'follows = "move-to-sparse"', "stage[1].step[2].follows: 'move-to-sparse' is no step above this one"),
        ('answer  = "late"', 'answer  = "tomorrow"', "stage[1].step[3].answer: 'tomorrow' is no answer of the step it follows"),
        ('needs = ["repaired"]', 'needs = ["tell-maintenance"]', "recovered.needs: names 'tell-maintenance', which is no task"),
        ('grade = "P4"', 'grade = "P9"', "stage[1].grade: there is no word 'P9'"),
        ('name        = "seat-fault"', 'name        = "seat"', "name: is 'seat', but the file is seat-fault.toml"),
        ('version     = "2"', 'versoin     = "2"', "versoin: is no key of this table; did you mean version?"),
        ('per         = "seat"', 'progress = "10s"', "progress: must be at least 60 s"),
        ('review_due  = "2027-06-30"', 'review_due  = "1"', "review_due: must be a date, YYYY-MM-DD; found '1'"),
        ('id      = "repaired"', 'id      = "move-to-spare"', "stage[1].step[4].id: 'move-to-spare' is used twice"),
    ],
)
def test_a_fault_says_what_where_and_what_would_be_right(old: str, new: str, said: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    line = next(number for number, words in enumerate(text.splitlines(), 1) if new in words)
    found = read_plan(text, "seat-fault", Site(plans=frozenset(texts())))
    assert isinstance(found, tuple)
    assert any(said in str(fault) and fault.line == line for fault in found), "\n".join(map(str, found))


def test_all_faults_are_told_at_once() -> None:
    bad = GOOD.replace('within = "5m"', "within = 0").replace('grade = "P4"', "grade = 4").replace('"hr"', '"h"')
    found = read_plan(bad, "seat-fault", Site(plans=frozenset(texts())))
    assert isinstance(found, tuple)
    assert {fault.key for fault in found} >= {"stage[1].grade", "stage[1].step[1].within"}


def test_times_are_shortened_by_the_site_not_by_the_file() -> None:
    found = read_plan(texts()["lines-full"], "lines-full", Site(plans=frozenset(texts()), time_scale=0.01))
    assert isinstance(found, Plan)
    task = found.step("next-shift-early")
    assert task is not None
    assert task.within_seconds == pytest.approx(6.0)
    assert found.digest != plans()["lines-full"].digest
