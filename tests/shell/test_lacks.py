"""Telephony depends on no message and no register: whatever of them lacks its secret is said alike, and the daemon starts."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cti_daemon.shell import config, lacks
from cti_daemon.shell.messengers import Messengers
from cti_daemon.shell.register_keys import draw_line
from tests.shell.test_config import EXAMPLE, file

__all__ = ["file"]  # a fixture
PARTS = """
[register]
keys = { file = "ring" }

[[gateway]]
name = "hook"
url = { file = "hook-url" }

[[gateway]]
name = "mail"
url = { file = "mail-url" }

[[contact]]
name = "frank"
roles = ["duty-lead"]
channels = [{ via = "hook", to = "frank" }, { via = "mail", to = "frank@example.invalid" }]
phone = "8001"

[call_out]
node = "edge1"
username = "cti-call"
secret = { file = "call" }
"""
WELL = {
    "ring": f"{draw_line('k1')}\n{draw_line('find')}",
    "hook-url": "json://127.0.0.1:9/{to}",
    "mail-url": "mailto://127.0.0.1:9?to={to}",
    "call": "word",
}
TEXT = EXAMPLE.replace('{ credential = "ami-pbx-a" }', '{ file = "password" }') + PARTS


def written(file: Path, **secrets: str | None) -> config.Loaded:
    file.write_text(TEXT)
    for name, text in (WELL | {name.replace("_", "-"): text for name, text in secrets.items()}).items():
        if text is not None:
            (file.parent / name).touch(mode=0o600)
            (file.parent / name).write_text(text)
    return config.load(file)


def line_of(start: str) -> int:
    return next(number for number, line in enumerate(TEXT.splitlines(), 1) if line.startswith(start))


def test_with_every_secret_nothing_is_lacking(file: Path) -> None:
    loaded = written(file)
    assert loaded.secrets.lacks == ()
    assert set(loaded.secrets.gateways) == {"hook", "mail"}
    assert loaded.secrets.call_out == "word"


CALL_LINE = TEXT[: TEXT.index('{ file = "call" }')].count("\n") + 1


@pytest.mark.parametrize(
    ("secret", "part", "name", "said"),
    [
        (
            "ring",
            "register",
            "",
            f":{line_of('keys =')}: register.keys: {{0}}/ring does not exist; write the secret there (one line, mode 0600)",
        ),
        ("hook_url", "gateway", "hook", f":{line_of('url =')}: gateway[1].url: {{0}}/hook-url does not exist; write the secret there"),
        (
            "call",
            "call_out",
            "",
            f":{CALL_LINE}: call_out.secret: {{0}}/call does not exist; write the secret there",
        ),
    ],
)
def test_a_missing_secret_of_a_part_is_said_and_keeps_nobody_from_watching_over_calls(
    file: Path, secret: str, part: str, name: str, said: str
) -> None:
    loaded = written(file, **{secret: None})
    (lack,) = loaded.secrets.lacks
    assert (lack.part, lack.name) == (part, name)
    assert lack.fault.startswith(f"{file}{said.format(file.parent)}"), lack.fault
    assert loaded.secrets.of("pbx-a").password == "geheim"
    (family,) = lacks.families(loaded.settings, loaded.secrets.lacks)
    assert {labels for labels, value in family.samples if value} == {(part, name)}
    run = subprocess.run(
        [sys.executable, "-m", "cti_daemon", "check-config", "--config", str(file)], capture_output=True, text=True, check=False, timeout=50
    )
    assert run.returncode == 78
    assert lack.fault in run.stderr
    assert "; the daemon runs, and " in run.stderr
    assert "1 part cannot be used" in run.stderr


def test_all_at_once_are_told_at_once(file: Path) -> None:
    loaded = written(file, ring=None, hook_url=None, call=None, mail_url="no address of anything")
    assert [(lack.part, lack.name) for lack in loaded.secrets.lacks] == [
        ("register", ""),
        ("gateway", "hook"),
        ("gateway", "mail"),
        ("gateway", "mail"),
        ("call_out", ""),
    ]
    assert "what stands there is no Apprise URL" in loaded.secrets.lacks[2].fault
    assert not [lack for lack in loaded.secrets.lacks if "no address of anything" in lack.fault], "it may be half a secret"


def test_a_faulty_ring_is_a_lack_too_and_is_not_shown(file: Path) -> None:
    (lack,) = written(file, ring="k1 c2VjcmV0").secrets.lacks
    assert "register.keys: the key 'k1' has 6 bytes; AES-256 wants 32" in lack.fault
    assert "c2VjcmV0" not in lack.fault


async def test_whoever_carries_messages_is_made_all_the_same(file: Path) -> None:
    loaded = written(file, hook_url=None, call=None)
    messengers = Messengers(loaded.settings, loaded.secrets, lambda _: None, lambda work, _: work.close())
    assert messengers.lines is None


def test_secrets_of_the_nodes_are_still_needed(file: Path) -> None:
    file.write_text(TEXT)
    (file.parent / "password").unlink()
    with pytest.raises(config.ConfigError, match=re.escape("node[1].secret")):
        config.load(file)
