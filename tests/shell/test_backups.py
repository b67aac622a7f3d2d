"""F2: "backup at least weekly, verified; dated restore drill". E1: "a damaged journal: run on the last good backup and say so"."""

# ruff: noqa: ASYNC240 - a test may look at files

import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cti_daemon.model.backups import Backup
from cti_daemon.model.effects import Record, Report
from cti_daemon.shell import backup_cli, backup_file, backups
from cti_daemon.shell.backup_file import BackupError, kept, last_drill, make, newest_good, try_out
from cti_daemon.shell.backups import Backups
from cti_daemon.shell.cli import app
from cti_daemon.shell.journal import Journal, Stored
from cti_daemon.shell.journal_reader import read, verify
from cti_daemon.shell.privacy import masked
from tests.shell.conftest import SAMPLE

pytestmark = pytest.mark.slow  # each copies in another process

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture
def site(tmp_path: Path, path: Path, folder: Path) -> Path:
    """A configuration with this journal and these backups."""
    text = SAMPLE.read_text().replace("/var/lib/cti-daemon/journal.sqlite", str(path)).replace("127.0.0.1:9595", "127.0.0.1:1")
    file = tmp_path / "site.toml"
    file.write_text(f'{text}\n[backup]\nfolder = "{folder}"\nevery = 3600\nkeep = 3\n')
    return file


async def written(path: Path, *records: Record) -> None:
    journal = Journal(path)
    await journal.open()
    for record in records or (Record("route", {"epoch": 1}), Record("note", {"text": "hello"})):
        await journal.append(record)
    await journal.close()


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement)


def cti(*words: str, site: Path) -> Result:
    return CliRunner().invoke(app, ["journal", words[0], "--config", str(site), *words[1:]])


async def test_a_copy_is_made_beside_the_writer_and_is_tried_by_putting_it_back(path: Path, folder: Path) -> None:
    journal = Journal(path)
    await journal.open()
    await journal.append(Record("route", {"epoch": 1}), Record("note", {}))
    tried = make(path, folder, 3, NOW)  # while it is open, its log not yet in the file
    assert (tried.path.name, tried.entries) == ("journal-2026-11-22T043000Z.sqlite", 2)
    assert await journal.append(Record("note", {})) is Stored.DURABLE
    assert tried.head_hash == verify(tried.path).head_hash
    assert [each.name for each in folder.iterdir()] == [tried.path.name], "nothing else stays"
    assert masked(str(tried.path.name)) == tried.path.name, "the log can name it"
    assert tried.path.stat().st_mode & 0o077 == 0, "it may hold what the journal holds"
    await journal.close()


async def test_the_newest_are_kept_and_only_a_good_one_makes_an_old_one_go(path: Path, folder: Path) -> None:
    await written(path)
    for hour in range(5):
        make(path, folder, 3, NOW + timedelta(hours=hour))
    assert [each.made_wall.hour for each in kept(folder)] == [8, 7, 6]
    change(path, "UPDATE entries SET kind = 'other' WHERE seq = 1")
    with pytest.raises(BackupError, match=r"entry 1 does not follow.*journal verify.*The older copies stay"):
        make(path, folder, 3, NOW + timedelta(hours=9))
    assert [each.made_wall.hour for each in kept(folder)] == [8, 7, 6]
    assert len(list(folder.iterdir())) == 3


async def test_a_full_disk_is_told_before_it_is_filled(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await written(path)
    monkeypatch.setattr(backup_file, "LEAST_FREE_BYTES", 2**60)
    with pytest.raises(BackupError, match=r"MB are free, .* MB are needed for a copy and its trial: make room"):
        make(path, folder, 3, NOW)
    assert kept(folder) == []


async def test_a_disk_that_fills_in_the_middle_leaves_the_older_copies_and_nothing_half_made(site: Path, path: Path, folder: Path) -> None:
    await written(path, *(Record("note", {"text": "x" * 5000, "n": n}) for n in range(100)))
    make(path, folder, 3, NOW)

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    words = [sys.executable, "-m", "cti_daemon", "journal", "backup", "--unrecorded", "--config", str(site)]
    done = subprocess.run(words, preexec_fn=little, capture_output=True, text=True, timeout=50, check=False)  # noqa: ASYNC221
    assert (done.returncode, done.stderr.startswith("no backup: cannot be copied: ")) == (1, True), done.stderr
    assert [each.name for each in folder.iterdir()] == ["journal-2026-11-22T043000Z.sqlite"]
    assert try_out(kept(folder)[0].path).entries == 100


async def test_a_damaged_journal_runs_on_the_last_good_backup_and_says_so_loudly(path: Path, folder: Path) -> None:
    await written(
        path,
        Record("route", {"epoch": 7}),
        Record("failover_intent", {"epoch": 7, "from": "pbx-a"}),
        Record("node_life", {"node": "a", "life": "1"}),
    )
    good = make(path, folder, 3, NOW).path
    broken = folder / "journal-2026-11-22T053000Z.sqlite"
    broken.write_bytes(good.read_bytes()[:5000] + os.urandom(3000))
    await written(path, Record("note", {"text": "after the backup"}))
    path.write_bytes(b"this is no database at all" * 400)
    journal = Journal(path, backups=folder)
    found = await journal.open()
    assert (found.restored_from, found.entries) == (good, 3)
    assert found.damaged is not None
    assert found.damaged.read_bytes().startswith(b"this is no database")
    assert found.route is not None
    assert found.route.data["epoch"] == 7
    assert (found.open_failover, found.lives) == (None, {}), "what was under way then is over; which lives the servers had is old"
    assert await journal.append(Record("route", {"epoch": 8})) is Stored.DURABLE
    assert journal.stats.was_damaged
    await journal.close()
    assert [entry.kind for entry in read(path)][3:] == ["journal_restored", "route"]
    assert verify(path).broken_at is None, "the chain goes on from the backup"
    told = backups.damage(found)
    assert (told.severity, good.name in told.text, found.damaged.name in told.text) == ("critical", True, True)


async def test_without_a_good_backup_a_new_journal_begins_and_that_is_said_too(path: Path, folder: Path) -> None:
    folder.mkdir()
    (folder / "journal-2026-11-22T053000Z.sqlite").write_bytes(b"nothing")
    path.parent.mkdir()
    path.write_bytes(b"this is no database at all" * 400)
    journal = Journal(path, backups=folder)
    found = await journal.open()
    assert (found.restored_from, found.entries) == (None, 0)
    assert await journal.append(Record("route", {})) is Stored.DURABLE
    await journal.close()
    assert [entry.kind for entry in read(path)] == ["journal_begun", "route"]
    assert "there is no backup" in backups.damage(found).text


async def test_the_restore_drill_is_recorded_as_every_drill_with_time_content_participants_and_evaluation(
    site: Path, path: Path, folder: Path
) -> None:
    await written(path)
    assert cti("drill", site=site).exit_code == 1, "no backup: the drill fails"
    made = json.loads(cti("backup", site=site).stdout)
    assert (made["entries"], Path(made["file"]).parent) == (2, folder)
    assert cti("drill", site=site).exit_code == 0
    entries = list(read(path))
    assert [entry.kind for entry in entries[2:]] == ["backup", "restore_drill"]
    drill = entries[3].data
    assert set(drill) >= {"time", "content", "participants", "evaluation"}
    assert drill["evaluation"].startswith("passed: 2 entries")
    assert verify(path).broken_at is None
    assert abs((last_drill(folder) or 0) - time.time()) < 60


async def test_a_backup_of_another_journal_fails_the_drill(site: Path, path: Path, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    await written(other)
    make(other, folder, 3, NOW)
    await written(path)
    done = cti("drill", site=site)
    assert (done.exit_code, "one of them was written anew" in done.stderr, last_drill(folder)) == (1, True, None)


async def test_restore_puts_the_newest_good_one_back_and_keeps_what_was_there(
    site: Path, path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(path)
    make(path, folder, 3, NOW)
    await written(path, Record("note", {"text": "later"}))
    monkeypatch.setattr(backup_cli, "_is_running", lambda _settings: True)
    assert cti("restore", "--yes", site=site).exit_code == 3, "never under a running daemon"
    monkeypatch.setattr(backup_cli, "_is_running", lambda _settings: False)
    assert cti("restore", site=site).exit_code == 4, "not confirmed"
    assert len(list(read(path))) == 3
    done = cti("restore", "--yes", site=site)
    assert (done.exit_code, "2 entries; it is the beginning of the journal that is there" in done.stdout) == (0, True), done.output
    assert [entry.kind for entry in read(path)] == ["route", "note", "journal_restored"]
    assert verify(path).broken_at is None
    aside = next(path.parent.glob("journal.sqlite.replaced-*Z"))
    assert [entry.data.get("text") for entry in read(aside)][-1] == "later"


class Site:
    """What stands around the schedule in the daemon."""

    def __init__(self, site: Path, folder: Path) -> None:
        self.records: list[Record] = []
        self.told: list[Report] = []
        self.is_busy = False
        self.backups = Backups(site, Backup(folder=str(folder), every=3600, keep=3), self._append, self.told.extend, lambda: self.is_busy)

    async def _append(self, record: Record) -> None:
        self.records.append(record)

    def samples(self) -> dict[str, Any]:
        return {family.name: value for family in self.backups.families() for _, value in family.samples}


async def test_the_daemon_makes_them_in_their_time_in_another_process_and_never_during_a_failover(
    site: Path, path: Path, folder: Path
) -> None:
    await written(path)
    daemon = Site(site, folder)
    assert "cti_backup_last_timestamp_seconds" not in daemon.samples(), "what never was has no sample"
    daemon.is_busy = True
    await daemon.backups.work()
    assert daemon.records == []
    daemon.is_busy = False
    await daemon.backups.work()
    assert [record.kind for record in daemon.records] == ["backup", "restore_drill"]
    assert newest_good(folder).entries == 2
    samples = daemon.samples()
    assert abs(samples["cti_backup_last_timestamp_seconds"] - time.time()) < 60
    assert samples["cti_backup_due_timestamp_seconds"] == samples["cti_backup_last_timestamp_seconds"] + 3600
    assert samples["cti_restore_drill_due_timestamp_seconds"] > time.time() + 29 * 86_400
    assert samples["cti_backup_failures_total"] == 0
    await daemon.backups.work()
    assert len(daemon.records) == 2, "not due again"


async def test_a_failover_that_does_not_end_puts_backups_off_for_a_while_only(
    site: Path, path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(path)
    daemon = Site(site, folder)
    daemon.is_busy = True
    monkeypatch.setattr(backups, "PATIENCE_SECONDS", -1.0)
    await daemon.backups.work()
    assert [record.kind for record in daemon.records] == ["backup", "restore_drill"]


async def test_a_backup_that_fails_is_told_counted_and_tried_again_later(site: Path, folder: Path) -> None:
    daemon = Site(site, folder)  # there is no journal
    await daemon.backups.work()
    assert {record.kind for record in daemon.records} == {"backup_failed", "restore_drill_failed"}
    assert [(report.kind, report.severity) for report in daemon.told] == [("alarm", "warning")] * 2
    assert "does not exist: there is nothing to copy" in daemon.told[0].text
    assert daemon.samples()["cti_backup_failures_total"] == 2
    await daemon.backups.work()
    assert len(daemon.records) == 2, "not at once"
