"""Plans in the running program: a person starts one over the control socket, the process is killed in the middle, and the clocks go on;
SIGHUP reads the files anew, all or nothing."""

import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.shell.conftest import SAMPLE

pytestmark = pytest.mark.slow
ME = pwd.getpwuid(os.geteuid()).pw_name
PLAN = """name = "trouble"
version = "1"
approved_by = "test"
review_due = "2027-01-01"
rows = ["A1"]
title = { zh = "故障", en = "trouble" }
[[stage]]
id = "one"
title = { zh = "一", en = "one" }
grade = "P2"
[[stage.step]]
id = "act"
do = "task"
title = { zh = "动作", en = "act" }
role = "duty"
within = "10m"
[[stage.step]]
id = "tell"
do = "notify"
title = { zh = "告知", en = "tell" }
roles = ["duty-lead"]
"""


def until(is_so: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 25.0
    while time.monotonic() < deadline:
        found = is_so()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within 25 s: {what}")


class Program:
    def __init__(self, folder: Path) -> None:
        self._folder, self._site = folder, folder / "site.toml"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        text = SAMPLE.read_text(encoding="utf-8").replace("127.0.0.1:9595", f"127.0.0.1:{port}")
        text = text.replace("/var/lib/cti-daemon", str(folder)).replace("/run/cti-daemon", str(folder)).replace("1883", "1")
        for octet in (10, 11, 12, 13):
            text = text.replace(f"10.10.1.{octet}", f"127.1.1.{octet}").replace(f"10.10.2.{octet}", f"127.1.2.{octet}")
        text += f'\n[plans]\n[[role]]\nname = "me"\nusers = ["{ME}"]\nverbs = ["plan-start", "task-done", "ack"]\n'
        self._site.write_text(text, encoding="utf-8")
        for name in ("ami-edge1", "ami-pbx-a", "ami-pbx-b", "ami-emg", "name-edge1", "name-pbx-a", "name-pbx-b", "name-emg", "mqtt"):
            (folder / name).write_text(f"{name}-0123456789abcdef")
            (folder / name).chmod(0o400)
        self.plan = folder / "plans/trouble.toml"
        self.plan.parent.mkdir()
        self.plan.write_text(PLAN, encoding="utf-8")
        self.process: subprocess.Popen[bytes] | None = None

    def without_plans(self) -> None:
        text = self._site.read_text(encoding="utf-8")
        self._site.write_text(text.replace("[plans]\n", "").replace('"plan-start", "task-done", ', ""), encoding="utf-8")

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "cti_daemon", "run", "-c", str(self._site)]
            environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(self._folder)}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        until(lambda: self.cli("status").returncode == 0, "the daemon answers")

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(20)

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cti_daemon", *words, "-c", str(self._site)]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    def incidents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.cli("incident", "list", "--format", "json").stdout)
        return found

    def log(self) -> str:
        return (self._folder / "log").read_text(encoding="utf-8")


@pytest.fixture
def program(tmp_path: Path) -> Any:
    made = Program(tmp_path)
    yield made
    made.kill()


def test_an_incident_outlives_sigkill_and_a_reload(program: Program) -> None:
    program.start()
    done = program.cli("plan-start", "trouble", "--yes", "--reason", "a test")
    assert done.returncode == 0, done.stderr
    (incident,) = until(program.incidents, "the incident is shown")
    due = incident["clocks"][0]["due_in_seconds"]
    assert (incident["id"], incident["version"], incident["grade"]) == ("trouble-1", "1", "P2")
    until(lambda: "NOT told" in program.log(), "that nobody could be told is said")
    program.kill()
    program.plan.write_text(PLAN.replace('version = "1"', 'version = "2"').replace('"10m"', '"20m"'), encoding="utf-8")
    program.start()
    (after,) = until(program.incidents, "the incident is shown again")
    assert (after["id"], after["version"]) == ("trouble-1", "1")
    assert after["clocks"][0]["due_in_seconds"] < due
    assert set(after["steps"]) == {"act", "tell"}
    program.plan.write_text("nonsense = 1\n", encoding="utf-8")
    assert program.process is not None
    program.process.send_signal(signal.SIGHUP)
    until(lambda: "a plan file is faulty" in program.log(), "the fault of the reload is said")
    looked_after = program.cli("ack", "0", "--incident", "trouble-1")  # 0 is a number, and no option that was left out
    assert looked_after.returncode == 0, looked_after.stderr
    assert program.cli("task-done", "trouble-1", "act", "--yes").returncode == 0
    until(lambda: program.incidents()[0]["steps"]["act"] == "done", "the task is done")
    program.kill(signal.SIGTERM)


def test_a_reload_where_there_are_no_plans_ends_nothing(program: Program) -> None:
    program.without_plans()
    program.start()
    assert program.process is not None
    program.process.send_signal(signal.SIGHUP)
    until(lambda: "there are none" in program.log(), "it is said")
    assert program.cli("status").returncode == 0
    program.kill(signal.SIGTERM)
