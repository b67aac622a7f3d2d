"""Queues as people are shown them: who waits, and the numbers by the formulas of docs/design/truth.md."""

from collections.abc import Sequence

from cti_daemon.model.ids import NodeName, QueueName
from cti_daemon.model.views import Distribution, QueueKpiView, QueueView, WaitingView, WindowView
from cti_daemon.state.site import Site
from cti_daemon.state.stay import Stay
from cti_daemon.state.tally import Histogram, QueueOutcome, Tally
from cti_daemon.state.window import Column, Window

FORMULAS = ("answered_and_abandoned", "with_short_abandons", "asterisk", "asterisk_2")
"""Names of the service levels: in time / (answered + abandoned); the same with short abandons among the abandoned; and
Asterisk's own two: in time / answered, and (in time + abandoned in time) / (answered + all abandoned)."""


def queues(site: Site, serving: NodeName, now: float) -> tuple[QueueView, ...]:
    """Every queue of the site once. While the serving node is not heard, nobody knows who waits."""
    seats = site.seats.of(serving)
    names = set(site.queues.names()) | ({queue for queue, _ in seats.members} if seats is not None else set())
    return tuple(_queue(site, name, serving, now) for name in sorted(names))


def _queue(site: Site, name: QueueName, serving: NodeName, now: float) -> QueueView:
    kpi = _kpi(site.queues.tally_of(name), now)
    home = site.roll.home_of(name, serving, now)
    shown = site.roll.seats_of_queue(name, serving, now) if home == serving else site.roll.seats_at(name, home, now)
    if not site.queues.is_known(home):
        return QueueView(name, home, None, None, shown, kpi)
    waiting = site.queues.waiting(name)
    callers = _callers(waiting, now)
    longest = max((caller.waited_seconds for caller in callers), default=0.0)
    return QueueView(name, home, len(waiting), longest, shown, kpi, callers)


def _callers(waiting: Sequence[Stay], now: float) -> tuple[WaitingView, ...]:
    shown: list[WaitingView] = []
    position = 0
    for index, stay in enumerate(waiting):
        position = position + 1 if index and waiting[index - 1].node == stay.node else 1
        shown.append(WaitingView(position, stay.node, stay.waited_seconds(now)))
    return tuple(shown)


def _kpi(tally: Tally, now: float) -> QueueKpiView:
    return QueueKpiView(
        offered=tally.offered,
        outcomes={outcome.value: count for outcome, count in tally.outcomes.items()},
        answer=_distribution(tally.answer),
        abandon=_distribution(tally.abandon),
        talk=_distribution(tally.talk),
        windows=tuple(_window(window, now) for window in tally.windows),
        answered_in_time=sum(tally.answer.counts[: tally.answer.edges.index(tally.service_level_seconds) + 1]),
        unseen={outcome.value: count for outcome, count in tally.unseen.items() if count},
    )


def _distribution(histogram: Histogram) -> Distribution:
    return Distribution(histogram.edges, tuple(histogram.counts), histogram.sum_seconds)


def _window(window: Window, now: float) -> WindowView:
    sums = window.sums(now)
    answered, abandoned, short = sums[Column.ANSWERED], sums[Column.ABANDONED], sums[Column.SHORT_ABANDONED]
    in_time, known = sums[Column.ANSWERED_IN_TIME], sums[Column.WAITS_KNOWN]
    unknown = answered - known
    levels = (
        _ratio(in_time, known + abandoned),
        _ratio(in_time, known + abandoned + short),
        _ratio(in_time, known),
        _ratio(in_time + sums[Column.ABANDONED_IN_TIME], known + abandoned + short),
    )
    return WindowView(
        seconds=window.seconds,
        offered=round(sums[Column.OFFERED]),
        outcomes={outcome.value: round(sums[Column[outcome.name]]) for outcome in QueueOutcome},
        answered_in_time=round(in_time),
        service_level=dict(zip(FORMULAS, levels, strict=True)),
        asa_seconds=_ratio(sums[Column.WAITED_SECONDS], known),
        abandonment_ratio=_ratio(abandoned, answered + abandoned),
        connect_ratio=_ratio(answered, answered + abandoned + short + sums[Column.TIMEOUT] + sums[Column.OVERFLOWED]),
        occupancy_ratio=_ratio(sums[Column.BUSY_SECONDS], sums[Column.STAFFED_SECONDS]),
        unknown_waits=round(unknown),
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
