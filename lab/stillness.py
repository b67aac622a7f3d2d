"""Did this machine stand still? A thread that only sleeps is on time wherever there is a processor to be had."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

BEAT_SECONDS = 0.02


class Stillness:
    """`longest_seconds`: how late the worst beat within the `with` block was."""

    def __init__(self) -> None:
        """Nothing is watched before the block is entered."""
        self.longest_seconds = 0.0
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

    def _watch(self) -> None:
        while not self._is_over.is_set():
            due_at = time.monotonic() + BEAT_SECONDS
            self._is_over.wait(BEAT_SECONDS)
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - due_at)
