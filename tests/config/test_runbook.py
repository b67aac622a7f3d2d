"""What a person is told at 3 a.m. must be true: alerts lead to their section, commands are accepted, words are the program's own."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from cti_daemon.model.reasons import Verdict
from cti_daemon.model.verbs import VERBS
from cti_daemon.policy.table import shown
from cti_daemon.shell import config
from cti_daemon.wire.mqtt_payload import decode_request
from cti_daemon.wire.mqtt_topics import Topics
from tests.shell.conftest import SAMPLE

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs/operations.md"
RULES = (ROOT / "config/prometheus/cti-daemon.rules.yml").read_text()
ALERTS = re.findall(r"alert: (\w+)", RULES)
TEXT = RUNBOOK.read_text()


def anchors(text: str) -> set[str]:
    """Headings as the usual renderers name them."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def commands() -> list[str]:
    """The `mosquitto_rr` commands, each with its continuation lines."""
    blocks = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return [block for block in blocks if block.startswith("mosquitto_rr ")]


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_names_its_section_of_the_runbook(alert: str) -> None:
    rule = RULES.partition(f"alert: {alert}\n")[2].partition("- alert: ")[0]
    named = re.search(r"^ +runbook: (\S+)#(\S+)$", rule, re.MULTILINE)
    assert named is not None
    assert ROOT / named[1] == RUNBOOK
    assert named[2] == alert.lower()
    assert f"\n### {alert}\n" in TEXT


def test_the_runbook_has_no_section_for_an_alert_that_is_gone() -> None:
    assert re.findall(r"^### (Cti\w+)$", TEXT, re.MULTILINE) == ALERTS


@pytest.mark.parametrize("page", ["docs/operations.md", "docs/install.md", "docs/commands.md", "docs/configuration.md", "CHANGELOG.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent / path if path else ROOT / page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found.read_text()), target


@pytest.mark.parametrize("command", commands(), ids=lambda c: re.findall(r"/(\w+) -e", c)[0])
def test_a_command_of_the_runbook_is_one_the_daemon_reads(command: str) -> None:
    """Run by a shell, with `mosquitto_rr` replaced by a program that shows its words."""
    script = 'mosquitto_rr() { printf "%s\\0" "$@"; }\n' + command
    said = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=20, check=True)
    words = said.stdout.split("\0")
    options = dict(zip(words[0::2], words[1::2], strict=False))
    topics = Topics(config.load(SAMPLE, offline=True).settings.site.name, "cti-1")
    asked = topics.asked_by(options["-t"])
    assert asked is not None
    user, verb = asked
    assert topics.response(user, verb) == options["-e"]
    read = decode_request(user, verb, options["-m"].encode(), now_wall=4e9)
    assert read.verb in VERBS
    assert set(read.args) <= {"to"}
    assert read.dry_run is not bool(read.confirm) or verb == "status"


def test_the_runbook_shows_status_a_dry_run_and_a_confirmation() -> None:
    assert len(commands()) == 3


def test_every_verdict_is_explained_with_the_state_it_has() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \| [^|]+ \| [^|]+ \|$", TEXT.partition("\n## Verdicts\n")[2], re.MULTILINE))
    assert rows == {verdict.value: shown(verdict).value for verdict in Verdict}


def test_every_line_of_the_log_that_is_explained_is_one_the_program_writes() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| cti\.(\w+) \|", TEXT, re.MULTILINE)
    assert rows
    code = "".join(path.read_text() for path in sorted((ROOT / "cti_daemon").rglob("*.py")))
    assert [line for line, _ in rows if json.dumps(line) not in code] == []
    assert [part for _, part in rows if f'log.get("{part}")' not in code] == []
