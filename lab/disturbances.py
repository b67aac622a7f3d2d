"""Drills in which nobody may be moved: a path, a probe or the daemon itself is in trouble, callers are being served."""

from __future__ import annotations

from collections.abc import Callable

from lab import ailments, faults, name_server
from lab.exercise import Drill
from lab.expected import Expected
from lab.layout import CTL_NETS, EDGE, EMG, PBX_A, PBX_B, Net
from lab.trial import Load, Step

_LOAD = Load(loud=6, quiet=14, waiting=4, new_per_second=2)
_FULL = Load(loud=22, quiet=78, waiting=20, new_per_second=5, stay_seconds=720.0)
_LONG = Load(loud=6, quiet=14, waiting=4, new_per_second=2, stay_seconds=520.0)
_CALM = Expected((0, 0), PBX_A.name, may_move=False)
_A, _B = CTL_NETS
FLAPS = 20
FLAP_SECONDS = 10.0
HOUR = 3600


def _swap(down: Net, up: Net) -> Callable[[], float]:
    def act() -> float:
        faults.mend(up)
        return faults.cut(down)

    return act


def _swaps(times: int, every_seconds: float) -> tuple[Step, ...]:
    turns = tuple((n * every_seconds, _swap(_B, _A) if n % 2 else _swap(_A, _B)) for n in range(1, times))
    return (*turns, (times * every_seconds, faults.heal_all))


def flaps(times: int) -> tuple[Step, ...]:
    """Down from the strike on, up after ten seconds, down again after twenty …"""
    ups = tuple(((2 * n + 1) * FLAP_SECONDS, lambda: faults.heal(PBX_A)) for n in range(times))
    downs = tuple((2 * n * FLAP_SECONDS, lambda: faults.blackhole(PBX_A)) for n in range(1, times))
    return tuple(sorted((*ups, *downs), key=lambda step: step[0]))


def _reloads(times: int, every_seconds: float) -> tuple[Step, ...]:
    return tuple((n * every_seconds, lambda: faults.reload((EDGE, PBX_A, PBX_B, EMG))) for n in range(1, times))


DISTURBANCES = {
    "cut-a": Drill(
        "control network A is down for 60 s", lambda: faults.cut(_A), _CALM, _LOAD, ((60.0, lambda: faults.mend(_A)),), watch_seconds=66.0
    ),
    "cut-b": Drill(
        "control network B is down for 60 s", lambda: faults.cut(_B), _CALM, _LOAD, ((60.0, lambda: faults.mend(_B)),), watch_seconds=66.0
    ),
    "swap-networks": Drill(
        "control networks A and B are down in turn, 5 s each, for 60 s",
        lambda: faults.cut(_A),
        _CALM,
        _LOAD,
        _swaps(12, 5.0),
        watch_seconds=66.0,
    ),
    "block-ami": Drill(
        "AMI to the primary is blocked on both networks for 20 s, SIP is fine",
        lambda: faults.block_ami(PBX_A),
        _CALM,
        _LOAD,
        ((20.0, faults.heal_all),),
        watch_seconds=26.0,
    ),
    "cut-daemon": Drill(
        "the daemon is cut off from everything for 20 s",
        faults.cut_daemon,
        _CALM,
        _LOAD,
        ((20.0, faults.heal_all),),
        watch_seconds=28.0,
    ),
    "starve": Drill(
        "two hogs of the highest priority on the daemon's core for 15 s",
        ailments.starve,
        _CALM,
        _LOAD,
        ((15.0, ailments.feed),),
        watch_seconds=20.0,
    ),
    "stop-daemon": Drill(
        "SIGSTOP of the daemon for 10 s, then SIGCONT", ailments.stop_running, _CALM, _LOAD, ((10.0, ailments.go_on),), watch_seconds=16.0
    ),
    "loss": Drill(
        "30 % of the packets on both control networks are lost for 30 s",
        lambda: faults.lose_on_control(30),
        Expected((0, 0), PBX_A.name),
        _LOAD,
        ((30.0, faults.heal_all),),
        watch_seconds=38.0,
    ),
    "dns": Drill(
        "the name server falls silent for 20 s and the daemon must reach its broker by name",
        ailments.kill_names,
        _CALM,
        _LOAD,
        ((20.0, name_server.speak_again),),
        watch_seconds=26.0,
        start=ailments.start_with_names,
    ),
    "clock-forward": Drill(
        "the daemon's wall clock jumps an hour ahead",
        lambda: ailments.set_clock(HOUR),
        _CALM,
        _LOAD,
        watch_seconds=12.0,
        start=ailments.start_with_a_clock,
    ),
    "clock-back": Drill(
        "the daemon's wall clock jumps an hour back",
        lambda: ailments.set_clock(-HOUR),
        _CALM,
        _LOAD,
        watch_seconds=12.0,
        start=ailments.start_with_a_clock,
    ),
    "reload": Drill(
        "`core reload` on every Asterisk, once a second for 15 s",
        lambda: faults.reload((EDGE, PBX_A, PBX_B, EMG)),
        _CALM,
        _LOAD,
        _reloads(15, 1.0),
        watch_seconds=20.0,
    ),
    "block-probe": Drill(
        "only our own SIP probe of the primary is blocked, for 20 s",
        lambda: faults.block_probe(PBX_A),
        _CALM,
        _LOAD,
        ((20.0, faults.heal_all),),
        watch_seconds=26.0,
    ),
    "emergency-dies": Drill("the emergency system dies: an alarm, no more", lambda: faults.kill(EMG), _CALM, _LOAD, watch_seconds=12.0),
    "stop-standby": Drill("`core stop gracefully` on the standby", lambda: faults.stop_gracefully(PBX_B), _CALM, _LOAD, watch_seconds=12.0),
    "flapping": Drill(
        "the primary is silent for 10 s, well for 10 s, twenty times: one failover, no failback (F6)",
        lambda: faults.blackhole(PBX_A),
        Expected((1, 1), PBX_B.name),
        _LONG,
        flaps(FLAPS),
        watch_seconds=2 * FLAPS * FLAP_SECONDS,
    ),
    "load": Drill(
        "100 callers talk, 20 wait, 5 new calls a second for 10 minutes: nothing happens",
        lambda: faults.mend(_A),
        _CALM,
        _FULL,
        watch_seconds=600.0,
    ),
}
