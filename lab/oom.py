"""The kernel's out-of-memory killer takes an Asterisk: a real cgroup limit, a real hog beside it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from lab import process
from lab.deadline import LabError, wait_until
from lab.layout import PREFIX, RUN, Host

_MEMORY = Path("/sys/fs/cgroup/memory")
_LIMIT_BYTES = 64 * 1024 * 1024
_HOG = "hog"
# It exempts itself: the killer takes the largest of the others.
_PROGRAM = """
import time
open("/proc/self/oom_score_adj", "w").write("-1000")
held = []
while True:
    held.append(bytearray(1 << 20))
    time.sleep(0.002)
"""


def exhaust(host: Host) -> float:
    """Put the Asterisk into a group of 64 MB with something that eats memory; returns when the kernel killed it."""
    if not (_MEMORY / "cgroup.procs").exists():
        raise LabError("no cgroup v1 memory controller on this machine: nobody can run out of memory alone")
    pid = process.find(host.name)
    if pid is None:
        raise LabError(f"{host.name} is not running")
    group = _group(host)
    group.mkdir(exist_ok=True)
    (group / "memory.limit_in_bytes").write_text(str(_LIMIT_BYTES))
    (group / "memory.oom_control").write_text("0")
    (group / "cgroup.procs").write_text(str(pid))
    hog = process.start(_HOG, host, [sys.executable, "-c", _PROGRAM], log=RUN / "hog.log")
    (group / "cgroup.procs").write_text(str(hog))
    killed_before = _kills(group)
    # Every 0.2 ms: the kernel's counter is the instant of the fault.
    wait_until(f"{host.name} to be killed by the kernel", lambda: _kills(group) > killed_before, 20, every_seconds=0.0002)
    struck_wall = time.time()
    process.stop(_HOG)
    return struck_wall


def _kills(group: Path) -> int:
    for line in (group / "memory.oom_control").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == "oom_kill":
            return int(value)
    raise LabError("this kernel does not count its kills for lack of memory")


def _group(host: Host) -> Path:
    return _MEMORY / f"{PREFIX}{host.name}"


def release() -> None:
    """Remove the groups that any drill made (their processes are gone, or go home)."""
    for group in _MEMORY.glob(f"{PREFIX}*"):
        for pid in (group / "cgroup.procs").read_text().split():
            try:
                (_MEMORY / "cgroup.procs").write_text(pid)
            except ProcessLookupError:
                continue
        group.rmdir()
