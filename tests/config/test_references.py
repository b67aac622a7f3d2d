"""docs/commands.md and docs/configuration.md are what the code says, and their commands are requests that the daemon reads."""

import re
import subprocess
from pathlib import Path

import pytest

from cti_daemon.model.verbs import HARMLESS, VERBS
from cti_daemon.wire.mqtt_payload import decode_request
from cti_daemon.wire.mqtt_topics import Topics
from reference.__main__ import files
from reference.commands import CODES
from reference.examples import SITE, USER

ROOT = Path(__file__).parents[2]
COMMANDS = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
ONE_LINERS = re.findall(r"^mosquitto_rr .*$", COMMANDS, re.MULTILINE)


@pytest.mark.parametrize(("path", "text"), files().items(), ids=lambda value: value.name if isinstance(value, Path) else "")
def test_the_reference_is_what_the_code_says(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run `make docs`"


def test_every_verb_has_its_section_and_its_line() -> None:
    assert set(re.findall(r"^### (\S+)$", COMMANDS, re.MULTILINE)) == VERBS.keys()
    assert {line.split("/")[5].split()[0] for line in ONE_LINERS} == VERBS.keys()
    typed = {(verb.typed or name).split()[0] for name, verb in VERBS.items() if name not in HARMLESS}
    assert set(re.findall(r"^cti-daemon ([a-z-]+)", COMMANDS, re.MULTILINE)) == typed


@pytest.mark.parametrize("command", ONE_LINERS, ids=lambda line: line.split("/")[5].split()[0])
def test_a_line_is_a_request_that_the_daemon_reads(command: str) -> None:
    """Run by a shell, with `mosquitto_rr` replaced by a program that shows its words."""
    said = subprocess.run(
        ["bash", "-euc", 'mosquitto_rr() { printf "%s\\0" "$@"; }\n' + command], capture_output=True, text=True, timeout=20, check=True
    )
    words = said.stdout.split("\0")
    options = dict(zip(words[0::2], words[1::2], strict=False))
    topics = Topics(SITE, "cti-1")
    asked = topics.asked_by(options["-t"])
    assert asked is not None
    assert asked[0] == USER
    assert options["-e"] == topics.response(*asked)
    read = decode_request(*asked, options["-m"].encode(), now_wall=4e9)
    assert read.dry_run is VERBS[read.verb].is_dangerous
    assert set(read.args) <= set(VERBS[read.verb].keys)


def test_every_code_of_an_answer_is_explained_and_no_other() -> None:
    code = "".join(path.read_text() for path in sorted((ROOT / "cti_daemon").rglob("*.py")))
    refused = set(re.findall(r'(?:refuse|RefusedError)\(\s*"([a-z_]+)"', code)) | {arg.code for verb in VERBS.values() for arg in verb.args}
    given = set(re.findall(r'CommandStatus\.[A-Z]+,\s*"([a-z_]+)"', code))
    given |= set(re.findall(r'(?:status|REJECTED)\.value, "([a-z_]+)"', code))
    assert CODES.keys() == refused | given
