"""One trial: live calls, one fault, and what became of everybody, judged from outside.

The judge reads packet captures: at the carrier, at the phones, and between the daemon and the edge. What the daemon says of
itself (the broker's subscriber hears it) is shown beside, and enters no count but that of failovers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab import carrier, daemon, judge, orders, page
from lab.ami import Ami
from lab.capture import Capture
from lab.carrier import Audio, Group
from lab.deadline import LabError, wait_until
from lab.layout import EDGE, PBX_A, RUN
from lab.orders import Orders
from lab.witness import Subscriber, Told

Say = Callable[[str], None]
Step = tuple[float, Callable[[], object]]
"""Seconds after the strike, and what is done then."""
LONG_SECONDS = 300.0
_TRY = "CTI_TRY_SECONDS"
_FILL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """The callers of a trial. `loud` send 50 packets a second (their audio is judged), `quiet` five."""

    loud: int = 22
    quiet: int = 78
    waiting: int = 20
    new_per_second: float = 5.0
    new_stay_seconds: float = 3.0
    new_audio: Audio = Audio.NONE
    """What new callers send; a telephone hangs up on one who is silent for four seconds."""
    leaving: int = 0
    """Callers who talk, and hang up by themselves after `leave_seconds`."""
    leave_seconds: float = 30.0
    mute: int = 0
    """Callers who talk to an agent and send no audio at all."""
    stay_seconds: float = LONG_SECONDS

    @property
    def talking(self) -> int:
        """Callers who will be with an agent."""
        return self.loud + self.quiet + self.leaving + self.mute

    def talkers(self) -> list[Group]:
        """Groups of those who talk."""
        groups = [
            Group("loud", 1, self.loud, 20, self.stay_seconds, Audio.FULL),
            Group("quiet", 2, self.quiet, 20, self.stay_seconds, Audio.SPARSE),
            Group("leaving", 5, self.leaving, 20, self.leave_seconds, Audio.SPARSE),
            Group("mute", 6, self.mute, 20, self.stay_seconds, Audio.NONE),
        ]
        return [group for group in groups if group.calls]

    def waiters(self) -> Group:
        """The group that finds all seats busy."""
        return Group("waiting", 3, self.waiting, 10, self.stay_seconds, Audio.SPARSE)

    def newcomers(self, seconds: float) -> Group:
        """Calls that arrive all the time; each waits a little and hangs up."""
        calls = max(1, round(self.new_per_second * seconds))
        return Group("new", 4, calls, self.new_per_second, self.new_stay_seconds, self.new_audio)


@dataclass(slots=True)
class Evidence:
    """What the witnesses saw, and when the fault struck and the watch ended."""

    load: Load
    struck_wall: float
    ended_wall: float
    calls: list[judge.Call]
    dialogs: list[judge.Dialog]
    audio: judge.Audio
    orders: Orders
    told: list[Told]
    began_wall: float
    new_group: Group = field(default_factory=lambda: Load().newcomers(1))


@dataclass(slots=True)
class Trial:
    """Places the calls, strikes, watches. The lab and the daemon run already."""

    load: Load
    say: Say
    folder: Path = RUN / "trial"

    def run(
        self,
        strike: Callable[[], float],
        *,
        before: Sequence[Step] = (),
        steps: Sequence[Step] = (),
        watch_seconds: float = 8.0,
        calm_seconds: float = 3.0,
        at_the_end: Callable[[], None] = lambda: None,
    ) -> Evidence:
        """`before` is done in the calm, `strike` returns the wall instant of the fault, `steps` follow it; the watch ends
        `watch_seconds` after the strike. `at_the_end` looks at the site while the callers are still there."""
        capture, subscriber = Capture(self.folder), Subscriber()
        newcomers = self.load.newcomers(calm_seconds + watch_seconds + 10)
        began_wall = time.time()
        groups = [*self.load.talkers(), *([self.load.waiters()] if self.load.waiting else []), newcomers]
        capture.start()
        subscriber.start()
        try:
            self._fill()
            if self.load.new_per_second:
                carrier.start(newcomers)
            calm_at = time.monotonic()
            _do(before, calm_at)
            _sleep_until(calm_at + calm_seconds)  # the calm before: its calls and its silence are judged too
            self.say(f"strike, with {self.load.talking} callers talking and {self.load.waiting} waiting")
            struck_wall = strike()
            struck_at = time.monotonic()
            _do(steps, struck_at)
            _sleep_until(struck_at + watch_seconds)
            at_the_end()
            ended_wall = time.time()
        finally:
            capture.stop()
            subscriber.stop()
            for group in groups:
                carrier.stop(group)
        return Evidence(
            load=self.load,
            struck_wall=struck_wall,
            ended_wall=ended_wall,
            calls=list(judge.read_calls(capture.carrier_sip).values()),
            dialogs=judge.read_dialogs(capture.phones_sip),
            audio=judge.read_audio(capture.carrier_rtp),
            orders=orders.read(capture.orders.values()),
            told=subscriber.read(),
            began_wall=began_wall,
            new_group=newcomers,
        )

    def _fill(self) -> None:
        """Callers talk with all agents, then more callers wait. Until then the edge is patient with a slow machine's primary."""
        with Ami(EDGE) as edge:
            tries = edge.get(_TRY)
            edge.set(_TRY, "10")
            try:
                self._place()
            finally:
                edge.set(_TRY, tries)

    def _place(self) -> None:
        for group in self.load.talkers():
            carrier.start(group)
        with Ami(PBX_A) as pbx:
            talking = _wait_nearly(self.load.talking, "talk", lambda: len(agents_talking(pbx)), lambda: _seats_by_state(pbx))
            self.say(f"{talking} callers talk to their agents")
            if self.load.waiting:
                carrier.start(self.load.waiters())
                waiting = _wait_nearly(self.load.waiting, "wait", lambda: len(callers_waiting(pbx)), lambda: _seats_by_state(pbx))
                self.say(f"{waiting} callers wait in the queue")


def _wait_nearly(wanted: int, what: str, count: Callable[[], int], evidence: Callable[[], str]) -> int:
    """Return how many do: all, or nearly all (one who never reached a seat is no part of what is tried; who is there is judged)."""
    try:
        wait_until(f"{wanted} callers to {what}", lambda: count() >= wanted, _FILL_SECONDS, every_seconds=0.2, evidence=evidence)
    except LabError:
        if count() < wanted - max(1, wanted // 20):
            raise
    return count()


def _do(steps: Sequence[Step], began_at: float) -> None:
    for after_seconds, act in steps:
        _sleep_until(began_at + after_seconds)
        act()


def _sleep_until(instant_at: float) -> None:
    time.sleep(max(0.0, instant_at - time.monotonic()))


def agents_talking(pbx: Ami) -> list[str]:
    """Return the seats that are in a call, by the queue's own word."""
    rows = pbx.list("QueueStatus", "QueueStatusComplete")
    return sorted({row["Name"] for row in rows if row["Event"] == "QueueMember" and row.get("InCall") == "1"})


def _seats_by_state(pbx: Ami) -> str:
    rows = pbx.list("QueueStatus", "QueueStatusComplete")
    states = Counter(row["Status"] for row in rows if row["Event"] == "QueueMember")
    waiting = sum(row["Event"] == "QueueEntry" for row in rows)
    return f"{waiting} wait; seats by device state (AST_DEVICE_*): {dict(states)}"


def callers_waiting(pbx: Ami) -> list[str]:
    """Return the callers in the queue."""
    rows = pbx.list("QueueStatus", "QueueStatusComplete")
    return [row["Uniqueid"] for row in rows if row["Event"] == "QueueEntry"]


def start_daemon(
    *,
    detection: str = "",
    failover: str = "",
    mqtt_host: str = "127.0.0.1",
    more: str = "",
    around: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> float:
    """Start the daemon with a fresh journal and wait until it is ready and judges every node healthy; seconds it took."""
    for leftover in (*daemon.FOLDER.glob("journal.sqlite*"), *daemon.FOLDER.glob("register.sqlite*")):
        leftover.unlink()
    daemon.write_configuration(detection=detection, failover=failover, mqtt_host=mqtt_host, more=more)
    daemon.start(around=around, environment=environment)
    return wait_daemon()


def wait_daemon(serving: str = PBX_A.name) -> float:
    """Return when every node is judged healthy and `serving` is the node that serves."""

    def calm() -> bool:
        status = page.status()
        return page.is_ready() and status.get("serving") == serving and all(node["state"] == "healthy" for node in status.get("nodes", []))

    return wait_until("the daemon to call every node healthy", calm, 20, every_seconds=0.1, evidence=_last_log_lines)


def _last_log_lines() -> str:
    return "\n" + "\n".join(daemon.LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
