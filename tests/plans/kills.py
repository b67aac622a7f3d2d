"""SIGKILL at every point of a scenario: before each batch of effects is written down, before it is done, before its outcome is heard."""

from collections import Counter
from dataclasses import dataclass, field

from tests.plans.script import Input, play
from tests.plans.world import RESTART_SECONDS, World

LATE_SECONDS = 15.0
"""A restart takes 2 s, and a count of a condition that was not yet written down (every 10 s) begins anew."""


@dataclass(slots=True)
class Killed:
    points: int = 0
    faults: list[str] = field(default_factory=list)


def all_kills(script: list[Input], every: int = 1) -> Killed:
    """Kill it at each point in turn (each `every`-th), and compare what people got with the run that nobody disturbed."""
    whole = play(script)
    found = Killed()
    for point in range(1, whole.points + 1, every):
        found.points += 1
        found.faults += [f"killed at {point}: {fault}" for fault in _differences(whole, play(script, kill_at=point))]
    return found


def _differences(whole: World, killed: World) -> list[str]:
    faults: list[str] = []
    if killed.restarts <= whole.restarts:
        faults.append("was not killed")
    wanted, got = _spoken(whole), _spoken(killed)
    for said, count in (Counter(got) - Counter(wanted)).items():
        faults.append(f"{count} too often: {said}")
    for said, count in (Counter(wanted) - Counter(got)).items():
        faults.append(f"{count} missing: {said}")
    if [kind for _, kind in whole.switched] != [kind for _, kind in killed.switched]:
        faults.append(f"telephony: {killed.switched} instead of {whole.switched}")
    for notice, at in whole.outbox.items():
        late = killed.outbox.get(notice, at) - at
        if not -RESTART_SECONDS <= late <= LATE_SECONDS:  # what happens while it is down happens, to its eyes, when it is back
            faults.append(f"{notice} came {late:+.1f} s off its time")
    for name, incident in whole.plans.incidents.items():
        other = killed.plans.incidents.get(name)
        mine = (incident.state, incident.grade, incident.stage, {n: (r.state, r.answer) for n, r in incident.steps.items()})
        theirs = other and (other.state, other.grade, other.stage, {n: (r.state, r.answer) for n, r in other.steps.items()})
        if mine != theirs:
            faults.append(f"{name} ended as {theirs}, not as {mine}")
    return faults


def _spoken(world: World) -> list[tuple[str, str, str]]:
    return [(whom, kind, text) for _, whom, kind, text in world.spoken]
