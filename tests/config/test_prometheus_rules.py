"""4-interfaces: alert rules ship, "each rule with a `promtool test rules` case (fires, stays quiet, resolves)"."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.config.exported import everything_exported
from tests.shell.conftest import Picture

pytestmark = pytest.mark.slow  # promtool takes its seconds

FOLDER = Path(__file__).parents[2] / "config" / "prometheus"
RULES, CASES = FOLDER / "cti-daemon.rules.yml", sorted(FOLDER.glob("*.test.yml"))


@pytest.mark.program("promtool", "prometheus")
@pytest.mark.parametrize("words", [["check", "rules", RULES.name], *(["test", "rules", case.name] for case in CASES)], ids=" ".join)
def test_promtool_accepts_the_rules_and_their_cases(words: list[str]) -> None:
    said = subprocess.run(["promtool", *words], cwd=FOLDER, capture_output=True, text=True, timeout=50, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def test_every_alert_has_a_case_that_fires_and_ones_that_stay_quiet() -> None:
    cases = "".join(case.read_text() for case in CASES)
    for alert in re.findall(r"alert: (\w+)", RULES.read_text()):
        assert re.search(rf"alertname: {alert}\n\s+exp_alerts", cases), f"{alert} fires nowhere"
        assert len(re.findall(rf"alertname: {alert} }}", cases)) >= 2, f"{alert} is not shown to stay quiet and to resolve"


def test_every_record_has_a_case_that_computes_it() -> None:
    cases = "".join(case.read_text() for case in CASES)
    for record in re.findall(r"record: (\S+)", RULES.read_text()):
        assert re.search(rf"expr: \W?{record}", cases), record


def test_every_metric_in_a_rule_is_one_the_daemon_exports(tmp_path: Path) -> None:
    """A renamed metric must not leave an alert that can never fire."""
    picture = Picture()
    picture.fail_over()
    exported = {name for name in everything_exported(picture, tmp_path) if name.startswith("cti_")}
    for name in set(re.findall(r"\bcti_\w+", re.sub(r"\w+: docs/\S+", "", RULES.read_text()))):
        assert name in exported or name.removesuffix("_bucket") in exported, name
