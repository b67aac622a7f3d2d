"""4-interfaces: alert rules ship, "each rule with a `promtool test rules` case (fires, stays quiet, resolves)"."""

import re
import subprocess
from pathlib import Path

import pytest

from cti_daemon.model.backups import Backup
from cti_daemon.shell import config
from cti_daemon.shell.backups import Backups
from cti_daemon.shell.journal import Journal
from cti_daemon.shell.metrics import Metrics
from cti_daemon.shell.mqtt import MqttBridge
from tests.shell.conftest import SAMPLE, Picture

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
    settings = config.load(SAMPLE, offline=True).settings
    metrics = Metrics(settings, picture)
    metrics.watch_journal(Journal(tmp_path / "journal.sqlite"))
    metrics.watch_mqtt(MqttBridge(settings, None, lambda _: None, picture))
    metrics.add(Backups(SAMPLE, Backup(folder=str(tmp_path)), Journal(tmp_path / "none").append, lambda _: None, lambda: False).families)
    exported = set(re.findall(r"^# TYPE (cti_\w+)", "".join(metrics.pieces()), re.MULTILINE))
    for name in set(re.findall(r"\bcti_\w+", re.sub(r"\w+: docs/\S+", "", RULES.read_text()))):
        assert name in exported or name.removesuffix("_bucket") in exported, name
