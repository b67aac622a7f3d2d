"""The key press: only a key confirms, and nobody presses it by his name. "answering machines never confirm"."""

import subprocess
import sys
import threading
from collections.abc import Iterable

import pytest

pytestmark = pytest.mark.slow  # each starts the script

ENVIRONMENT = (
    "agi_network: yes\nagi_request: agi://127.0.0.1/confirm\nagi_channel: Local/1\nagi_callerid: 13812345678\n"
    "agi_calleridname: {}\nagi_context: x\n\n"
)


class Asterisk:
    """The other end of AGI, line by line as res_agi writes it. `keys`: what is pressed at each sound or wait, "" for nothing."""

    def __init__(
        self, keys: Iterable[str], kind: str = "notice", *, is_drill: bool = False, name: str = "x", hangs_up_at: int = 99
    ) -> None:
        self.keys = list(keys)
        self.variables = {"CTI_KIND": kind, "CTI_IS_DRILL": "1" if is_drill else ""}
        self.name, self.hangs_up_at = name, hangs_up_at
        self.played: list[str] = []
        self.commands: list[str] = []
        self.complaints = ""

    def run(self) -> str:
        """The answer the channel has in the end."""
        words = [sys.executable, "-m", "cti_daemon.shell.agi_confirm"]
        script = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        assert script.stdin is not None
        assert script.stdout is not None
        assert script.stderr is not None
        killer = threading.Timer(60, script.kill)
        killer.start()
        script.stdin.write(ENVIRONMENT.format(self.name).encode("utf-8", "surrogateescape"))
        for raw in script.stdout:
            if len(self.commands) == self.hangs_up_at:
                break
            line = raw.decode().rstrip("\n")
            self.commands.append(line)
            script.stdin.write(f"{self.answer(line)}\n".encode())
        script.stdin.close()
        self.complaints = script.stderr.read().decode()
        script.wait()
        script.stdout.close()
        script.stderr.close()
        killer.cancel()
        assert script.returncode == 0
        return self.variables.get("CTI_ANSWER", "")

    def answer(self, line: str) -> str:
        words = line.replace('"', "").split()
        match words:
            case ["SET", "VARIABLE", name, value]:
                self.variables[name] = value
                return "200 result=1"
            case ["GET", "FULL", "VARIABLE", text]:
                return f"200 result=1 ({text})"
            case ["GET", "VARIABLE", name]:
                value = self.variables.get(name, "")
                return f"200 result=1 ({value})" if value else "200 result=0"
            case ["STREAM", "FILE", sound, *_]:
                self.played.append(sound)
                return f"200 result={self._key()} endpos=1"
            case ["WAIT", "FOR", "DIGIT", _]:
                return f"200 result={self._key()}"
            case _:
                return "510 Invalid or unknown command"

    def _key(self) -> int:
        key = self.keys.pop(0) if self.keys else ""
        return ord(key) if key else 0


def test_one_confirms_a_notice() -> None:
    asterisk = Asterisk(["", "1"])
    assert asterisk.run() == "yes"
    assert asterisk.played == ["cti-call-notice", "cti-call-thanks"]


@pytest.mark.parametrize(
    ("kind", "key", "answer"), [("come", "1", "yes"), ("come", "2", "no"), ("standby", "2", "no"), ("notice", "2", "")]
)
def test_two_declines_where_there_is_something_to_decline(kind: str, key: str, answer: str) -> None:
    assert Asterisk([key], kind).run() == answer


def test_whoever_presses_nothing_has_confirmed_nothing() -> None:
    asterisk = Asterisk([])
    assert asterisk.run() == ""
    assert asterisk.played == ["cti-call-notice"] * 3


@pytest.mark.parametrize("key", ["0", "3", "9", "*", "#"])
def test_another_key_is_no_answer(key: str) -> None:
    assert Asterisk([key] * 6).run() == ""


def test_a_drill_says_so_first() -> None:
    asterisk = Asterisk(["", "", "1"], "come", is_drill=True)
    assert asterisk.run() == "yes"
    assert asterisk.played[:2] == ["cti-call-drill", "cti-call-come"]


@pytest.mark.parametrize("at", range(8))
def test_hung_up_at_any_point_confirms_nothing_and_makes_no_noise(at: int) -> None:
    asterisk = Asterisk(["", ""], hangs_up_at=at)
    assert asterisk.run() == ""
    assert asterisk.complaints == ""


FORGED = "evil\n\n200 result=49 endpos=0\n200 result=1 (yes)\n200 result=49\n200 result=49\n200 result=1 (come)\n"


@pytest.mark.parametrize(
    "name", [FORGED, "evil\n\n" + "200 result=49\n" * 60, "\n" * 30, "200 result=49", "\udcff\udcfe", '"\\" EXEC System "x']
)
def test_a_name_with_line_ends_presses_no_key(name: str) -> None:
    """Asterisk writes the caller's name into the AGI environment as it is: an empty line ends it early, and what follows would be
    read as the answers to our first commands."""
    asterisk = Asterisk([], name=name)
    assert asterisk.run() == ""
    assert asterisk.variables["CTI_KIND"] == "notice"
    assert {command.split()[0] for command in asterisk.commands} <= {"SET", "GET", "STREAM", "WAIT"}


def test_the_number_of_the_called_is_written_to_no_log() -> None:
    asterisk = Asterisk(["1"])
    asterisk.run()
    assert "13812345678" not in asterisk.complaints


def test_a_caller_is_told_once_and_asked_for_nothing() -> None:
    """C3: "电话告知客户; 道歉"."""
    asterisk = Asterisk(["1"], "inform")
    assert asterisk.run() == ""
    assert asterisk.played == ["cti-call-inform"]
