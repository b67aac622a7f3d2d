"""What can befall the daemon itself while every PBX is well. Each returns the wall instant at which it struck."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from lab import broker, daemon, name_server, process
from lab.deadline import LabError
from lab.layout import CTI, RUN
from lab.trial import start_daemon

_HOGS = ("hog-1", "hog-2")
_CLOCK = RUN / "clock"


def _pid() -> int:
    pid = process.find(daemon.NAME)
    if pid is None:
        raise LabError("the daemon is not running")
    return pid


def stop_running() -> float:
    """SIGSTOP the daemon."""
    struck_wall = time.time()
    os.kill(_pid(), signal.SIGSTOP)
    return struck_wall


def go_on() -> float:
    """SIGCONT the daemon."""
    struck_wall = time.time()
    os.kill(_pid(), signal.SIGCONT)
    return struck_wall


def starve() -> float:
    """Leave the daemon a few hundredths of one core: two hogs of the highest priority share it, the PBXs have the others."""
    core = max(os.sched_getaffinity(0))
    for task in Path(f"/proc/{_pid()}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})
    struck_wall = time.time()
    for name in _HOGS:
        words = ["taskset", "-c", str(core), sys.executable, "-c", "while True: pass"]
        process.start(name, CTI, words, log=RUN / f"{name}.log", nicer_by=-40)
    return struck_wall


def feed() -> float:
    """End `starve`."""
    struck_wall = time.time()
    for name in _HOGS:
        process.stop(name)
    for task in Path(f"/proc/{_pid()}/task").iterdir():
        os.sched_setaffinity(int(task.name), os.sched_getaffinity(0))
    return struck_wall


def start_with_a_clock() -> float:
    """Start the daemon under libfaketime, with a wall clock that `set_clock` moves; its monotonic clock is the true one."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        raise LabError("libfaketime is not installed: run lab/bootstrap.sh libfaketime keepalived")
    set_clock(0)
    return start_daemon(
        environment={
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(_CLOCK),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
    )


def set_clock(offset_seconds: int) -> float:
    """Move the daemon's wall clock this far from the true one, at once."""
    fresh = _CLOCK.with_suffix(".new")
    fresh.write_text(f"{offset_seconds:+d}\n")
    struck_wall = time.time()
    fresh.replace(_CLOCK)
    return struck_wall


def start_with_names() -> float:
    """Start the daemon with the broker named by a name that only the lab's name server knows."""
    name_server.start()
    resolv = RUN / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:5 attempts:2\n")
    script = f'mount --bind {resolv} /etc/resolv.conf; exec "$@"'
    around = ("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "names")
    return start_daemon(mqtt_host=name_server.BROKER, around=around)


def kill_names() -> float:
    """The name server falls silent, and the broker restarts: whoever comes back to it must ask for its name first."""
    struck_wall = name_server.fall_silent()
    process.stop(broker.NAME)
    broker.start()
    return struck_wall


def restart_daemon() -> None:
    """Start the stopped daemon again, with the journal it left."""
    daemon.start()
