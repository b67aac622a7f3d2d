"""Long-running programs of the lab: started in a namespace, remembered by pid *and* start time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab import network
from lab.deadline import LabError, wait_until
from lab.layout import RUN, Host

_PIDS = RUN / "pids"
# Popen objects of this interpreter, so that a dead child is reaped and not seen as alive.
_children: dict[int, subprocess.Popen[bytes]] = {}


def start(
    name: str,
    host: Host,
    words: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    nicer_by: int = 0,
) -> int:
    """Start `words` in the host's namespace, output appended to `log`; return the pid. It is as nice as we are, and `nicer_by` more."""
    with log.open("ab") as sink:
        child = subprocess.Popen(
            [*network.inside(host.namespace), *words],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            start_new_session=True,
        )
    _rank(child.pid, nicer_by)
    _children[child.pid] = child
    _PIDS.mkdir(parents=True, exist_ok=True)
    (_PIDS / name).write_text(json.dumps({"pid": child.pid, "started": _started(child.pid)}))
    return child.pid


def _rank(pid: int, nicer_by: int) -> None:
    """Its niceness must count against everything on the machine: the kernel weighs sessions first, by a niceness of their own."""
    nice = max(-20, min(19, os.getpriority(os.PRIO_PROCESS, 0) + nicer_by))
    os.setpriority(os.PRIO_PROCESS, pid, nice)
    session = Path(f"/proc/{pid}/autogroup")
    if session.exists():
        session.write_text(str(nice))


def find(name: str) -> int | None:
    """Return the pid of the living program `name`, or None."""
    try:
        record = json.loads((_PIDS / name).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    pid = int(record["pid"])
    if pid in _children:
        _children[pid].poll()
    # A pid is used again sooner or later; together with its start time it is unique.
    started = _started(pid)
    return pid if started is not None and started == record["started"] else None


def _started(pid: int) -> int | None:
    """Return the kernel's start tick of a process that is alive (not a zombie), else None."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def stop(name: str, *, with_signal: signal.Signals = signal.SIGTERM, seconds: float = 5.0) -> None:
    """End `name` politely, then by SIGKILL; returns when it is gone."""
    pid = find(name)
    if pid is None:
        return
    for each in (with_signal, signal.SIGKILL):
        try:
            os.kill(pid, each)
        except ProcessLookupError:
            return
        if each is not signal.SIGKILL and not _gone_within(name, seconds):
            continue
        wait_until(f"{name} to be gone", lambda: find(name) is None, 10, every_seconds=0.01)
        return


def _gone_within(name: str, seconds: float) -> bool:
    try:
        wait_until(f"{name} to end", lambda: find(name) is None, seconds, every_seconds=0.01)
    except LabError:
        return False
    return True


def kill_all(pids: Sequence[int]) -> None:
    """SIGKILL exactly these processes and wait until they are gone or zombies of someone else."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for child in _children.values():
        child.poll()
    wait_until("the lab's processes to be gone", lambda: not any(_started(pid) for pid in pids), 10, every_seconds=0.02)
