"""The facts that plans stand on: what the picture of the site shows, and what other systems have told. What is not known is not there."""

import operator
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cti_daemon.model.almanac import Almanac, Window
from cti_daemon.model.incidents import Comparison, Test, Value, tests_in
from cti_daemon.model.plan_tables import REPORT_WINDOW_SECONDS, REPORTS
from cti_daemon.model.reasons import NodeState, Role, SeatState, Verdict
from cti_daemon.model.views import QueueView, SeatView, SiteView, WindowView
from cti_daemon.state.hold import Hold

Key = tuple[str, str]
"""A fact, and whose it is; empty: the site's."""
READINESS = "calendar.readiness"
SEAT_STATE = "seat.state"
DROP_WINDOW_SECONDS = 5.0
DROP_KEPT_SECONDS = 60.0
_BUSY = frozenset({SeatState.IN_CALL, SeatState.RINGING, SeatState.WRAP_UP})
_ABSENT = frozenset({SeatState.UNREACHABLE, SeatState.LOGGED_OUT, SeatState.UNKNOWN})
_COMPARE: dict[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.EQUAL: operator.eq,
    Comparison.UNLIKE: operator.ne,
    Comparison.LESS: operator.lt,
    Comparison.AT_MOST: operator.le,
    Comparison.MORE: operator.gt,
    Comparison.AT_LEAST: operator.ge,
}


class Board:
    """`told`: facts of other systems, which stay until they are told otherwise."""

    def __init__(self, at: float) -> None:
        self.told: dict[Key, Value] = {}
        self.began_at = at
        """Since when the figures run, over restarts: a day's mean needs a day."""
        self.checked_at = at
        """When a drill of the emergency seats was last passed, or plans were first run."""
        self.is_maintenance = False
        self.almanac: Almanac | None = None
        """What the calendar says; None: the site has none, or it is not told yet."""
        self.readiness: Window | None = None
        """The window of the calendar that holds."""
        self._seen: dict[Key, Value] = {}
        self._view_seats: tuple[SeatView, ...] = ()
        self._seats_drawn: dict[Key, Value] | None = None
        self.reports: deque[tuple[float, str]] = deque()
        """Faults that were reported lately: when, and of which kind."""
        self._security: deque[tuple[float, int]] = deque()
        self._security_count = 0
        self._calls: deque[tuple[float, int]] = deque()
        self._drop: tuple[float, int] = (float("-inf"), 0)

    def look(self, view: SiteView, at: float) -> None:
        """Draw the facts anew."""
        seen = dict(_facts(view, at - self.began_at))
        seen.update(self._counted(view, at))
        seen[("emergency_seats.check_age", "")] = at - self.checked_at
        self._seen = seen
        self._view_seats, self._seats_drawn = view.seats, None
        told = self.told.get(("external.maintenance", ""))
        self.is_maintenance = told is True or any(node.maintenance is not None for node in view.nodes) or view.pause is not None

    def read_calendar(self, at: float) -> None:
        """After `look`."""
        if self.almanac is not None:
            self.readiness = self.almanac.window(at)
            self._seen[(READINESS, "")] = self.readiness is not None
            self._seen[("calendar.soon", "")] = self.almanac.is_soon(at)

    @property
    def pace(self) -> float:
        """Which part of its `for` a condition must hold."""
        return self.readiness.tighten if self.readiness is not None else 1.0

    @property
    def is_ready(self) -> bool:
        """Does a window of readiness hold, by the calendar or by a person's word?"""
        return True in self.values(READINESS)

    def report(self, kind: str, at: float) -> None:
        """Somebody has reported a fault."""
        self.reports.append((at, kind))

    def tell(self, fact: str, of: str, value: Value | None) -> None:
        if value is None:
            self.told.pop((fact, of), None)
        else:
            self.told[(fact, of)] = value

    def judge(self, test: Test) -> bool | None:
        """With several (queues, nodes) and no `of`: any of them will do; False only when all are known."""
        values = self.values(test.fact, test.of)
        found = [_holds(test, value) for value in values]
        return None if not found else any(found)

    def values(self, fact: str, of: str = "") -> list[Value]:
        if of:
            value = self.told.get((fact, of), self._seen.get((fact, of)))
            if value is None and fact == SEAT_STATE:
                value = self._seats.get((fact, of))
            return [] if value is None else [value]
        return [value for _, value in self._each(fact)]

    def struck(self, tests: Iterable[Test]) -> set[str]:
        """Of whom at least one of these holds."""
        return {of for test in tests for of, value in self._each(test.fact) if of and _holds(test, value)}

    def _each(self, fact: str) -> Iterator[tuple[str, Value]]:
        sources = (self._seen, self.told, self._seats) if fact == SEAT_STATE else (self._seen, self.told)
        return ((of, value) for source in sources for (name, of), value in source.items() if name == fact)

    @property
    def _seats(self) -> dict[Key, Value]:
        """Apart, and only drawn where a plan asks: there are thousands, and they are no part of a snapshot."""
        if self._seats_drawn is None:
            known = (seat for seat in self._view_seats if SeatState(seat.state) is not SeatState.UNKNOWN)
            self._seats_drawn = {(SEAT_STATE, seat.seat): seat.state for seat in known}
        return self._seats_drawn

    def cause(self, hold: Hold | None) -> str:
        """What of a condition is fulfilled, by which values."""
        tests = tests_in(hold.condition) if hold is not None else []
        both = self._seen | self._seats | self.told if any(test.fact == SEAT_STATE for test in tests) else self._seen | self.told
        found = {key: v for test in tests for key, v in both.items() if key[0] == test.fact and test.of in ("", key[1]) and _holds(test, v)}
        text = ", ".join(f"{fact}[{of}] = {_shown(v)}" if of else f"{fact} = {_shown(v)}" for (fact, of), v in found.items())
        now = self.readiness
        return text if now is None or now.tighten == 1 else f"{text}; {now.name}: for {now.tighten:g} of the time"

    def as_data(self) -> dict[str, Value]:
        """All that is known, for the record."""
        both = self._seen | self.told
        return {f"{fact}[{of}]" if of else fact: both[fact, of] for fact, of in sorted(both)}

    def _counted(self, view: SiteView, at: float) -> Iterator[tuple[Key, Value]]:
        while self.reports and at - self.reports[0][0] > REPORT_WINDOW_SECONDS:
            self.reports.popleft()
        for kind in REPORTS:
            yield (f"reports.{kind}", ""), float(sum(reported == kind for _, reported in self.reports))
        total = sum(view.counters.get("security_events", {}).values())
        if total > self._security_count:
            self._security.append((at, total - self._security_count))
        self._security_count = total
        while self._security and at - self._security[0][0] > REPORT_WINDOW_SECONDS:
            self._security.popleft()
        yield ("security.events", ""), float(sum(count for _, count in self._security))
        yield from self._calls_now(view, at)

    def _calls_now(self, view: SiteView, at: float) -> Iterator[tuple[Key, Value]]:
        if not view.calls and view.serving is None:
            return
        now = sum(view.calls.values())
        self._calls.append((at, now))
        while self._calls and at - self._calls[0][0] > DROP_WINDOW_SECONDS:
            self._calls.popleft()
        drop = max(count for _, count in self._calls) - now
        if drop >= self._drop[1] or at - self._drop[0] > DROP_KEPT_SECONDS:
            self._drop = (at, drop)
        yield ("calls.in_progress", ""), float(now)
        yield ("calls.dropped_together", ""), float(self._drop[1])


def _shown(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _holds(test: Test, value: Value) -> bool:
    if isinstance(value, str) != isinstance(test.value, str):
        return test.comparison is Comparison.UNLIKE
    return _COMPARE[test.comparison](value, test.value)


def _facts(view: SiteView, age_seconds: float) -> Iterator[tuple[Key, Value]]:
    yield ("site.mode", ""), view.mode.value
    roles = {node.name: node.role.value for node in view.nodes}
    if view.serving is not None and view.serving in roles:
        yield ("site.served_by", ""), roles[view.serving]
    for node in view.nodes:
        for of in (node.name, node.role.value):
            if node.state is not NodeState.UNKNOWN:
                yield ("node.state", of), node.state.value
            if node.verdict is not Verdict.UNKNOWN:
                yield ("node.verdict", of), node.verdict.value
    if view.recording is not None:
        yield ("recording.missing", ""), float(sum(view.recording.missing.values()))
    for path in ("a", "b"):
        yield ("path.degraded", path), float(sum(path in node.degraded_paths for node in view.nodes))
    emergency = {node.name for node in view.nodes if node.role is Role.EMERGENCY}
    # Other people sit at the emergency seats, all day long: counted in, no site with such seats would ever be without.
    if seats := [seat for seat in view.seats if seat.node not in emergency]:
        yield from _of_seats(seats)
    for queue in view.queues:
        yield from (((fact, queue.name), value) for fact, value in _of_queue(queue, age_seconds).items() if value is not None)


def _of_seats(seats: Iterable[SeatView]) -> Iterator[tuple[Key, Value]]:
    states = [SeatState(seat.state) for seat in seats]
    if all(state is SeatState.UNKNOWN for state in states):
        return
    counts: Mapping[str, int] = {
        "seats.available": states.count(SeatState.AVAILABLE),
        "seats.usable": sum(state not in _ABSENT for state in states),
        "seats.unreachable": states.count(SeatState.UNREACHABLE),
        "seats.logged_in": sum(state not in {SeatState.LOGGED_OUT, SeatState.UNKNOWN} for state in states),
    }
    yield from (((fact, ""), float(count)) for fact, count in counts.items())


def _of_queue(queue: QueueView, age_seconds: float) -> Mapping[str, Value | None]:
    windows = sorted(queue.kpi.windows, key=lambda w: w.seconds) if queue.kpi is not None else []
    facts: dict[str, Value | None] = {"queue.waiting": None if queue.waiting is None else float(queue.waiting)}
    facts["queue.longest_wait"] = queue.longest_wait_seconds
    states = [SeatState(seat.state) for seat in queue.seats]
    if any(state is not SeatState.UNKNOWN for state in states):
        facts["queue.lines_full"] = SeatState.AVAILABLE not in states and not _BUSY.isdisjoint(states)
    if windows:
        now = windows[0]
        facts["queue.service_level"] = next(iter(now.service_level.values()), None)
        facts["queue.connect_rate"], facts["queue.abandonment"] = now.connect_ratio, now.abandonment_ratio
        facts["queue.asa_seconds"] = now.asa_seconds
        facts["queue.arrivals_ratio"] = _arrivals_ratio(now, [window for window in windows if window.seconds <= age_seconds])
    return facts


def _arrivals_ratio(now: WindowView, whole: list[WindowView]) -> float | None:
    """`whole`: windows that the figures fill. A ratio to nothing is not known."""
    usual = whole[-1] if whole else now
    if not usual.offered or usual.seconds <= now.seconds:
        return None
    return (now.offered / now.seconds) / (usual.offered / usual.seconds)
