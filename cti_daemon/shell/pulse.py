"""A steady beat on a grid that all of the daemon's probes share, so that their signs of life are spread evenly."""

import asyncio
import math
from collections.abc import Callable


class Pulse:
    """Calls `beat(late_seconds)` every `seconds`, `phase` (0 … 1) of a period after the grid's lines. One late beat is made up for by
    one beat, not by many."""

    __slots__ = ("_beat", "_due_at", "_loop", "_phase", "_timer", "seconds")

    def __init__(self, seconds: float, phase: float, beat: Callable[[float], None]) -> None:
        self.seconds = seconds
        self._phase = phase
        self._beat = beat
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = 0.0

    @property
    def is_beating(self) -> bool:
        return self._timer is not None

    def start(self) -> None:
        if self._timer is None:
            self._plan()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def set_seconds(self, seconds: float) -> None:
        if seconds != self.seconds:
            self.seconds = seconds
            if self._timer is not None:
                self._timer.cancel()
                self._plan()

    def _plan(self) -> None:
        periods = math.floor(self._loop.time() / self.seconds - self._phase + 1e-6) + 1
        self._due_at = (periods + self._phase) * self.seconds
        self._timer = self._loop.call_at(self._due_at, self._fire)

    def _fire(self) -> None:
        late_seconds = max(self._loop.time() - self._due_at, 0.0)
        self._plan()
        self._beat(late_seconds)
