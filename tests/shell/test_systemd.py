"""`Type=notify`, "a watchdog fed by the engine's own loop": the words reach systemd's socket, and never hold the loop up."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cti_daemon.shell.systemd import Notifier, watchdog_seconds

pytestmark = pytest.mark.slow  # each waits for a systemd that does not read


@pytest.fixture(params=["file", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    name = str(tmp_path / "notify") if request.param == "file" else f"@cti-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:] if name.startswith("@") else name)
        listening.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield listening


def test_every_word_reaches_systemd(systemd: socket.socket) -> None:
    notifier = Notifier()
    notifier.ready()
    notifier.status("pbx-a serves,\n120 callers\nWATCHDOG=1")
    notifier.watchdog()
    notifier.stopping()
    notifier.close()
    heard = [systemd.recv(4096).decode() for _ in range(4)]
    assert heard == ["READY=1", "STATUS=pbx-a serves, 120 callers WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]


def test_nobody_listening_is_silent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Notifier().ready()
    gone = Notifier(str(tmp_path / "gone"))
    gone.ready()
    gone.close()
    gone.ready()


def test_a_systemd_that_does_not_read_holds_nobody_up(systemd: socket.socket) -> None:
    notifier = Notifier()
    began = time.perf_counter()
    for _ in range(10_000):
        notifier.watchdog()
    assert time.perf_counter() - began < 30  # a blocking socket would never have come here
    notifier.close()


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [("2000000", None, 2.0), ("2000000", "own", 2.0), ("2000000", "1", None), ("", None, None), ("0", None, None), ("x", None, None)],
)
def test_the_watchdog_is_the_units(monkeypatch: pytest.MonkeyPatch, usec: str, pid: str | None, seconds: float | None) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    if pid is None:
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
    else:
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "own" else pid)
    assert watchdog_seconds() == seconds
