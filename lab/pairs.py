"""Drills with two daemons of which one acts (A3): the acting one dies or stands still, and then a media server dies.

The second daemon, `cti-2`, is started first and holds the lease; the lab's own one stands by, and is the one that is asked in the end."""

from __future__ import annotations

import json
import os
import signal
import sys
import time

from lab import daemon, faults, page, process
from lab.ami import Ami
from lab.deadline import wait_until
from lab.exercise import Drill
from lab.expected import Expected
from lab.layout import CTI, EDGE, HOTLINE, METRICS_PORT, PBX_A, PBX_B, REPOSITORY, RUN
from lab.trial import start_daemon

NAME = "cti-daemon-2"
PORT = METRICS_PORT + 1
FOLDER = RUN / NAME
TAKEOVER_SECONDS = 6.0
"""From the death of who acts until the other one does: 1 s of silence, 2 s of waiting, and what a busy machine adds."""


def table(peer: str) -> str:
    """The configuration's table of a daemon whose other one is `peer`."""
    return f'\n[pair]\npeer = "{peer}"\n'


def _configure_second() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = daemon.render(more=table("cti-1"))
    text = text.replace(f'[site]\nname = "{HOTLINE}"\n', f'[site]\nname = "{HOTLINE}"\ndaemon = "cti-2"\n')
    text = text.replace(str(daemon.FOLDER), str(FOLDER)).replace(f"127.0.0.1:{METRICS_PORT}", f"127.0.0.1:{PORT}")
    (FOLDER / "cti-daemon.toml").write_text(text)


def start_second() -> None:
    """Start `cti-2` with a fresh journal; returns at once."""
    for leftover in FOLDER.glob("journal.sqlite*"):
        leftover.unlink()
    _configure_second()
    words = [sys.executable, "-m", "cti_daemon", "run", "--config", str(FOLDER / "cti-daemon.toml")]
    process.start(NAME, CTI, words, log=FOLDER / "log", environment={**os.environ, "PYTHONPATH": str(REPOSITORY)}, nicer_by=-10)


def role(port: int) -> str | None:
    """What a daemon says of itself: acting, standby; None when it does not answer."""
    body = page.read("/status", port=port)
    found: dict[str, dict[str, str]] = json.loads(body) if body else {}
    return found.get("pair", {}).get("role")


def start_pair() -> float:
    """`cti-2` acts, and the lab's own daemon stands by and is ready."""
    process.stop(NAME, with_signal=signal.SIGKILL)
    began_at = time.monotonic()
    with Ami(EDGE) as edge:
        edge.set("CTI_LEASE", "")
    start_second()
    wait_until("cti-2 to act", lambda: role(PORT) == "acting", 20, every_seconds=0.1)
    start_daemon(more=table("cti-2"))
    wait_until("cti-1 to stand by", lambda: role(METRICS_PORT) == "standby", 5, every_seconds=0.1)
    return time.monotonic() - began_at


def kill_acting() -> float:
    """SIGKILL `cti-2`."""
    struck_wall = time.time()
    process.stop(NAME, with_signal=signal.SIGKILL)
    return struck_wall


def _pid() -> int:
    pid = process.find(NAME)
    if pid is None:
        raise RuntimeError("cti-2 is not running")
    return pid


def _freeze_acting_then_kill_primary() -> float:
    os.kill(_pid(), signal.SIGSTOP)
    return faults.kill(PBX_A)


def _thaw() -> None:
    os.kill(_pid(), signal.SIGCONT)


def _kill_both() -> float:
    kill_acting()
    return faults.kill(PBX_A)


def _took_over() -> str | None:
    """The lab's own daemon acts in the end."""
    found = role(METRICS_PORT)
    return None if found == "acting" else f"the second daemon does not act: {found}"


def _deeds(port: int) -> float:
    """Redirects that this daemon has sent."""
    lines = (page.read("/metrics", port=port) or b"").decode().splitlines()
    of_redirects = [line for line in lines if line.startswith("cti_ami_action_seconds_count") and 'action="Redirect"' in line]
    return sum(float(line.split()[-1]) for line in of_redirects)


def _old_one_did_nothing() -> str | None:
    """The frozen one runs again, stands by, and moved nobody; the other one acts."""
    wait_until("cti-2 to answer again", lambda: role(PORT) is not None, 5, every_seconds=0.1)
    time.sleep(1.0)  # its own verdict on the dead server is due by then
    if (found := role(PORT)) != "standby":
        return f"the frozen daemon is {found} when it runs again"
    if moved := _deeds(PORT):
        return f"the frozen daemon redirected {moved:g} callers when it ran again"
    return _took_over()


PAIRS = {
    "pair-kill": Drill(
        "two daemons: the acting one is killed, and the primary when the other one acts (A3)",
        lambda: faults.kill(PBX_A),
        Expected((1, 1), PBX_B.name, same_agent_percent=95),
        before=((1.0, kill_acting),),
        calm_seconds=1.0 + TAKEOVER_SECONDS,
        start=start_pair,
        look=_took_over,
        watch_seconds=12.0,
    ),
    "pair-both": Drill(
        "two daemons: the acting one and the primary are killed in the same instant (A3)",
        _kill_both,
        Expected((1, 1), PBX_B.name),
        start=start_pair,
        look=_took_over,
        watch_seconds=TAKEOVER_SECONDS + 10.0,
    ),
    "pair-freeze": Drill(
        "two daemons: the acting one is frozen, the primary killed; the other one saves all, the first one runs again and does nothing",
        _freeze_acting_then_kill_primary,
        Expected((1, 1), PBX_B.name),
        start=start_pair,
        steps=((TAKEOVER_SECONDS + 3.0, _thaw),),
        look=_old_one_did_nothing,
        watch_seconds=TAKEOVER_SECONDS + 9.0,
    ),
}
