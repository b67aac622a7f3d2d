"""Did this machine run? A thread that only sleeps is on time wherever there is a processor to be had, and the kernel counts the
processor time that a virtual machine wanted and its host gave to others (`steal`, proc(5))."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from typing_extensions import override

STOOD_STILL_SECONDS = 0.3
"""A thread that only sleeps woke so late: longer than the silence by which a dead server is suspected."""
STOLEN_SHARE = 0.5
"""Half of all processors' time was taken away, for a second."""
_BEAT_SECONDS = 0.02
_STEAL_SECONDS = 1.0
_CALM_SECONDS = 2.0
_STAT = Path("/proc/stat")


class Stillness:
    """Watches a `with` block. `longest_seconds`: its latest beat; `most_stolen`: the share of its worst second that the host took."""

    def __init__(self) -> None:
        """Nothing is watched before the block is entered."""
        self.longest_seconds = 0.0
        self.most_stolen = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stillness", daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """End the watch."""
        self._is_over.set()
        self._thread.join()

    @property
    def was_there(self) -> bool:
        """Whether what was measured meanwhile says something about us, and not about the host alone."""
        return self.longest_seconds < STOOD_STILL_SECONDS and self.most_stolen < STOLEN_SHARE

    @override
    def __str__(self) -> str:
        """For a person."""
        return f"the machine stood still for {self.longest_seconds:.2f} s, and {self.most_stolen:.0%} of a second was taken by its host"

    def _watch(self) -> None:
        ticks, due_wide = _ticks(), time.monotonic() + _STEAL_SECONDS
        while not self._is_over.is_set():
            due_at = time.monotonic() + _BEAT_SECONDS
            self._is_over.wait(_BEAT_SECONDS)
            now = time.monotonic()
            self.longest_seconds = max(self.longest_seconds, now - due_at)
            if now >= due_wide:
                before, ticks, due_wide = ticks, _ticks(), now + _STEAL_SECONDS
                self.most_stolen = max(self.most_stolen, stolen_share(before, ticks))


def stolen_share(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Of all ticks between two readings, those that were stolen."""
    passed = after[0] - before[0]
    return (after[1] - before[1]) / passed if passed > 0 else 0.0


def wait_calm(seconds: float) -> bool:
    """Wait until the machine ran well for two seconds; False when it did not within `seconds`."""
    until_at = time.monotonic() + seconds
    while time.monotonic() < until_at:
        with Stillness() as machine:
            time.sleep(_CALM_SECONDS)
        if machine.longest_seconds < STOOD_STILL_SECONDS / 2 and machine.most_stolen < STOLEN_SHARE / 2:
            return True
    return False


def _ticks() -> tuple[int, int]:
    """All ticks, and the stolen ones, of all processors; the first line holds user, nice, system, idle, iowait, irq, softirq, steal."""
    with _STAT.open(encoding="ascii") as stream:
        counts = [int(word) for word in stream.readline().split()[1:9]]
    return sum(counts), counts[7]
