"""The docs show what the code does: their tables and diagrams are drawn from it (`CTI_REWRITE=1` draws them anew), and every
decision of the transcripts is a row of the state machine."""

import os
import re
from pathlib import Path

import pytest

from cti_daemon.model.reasons import Mode, Reason
from cti_daemon.policy.modes import TRANSITIONS, is_allowed
from tests.policy.pictures import PICTURES

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs/design/verdicts.md", ROOT / "docs/design/modes.md")
BLOCK = re.compile(r"(<!-- drawn: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
DECISION = re.compile(r"journal  (?:route|failover_intent): (\w+) -> (\w+) \((\w+)\)")


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_docs_are_drawn_from_the_code(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    drawn = BLOCK.sub(lambda m: f"{m[1]}{PICTURES[m[2]]()}\n{m[3]}", text)
    if os.environ.get("CTI_REWRITE"):
        path.write_text(drawn, encoding="utf-8")
        text = drawn
    assert text == drawn


def test_every_picture_is_in_the_docs() -> None:
    named = [m[2] for path in DOCS for m in BLOCK.finditer(path.read_text(encoding="utf-8"))]
    assert sorted(named) == sorted(PICTURES)


def decisions() -> set[tuple[Mode, Reason, Mode]]:
    found = set()
    for path in (ROOT / "tests/scenarios").glob("*.txt"):
        for before, after, reason in DECISION.findall(path.read_text(encoding="utf-8")):
            found.add((Mode(before), Reason(reason), Mode(after)))
    return found


def test_every_decision_of_the_transcripts_is_in_the_state_machine() -> None:
    assert [d for d in sorted(decisions()) if not is_allowed(*d)] == []


def test_every_row_of_the_state_machine_is_shown_by_a_transcript() -> None:
    shown = decisions()
    unseen = [t.what for t in TRANSITIONS if not any(b in t.before and r in t.reasons and a is t.after for b, r, a in shown)]
    assert unseen == []
