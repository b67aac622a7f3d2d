"""The machine we are on: the daemon's service, its disk, its clock."""

import asyncio
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

from cti_daemon.model.backups import Backup
from cti_daemon.model.settings import Settings
from cti_daemon.shell import status_page
from cti_daemon.shell.backup_file import kept
from cti_daemon.shell.doctor.finding import Finding, fault, judged, unseen, warning
from cti_daemon.shell.journal_reader import UnreadableError, verify

SLOW_SYNC_SECONDS = 0.02
LEAST_FREE_BYTES = 200 * 1024 * 1024
SYNCS = 7
UNIT = "cti-daemon.service"
_BLOCK = b"\0" * 4096


async def questions(settings: Settings) -> list[Finding]:
    return [
        *await asyncio.to_thread(_running, settings),
        *await asyncio.to_thread(_disk, Path(settings.journal.path)),
        await asyncio.to_thread(_journal, Path(settings.journal.path)),
        *await asyncio.to_thread(_backups, settings.backup),
        await _time_is_kept(),
        *await _unit(),
    ]


def _running(settings: Settings) -> list[Finding]:
    url = f"http://{settings.http.listen}"
    try:
        checks = status_page.readiness(url)
    except status_page.SilentError as silent:
        fix = "systemctl start cti-daemon; journalctl -u cti-daemon says why it does not run"
        return [fault("daemon", url, f"does not answer: {silent}", fix)]
    waiting = [name for name, good in checks.items() if not good]
    bad = fault("daemon", url, f"runs, but is not ready: {', '.join(waiting)}", "the checks of that node below say why")
    return [judged(not waiting, bad, "runs and is ready")]


def _disk(journal: Path) -> list[Finding]:
    folder = journal.parent
    if not folder.is_dir():
        return [
            fault("disk", str(folder), "does not exist", "the unit's StateDirectory makes it; by hand: install -d -o cti-daemon -m 0700")
        ]
    free = shutil.disk_usage(folder).free
    room = fault("disk space", str(folder), f"{free // 2**20} MB are free", "a full disk costs the record of what is done: make room")
    found = [judged(free > LEAST_FREE_BYTES, room, f"{free // 2**20} MB are free")]
    if not os.access(folder, os.W_OK):
        return [*found, unseen("disk latency", str(folder), "is not ours to write", "run the doctor as root or as the daemon's user")]
    seconds = median(_sync_times(folder))
    slow = warning(
        "disk latency",
        str(folder),
        f"a synced write takes {1000 * seconds:.0f} ms (median of {SYNCS}): a rescue waits for one, at most 50 ms",
        "another disk for [journal] path",
    )
    return [*found, judged(seconds < SLOW_SYNC_SECONDS, slow, f"a synced write takes {1000 * seconds:.1f} ms")]


def _sync_times(folder: Path) -> list[float]:
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(_BLOCK)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return times


def _journal(path: Path) -> Finding:
    try:
        found = verify(path)
    except UnreadableError as error:
        return warning("journal", str(path), str(error), "the daemon makes it at its first start; run the doctor as root")
    bad = fault(
        "journal",
        str(path),
        f"entry {found.broken_at} does not follow from the one before it: it was changed by another hand",
        "keep a copy for whoever audits (cti-daemon journal export), then find out who can write there",
    )
    return judged(found.broken_at is None, bad, f"whole, {found.entries} entries")


def _backups(table: Backup | None) -> list[Finding]:
    """A site without backups has chosen so."""
    if table is None:
        return []
    copies = kept(Path(table.folder))
    fix = "`cti-daemon journal backup` makes one now, or says why not; the log says why the daemon's own failed"
    if not copies:
        return [warning("backup", table.folder, "there is no backup of the journal that we can see", fix)]
    age_hours = (time.time() - copies[0].made_wall.timestamp()) / 3600
    old = warning("backup", table.folder, f"the newest backup of the journal is {age_hours:.0f} h old", fix)
    return [judged(age_hours * 3600 < 2 * table.every, old, f"{len(copies)} backups, the newest {age_hours:.1f} h old")]


async def _time_is_kept() -> Finding:
    told = await _output("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if told is None:
        return unseen("ntp", "this machine", "timedatectl is not here or does not answer", "see that NTP runs")
    bad = warning("ntp", "this machine", "its clock is not synchronised", "apt-get install systemd-timesyncd, or chrony")
    return judged(told == "yes", bad, "the clock is synchronised")


async def _unit() -> list[Finding]:
    told = await _output("systemctl", "show", UNIT, "--property=LoadState,WatchdogUSec,Type,Restart")
    values = dict(line.partition("=")[::2] for line in (told or "").splitlines())
    if values.get("LoadState") != "loaded":
        fix = "install the service (systemd/README.md): it restarts the daemon, and its watchdog sees a loop that hangs"
        return [unseen("systemd", UNIT, "is not a unit of this machine", fix)]
    watched = values.get("WatchdogUSec", "0") not in {"0", "infinity"}
    bad = warning("systemd", UNIT, "has no watchdog or does not restart", "use the unit that is shipped; `systemctl revert cti-daemon`")
    return [judged(watched and values.get("Restart") == "always", bad, f"watchdog {values.get('WatchdogUSec')}, restarts always")]


async def _output(*words: str) -> str | None:
    """What a command printed; None when it is not here, fails or hangs."""
    try:
        process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    except OSError:
        return None
    try:
        out, _ = await asyncio.wait_for(process.communicate(), 5.0)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return None
    return out.decode(errors="replace").strip() if process.returncode == 0 else None
