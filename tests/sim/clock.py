"""Virtual time: things happen in the order of their instants, and in the order of asking where instants are equal."""

import heapq
from collections.abc import Callable
from itertools import count


class Clock:
    def __init__(self, start: float = 0.0) -> None:
        self.now = start
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def at(self, when: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (max(when, self.now), next(self._numbers), act))

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        self.at(self.now + seconds, act)

    def run(self, until: float) -> None:
        while self._queue and self._queue[0][0] <= until:
            self.now, _, act = heapq.heappop(self._queue)
            act()
        self.now = until

    def skip(self, seconds: float) -> None:
        """Let time pass without anything happening: what was due meanwhile happens at its end."""
        until = self.now + seconds
        self._queue = [(max(when, until), number, act) for when, number, act in self._queue]
        heapq.heapify(self._queue)
        self.now = until
