"""The figures of the site for the record of an incident: before it, at its opening, at each stage, at its recovery and its close. Counters
only grow, so the difference of two of these is what happened between them, exactly."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from cti_daemon.model.effects import Effect, Record
from cti_daemon.model.incidents import Incident, IncidentState
from cti_daemon.model.views import QueueView, SiteView

SAMPLE_SECONDS = 60.0
SAMPLES = 61
"""An hour back."""
_COUNTED = ("answered", "abandoned", "short_abandoned", "timeout", "overflowed", "rescued")


class Figures:
    """`look` keeps the newest picture, and one of each minute (shortened with the clocks of the plans)."""

    def __init__(self, time_scale: float = 1.0) -> None:
        self._every_seconds = max(SAMPLE_SECONDS * time_scale, 1.0)
        self._samples: deque[tuple[float, dict[str, Any]]] = deque(maxlen=SAMPLES)
        self._view: SiteView | None = None

    def look(self, view: SiteView, at: float) -> None:
        self._view = view
        if not self._samples or at - self._samples[-1][0] >= self._every_seconds:
            self._samples.append((at, figures_of(view)))

    def keep(self, incident: Incident, moment: str, at: float, out: list[Effect]) -> None:
        """Into the record, as they are now."""
        if self._view is not None:
            _write(incident, moment, at, figures_of(self._view), out)

    def keep_opening(self, incident: Incident, since_at: float, at: float, out: list[Effect]) -> None:
        """And as they were before its condition began to hold, where somebody looked then."""
        sample = next((sample for sample in reversed(self._samples) if sample[0] <= since_at), None)
        if sample is not None:
            taken_at, figures = sample
            _write(incident, "before", taken_at, figures, out)
        self.keep(incident, "opened", at, out)


def moments(before: Incident, now: Incident) -> Iterator[str]:
    """What has come, of which the record keeps the figures."""
    if before.entered_at and now.stage != before.stage:
        yield f"stage:{now.plan.stages[now.stage].id}"
    if before.is_open and not now.is_open:
        yield "recovered"
    if now.state is IncidentState.CLOSED and before.state is not IncidentState.CLOSED:
        yield "closed"


def _write(incident: Incident, moment: str, at: float, figures: dict[str, Any], out: list[Effect]) -> None:
    if figures:
        data = {"incident": incident.id, "plan": incident.plan.name, "what": "figures", "moment": moment, "drill": incident.is_drill}
        data |= {"after_seconds": round(at - incident.began_at, 3), "figures": figures}
        out.append(Record("incident", data, is_awaited=False))


def figures_of(view: SiteView) -> dict[str, Any]:
    """Empty where nothing is known of calls."""
    if view.serving is None and not view.calls:
        return {}
    return {"calls": sum(view.calls.values()), "queues": {queue.name: _of_queue(queue) for queue in view.queues}}


def _of_queue(queue: QueueView) -> dict[str, Any]:
    figures: dict[str, Any] = {"waiting": queue.waiting, "longest_wait_seconds": queue.longest_wait_seconds}
    kpi = queue.kpi
    if kpi is None:
        return figures
    figures |= {"offered": kpi.offered, "in_time": kpi.answered_in_time}
    figures |= {outcome: kpi.outcomes.get(outcome, 0) for outcome in _COUNTED}
    if kpi.windows:
        window = min(kpi.windows, key=lambda w: w.seconds)
        figures |= {"service_level": next(iter(window.service_level.values()), None), "connect_rate": window.connect_ratio}
        figures |= {"window_seconds": window.seconds}
    return figures
