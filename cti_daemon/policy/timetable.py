"""Which drills are due. The calendar (the shell's, with the clock on the wall) tells when each was due last; whether it was held since is
known here, and kept over restarts. A drill is not due for a time before it was first heard of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cti_daemon.model.drills import DrillsDue, PlannedDrill
from cti_daemon.model.effects import Effect, Report
from cti_daemon.model.views import PlannedView
from cti_daemon.policy.order_verbs import tell_roughly


@dataclass(slots=True)
class Entry:
    """Instants are monotonic; None: not known, or never."""

    planned: PlannedDrill
    known_at: float | None = None
    """Since when this drill is in the configuration."""
    due_at: float | None = None
    next_at: float | None = None
    held_at: float | None = None
    evaluation: str = ""
    tried_at: float = float("-inf")
    refusal: str = ""
    """Why it was not begun when it was tried last."""
    is_alarmed: bool = False

    def is_due(self) -> bool:
        if self.due_at is None or self.known_at is None or self.due_at < self.known_at:
            return False
        return self.held_at is None or self.held_at < self.due_at

    def is_overdue(self, at: float) -> bool:
        return self.is_due() and self.due_at is not None and at - self.due_at > self.planned.overdue_after


class Timetable:
    def __init__(self, drills: Iterable[PlannedDrill]) -> None:
        self.entries = {drill.name: Entry(drill) for drill in drills}

    def tell(self, event: DrillsDue, at: float) -> bool:
        """What the calendar says; True when a drill is new here."""
        is_new = False
        for told in event.drills:
            entry = self.entries.get(told.name)
            if entry is None:
                continue
            is_new = is_new or entry.known_at is None
            entry.known_at = at if entry.known_at is None else entry.known_at
            entry.due_at, entry.next_at = at - told.due_ago_seconds, at + told.next_in_seconds
        return is_new

    def to_try(self, at: float) -> Entry | None:
        """What is to be begun by itself now."""
        due = (entry for entry in self.entries.values() if entry.planned.start == "automatic" and entry.is_due())
        return next((entry for entry in due if at >= entry.tried_at + entry.planned.retry), None)

    def hold(self, name: str, evaluation: str, at: float) -> None:
        """It was held to its end."""
        entry = self.entries.get(name)
        if entry is not None:
            entry.held_at, entry.evaluation, entry.refusal = at, evaluation, ""

    def put_off(self, name: str, at: float) -> None:
        """It was aborted: tried again later."""
        entry = self.entries.get(name)
        if entry is not None:
            entry.tried_at = at

    def alarm(self, at: float, out: list[Effect]) -> bool:
        """Tell once what is overdue; True when something was told, or is not overdue any more."""
        is_changed = False
        for entry in self.entries.values():
            if entry.due_at is None:  # the calendar has not spoken yet
                continue
            is_overdue = entry.is_overdue(at)
            if is_overdue and not entry.is_alarmed:
                late = tell_roughly(at - entry.due_at)
                why = f"; last refused: {entry.refusal}" if entry.refusal else ""
                text = f"the drill {entry.planned.name} was due {late} ago and was not held{why}"
                out.append(Report("alarm", "warning", text, {"drill": entry.planned.name}))
            is_changed = is_changed or is_overdue != entry.is_alarmed
            entry.is_alarmed = is_overdue
        return is_changed

    def view(self, at: float) -> tuple[PlannedView, ...]:
        return tuple(
            PlannedView(
                name=entry.planned.name,
                what=entry.planned.what,
                when=entry.planned.when,
                start=entry.planned.start,
                next_in_seconds=None if entry.next_at is None else entry.next_at - at,
                due_for_seconds=at - entry.due_at if entry.is_due() and entry.due_at is not None else None,
                held_ago_seconds=None if entry.held_at is None else at - entry.held_at,
                evaluation=entry.evaluation,
                is_overdue=entry.is_overdue(at),
                refusal=entry.refusal,
            )
            for entry in self.entries.values()
        )

    # --- kept over a restart ------------------------------------------------------------------------------------------

    def to_plain(self, at: float) -> dict[str, Any]:
        def ago(instant: float | None) -> float | None:
            return None if instant is None else round(at - instant, 3)

        return {
            name: {"known": ago(e.known_at), "held": ago(e.held_at), "evaluation": e.evaluation, "alarmed": e.is_alarmed}
            for name, e in self.entries.items()
        }

    def take_plain(self, plain: Mapping[str, Any], elapsed_seconds: float, at: float) -> None:
        """Raises KeyError, TypeError or ValueError for what cannot be read."""
        for name, kept in plain.items():
            entry = self.entries.get(name)
            if entry is None:
                continue
            known, held = kept["known"], kept["held"]
            entry.known_at = None if known is None else at - elapsed_seconds - float(known)
            entry.held_at = None if held is None else at - elapsed_seconds - float(held)
            entry.evaluation, entry.is_alarmed = str(kept["evaluation"]), bool(kept["alarmed"])
