"""The calendar as the core knows it: instants of its own clock. It is told by the shell, which has the clock on the wall."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """A time of readiness (E7). From `before_at` it is prepared."""

    name: str
    before_at: float
    begins_at: float
    ends_at: float
    tighten: float


@dataclass(frozen=True, slots=True)
class Almanac:
    """`working`: stretches of working time, in order, for as far as they were drawn; None: the site has no calendar, every hour counts."""

    windows: tuple[Window, ...] = ()
    working: tuple[tuple[float, float], ...] | None = None

    def window(self, at: float) -> Window | None:
        """The one that holds."""
        return next((window for window in self.windows if window.begins_at <= at < window.ends_at), None)

    def is_soon(self, at: float) -> bool:
        """Is one prepared, or does it hold?"""
        return any(window.before_at <= at < window.ends_at for window in self.windows)

    def after(self, at: float, seconds: float) -> float:
        """When so much working time will have passed since `at`. Beyond what was drawn every hour counts."""
        return _after(self.working or ((at, float("inf")),), at, seconds)


def _after(stretches: Sequence[tuple[float, float]], at: float, seconds: float) -> float:
    left, end_at = seconds, at
    for begins_at, ends_at in stretches:
        from_at = max(begins_at, at)
        if from_at >= ends_at:
            continue
        if ends_at - from_at >= left:
            return from_at + left
        left, end_at = left - (ends_at - from_at), ends_at
    return end_at + left
