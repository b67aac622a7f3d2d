"""The command line as a person and systemd meet it: real processes, real exit codes."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import pytest
import typer
from typer.main import get_command

from cti_daemon import __version__
from cti_daemon.model.settings import Settings
from cti_daemon.model.verbs import VERBS
from cti_daemon.shell.cli import app
from cti_daemon.shell.http import status_pieces
from cti_daemon.shell.status_text import span, table
from tests.shell.conftest import SAMPLE, Picture

pytestmark = pytest.mark.slow  # each starts the program


def cti(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cti_daemon", *words],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={**os.environ, "COLUMNS": "80", "TERM": "dumb", **environment},
    )


def test_the_version_is_said() -> None:
    said = cti("--version")
    assert (said.returncode, said.stdout.strip()) == (0, f"cti-daemon {__version__}")


@pytest.mark.parametrize("command", [[], ["run"], ["check-config"], ["status"], ["top"], ["maintenance-on"], ["failover"]])
def test_help_is_worth_reading_at_80_columns(command: list[str]) -> None:
    said = cti(*command, "--help")
    assert said.returncode == 0
    assert "Usage: " in said.stdout
    assert max(map(len, said.stdout.splitlines())) <= 80


def test_every_order_of_the_table_is_a_command_with_its_options() -> None:
    commands = get_command(app)
    assert isinstance(commands, typer.core.TyperGroup)
    for verb in (verb for verb in VERBS.values() if not verb.typed):
        names = {name for parameter in commands.commands[verb.name].params for name in (*parameter.opts, parameter.name)}
        for arg in verb.args if verb.name != "status" else ():
            assert (f"arg_{arg.name}" if arg.is_positional else f"--{arg.option}") in names, verb.name
        assert ("--dry-run" in names, "--yes" in names) == (verb.is_order, verb.is_order)


def test_a_good_configuration_is_0_and_a_faulty_one_78_with_every_fault(tmp_path: Path) -> None:
    assert cti("check-config", "-c", str(SAMPLE), "--offline").returncode == 0
    faulty = tmp_path / "faulty.toml"
    faulty.write_text(SAMPLE.read_text().replace('"primary"', '"first"').replace("heartbeat            = 0.2", "heartbeat = -1"))
    said = cti("check-config", "-c", str(faulty), "--offline")
    assert said.returncode == 78
    assert said.stdout == ""
    faults = said.stderr.splitlines()
    assert len(faults) == 3
    assert all(f.startswith(f"{faulty}:") for f in faults)
    assert faults[-1].endswith("2 faults")


def test_secrets_are_read_unless_offline() -> None:
    said = cti("check-config", "-c", str(SAMPLE), CREDENTIALS_DIRECTORY="/nowhere")
    assert said.returncode == 78
    assert "/nowhere/ami-edge1 does not exist" in said.stderr


def test_the_doctor_takes_the_secrets_from_where_systemd_put_them(tmp_path: Path) -> None:
    """`CREDENTIALS_DIRECTORY=/run/credentials/cti-daemon.service cti-daemon doctor`; on the packaged service: `make service-test`."""
    site = tmp_path / "site.toml"
    site.write_text(SAMPLE.read_text().replace("10.10.", "127.10.").replace("/var/lib/cti-daemon", str(tmp_path)))
    without = cti("doctor", "-c", str(site), CREDENTIALS_DIRECTORY="")
    assert (without.returncode, "CREDENTIALS_DIRECTORY" in without.stderr) == (78, True)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for name in re.findall(r'credential = "([^"]+)"', SAMPLE.read_text()):
        (credentials / name).write_text("secret\n")
        (credentials / name).chmod(0o600)
    said = cti("doctor", "-c", str(site), "--format", "json", CREDENTIALS_DIRECTORY=str(credentials))
    found = {(finding["subject"], finding["check"]): finding["text"] for finding in json.loads(said.stdout)}
    assert said.returncode == 1
    assert found["pbx-a", "ami over a"].startswith("refused")  # nobody listens there, but it had what it would have logged in with


def test_run_does_not_start_with_a_faulty_configuration() -> None:
    """Exit code 78, for which the unit does not start it again."""
    assert cti("run", "-c", "/nowhere.toml").returncode == 78


def test_wrong_usage_is_2() -> None:
    assert cti("status", "--format", "poem").returncode == 2


def test_a_daemon_that_does_not_answer_is_69() -> None:
    said = cti("status", "--url", "http://127.0.0.1:1")
    assert said.returncode == 69
    assert "does not answer at http://127.0.0.1:1: " in said.stderr


def test_status_is_a_table_or_json(page: str) -> None:
    shown = cti("status", "--url", page)
    assert shown.returncode == 0
    assert "serving  pbx-a" in shown.stdout
    as_json = cti("status", "--url", page, "--format", "json", http_proxy="http://127.0.0.1:1")
    assert json.loads(as_json.stdout)["serving"] == "pbx-a"


def test_watch_shows_it_anew_until_it_is_interrupted(page: str) -> None:
    command = [sys.executable, "-m", "cti_daemon", "status", "--url", page, "--watch", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        assert process.stdout is not None
        shown = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert shown[0]["now"] < shown[1]["now"]


def status_of(settings: Settings, picture: Picture) -> dict[str, Any]:
    found: dict[str, Any] = json.loads("".join(status_pieces(settings, picture(), datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC))))
    return found


def drawn(settings: Settings, picture: Picture) -> str:
    return table(status_of(settings, picture))


def test_the_table_fits_80_columns_and_reads_like_this(settings: Settings, picture: Picture) -> None:
    text = drawn(settings, picture)
    assert text == "\n".join(  # noqa: FLY002 - as it is read
        [
            "95598   normal                                                      12:00:00 UTC",
            "serving  pbx-a   since 12.0s, reason start, epoch 1",
            "route    pbx-a > pbx-b > emg",
            "",
            "  NODE       ROLE      VERDICT           FOR    LINK  SIP   EDGE  TALK WAIT RING",
            "  edge1      edge      healthy           12.0s  ok/--",
            "    control network b lost",
            "  pbx-a      primary   healthy           12.0s  ok/ok                7    2    0",
            "  pbx-b      standby   healthy           12.0s  ok/ok                0    0    0",
            "",
            "  QUEUE         ON          WAITING  LONGEST  SEATS",
            "  hotline       pbx-a       2        3.5s     1 available, 1 in_call",
            "    15m  SL 63%, ASA 8.2s; of 20: 16 answered, 3 abandoned, 1 short",
            "    1d   SL 63%, ASA 8.2s; of 20: 16 answered, 3 abandoned, 1 short",
            "",
            "security events: 3 edge1/Newchannel",
        ]
    )


def test_a_failover_stands_out_and_what_is_not_known_is_a_question_mark(settings: Settings, picture: Picture) -> None:
    picture.fail_over()
    picture.lose_sight_of_queue()
    picture.now = replace(picture.now, failover_in_progress=True, legs_to_rescue=4, serving=None)
    text = drawn(settings, picture)
    assert "FAILED OVER" in text
    assert "! pbx-a" in text
    assert "serving  ?" in text
    assert "failover in progress: 4 callers still to be moved" in text
    assert "  hotline       pbx-a       ?        ?        ?" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("seconds", "shown"), [(None, "?"), (4.21, "4.2s"), (200, "3m20s"), (7500, "2h05m"), (9 * 86400 + 4 * 3600, "9d04h")]
)
def test_durations_read_well(seconds: float | None, shown: str) -> None:
    assert span(seconds) == shown


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it never came to hold")


@contextlib.contextmanager
def started(command: list[str], log: TextIO, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that does not outlive the test; when the test fails its log is shown."""
    with subprocess.Popen(command, stderr=log, text=True, env=environment) as process:
        try:
            yield process
        except BaseException:
            sys.stderr.write(Path(log.name).read_text())
            raise
        finally:
            process.kill()


def test_run_serves_its_pages_tells_systemd_and_ends_with_0_on_sigterm(tmp_path: Path) -> None:
    """A start with no Asterisk, no broker and nobody to help: it runs, says what is missing, and stops when told."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    text = SAMPLE.read_text().replace("127.0.0.1:9595", f"127.0.0.1:{port}").replace("/var/lib/cti-daemon", str(tmp_path))
    for octet in (10, 11, 12, 13):
        text = text.replace(f"10.10.1.{octet}", f"127.1.1.{octet}").replace(f"10.10.2.{octet}", f"127.1.2.{octet}")
    site = tmp_path / "site.toml"
    site.write_text(text.replace("1883", "1"))
    for name in ("ami-edge1", "ami-pbx-a", "ami-pbx-b", "ami-emg", "name-edge1", "name-pbx-a", "name-pbx-b", "name-emg", "mqtt"):
        (tmp_path / name).write_text(f"{name}-0123456789abcdef")
        (tmp_path / name).chmod(0o400)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(tmp_path), "NOTIFY_SOCKET": str(tmp_path / "notify")}
        command = [sys.executable, "-m", "cti_daemon", "run", "-c", str(site)]
        with (tmp_path / "log").open("w") as log, started(command, log, environment) as process:
            until(lambda: b"READY=1" in systemd.recv(4096))
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
                assert answer.status == 200
            shown = cti("status", "-c", str(site))
            assert shown.returncode == 0
            assert "pbx-a" in shown.stdout
            process.send_signal(signal.SIGTERM)
            until(lambda: b"STOPPING=1" in systemd.recv(4096))
            assert process.wait(20) == 0
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert any(line["event"] == "cti-daemon runs" for line in lines)
