"""Drills in which callers must be moved: a media server is dead, hung or out of reach."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lab import ailments, daemon, faults, oom
from lab.ami import Ami
from lab.carrier import Audio
from lab.exercise import Drill, no_daemon
from lab.expected import Check, Expected
from lab.layout import EMG, PBX_A, PBX_B, PHONES, Host
from lab.promise import of_new_calls, times_of, without_agents
from lab.score import FAIR_SECONDS, newcomers_of
from lab.trial import Evidence, Load, start_daemon

_SMALL = Load(loud=10, quiet=14, waiting=6)
"""Where the number of callers proves nothing more."""
HOLE_SECONDS = 40.0


def _expect(fault: str, *checks: Check) -> Expected:
    return Expected((1, 1), PBX_B.name, times_of(fault), checks, same_agent_percent=95)


def _on(action: Callable[[Host], float], host: Host = PBX_A) -> Callable[[], float]:
    return lambda: action(host)


def _kill_both() -> float:
    struck_wall = faults.kill(PBX_A)
    faults.kill(PBX_B)
    return struck_wall


def _kill_behind_the_restart() -> float:
    """The daemon is being restarted as an engineer does it; in between the primary dies."""
    daemon.stop()
    return faults.kill(PBX_A)


def _refuse_half() -> None:
    with Ami(PHONES) as phones:
        phones.set("REFUSE_EVERY", "2")


def _rings_no_seat_for_the_dead(seen: Evidence) -> str | None:
    """The returned node serves nobody, so whomever it rings, it rings for a caller who is not there."""
    healed_wall = seen.struck_wall + HOLE_SECONDS
    rung = [dialog.seat for dialog in seen.dialogs if dialog.node == PBX_A.name and dialog.invited_wall >= healed_wall]
    return f"the returned node rang {', '.join(rung)} for callers who are not there" if rung else None


def _leaves_the_rescued_alone(seen: Evidence) -> str | None:
    """Who talks over the standby when the old server returns talks on, until the caller hangs up."""
    healed_wall = seen.struck_wall + HOLE_SECONDS
    hung_up = {call.number: call.ended_wall for call in seen.calls if call.ended_by == "carrier"}
    cut = [
        dialog.number
        for dialog in seen.dialogs
        if dialog.node == PBX_B.name
        and dialog.is_up(healed_wall)
        and not dialog.is_up(seen.ended_wall)
        and hung_up.get(dialog.number) is None
    ]
    return f"{len(cut)} rescued conversations were cut when the old server returned" if cut else None


def _strangers_find_an_emergency_seat(seen: Evidence) -> str | None:
    """Everyone who is still there in the end talks to an emergency seat. (A seat in a call counts as reachable until the call ends.)"""
    patient = [call for call in newcomers_of(seen) if call.is_up(seen.ended_wall) and call.invited_wall < seen.ended_wall - FAIR_SECONDS]
    with_agent = {dialog.number for dialog in seen.dialogs if dialog.node == EMG.name and dialog.is_up(seen.ended_wall)}
    without = [call.number for call in patient if call.number not in with_agent]
    return f"{len(without)} of {len(patient)} callers have no emergency seat in the end" if without or not patient else None


def _has_no_stale_calls() -> str | None:
    """The returned node serves nobody, so every call it still holds is stale."""
    with Ami(PBX_A) as pbx:
        stale = pbx.list("CoreShowChannels", "CoreShowChannelsComplete")
    return f"the returned node still holds {len(stale)} stale channels" if stale else None


DEATHS = {
    "kill": Drill("SIGKILL of the primary (F1)", _on(faults.kill), _expect("kill")),
    "blackhole": Drill("the whole primary is silent (F2)", _on(faults.blackhole), _expect("blackhole")),
    "freeze": Drill("SIGSTOP of the primary (F3)", _on(faults.freeze), _expect("freeze")),
    "freeze-sip": Drill(
        "only the primary's SIP thread is frozen: AMI lives, audio flows; who talks stays (F3)",
        _on(faults.freeze_sip),
        Expected((1, 1), PBX_B.name, of_new_calls("freeze")),
    ),
    "edge-cannot-reach": Drill(
        "SIP between edge and primary is blocked, the daemon hears it well: new calls move, who is being served stays",
        _on(faults.block_edge),
        Expected((1, 1), PBX_B.name),
    ),
    "oom": Drill("the kernel kills the primary for lack of memory (F1)", _on(oom.exhaust), _expect("kill")),
    "restart": Drill(
        "the primary's Asterisk dies and is back within 3 s; it stays out",
        _on(faults.kill),
        _expect("kill"),
        steps=((0.5, _on(faults.restart)),),
        watch_seconds=14.0,
    ),
    "both-together": Drill(
        "SIGKILL of both media servers at once: the emergency seats (F7)",
        _kill_both,
        Expected((1, 2), EMG.name, without_agents("kill")),
        _SMALL,
        emergency_seats=30,
    ),
    "both-black": Drill(
        "both media servers fall silent at once: the emergency seats (F7)",
        lambda: max(faults.blackhole(PBX_A), faults.blackhole(PBX_B)),
        Expected((1, 2), EMG.name, without_agents("blackhole")),
        _SMALL,
        emergency_seats=30,
    ),
    "standby-then-primary": Drill(
        "the standby dies, 5 s later the primary: the emergency seats (F7)",
        _on(faults.kill, PBX_B),
        Expected((1, 1), EMG.name),
        _SMALL,
        steps=((5.0, _on(faults.kill)),),
        watch_seconds=15.0,
        emergency_seats=30,
    ),
    "standby-dies-next": Drill(
        "the standby dies 2 s after the failover: the emergency seats (F7)",
        _on(faults.kill),
        Expected((2, 2), EMG.name),
        _SMALL,
        steps=((2.0, _on(faults.kill, PBX_B)),),
        watch_seconds=12.0,
        emergency_seats=30,
    ),
    "seats-unreachable": Drill(
        "no seat can be reached from either media server: who waits and who comes is answered by the emergency seats",
        lambda: max(faults.block_phones(PBX_A), faults.block_phones(PBX_B)),
        Expected((1, 1), EMG.name, checks=(_strangers_find_an_emergency_seat,)),
        Load(
            loud=0,
            quiet=0,
            leaving=6,
            leave_seconds=20.0,
            waiting=0,
            new_per_second=0.5,
            new_stay_seconds=25.0,
            new_audio=Audio.SPARSE,
        ),
        watch_seconds=60.0,
        spare_seats=30,
        emergency_seats=40,
        start=partial(start_daemon, failover="seats_out_after = 5"),
    ),
    "daemon-restarts": Drill(
        "the primary dies while the daemon is being restarted (F9)",
        _kill_behind_the_restart,
        Expected((1, 1), PBX_B.name),
        steps=((1.0, ailments.restart_daemon),),
        watch_seconds=14.0,
    ),
    "half-refuse": Drill(
        "half of the phones refuse Replaces: those callers fall through to the queue",
        _on(faults.kill),
        Expected((1, 1), PBX_B.name, same_agent_percent=40),
        prepare=_refuse_half,
        watch_seconds=14.0,
    ),
    "returns": Drill(
        "the primary returns from a black hole of 40 s: no seat is rung for a dead caller, no rescued call touched",
        _on(faults.blackhole),
        Expected((1, 1), PBX_B.name, times_of("blackhole"), (_rings_no_seat_for_the_dead, _leaves_the_rescued_alone)),
        Load(loud=10, quiet=20, waiting=10, leaving=14, leave_seconds=40.0),
        steps=((HOLE_SECONDS, _on(faults.heal)),),
        look=_has_no_stale_calls,
        watch_seconds=HOLE_SECONDS + 20.0,
    ),
    "without-daemon": Drill(
        "the primary dies while no daemon runs: new calls only (F10)",
        _on(faults.kill),
        Expected(None, None),
        Load(loud=0, quiet=4, waiting=0, new_per_second=4, new_stay_seconds=2),
        watch_seconds=12.0,
        start=no_daemon,
    ),
}
