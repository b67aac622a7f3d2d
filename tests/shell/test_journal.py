"""Rule 2 of the house: "Persist, then act. Where the disk fails, act anyway, say so loudly, and catch up"."""

# ruff: noqa: ASYNC110, ASYNC240 - a test waits for what it sees from outside, and may look at files

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from cti_daemon.model.effects import Record
from cti_daemon.shell import journal as journal_module
from cti_daemon.shell.journal import Journal, Stored
from cti_daemon.shell.journal_file import ANSWERS_RECALLED


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    opened = Journal(path)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "RETRY_SECONDS", 0.02)


def rows(path: Path) -> list[tuple[int, str]]:
    with sqlite3.connect(path) as db:
        found = db.execute("SELECT seq, kind FROM entries ORDER BY seq").fetchall()
    db.close()
    return found


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


async def test_what_append_returned_for_is_on_the_disk(journal: Journal, path: Path) -> None:
    assert await journal.append(Record("route", {"epoch": 1}), Record("divert", {})) is Stored.DURABLE
    assert rows(path) == [(1, "route"), (2, "divert")]
    assert (journal.stats.entries, journal.stats.backlog, journal.stats.errors) == (2, 0, 0)


async def test_the_file_is_wal_with_full_sync_and_not_for_everyone(journal: Journal, path: Path) -> None:
    assert journal._file is not None
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    db.close()
    assert path.stat().st_mode & 0o007 == 0


async def test_entries_written_at_once_keep_their_order(journal: Journal, path: Path) -> None:
    await asyncio.gather(*(journal.append(Record(f"k{i}", {})) for i in range(200)))
    assert rows(path) == [(i + 1, f"k{i}") for i in range(200)]


async def test_a_restart_finds_the_routing_and_the_failover_that_was_not_finished(path: Path) -> None:
    first = Journal(path)
    await first.open()
    await first.append(Record("route", {"epoch": 1, "serving": "pbx-a"}))
    await first.append(Record("failover_intent", {"epoch": 2, "serving": "pbx-b"}))
    await first.close()
    second = Journal(path)
    found = await second.open()
    assert found.route is not None
    assert found.route.data == {"epoch": 2, "serving": "pbx-b"}
    assert found.open_failover is not None
    assert found.open_failover.data["epoch"] == 2
    await second.append(Record("failover_done", {"epoch": 2}), Record("route", {"epoch": 3, "serving": "pbx-a"}))
    await second.close()
    third = Journal(path)
    found = await third.open()
    assert found.open_failover is None
    assert found.route is not None
    assert found.route.data["epoch"] == 3
    assert found.chain_broken_at is None
    await third.close()


async def test_a_restart_knows_the_last_settled_life_of_each_server(journal: Journal, path: Path) -> None:
    await journal.append(Record("node_life", {"node": "pbx-a", "life": "2026-11-21 10:00:00"}))
    await journal.append(Record("node_life", {"node": "pbx-b", "life": "2026-11-21 10:00:01"}))
    await journal.append(Record("node_life", {"node": "pbx-a", "life": "2026-11-21 11:30:00"}))
    await journal.close()
    again = Journal(path)
    found = await again.open()
    assert found.lives == {"pbx-a": "2026-11-21 11:30:00", "pbx-b": "2026-11-21 10:00:01"}
    await again.close()


async def test_a_restart_knows_what_was_answered_and_the_last_word_on_drills(journal: Journal, path: Path) -> None:
    """Only the newest answers: whoever comes with an older id is told by its age."""
    words = [Record("answer", {"id": f"r-{n}"}) for n in range(ANSWERS_RECALLED + 5)]
    await journal.append(*words, Record("drills", {"number": 1}), Record("drills", {"number": 2}))
    await journal.close()
    recovered = await Journal(path).open()
    assert [entry.data["id"] for entry in recovered.answers] == [f"r-{n}" for n in range(5, ANSWERS_RECALLED + 5)]
    assert recovered.drills is not None
    assert recovered.drills.data == {"number": 2}


async def test_the_outcome_of_another_failover_does_not_close_this_one(journal: Journal, path: Path) -> None:
    await journal.append(Record("failover_intent", {"epoch": 5}), Record("failover_done", {"epoch": 4}))
    await journal.close()
    again = Journal(path)
    found = await again.open()
    assert found.open_failover is not None
    await again.close()


async def test_a_damaged_file_is_put_aside_and_a_new_one_begun(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database at all" * 100)
    journal = Journal(path)
    found = await journal.open()
    assert found.damaged is not None
    assert found.damaged.read_bytes().startswith(b"this is no database")
    assert await journal.append(Record("route", {})) is Stored.DURABLE
    assert [kind for _, kind in rows(path)] == ["journal_begun", "route"]
    await journal.close()


async def test_pages_torn_out_of_the_file_are_noticed(path: Path) -> None:
    journal = Journal(path)
    await journal.open()
    await journal.append(*(Record("note", {"text": "x" * 1000, "n": n}) for n in range(200)))
    await journal.close()
    raw = bytearray(path.read_bytes())
    raw[8192 : 8192 + 40960] = os.urandom(40960)
    path.write_bytes(raw)
    again = Journal(path)
    assert (await again.open()).damaged is not None
    assert await again.append(Record("route", {})) is Stored.DURABLE
    await again.close()


async def test_an_entry_changed_by_hand_is_noticed(path: Path) -> None:
    journal = Journal(path)
    await journal.open()
    await journal.append(*(Record("command", {"user": "a", "n": n}) for n in range(5)))
    await journal.close()
    db = sqlite3.connect(path)
    db.execute("UPDATE entries SET data = replace(data, '\"a\"', '\"b\"') WHERE seq = 3")
    db.commit()
    db.close()
    again = Journal(path)
    assert (await again.open()).chain_broken_at == 3
    await again.close()


async def test_a_locked_file_holds_nobody_up_and_is_caught_up(journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await journal.append(Record("a", {}))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert await journal.append(Record("b", {})) is Stored.HELD
    assert journal.stats.fault is not None
    assert "locked" in journal.stats.fault
    assert not journal.is_healthy
    other.execute("ROLLBACK")
    other.close()
    await until(lambda: journal.is_healthy)
    assert rows(path) == [(1, "a"), (2, "b")]
    assert journal.stats.backlog == 0


async def test_a_caller_who_gives_up_waiting_has_still_written(journal: Journal, path: Path) -> None:
    task = asyncio.create_task(journal.append(Record("a", {})))
    await asyncio.sleep(0)
    task.cancel()
    await journal.append(Record("b", {}))
    assert [kind for _, kind in rows(path)] == ["a", "b"]


async def test_a_folder_that_cannot_be_used_leaves_the_daemon_working(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    journal = Journal(tmp_path / "state" / "journal.sqlite")
    found = await journal.open()
    assert found.route is None
    assert not journal.is_healthy
    assert await journal.append(Record("route", {"epoch": 9})) is Stored.HELD
    (tmp_path / "state").unlink()
    await until(lambda: journal.is_healthy)
    assert rows(tmp_path / "state" / "journal.sqlite") == [(1, "route")]
    await journal.close()


async def test_memory_is_bounded_and_the_gap_is_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "MOST_HELD", 10)
    (tmp_path / "state").write_text("")
    journal = Journal(tmp_path / "state" / "journal.sqlite")
    await journal.open()
    for n in range(25):
        assert await journal.append(Record(f"k{n}", {})) is Stored.HELD
    assert (journal.stats.lost, journal.stats.backlog) == (15, 10)
    (tmp_path / "state").unlink()
    await until(lambda: journal.is_healthy)
    assert [kind for _, kind in rows(tmp_path / "state" / "journal.sqlite")] == ["journal_gap", *(f"k{n}" for n in range(15, 25))]
    assert journal.stats.backlog == 0
    await journal.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "cti-test", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.root
async def test_a_full_disk_holds_entries_and_catches_up_when_there_is_room(small_disk: Path) -> None:
    """A real full disk: "a full disk must not silence a hotline"."""
    path = small_disk / "journal.sqlite"
    journal = Journal(path)
    await journal.open()
    assert await journal.append(Record("before", {})) is Stored.DURABLE
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
    stored = [await journal.append(Record("during", {"n": n, "text": "y" * 2000})) for n in range(20)]
    assert Stored.HELD in stored
    assert journal.stats.errors > 0
    filler.unlink()
    await until(lambda: journal.is_healthy)
    assert rows(path) == [(1, "before"), *((n + 2, "during") for n in range(20))]
    await journal.close()
    again = Journal(path)
    assert (await again.open()).chain_broken_at is None
    await again.close()


def test_a_daemon_killed_while_it_writes_leaves_a_whole_journal(path: Path) -> None:
    """SIGKILL at any instant: every entry whose append returned is there, and the chain holds."""
    code = (
        "import asyncio, sys\n"
        "from cti_daemon.model.effects import Record\n"
        "from cti_daemon.shell.journal import Journal\n"
        "async def main():\n"
        "    j = Journal(sys.argv[1]); await j.open()\n"
        "    n = 0\n"
        "    while True:\n"
        "        n += 1\n"
        "        await j.append(Record('k', {'n': n})); print(n, flush=True)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 100:
                process.kill()
                break
        promised = max([100, *(int(rest) for rest in process.stdout.read().split())])

    async def look() -> tuple[int, int | None]:
        journal = Journal(path)
        found = await journal.open()
        await journal.close()
        return found.entries, found.chain_broken_at

    entries, broken = asyncio.run(look())
    assert entries >= promised
    assert broken is None
