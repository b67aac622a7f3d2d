"""Drills in which the broker is in trouble while a media server dies: a failover asks no broker, and what was to be said is said late."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace

from lab import broker, engineer, faults, page, process
from lab.deadline import LabError
from lab.exercise import Drill
from lab.expected import Check, Expected
from lab.layout import CTI, PBX_A, PBX_B
from lab.promise import times_of
from lab.trial import Evidence, Load

BEFORE_SECONDS = 2.0
"""So long the broker has been in trouble when the primary dies."""
HEALED_SECONDS = 8.0
HALF_SECONDS = 300.0
"""The long trouble's half: so long before the primary's death, and so long after."""
MOST_WAITING = 1000
"""Reports that the daemon keeps for a broker that takes none."""
NOTES = 1200
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


def _says_it_late(healed_seconds: float) -> Check:
    """The report of the failover waited for the broker, and says so."""

    def check(seen: Evidence) -> str | None:
        told = [told for told in seen.told if told.kind == "failover" and told.wall >= seen.struck_wall + healed_seconds]
        if not told:
            return "the failover was not reported when the broker was back"
        return None if all(report.body.get("late") is True for report in told) else "a report that had waited does not say that it is late"

    return check


def _says_much() -> None:
    """More than may wait, before the primary dies: the oldest of it must go, and nothing of what comes after."""
    engineer.note_here(NOTES, "note")


def _kept_its_bound(seen: Evidence) -> str | None:
    """Of what waited the newest were kept, as many as may wait and no more; and the daemon is seen to be there."""
    late = [told for told in seen.told if told.body.get("late") is True]
    if not 0.95 * MOST_WAITING <= len(late) <= MOST_WAITING:
        return f"{len(late)} reports came late, expected nearly {MOST_WAITING} and no more"
    states = [told.body.get("state") for told in seen.told if "/daemon/" in told.topic]
    return None if states[-1:] == ["online"] else f"the daemon's own state at the end is {states[-1:]}"


def _is_told_up() -> str | None:
    """Nothing waits any more, and what was given up is counted."""
    waits, dropped = page.metric("cti_mqtt_backlog"), page.metric("cti_mqtt_dropped_total")
    if waits != 0:
        return f"{waits} reports wait still"
    return None if dropped is not None and dropped >= NOTES - MOST_WAITING else f"{dropped} reports were given up, expected more"


def _drill(text: str, strike: Callable[[], float], *checks: Check) -> Drill:
    return Drill(
        f"{text} when the primary dies: as if nothing were wrong with it",
        strike,
        Expected((1, 1), PBX_B.name, times_of("kill"), checks, same_agent_percent=95),
        _LOAD,
        ((HEALED_SECONDS, heal),),
        watch_seconds=_WATCH_SECONDS,
    )


_WELL = Drill(
    "nothing is wrong with the broker when the primary dies: what the others are held against",
    lambda: faults.kill(PBX_A),
    Expected((1, 1), PBX_B.name, times_of("kill"), same_agent_percent=95),
    _LOAD,
    watch_seconds=_WATCH_SECONDS,
)
_LATE = _says_it_late(HEALED_SECONDS)
# Where the broker itself was gone, a witness may come back to it later than the daemon does.
BROKER_TROUBLE = {
    "broker-well": _WELL,
    "broker-down": _drill("the broker is down", _then_the_primary_dies(stop)),
    "broker-frozen": _drill("the broker is frozen", _then_the_primary_dies(freeze), _LATE),
    "broker-black": _drill("the broker is behind a black hole", _then_the_primary_dies(silence), _LATE),
    "broker-empty": _drill("the broker has just restarted and has lost every session", _then_the_primary_dies(start_empty)),
    "broker-frozen-long": Drill(
        "the broker is frozen for ten minutes, and the primary dies in the middle: as if nothing were wrong with it",
        lambda: faults.kill(PBX_A),
        Expected((1, 1), PBX_B.name, times_of("kill"), (_says_it_late(HALF_SECONDS), _kept_its_bound), same_agent_percent=95),
        replace(_LOAD, stay_seconds=2 * HALF_SECONDS + 120),
        ((HALF_SECONDS, heal),),
        watch_seconds=HALF_SECONDS + _WATCH_SECONDS,
        calm_seconds=BEFORE_SECONDS + HALF_SECONDS,
        before=((BEFORE_SECONDS, freeze), (BEFORE_SECONDS + 10, _says_much)),
        beside=_WELL,
        look=_is_told_up,
    ),
}
