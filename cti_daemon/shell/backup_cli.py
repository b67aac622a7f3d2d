"""`cti-daemon journal backup | drill | restore`: copies of the record, the trial that they can be used, and their use."""

import getpass
import json
import os
import sqlite3
import time
import uuid
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cti_daemon.model.backups import Backup
from cti_daemon.model.settings import Settings
from cti_daemon.shell import status_page
from cti_daemon.shell.backup_file import (
    STAMP,
    BackupError,
    Tried,
    elapsed_ms,
    is_of_this_journal,
    make,
    newest_good,
    put_back,
    remember_drill,
    try_out,
)
from cti_daemon.shell.cli_options import DEFAULT_CONFIG, EX_FAULT, EX_NOT_CONFIRMED, EX_REFUSED, ConfigPath, fail, load
from cti_daemon.shell.journal_file import DamagedError, JournalFile, move_aside
from cti_daemon.shell.journal_reader import UnreadableError, head_at
from cti_daemon.wire.journal_record import Entry

_Unrecorded = Annotated[bool, typer.Option("--unrecorded", hidden=True, help="The daemon asks, and writes it down itself.")]


def add_to(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(drill)
    app.command()(restore)


def backup(config: ConfigPath = DEFAULT_CONFIG, *, unrecorded: _Unrecorded = False) -> None:
    """Copy the journal now, beside the daemon, and try the copy by putting it back in a scratch place.

    The daemon does so by itself as [backup] says. The last line is JSON: file, entries, head, milliseconds. Exit code 1 with the
    reason when there is no copy that can be used; the older ones stay then.
    """
    settings = load(config, offline=True).settings
    folder = _folder(settings)
    _step_back(is_asked=unrecorded)
    began = time.perf_counter()
    try:
        tried = make(Path(settings.journal.path), folder, _table(settings).keep, datetime.now(UTC))
    except BackupError as fault:
        fail(f"no backup: {fault}", EX_FAULT)
    facts = {**_facts(tried), "bytes": tried.path.stat().st_size, "took_ms": elapsed_ms(began)}
    _end(settings, "backup", facts, is_recorded=not unrecorded)


def drill(config: ConfigPath = DEFAULT_CONFIG, *, unrecorded: _Unrecorded = False) -> None:
    """The restore drill: put the newest backup back in a scratch place, open it, and compare it with the journal.

    Nothing is touched. It is written into the journal with time, content, participants and evaluation, as every drill is; the daemon
    does it by itself every [backup] drill_every_days. Exit code 1 when there is no backup that could be used.
    """
    settings = load(config, offline=True).settings
    folder, journal = _folder(settings), Path(settings.journal.path)
    _step_back(is_asked=unrecorded)
    began, now = time.perf_counter(), datetime.now(UTC)
    try:
        tried = newest_good(folder)
        is_ours = is_of_this_journal(tried, journal)
    except (BackupError, UnreadableError) as fault:
        fail(f"restore drill failed: {fault}", EX_FAULT)
    if not is_ours:
        fail(f"restore drill failed: {tried.path.name} is not the beginning of {journal}: one of them was written anew", EX_FAULT)
    facts = {
        "time": now.isoformat(timespec="seconds"),
        "content": f"{tried.path.name} put back in a scratch place, opened, walked through, compared with the journal",
        "participants": ["cti-daemon"] if unrecorded else [getpass.getuser()],
        "evaluation": f"passed: {tried.entries} entries, the head is the journal's own; {elapsed_ms(began):.0f} ms",
        **_facts(tried),
        "took_ms": elapsed_ms(began),
    }
    remember_drill(folder, now)
    _end(settings, "restore_drill", facts, is_recorded=not unrecorded)


def restore(
    copy: Annotated[
        Path | None,
        typer.Argument(help="The backup to go back to; none: the newest that can be used.", metavar="[FILE]", show_default=False),
    ] = None,
    config: ConfigPath = DEFAULT_CONFIG,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Put a backup in the journal's place. The daemon must be stopped; the journal that is there is kept beside it.

    A daemon that finds its journal damaged at its start does this by itself. Exit codes: 1 the backup cannot be used, 3 the daemon
    runs, 4 not confirmed.
    """
    settings = load(config, offline=True).settings
    journal = Path(settings.journal.path)
    if _is_running(settings):
        fail("the daemon runs: systemctl stop cti-daemon first (no call is touched by that)", EX_REFUSED)
    try:
        tried = try_out(copy) if copy is not None else newest_good(_folder(settings))
    except BackupError as fault:
        fail(f"nothing was changed: {fault}", EX_FAULT)
    typer.echo(f"{tried.path}: whole, {tried.entries} entries; {_lost(tried, journal)}")
    if not yes and not _is_wanted():
        fail("nothing was changed", EX_NOT_CONFIRMED)
    aside = move_aside(journal, datetime.now(UTC).strftime(STAMP), "replaced") if journal.exists() else None
    try:
        put_back(tried.path, journal)
        _record(journal, "journal_restored", {**_facts(tried), "by": getpass.getuser(), "put_aside": aside.name if aside else None})
    except (OSError, sqlite3.Error) as fault:
        fail(f"{journal}: {fault}; what was there is {aside}", EX_FAULT)
    typer.echo(f"{journal}: restored, {tried.entries} entries; what was there is {aside or 'nothing'}. Now: systemctl start cti-daemon")


def _step_back(*, is_asked: bool) -> None:
    """Behind the daemon that asked for it."""
    if is_asked:
        with suppress(OSError):
            os.nice(19)


def _is_wanted() -> bool:
    try:
        return typer.confirm("Put it in the journal's place?")
    except typer.Abort:  # nobody is there to answer
        return False


def _lost(tried: Tried, journal: Path) -> str:
    try:
        if head_at(journal, tried.entries) == tried.head_hash:
            return "it is the beginning of the journal that is there"
    except UnreadableError as fault:
        return f"the journal that is there cannot be read ({fault})"
    return "the journal that is there is another one, or damaged"


def _is_running(settings: Settings) -> bool:
    try:
        status_page.readiness(f"http://{settings.http.listen}")
    except status_page.SilentError:
        return False
    return True


def _table(settings: Settings) -> Backup:
    return settings.backup if settings.backup is not None else Backup()


def _folder(settings: Settings) -> Path:
    return Path(_table(settings).folder)


def _facts(tried: Tried) -> dict[str, Any]:
    return {"file": str(tried.path), "entries": tried.entries, "head": f"{tried.entries}:{tried.head_hash}"}


def _end(settings: Settings, kind: str, facts: dict[str, Any], *, is_recorded: bool) -> None:
    if is_recorded:
        try:
            _record(Path(settings.journal.path), kind, facts)
        except (OSError, sqlite3.Error, DamagedError) as fault:
            fail(f"done, but it could not be written into the journal: {fault}", EX_FAULT)
    typer.echo(json.dumps(facts, ensure_ascii=False))


def _record(journal: Path, kind: str, facts: dict[str, Any]) -> None:
    """One entry of ours, bound to whatever the daemon has written before it."""
    wall = datetime.now(UTC).isoformat(timespec="microseconds")
    with closing(JournalFile(journal)) as file:
        file.write([Entry(f"cli-{uuid.uuid4().hex[:12]}", kind, wall, time.monotonic(), "by-hand", facts)])
