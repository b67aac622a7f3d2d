"""Drills in which the broker is in trouble while a media server dies: a failover asks no broker, and what was to be said is said late."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable

from lab import broker, faults, process
from lab.deadline import LabError
from lab.exercise import Drill
from lab.expected import Check, Expected
from lab.layout import CTI, PBX_A, PBX_B
from lab.promise import times_of
from lab.trial import Evidence, Load

BEFORE_SECONDS = 2.0
"""So long the broker has been in trouble when the primary dies."""
HEALED_SECONDS = 8.0
_WATCH_SECONDS = 20.0
_LOAD = Load(loud=10, quiet=14, waiting=6)


def _signalled(what: signal.Signals) -> None:
    pid = process.find(broker.NAME)
    if pid is None:
        raise LabError("the broker is not running")
    os.kill(pid, what)


def stop() -> None:
    """SIGKILL the broker: its port refuses."""
    process.stop(broker.NAME, with_signal=signal.SIGKILL)


def freeze() -> None:
    """SIGSTOP the broker: it accepts connections and answers nothing."""
    _signalled(signal.SIGSTOP)


def silence() -> None:
    """Everything to and from the broker is lost, without a word."""
    faults.silence_broker()


def start_empty() -> None:
    """The broker dies and is back at once without any session or retained message."""
    stop()
    shutil.rmtree(broker.DATA)
    broker.DATA.mkdir()
    broker.start()


def heal() -> None:
    """End whichever trouble it was."""
    faults.heal(CTI)
    if process.find(broker.NAME) is None:
        broker.start()
    else:
        _signalled(signal.SIGCONT)


def _then_the_primary_dies(trouble: Callable[[], None]) -> Callable[[], float]:
    def strike() -> float:
        trouble()
        time.sleep(BEFORE_SECONDS)
        return faults.kill(PBX_A)

    return strike


def _says_it_late(seen: Evidence) -> str | None:
    """The report of the failover waited for the broker, and says so."""
    told = [told for told in seen.told if told.kind == "failover" and told.wall >= seen.struck_wall + HEALED_SECONDS]
    if not told:
        return "the failover was not reported when the broker was back"
    return None if all(report.body.get("late") is True for report in told) else "a report that had waited does not say that it is late"


def _drill(text: str, trouble: Callable[[], None], *checks: Check) -> Drill:
    return Drill(
        f"{text} when the primary dies: as if nothing were wrong with it",
        _then_the_primary_dies(trouble),
        Expected((1, 1), PBX_B.name, times_of("kill"), checks, same_agent_percent=95),
        _LOAD,
        ((HEALED_SECONDS, heal),),
        watch_seconds=_WATCH_SECONDS,
    )


# Where the broker itself was gone, a witness may come back to it later than the daemon does.
BROKER_TROUBLE = {
    "broker-down": _drill("the broker is down", stop),
    "broker-frozen": _drill("the broker is frozen", freeze, _says_it_late),
    "broker-black": _drill("the broker is behind a black hole", silence, _says_it_late),
    "broker-empty": _drill("the broker has just restarted and has lost every session", start_empty),
}
