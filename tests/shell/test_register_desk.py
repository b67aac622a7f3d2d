"""docs/design/privacy.md: who sees a number has "a right that is in no other"; each access is an entry that is "durable before anything is
shown"."""

import asyncio
import os
import pwd
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cti_daemon.model.events import Command
from cti_daemon.model.ids import CallToken, NodeName
from cti_daemon.model.register import Harm, Harmed, RowState
from cti_daemon.model.settings import Settings
from cti_daemon.shell import config, register_room
from cti_daemon.shell.control_client import ControlClient
from cti_daemon.shell.control_socket import ControlSocket
from cti_daemon.shell.journal import Journal, Stored
from cti_daemon.shell.journal_reader import read
from cti_daemon.shell.register_keys import draw_line
from cti_daemon.shell.register_room import RegisterRoom
from cti_daemon.shell.secret_files import Secrets
from tests.leaks.marks import Marks

pytestmark = pytest.mark.slow  # each opens a register and a journal on the disk

SAMPLE = Path(__file__).parents[2] / "config" / "cti-daemon.toml"
ME = pwd.getpwuid(os.geteuid()).pw_name
NUMBER, OTHER = "13900004501", "13900004502"
MARKS = Marks([NUMBER, OTHER])


def settings_of(folder: Path, *, rights: str = '"privacy"') -> Settings:
    text = SAMPLE.read_text()
    text += f'\n[[role]]\nname = "officer"\nusers = ["{ME}"]\nverbs = [{rights}]\n'
    text += f'[register]\npath = "{folder}/register.sqlite"\nkeys = {{ file = "{folder}/keys" }}\n'
    return Settings.model_validate(tomllib.loads(text))


@dataclass
class Room:
    folder: Path
    room: RegisterRoom
    journal: Journal
    control: ControlSocket

    async def ask(self, reason: str = "he asked for it", **args: Any) -> dict[str, Any]:
        def talk() -> dict[str, Any]:
            with ControlClient(self.folder / "control.sock") as client:
                return client.ask("privacy", args=args, reason=reason)

        return await asyncio.to_thread(talk)

    def entries(self) -> list[dict[str, Any]]:
        return [entry.data for entry in read(self.folder / "journal.sqlite") if entry.kind == "privacy"]

    async def fill(self) -> None:
        for n, number in enumerate((NUMBER, OTHER)):
            await self.room.register.keep(
                Harmed(CallToken(f"{n:040x}"), Harm.LOST, "waiting", NodeName("pbx-a"), NodeName("edge1"), RowState.OPEN), number
            )


@pytest.fixture
def rights() -> str:
    return '"privacy"'


@pytest.fixture
async def room(tmp_path: Path, rights: str) -> AsyncIterator[Room]:
    settings = settings_of(tmp_path, rights=rights)
    keys = f"{draw_line('k1')}\n{draw_line('find')}"
    journal = Journal(tmp_path / "journal.sqlite")
    await journal.open()
    made = register_room.open_room(settings, Secrets(register_keys=keys), journal)
    assert made is not None
    posted: list[Command] = []
    control = ControlSocket(
        str(tmp_path / "control.sock"),
        posted.append,
        lambda: 3,
        count_command=lambda _verb, _result: None,
        refused=lambda _user, _verb, _code: None,
        private=made.private,
    )
    await control.start()
    held = Room(tmp_path, made, journal, control)
    await held.fill()
    yield held
    assert posted == [], "the core never hears of it"
    await control.stop()
    await made.register.close()
    await journal.close()


async def test_a_number_is_shown_after_who_which_row_and_why_are_in_the_journal(room: Room) -> None:
    answer = await room.ask(do="show", row=1, reason=f"complaint of {OTHER}, case #20261122001")
    assert (answer["status"], answer["data"]["number"], answer["epoch"]) == ("ok", NUMBER, 3)
    assert room.entries() == [{"user": ME, "do": "show", "rows": [1], "reason": "complaint of *********02, case #20261122001"}]


async def test_a_caller_is_found_by_his_number_and_no_number_is_shown(room: Room) -> None:
    answer = await room.ask(do="find", number="139 0000 4502")
    assert [row["row"] for row in answer["data"]["rows"]] == [2]
    assert MARKS.found_in(repr(answer).encode()) == set()
    assert [(entry["do"], entry["rows"]) for entry in room.entries()] == [("find", [2])]


async def test_list_shows_every_row_and_no_number(room: Room) -> None:
    answer = await room.ask(do="list", reason="")
    assert [(row["row"], row["harm"], row["state"], row["has_number"]) for row in answer["data"]["rows"]] == [
        (1, "lost", "open", True),
        (2, "lost", "open", True),
    ]
    assert MARKS.found_in(repr(answer).encode()) == set()


async def test_correct_and_erase_leave_the_row_and_an_entry_without_a_number(room: Room) -> None:
    assert (await room.ask(do="correct", row=1, number=OTHER))["status"] == "ok"
    assert [row["row"] for row in (await room.ask(do="find", number=OTHER))["data"]["rows"]] == [1, 2]
    assert (await room.ask(do="erase", number=OTHER))["data"] == {"rows": [1, 2]}
    shown = await room.ask(do="show", row=2)
    assert "number" not in shown["data"]
    assert [entry["do"] for entry in room.entries()] == ["correct", "find", "erase", "show"]
    files = b"".join(path.read_bytes() for path in room.folder.iterdir() if path.is_file())
    assert MARKS.found_in(files) == set()


async def test_the_core_is_told_what_a_person_has_changed(room: Room) -> None:
    told: list[tuple[int, str, bool]] = []
    room.room._desk.tell = lambda row: told.append((row.row, row.progress.state.value, row.has_number))
    await room.ask(do="correct", row=1, number=OTHER)
    await room.ask(do="erase", row=2)
    assert told == [(1, "open", True), (2, "closed", False)]


async def test_without_a_durable_entry_nothing_is_shown(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    async def held(*_: object) -> Stored:
        return Stored.HELD

    monkeypatch.setattr(room.journal, "append", held)
    for deed in ({"do": "show", "row": 1}, {"do": "find", "number": NUMBER}, {"do": "erase", "row": 1}):
        answer = await room.ask(**deed)
        assert (answer["status"], answer["code"]) == ("rejected", "no_record")
        assert MARKS.found_in(repr(answer).encode()) == set()
    assert await room.room.register.ask(lambda file: file.number(1)) == NUMBER


@pytest.mark.parametrize("rights", ['"status", "note", "ack"', '"failover", "privacy-find"'])
async def test_nobody_without_the_right_learns_anything(room: Room, rights: str) -> None:
    for do in ("list", "find", "show", "correct", "erase", "rotate", "nonsense"):
        answer = await room.ask(do=do, row=1, number=NUMBER)
        assert (answer["status"], answer["code"], answer["data"]) == ("rejected", "not_allowed", {})
    assert room.entries() == []


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        ({}, "malformed", "one of list, find, show"),
        ({"do": "show"}, "malformed", "which row?"),
        ({"do": "show", "row": True}, "malformed", "which row?"),
        ({"do": "show", "row": 99}, "wrong_target", "no row 99"),
        ({"do": "find", "number": "1"}, "malformed", "which number?"),
        ({"do": "correct", "row": 1, "number": 13900004501}, "malformed", "which number?"),
        ({"do": "list", "state": "gone"}, "malformed", "state must be one of"),
    ],
)
async def test_bad_requests_are_told_what_would_be_right(room: Room, args: dict[str, Any], code: str, told: str) -> None:
    answer = await room.ask(**args)
    assert answer["code"] == code
    assert told in answer["message"]
    assert room.entries() == []


async def test_a_reason_is_wanted(room: Room) -> None:
    answer = await room.ask(do="show", row=1, reason=" ")
    assert (answer["code"], "needs a reason" in answer["message"]) == ("malformed", True)


@pytest.mark.parametrize(("text", "told"), [("k1 AAAA", "has 3 bytes"), (None, "does not exist")])
async def test_without_a_good_ring_the_hotline_goes_on_and_check_config_says_so(tmp_path: Path, text: str | None, told: str) -> None:
    if text is not None:
        (tmp_path / "keys").touch(mode=0o600)
        (tmp_path / "keys").write_text(text)
    secrets = tmp_path / "secret"
    secrets.touch(mode=0o600)
    secrets.write_text("word")
    site = tmp_path / "site.toml"
    head = SAMPLE.read_text()
    lines = [
        line.replace(line[line.index("{") :], f'{{ file = "{secrets}" }}') if "{ credential" in line and not line.startswith("#") else line
        for line in head.splitlines()
    ]
    site.write_text("\n".join(lines) + f'\n[register]\nkeys = {{ file = "{tmp_path}/keys" }}\n')
    loaded = config.load(site)
    (lack,) = loaded.secrets.lacks
    assert lack.part == "register"
    assert told in lack.fault
    assert f"{site}:{len(lines) + 2}: register.keys: " in lack.fault
    assert register_room.open_room(loaded.settings, loaded.secrets, Journal(tmp_path / "j.sqlite")) is None
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "cti_daemon", "check-config", "--config", str(site)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, told in run.stderr, "the daemon runs, and affected callers are not written down" in run.stderr) == (
        78,
        True,
        True,
    ), run.stderr
