"""How long a condition has held: counts that stand still while the truth is unknown. Unknown neither fulfils nor clears."""

from collections.abc import Callable, Mapping
from typing import Any

from cti_daemon.model.incidents import Combination, Condition, Group, Test

EPSILON_SECONDS = 1e-6
BRIDGED_SECONDS = 120.0
"""A restart no longer than this is no interruption: what held before counts on. After a longer one the count stands where it stood."""

Truth = bool | None
Judge = Callable[[Test], Truth]
"""The facts' word on one test; None: unknown."""


class Hold:
    """`is_met` becomes true when the condition was true for its `for`, and false when it was false for its `clear_for`. `is_suppressed`
    at a look is a maintenance window: false, and the count begins anew."""

    __slots__ = ("_looked_at", "clear_seconds", "condition", "held_seconds", "is_met", "pace", "parts", "truth")

    def __init__(self, condition: Condition, at: float) -> None:
        self.condition = condition
        self.parts = [Hold(part, at) for part in condition.parts] if isinstance(condition, Group) else []
        self.truth: Truth = None
        self.held_seconds = self.clear_seconds = 0.0
        self.is_met = False
        self.pace = 1.0
        self._looked_at = at

    @property
    def wanted_seconds(self) -> float:
        """So long it must hold now."""
        return self.condition.for_seconds * self.pace

    def look(self, judge: Judge, at: float, *, is_maintenance: bool, pace: float = 1.0) -> Truth:
        """`pace`: the part of each `for` that is enough now. What it means for the condition around it: unknown only where it has been
        met; what nobody ever told holds nothing up."""
        self._pass_time(at)
        self.pace = pace
        truth = self._truth(judge, at, is_maintenance=is_maintenance)
        condition = self.condition
        if is_maintenance and condition.is_suppressed_in_maintenance:
            truth, self.held_seconds = False, 0.0
        self.truth = truth
        if truth:
            self.clear_seconds = 0.0
            self.is_met = self.is_met or self.held_seconds + EPSILON_SECONDS >= self.wanted_seconds
        elif truth is False:
            if self.clear_seconds + EPSILON_SECONDS >= condition.gap_seconds:
                self.held_seconds = 0.0
            if self.is_met and self.clear_seconds + EPSILON_SECONDS >= condition.clear_for_seconds:
                self.is_met, self.held_seconds = False, 0.0
        return None if truth is None and self.is_met else self.is_met

    def next_at(self) -> float:
        """When time alone will change it."""
        own = float("inf")
        if self.truth and not self.is_met:
            own = self._looked_at + self.wanted_seconds - self.held_seconds
        elif self.truth is False and self.is_met:
            own = self._looked_at + self.condition.clear_for_seconds - self.clear_seconds
        return min((own, *(part.next_at() for part in self.parts)))

    @property
    def counted_seconds(self) -> float:
        """For how long it, or any part of it that holds, has held by now."""
        return max((self.held_seconds, *(part.counted_seconds for part in self.parts)))

    @property
    def is_counting(self) -> bool:
        """Would anything be lost with it?"""
        return self.is_met or self.held_seconds > 0 or bool(self.truth) or any(part.is_counting for part in self.parts)

    def _pass_time(self, at: float) -> None:
        passed = max(at - self._looked_at, 0.0)
        self._looked_at = at
        if self.truth:
            self.held_seconds += passed
        elif self.truth is False:
            self.clear_seconds += passed

    def _truth(self, judge: Judge, at: float, *, is_maintenance: bool) -> Truth:
        if isinstance(self.condition, Test):
            return judge(self.condition)
        found = [part.look(judge, at, is_maintenance=is_maintenance, pace=self.pace) for part in self.parts]
        decisive = self.condition.combination is Combination.ANY
        if decisive in found:
            return decisive
        return None if None in found else not decisive

    # --- kept over a restart ------------------------------------------------------------------------------------------

    def to_plain(self, at: float) -> dict[str, Any]:
        self._pass_time(at)
        plain: dict[str, Any] = {"truth": self.truth, "held": round(self.held_seconds, 3), "clear": round(self.clear_seconds, 3)}
        return plain | {"met": self.is_met, "parts": [part.to_plain(at) for part in self.parts]}

    def take_plain(self, plain: Mapping[str, Any], aged_seconds: float, at: float) -> None:
        """Go on with what `to_plain` gave `aged_seconds` ago. Raises KeyError, TypeError, ValueError for anything else."""
        for part, kept in zip(self.parts, plain["parts"], strict=True):
            part.take_plain(kept, aged_seconds, at)
        truth = plain["truth"]
        self.truth = truth if isinstance(truth, bool) and aged_seconds <= BRIDGED_SECONDS else None
        self.held_seconds, self.clear_seconds = float(plain["held"]), float(plain["clear"])
        self.is_met = bool(plain["met"])
        self._looked_at = at - max(aged_seconds, 0.0)
