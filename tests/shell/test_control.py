"""Commands of this machine, over a real Unix socket.

"Identity … proved", "CLI: … talking to the running daemon over a local Unix socket"."""

import asyncio
import contextlib
import json
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from cti_daemon.model.effects import Answer
from cti_daemon.model.events import Command
from cti_daemon.shell import control_socket as module
from cti_daemon.shell.control_client import ControlClient, UnreachableError
from cti_daemon.shell.control_socket import ControlSocket

ME = pwd.getpwuid(os.geteuid()).pw_name


class Core:
    """Answers each command at once, as the real one does, and keeps what it was asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commands: list[Command] = []
        self.counted: list[tuple[str, str]] = []
        self.refused: list[tuple[str, str, str]] = []
        self.is_mute = False
        self.socket = ControlSocket(
            str(path),
            self._take,
            lambda: 7,
            count_command=lambda verb, result: self.counted.append((verb, result)),
            refused=lambda user, verb, code: self.refused.append((user, verb, code)),
        )

    def _take(self, command: Command) -> None:
        self.commands.append(command)
        if not self.is_mute:
            answer = Answer(command.id, command.user, command.verb, "ok", "done", "it is done", 7, {"args": command.args})
            assert self.socket.answer(answer)


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    made = Core(tmp_path / "run" / "control.sock")
    await made.socket.start()
    yield made
    await made.socket.stop()


async def ask(core: Core, verb: str, **body: Any) -> dict[str, Any]:
    def talk() -> dict[str, Any]:
        with ControlClient(core.path) as client:
            return client.ask(verb, **body)

    return await asyncio.to_thread(talk)


async def send(core: Core, line: bytes) -> dict[str, Any]:
    reader, writer = await asyncio.open_unix_connection(core.path)
    writer.write(line)
    answer: dict[str, Any] = json.loads(await asyncio.wait_for(reader.readline(), 20))
    writer.close()
    return answer


async def test_who_asks_is_what_the_kernel_says(core: Core) -> None:
    answer = await ask(core, "failover", args={"to": "pbx-b"}, reason="try")
    assert (answer["status"], answer["data"], answer["epoch"]) == ("ok", {"args": {"to": "pbx-b"}}, 7)
    assert [(c.user, c.verb, c.reason) for c in core.commands] == [(ME, "failover", "try")]
    assert core.counted == [("failover", "ok")]


@pytest.mark.root
async def test_another_login_is_another_user(core: Core) -> None:
    core.path.chmod(0o666)
    for folder in core.path.parents:
        with contextlib.suppress(OSError):
            folder.chmod(folder.stat().st_mode | 0o011)
    program = (
        "import os,socket,sys\nos.setuid(65534)\ns=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1])\n"
        's.sendall(b\'status {"id":"1"}\\n\');print(s.recv(9999).decode())'
    )
    run = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(core.path), stdout=subprocess.PIPE)
    await asyncio.wait_for(run.communicate(), 30)
    assert [c.user for c in core.commands] == ["nobody"]


async def test_a_user_in_the_body_is_no_user(core: Core) -> None:
    answer = await ask(core, "failover", user="root")
    assert (answer["code"], core.commands) == ("unknown_key", [])
    assert core.refused == [(ME, "failover", "unknown_key")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"\n", "malformed"),
        (b'failover {"id": "1"\n', "malformed"),
        (b'FAILOVER {"id": "1"}\n', "malformed"),
        (b'fail\xc3\xbcover {"id": "1"}\n', "malformed"),
        (b'failover {"id": "1", "id": "2"}\n', "malformed"),
        (b'status {"id": "' + b"1" * 20_000 + b'"}\n', "too_large"),
    ],
)
async def test_what_is_no_request_is_refused_in_words(core: Core, line: bytes, code: str) -> None:
    answer = await send(core, line)
    assert (answer["status"], answer["code"], bool(answer["message"])) == ("rejected", code, True)
    assert core.commands == []


async def test_after_a_refusal_the_connection_goes_on(core: Core) -> None:
    reader, writer = await asyncio.open_unix_connection(core.path)
    writer.write(b"x" * 40_000 + b"\n" + b'status {"id": "1"}\n')
    answers = [json.loads(await asyncio.wait_for(reader.readline(), 20)) for _ in range(2)]
    writer.close()
    assert [a["status"] for a in answers][-1] == "ok"


async def test_a_core_that_does_not_answer_is_said(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.05)
    core.is_mute = True
    answer = await ask(core, "status")
    assert (answer["code"], "look at `status`" in answer["message"]) == ("no_answer", True)


async def test_more_connections_than_are_served_are_turned_away_and_it_is_said(
    core: Core, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "MOST_CONNECTIONS", 1)
    _, first = await asyncio.open_unix_connection(core.path)
    reader, second = await asyncio.open_unix_connection(core.path)
    assert await asyncio.wait_for(reader.read(), 20) == b""
    first.close()
    second.close()
    assert "too many are connected" in capsys.readouterr().out


async def test_an_answer_to_nobody_here_is_for_others(core: Core) -> None:
    assert not core.socket.answer(Answer("1", "alice", "status", "ok", "ok", "", 7))


async def test_the_socket_is_not_for_everyone_and_goes_with_the_daemon(core: Core) -> None:
    assert core.path.stat().st_mode & 0o777 == 0o660
    await core.socket.stop()
    assert not core.path.exists()


async def test_a_socket_left_by_a_killed_daemon_is_taken_over(core: Core) -> None:
    again = Core(core.path)
    await again.socket.start()
    await ask(again, "status")
    assert len(again.commands) == 1
    await again.socket.stop()


async def test_a_socket_that_cannot_be_made_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    broken = Core(tmp_path / "file" / "control.sock")
    await broken.socket.start()
    await broken.socket.stop()
    assert "the control socket cannot be made" in capsys.readouterr().out


@pytest.fixture
def mute_listener(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "mute.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield path


def test_the_client_says_why_nobody_answers(tmp_path: Path, mute_listener: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnreachableError, match=r"does the daemon run\?"):
        ControlClient(tmp_path / "no.sock")
    monkeypatch.setattr("cti_daemon.shell.control_client.ANSWER_SECONDS", 0.05)
    with ControlClient(mute_listener) as client, pytest.raises(UnreachableError, match="no answer"):
        client.ask("status")
