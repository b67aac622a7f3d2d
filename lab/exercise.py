"""A drill as data: a fault, the calls it meets, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lab.expected import Expected
from lab.layout import Size
from lab.site import Change, as_it_is
from lab.trial import Load, Step, start_daemon


def nothing() -> None:
    """Prepare nothing."""


def nothing_wrong() -> None:
    """Look at nothing."""


def no_daemon() -> float:
    """Start no daemon."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Drill:
    """What is done to whom, when, and what must come of it. `prepare` runs before the first call, `steps` after the strike."""

    text: str
    strike: Callable[[], float]
    expected: Expected
    load: Load = field(default_factory=lambda: Load(loud=22, quiet=38))
    steps: tuple[Step, ...] = ()
    watch_seconds: float = 9.0
    calm_seconds: float = 3.0
    """From the last caller's place to the strike: calls and silence are judged then too."""
    before: tuple[Step, ...] = ()
    """What is done in the calm, by seconds since it began."""
    beside: Drill | None = None
    """The same without its trouble: made right before each run, and the figures must be the same."""
    prepare: Callable[[], None] = nothing
    start: Callable[[], float] = start_daemon
    look: Callable[[], str | None] = nothing_wrong
    """A last look at the lab while the callers are still there: None, or what is wrong."""
    spare_seats: int = 0
    emergency_seats: int = 5
    change: Change = as_it_is
    """What is different in the lab's configuration."""

    @property
    def size(self) -> Size:
        """Seats of the lab: one for each caller who talks, never fewer than ten."""
        return Size(seats=max(self.load.talking + self.spare_seats, 10), emergency_seats=self.emergency_seats)
