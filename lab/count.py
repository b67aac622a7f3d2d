"""The caller count that closes, of every drill in which somebody may be lost: in = kept + lost and registered. Nobody is unaccounted for.

Who came and how he went is the carrier's own log; who is known to have been lost, the register's. What the daemon says of calls enters
nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lab.judge import Call, Dialog

LOST = "lost"
"""The harm of the register's rows that count; who hung up after an interruption, or had an emergency seat, was kept."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the register."""

    number: str
    harm: str
    state: str = ""
    result: str = ""


@dataclass(slots=True)
class Count:
    """What became of everybody. A call is counted once; a number with several calls is told apart by call."""

    callers_in: int = 0
    kept: int = 0
    """On the line until they hung up themselves, an agent hung up, or the log ends."""
    served: int = 0
    """Of those kept: who was with an agent."""
    gave_up: int = 0
    """Of those kept: who hung up before an agent had answered."""
    lost: int = 0
    """Refused, never answered, or ended by us without an agent's having hung up."""
    gave_up_in_between: int = 0
    """Hung up themselves without an agent, and are in the register: they were being moved then. They are called back too."""
    lost_and_registered: int = 0
    unaccounted: list[str] = field(default_factory=list)
    """Lost, and not in the register."""
    strangers: list[str] = field(default_factory=list)
    """In the register as lost, and not lost."""
    doubles: list[str] = field(default_factory=list)
    """More rows than losses."""

    @property
    def closes(self) -> bool:
        """Whether in = kept + lost and registered, with nobody twice and nobody made up."""
        return self.callers_in == self.kept + self.lost_and_registered and not (self.unaccounted or self.strangers or self.doubles)

    def faults(self) -> list[str]:
        """What is wrong with it, in words; none when it closes."""
        words = [f"{len(found)} {name}" for name in ("unaccounted", "strangers", "doubles") if (found := getattr(self, name))]
        if not self.closes:
            words.append(f"the count does not close: {self.in_short()}")
        return words

    def in_short(self) -> str:
        """One line."""
        return (
            f"in {self.callers_in} = kept {self.kept} (served {self.served}, gave up {self.gave_up})"
            f" + lost and registered {self.lost_and_registered} (lost {self.lost}, gave up while being moved {self.gave_up_in_between})"
        )


def count(calls: Iterable[Call], dialogs: Sequence[Dialog], rows: Iterable[Row], *, edge_died_wall: float | None = None) -> Count:
    """`calls` as the carrier saw them; `edge_died_wall`: whoever was on the line then is lost, though nobody could tell the carrier."""
    found = Count()
    lost: Counter[str] = Counter()
    known = Counter(row.number for row in rows if row.harm == LOST)
    answered = {dialog.number for dialog in dialogs if dialog.answered_wall is not None}
    for call in calls:
        found.callers_in += 1
        has_given_up = call.ended_by == "carrier" and call.number not in answered
        if _is_lost(call, dialogs, edge_died_wall):
            found.lost += 1
            lost[call.number] += 1
        elif has_given_up and known[call.number] > lost[call.number]:
            found.gave_up_in_between += 1
            lost[call.number] += 1
        else:
            found.kept += 1
            found.served += call.number in answered
            found.gave_up += has_given_up
    found.lost_and_registered = sum(min(times, known[number]) for number, times in lost.items())
    found.unaccounted = sorted((lost - known).keys())
    found.strangers = sorted(known.keys() - lost.keys())
    found.doubles = sorted(number for number, times in known.items() if times > max(lost[number], 1))
    return found


def _is_lost(call: Call, dialogs: Sequence[Dialog], edge_died_wall: float | None) -> bool:
    if call.answered_wall is None:
        return call.ended_by != "carrier" or call.refused_status is not None
    if edge_died_wall is not None and call.answered_wall <= edge_died_wall and not call.is_over(edge_died_wall):
        return True
    if call.ended_by != "edge" or call.ended_wall is None:
        return False
    # We hung up on him: well only where his agent had hung up a moment before.
    near = (d for d in dialogs if d.number == call.number and d.ended_by == "phone" and d.ended_wall is not None)
    return not any(abs(call.ended_wall - (d.ended_wall or 0.0)) < AGENT_HUNG_UP_SECONDS for d in near)


AGENT_HUNG_UP_SECONDS = 2.0
