"""The register of affected callers on the disk. docs/design/privacy.md: "a row can be corrected and erased; the journal names the row".
A disk that fails stops nobody."""

# ruff: noqa: ASYNC110, ASYNC240 - a test waits for what it sees from outside, and may look at files

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti_daemon.model.ids import CallToken, NodeName
from cti_daemon.model.register import Harm, Harmed, Progress, RowState
from cti_daemon.shell import register as module
from cti_daemon.shell.register import Register, RegisterError
from cti_daemon.shell.register_file import RegisterFile
from cti_daemon.shell.register_keys import KeyRing, LostKeyError, TornError, draw_line, read_ring
from tests.leaks.marks import Marks

FIRST, SECOND, FINDER = (draw_line(name) for name in ("k1", "k2", "find"))
RING = read_ring(f"{FIRST}\n{FINDER}")
NUMBERS = [f"1390000{n}" for n in range(4501, 4521)]
MARKS = Marks(NUMBERS)


def harmed(n: int, harm: Harm = Harm.LOST, state: RowState = RowState.OPEN) -> Harmed:
    return Harmed(CallToken(f"{n:040x}"), harm, "talking", NodeName("pbx-a"), NodeName("edge1"), state)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "register.sqlite"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)


@pytest.fixture
async def register(path: Path) -> AsyncIterator[Register]:
    made = Register(path, RING)
    made.start()
    yield made
    await made.close()


async def until(holds: object) -> None:
    assert callable(holds)
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


def on_disk(path: Path) -> bytes:
    return b"".join(part.read_bytes() for part in sorted(path.parent.iterdir()))


async def test_no_number_lies_in_the_file_or_its_log_in_any_spelling(register: Register, path: Path) -> None:
    """ "numbers in the register are found nowhere in plain/digits/hex/base64"; looked at while the write-ahead log is full."""
    for n, number in enumerate(NUMBERS):
        await register.keep(harmed(n), number)
    assert {part.name for part in path.parent.iterdir()} >= {"register.sqlite", "register.sqlite-wal"}
    assert MARKS.found_in(on_disk(path)) == set()
    await register.ask(lambda file: file.rotate())
    await register.close()
    assert MARKS.found_in(on_disk(path)) == set()
    assert path.stat().st_mode & 0o007 == 0


async def test_a_call_has_one_row_and_a_caller_one_open_row(register: Register) -> None:
    """ "each exactly once with what happened"."""
    row, is_new = await register.keep(harmed(1), NUMBERS[0])
    assert (row.row, is_new, row.harmed.harm, row.has_number) == (1, True, Harm.LOST, True)
    again, is_new = await register.keep(harmed(1), NUMBERS[0])
    assert (again.row, is_new) == (1, False)
    other_call, is_new = await register.keep(harmed(2), f"+{NUMBERS[0][:3]} {NUMBERS[0][3:]}")
    assert (other_call.row, is_new, other_call.times) == (1, False, 2)
    await register.note(1, Progress(RowState.CLOSED, result="reached"))
    later, is_new = await register.keep(harmed(3), NUMBERS[0])
    assert (later.row, is_new, later.times) == (2, True, 1)


async def test_the_graver_harm_stays(register: Register) -> None:
    await register.keep(harmed(1, Harm.EMERGENCY, RowState.CLOSED), NUMBERS[0])
    row, is_new = await register.keep(harmed(1), NUMBERS[0])
    assert (row.row, is_new, row.harmed.harm, row.progress.state) == (1, False, Harm.LOST, RowState.OPEN)
    row, _ = await register.keep(harmed(1, Harm.EMERGENCY, RowState.CLOSED), NUMBERS[0])
    assert (row.harmed.harm, row.progress.state) == (Harm.LOST, RowState.OPEN)


async def test_who_has_no_number_is_a_row_of_his_own_and_may_get_one_later(register: Register) -> None:
    assert [(await register.keep(harmed(n), None))[0].row for n in (1, 2)] == [1, 2]
    row, is_new = await register.keep(harmed(2), NUMBERS[0])
    assert (row.row, is_new, row.has_number) == (2, False, True)


async def test_a_row_can_be_found_corrected_and_erased(register: Register, path: Path) -> None:
    for n in (1, 2):
        await register.keep(harmed(n), NUMBERS[n])
    assert [row.row for row in await register.ask(lambda file: file.find(NUMBERS[2]))] == [2]
    await register.ask(lambda file: file.correct(2, NUMBERS[5], 5.0))
    assert await register.ask(lambda file: file.find(NUMBERS[2])) == []
    assert await register.ask(lambda file: file.number(2)) == NUMBERS[5]
    sealed = path_sealed(path, 2)
    await register.ask(lambda file: file.erase([2], 6.0))
    assert await register.ask(lambda file: file.number(2)) is None
    erased = await register.ask(lambda file: file.get(2))
    assert erased is not None
    assert (erased.has_number, erased.caller, erased.progress.state, erased.progress.result) == (False, "", RowState.CLOSED, "erased")
    assert sealed not in on_disk(path), "not even the sealed number is left"


def path_sealed(path: Path, row: int) -> bytes:
    db = sqlite3.connect(path)
    found = db.execute("SELECT number FROM callers WHERE row = ?", (row,)).fetchone()[0]
    db.close()
    assert isinstance(found, bytes)
    return found


async def test_rows_that_are_too_old_are_erased_whole_and_their_numbers_are_not_used_again(register: Register) -> None:
    old = Harmed(CallToken("a" * 40), Harm.LOST, "talking", NodeName("pbx-a"), NodeName("edge1"), RowState.OPEN, ago_seconds=100.0)
    await register.keep(old, NUMBERS[0])
    row, _ = await register.keep(harmed(1), NUMBERS[1])
    assert await register.ask(lambda file: file.expire(row.harmed_wall - 1)) == [1]
    assert [kept.row for kept in await register.ask(lambda file: file.rows())] == [2]
    await register.ask(lambda file: file.expire(row.harmed_wall + 1))
    assert (await register.keep(harmed(2), None))[0].row == 3


async def test_rotation_seals_anew_and_the_old_key_may_go(register: Register, path: Path) -> None:
    await register.keep(harmed(1), NUMBERS[0])
    await register.close()
    both = await reopened(path, read_ring(f"{SECOND}\n{FIRST}\n{FINDER}"))
    await both.keep(harmed(2), NUMBERS[1])
    assert await both.ask(lambda file: file.rotate()) == (1, 0)
    await both.close()
    new = await reopened(path, read_ring(f"{SECOND}\n{FINDER}"))
    assert [await new.ask(lambda file, row=row: file.number(row)) for row in (1, 2)] == NUMBERS[:2]  # type: ignore[misc]
    await new.close()


async def reopened(path: Path, ring: KeyRing) -> Register:
    made = Register(path, ring)
    made.start()
    return made


async def test_a_value_whose_key_is_gone_is_said_to_be_lost_and_the_rest_goes_on(register: Register, path: Path) -> None:
    await register.keep(harmed(1), NUMBERS[0])
    await register.close()
    other = await reopened(path, read_ring(f"{SECOND}\n{FINDER}"))
    with pytest.raises(LostKeyError, match="'k1'"):
        await other.ask(lambda file: file.number(1))
    assert await other.ask(lambda file: file.rotate()) == (0, 1)
    assert (await other.keep(harmed(2), NUMBERS[1]))[1]
    assert other.fault is None
    await other.close()


async def test_a_value_that_was_moved_to_another_row_is_torn(register: Register, path: Path) -> None:
    for n in (1, 2):
        await register.keep(harmed(n), NUMBERS[n])
    db = sqlite3.connect(path)
    db.execute("UPDATE callers SET number = (SELECT number FROM callers WHERE row = 1) WHERE row = 2")
    db.commit()
    db.close()
    with pytest.raises(TornError):
        await register.ask(lambda file: file.number(2))


async def test_a_torn_file_is_put_aside_and_a_new_one_begins(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    made = await reopened(path, RING)
    assert (await made.keep(harmed(1), NUMBERS[0]))[1]
    assert [part for part in path.parent.iterdir() if ".damaged-" in part.name]
    await made.close()


async def test_while_the_disk_refuses_what_is_asked_is_told_and_what_is_to_be_kept_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full or read-only disk: "each with a clear error and the hotline goes on"."""
    real, is_full = RegisterFile._write_number, True

    def full(self: RegisterFile, row: int, number: str) -> None:
        if is_full:
            raise sqlite3.OperationalError("database or disk is full")
        real(self, row, number)

    monkeypatch.setattr(RegisterFile, "_write_number", full)
    made = await reopened(path, RING)
    first, second = (asyncio.ensure_future(made.keep(harmed(n), NUMBERS[n])) for n in (1, 2))
    await until(lambda: made.backlog == 2)
    assert "disk is full" in (made.fault or "")
    with pytest.raises(RegisterError, match="disk is full"):
        await made.ask(lambda file: file.correct(1, NUMBERS[0], 1.0))
    is_full = False
    async with asyncio.timeout(20):
        assert [(await first)[0].row, (await second)[0].row] == [1, 2]
    assert (made.backlog, made.fault) == (0, None)
    assert await made.ask(lambda file: file.number(2)) == NUMBERS[2]
    await made.close()


async def test_a_folder_that_cannot_be_written_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    made = await reopened(tmp_path / "file" / "register.sqlite", RING)
    with pytest.raises(RegisterError, match="register cannot be used"):
        await made.ask(lambda file: file.rows())
    await made.close()


async def test_the_newest_are_held_when_the_disk_stays_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RegisterFile, "keep", full)
    monkeypatch.setattr(module, "MOST_HELD", 2)
    made = await reopened(path, RING)
    waits = [asyncio.ensure_future(made.keep(harmed(n), None)) for n in (1, 2, 3)]
    await until(lambda: made.lost == 1)
    with pytest.raises(RegisterError, match="given up"):
        await waits[0]
    for wait in waits[1:]:
        wait.cancel()
    await made.close()
