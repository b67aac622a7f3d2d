"""Every row of the verdict table, and the decisions that follow, as transcripts a reviewer can read."""

from pathlib import Path

import pytest

from tests.scenarios.script import check

FILES = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_decisions_are_as_written(path: Path) -> None:
    found, golden = check(path)
    assert found == golden
