"""A mixed run: a thousand callers and more who wait, give up, hold, are transferred, parked and fetched, while seats pause, log in
and out and let it ring; in the middle the daemon loses its AMI sessions and the primary dies. What is left behind is `Remains`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import asterisk, crowd, desk, faults, judge, page, picture, queue_log
from lab.ami import Ami
from lab.capture import Capture
from lab.crowd import Part
from lab.deadline import LabError, wait_until
from lab.floor import Floor
from lab.layout import EDGE, NODES, PBX_A, PBX_B, PHONES, RUN, Host, Size
from lab.queue_log import Row
from lab.sampler import Sampler, Samples
from lab.truth import Death

Say = Callable[[str], None]
Memberships = dict[str, tuple[picture.Membership, ...]]
"""By seat."""
MIRROR_SECONDS = 1.0
RING_SECONDS = 4
IGNORE_PERCENT = 8


@dataclass(frozen=True, slots=True)
class Mix:
    """How much, and what happens when (shares of the calls' arrival)."""

    calls: int = 1000
    rate: float = 8.0
    seats: int = 40
    seed: int = 1
    lose_one_session: float | None = 0.15
    lose_all_sessions: float | None = 0.3
    kill: float | None = 0.55
    restart: float | None = 0.75
    """The killed server comes back, and nothing goes to it."""

    @property
    def seconds(self) -> float:
        """How long callers arrive."""
        return self.calls / self.rate


@dataclass(slots=True)
class Remains:
    """Everything a judge needs, all of it from outside the daemon but `samples` and `status`."""

    rows: list[Row]
    calls: list[judge.Call]
    dialogs: list[judge.Dialog]
    deaths: list[Death]
    gaps_wall: list[tuple[float, float]]
    """When the daemon had no AMI to the serving node, as we made it."""
    mirror: tuple[Memberships, Memberships] | None
    """Every seat's places on the server that died, a second before, and on the one that serves then."""
    samples: Samples
    done: dict[str, int]
    status: dict[str, Any]
    metrics: str
    alive: tuple[Host, ...]


@dataclass(slots=True)
class MixedRun:
    """Lab and daemon run already."""

    mix: Mix
    say: Say
    folder: Path = RUN / "mix"
    _deaths: list[Death] = field(default_factory=list)
    _gaps: list[tuple[float, float]] = field(default_factory=list)
    _mirror: tuple[Memberships, Memberships] | None = None

    def run(self) -> Remains:
        """Place the calls, do all of it, wait until everything is quiet again, collect."""
        shorten_ring()
        capture, sampler = Capture(self.folder), Sampler()
        floor = Floor(Size(seats=self.mix.seats), self.mix.seed)
        parts = crowd.plan(self.mix.calls, self.mix.rate, self.mix.seed)
        capture.start_sip()
        capture.start_ami()
        desk.start(desk.Habit())
        floor.serve(PBX_A)
        floor.log_in_desks()
        sampler.start()
        try:
            for part in parts:
                crowd.start(part)
            self._arrive(floor, parts)
            self.say(f"every caller has been placed; {sum(floor.done.values())} things were done by seats; waiting for the last to end")
            self._drain(floor, parts)
        finally:
            samples = sampler.stop()
            floor.leave()
            for part in parts:
                crowd.stop(part)
            desk.stop()
            capture.stop()
        alive = tuple(host for host in NODES if host not in self._dead())
        return Remains(
            rows=[row for host in NODES for row in _log(host)],
            calls=list(judge.read_calls(capture.carrier_sip).values()),
            dialogs=judge.read_dialogs(capture.phones_sip),
            deaths=self._deaths,
            gaps_wall=self._gaps,
            mirror=self._mirror,
            samples=samples,
            done=dict(floor.done),
            status=page.status(),
            metrics=(page.read("/metrics") or b"").decode(),
            alive=alive,
        )

    def _arrive(self, floor: Floor, parts: list[Part]) -> None:
        """Work the floor while callers arrive, and strike when it is time."""
        mix, began_at = self.mix, time.monotonic()
        plan: list[tuple[float | None, Callable[[], None]]] = [
            (mix.lose_one_session, lambda: self._lose_sessions(1)),
            (mix.lose_all_sessions, lambda: self._lose_sessions(99)),
            (mix.kill, lambda: self._kill(floor)),
            (mix.restart if mix.kill is not None else None, self._restart),
        ]
        strikes = [(share * mix.seconds, strike) for share, strike in plan if share is not None]
        while (passed := time.monotonic() - began_at) < mix.seconds + 5 and any(crowd.is_running(part) for part in parts):
            floor.work()
            for strike in [strike for due, strike in strikes if due <= passed]:
                strike()
            strikes = [(due, strike) for due, strike in strikes if due > passed]
            time.sleep(0.15)

    def _lose_sessions(self, most: int) -> None:
        """Throw the daemon out of its AMI sessions at the serving node."""
        began_wall = time.time()
        shown = asterisk.command(PBX_A, "manager show connected")
        sessions = re.findall(r"^\s+cti\s+\S+\s+\d+\s+\d+\s+(\d+)\s", shown, re.MULTILINE)[:most]
        if not sessions:
            raise LabError(f"no AMI session of the daemon at {PBX_A.name}: {shown}")
        for session in sessions:
            asterisk.command(PBX_A, f"manager kick session {session}")
        self.say(f"{len(sessions)} AMI session(s) of the daemon at {PBX_A.name} ended")
        if most > 1:
            wait_until(
                "the daemon to be back at its AMI",
                lambda: len(_sessions(PBX_A)) >= 1 and _is_known(PBX_A),
                30,
                every_seconds=0.1,
                evidence=lambda: f"sessions {_sessions(PBX_A)}, serving {page.status().get('serving')}, mode {page.status().get('mode')}",
            )
            self._gaps.append((began_wall, time.time()))

    def _kill(self, floor: Floor) -> None:
        # What a seat did in the last second may not have been mirrored: the promise is one second.
        wait_until_calm_at = time.monotonic() + MIRROR_SECONDS
        while time.monotonic() < wait_until_calm_at:
            floor.work(whims=False)
            time.sleep(0.1)
        before = _memberships(PBX_A)
        floor.leave()
        self._deaths.append(Death(PBX_A.name, faults.kill(PBX_A)))
        wait_until("the daemon to fail over", lambda: page.status().get("serving") == PBX_B.name, 30, every_seconds=0.02)
        self.say(f"{PBX_A.name} was killed, {PBX_B.name} serves")
        self._mirror = before, _memberships(PBX_B)
        floor.serve(PBX_B)

    def _restart(self) -> None:
        asterisk.start(PBX_A)
        self.say(f"{PBX_A.name} starts again")

    def _dead(self) -> set[Host]:
        return {host for host in NODES if host.name in {death.node for death in self._deaths}} if self.mix.restart is None else set()

    def _drain(self, floor: Floor, parts: list[Part]) -> None:
        """Everybody works until nothing is left anywhere; then the daemon may have its last word."""
        floor.unpause_all()
        hosts = (EDGE, *(host for host in NODES if host not in self._dead()))

        def is_quiet() -> bool:
            floor.work(whims=False)
            return not any(crowd.is_running(part) for part in parts) and not any(channels(host) for host in hosts)

        wait_until("the last call to end", is_quiet, 120, every_seconds=0.2, evidence=lambda: str({h.name: channels(h) for h in hosts}))
        time.sleep(6.0)  # longer than AgentComplete may follow the Hangup; nothing is awaited that could be seen


def channels(host: Host) -> list[str]:
    """Return the channels of one Asterisk, by its own word."""
    with Ami(host) as ami:
        return [row["Channel"] for row in ami.list("CoreShowChannels", "CoreShowChannelsComplete")]


def _memberships(host: Host) -> Memberships:
    with Ami(host) as ami:
        rows = picture.look(ami).members
    return {seat: picture.memberships(row for row in rows if row.seat == seat) for seat in sorted({row.seat for row in rows})}


def shorten_ring() -> None:
    """Let seats ring for a short time, and let some of them let it ring."""
    for host in (PBX_A, PBX_B):
        path = host.folder / "etc/queues.conf"
        path.write_text(re.sub(r"^timeout = \d+$", f"timeout = {RING_SECONDS}", path.read_text(), flags=re.MULTILINE))
        asterisk.command(host, "queue reload all")
    with Ami(PHONES) as ami:
        ami.set("IGNORE_PERCENT", str(IGNORE_PERCENT))


def _sessions(host: Host) -> list[str]:
    return re.findall(r"^\s+cti\s.*", asterisk.command(host, "manager show connected"), re.MULTILINE)


def _is_known(host: Host) -> bool:
    """Say whether the daemon knows the node's queues (again)."""
    return any(queue["node"] == host.name and queue["waiting"] is not None for queue in page.status().get("queues", []))


def _log(host: Host) -> list[Row]:
    path = asterisk.log_folder(host) / "queue_log"
    return list(queue_log.parse(path.read_text(encoding="utf-8"), host.name)) if path.exists() else []
