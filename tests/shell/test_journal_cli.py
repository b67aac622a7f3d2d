"""Audit (issue 5): "append-only, hash-chained; `journal verify` finds an edited byte; `journal export`"."""

import json
import re
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cti_daemon.model.effects import Record
from cti_daemon.shell.cli import app
from cti_daemon.shell.journal import Journal

RECORDS = (
    Record("route", {"epoch": 1, "serving": "pbx-a"}),
    Record("command", {"user": "alice", "verb": "failover", "reason": "=cmd|' /C calc'!A0"}),
    Record("failover_intent", {"epoch": 2, "serving": "pbx-b"}),
    Record("failover_done", {"epoch": 2}),
)


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    file = tmp_path / "journal.sqlite"
    journal = Journal(file)
    await journal.open()
    for record in RECORDS:
        await journal.append(record)
    await journal.close()
    return file


def cti(*words: str) -> Result:
    return CliRunner().invoke(app, ["journal", *words])


def change(path: Path, statement: str, values: Sequence[object] = ()) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement, values)


def head(path: Path) -> str:
    return cti("verify", str(path)).stdout.splitlines()[-1].removeprefix("head ")


def test_a_whole_journal_is_said_to_be_whole(path: Path) -> None:
    found = cti("verify", str(path))
    assert (found.exit_code, found.stdout.splitlines()[0]) == (0, f"{path}: whole, 4 entries")


def test_the_journal_is_the_one_of_the_configuration_unless_another_is_named(path: Path, tmp_path: Path) -> None:
    text = Path("config/cti-daemon.toml").read_text(encoding="utf-8")
    site = tmp_path / "site.toml"
    site.write_text(re.sub(r'path *= *"[^"]*journal.sqlite"', f'path = "{path}"', text), encoding="utf-8")
    assert cti("verify", "--config", str(site)).stdout.startswith(f"{path}: whole, 4 entries")
    assert len(cti("export", "--config", str(site)).stdout.splitlines()) == 4
    told = CliRunner().invoke(app, ["history", "--config", str(site)])
    assert (told.exit_code, len(told.stdout.splitlines())) == (
        0,
        len(CliRunner().invoke(app, ["history", "-j", str(path)]).stdout.splitlines()),
    )
    missing = CliRunner().invoke(app, ["history", "--config", str(tmp_path / "none.toml")])
    assert missing.exit_code == 78


@pytest.mark.parametrize("column", ["kind", "wall", "monotonic", "boot_id", "data", "uid", "hash"])
def test_an_edited_field_is_found(path: Path, column: str) -> None:
    value: object = 1.5 if column == "monotonic" else '{"epoch":2,"serving":"pbx-a"}'
    change(path, f"UPDATE entries SET {column} = ? WHERE seq = 3", (value,))  # noqa: S608 - the columns above
    found = cti("verify", str(path))
    assert found.exit_code == 65
    assert "entry 3 was changed by another hand; what stands before it is whole (2 entries)" in found.stderr


@pytest.mark.slow
def test_every_edited_byte_of_an_entry_is_found(path: Path, tmp_path: Path) -> None:
    """One bit of each byte of a stored entry, one at a time: never "whole"."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        text = db.execute("SELECT data FROM entries WHERE seq = 2").fetchone()[0].encode()
    raw = path.read_bytes()
    at = raw.index(text)
    for offset in range(at, at + len(text)):
        edited = tmp_path / "edited.sqlite"
        shutil.copy(path, edited)
        with edited.open("r+b") as file:
            file.seek(offset)
            file.write(bytes([raw[offset] ^ 1]))
        assert cti("verify", str(edited)).exit_code == 65, f"byte {offset - at}"


def test_an_entry_taken_out_is_missed(path: Path) -> None:
    change(path, "DELETE FROM entries WHERE seq = 2")
    found = cti("verify", str(path))
    assert (found.exit_code, "entry 2 is missing" in found.stderr) == (65, True)


def test_a_cut_off_end_is_seen_with_a_head_noted_elsewhere(path: Path) -> None:
    noted = head(path)
    assert cti("verify", str(path), "--head", noted).exit_code == 0
    change(path, "DELETE FROM entries WHERE seq = 4")
    assert cti("verify", str(path)).exit_code == 0, "no chain shows this of itself"
    found = cti("verify", str(path), "--head", noted)
    assert (found.exit_code, "entry 4 is not there any more" in found.stderr) == (65, True)


def test_an_older_head_stays_good_as_the_journal_grows(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        second = db.execute("SELECT hash FROM entries WHERE seq = 2").fetchone()[0]
    assert cti("verify", str(path), "--head", f"2:{second}").exit_code == 0
    assert cti("verify", str(path), "--head", f"2:{'0' * 64}").exit_code == 65


def test_what_is_no_head_is_wrong_usage(path: Path) -> None:
    assert cti("verify", str(path), "--head", "yesterday").exit_code == 2


def test_a_journal_that_is_not_there_is_said(tmp_path: Path) -> None:
    found = cti("verify", str(tmp_path / "no.sqlite"))
    assert (found.exit_code, "does not exist" in found.stderr) == (66, True)


def test_a_file_that_is_no_journal_is_said(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("not a database, but long enough to look like a file of something" * 20)
    assert cti("verify", str(tmp_path / "other")).exit_code == 66
    assert cti("export", str(tmp_path / "other")).exit_code == 66


def test_export_gives_every_entry_as_it_stands(path: Path) -> None:
    lines = [json.loads(line) for line in cti("export", str(path)).stdout.splitlines()]
    assert [(line["seq"], line["kind"], line["data"]) for line in lines] == [
        (number, record.kind, record.data) for number, record in enumerate(RECORDS, 1)
    ]


def test_export_of_one_kind_after_a_number(path: Path) -> None:
    found = cti("export", str(path), "--kind", "failover_intent", "--kind", "failover_done", "--after", "3")
    assert [json.loads(line)["seq"] for line in found.stdout.splitlines()] == [4]


def test_a_spreadsheet_runs_nothing_of_what_people_wrote(path: Path) -> None:
    change(path, "UPDATE entries SET kind = '=1+1' WHERE seq = 1")
    rows = cti("export", str(path), "--format", "csv").stdout.splitlines()
    assert rows[0].startswith("seq,wall,kind")
    assert ",'=1+1," in rows[1]


async def test_both_may_run_beside_the_daemon(tmp_path: Path) -> None:
    """The daemon holds its file open, in WAL, with entries that are not in the main file yet."""
    journal = Journal(tmp_path / "journal.sqlite")
    await journal.open()
    await journal.append(*RECORDS)
    assert cti("verify", str(tmp_path / "journal.sqlite")).exit_code == 0
    assert len(cti("export", str(tmp_path / "journal.sqlite")).stdout.splitlines()) == 4
    await journal.append(*RECORDS)
    await journal.close()
    assert cti("verify", str(tmp_path / "journal.sqlite")).stdout.startswith(f"{tmp_path / 'journal.sqlite'}: whole, 8")
