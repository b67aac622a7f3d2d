"""Telling the route to a program of the site as well (`[routing] exec`): whoever else sends calls follows the edges.

Level, not edge: the program is called whenever what it last took differs from what should hold, one call at a time, with the newest
route; a call that failed is made again, ever slower."""

from collections.abc import Iterator

from cti_daemon.model.effects import CallHook, Effect, Report
from cti_daemon.model.events import Outcome
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Result
from cti_daemon.policy.failover import Routing

RETRY_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Waits after a first, second, … failure in a row."""

NEVER = float("-inf")

_Level = tuple[tuple[NodeName, ...], int]


class RoutingHook:
    def __init__(self, ids: Iterator[int], *, is_wanted: bool) -> None:
        self._ids = ids
        self._is_wanted = is_wanted
        self._held: _Level | None = None
        self._called: tuple[int, _Level] | None = None
        """The call under way."""
        self._failures = 0
        self._retry_at = NEVER

    def assert_route(self, routing: Routing, route: tuple[NodeName, ...], at: float, out: list[Effect]) -> float:
        """Call it if it is due; when to look again."""
        level = (route, routing.epoch)
        if not self._is_wanted or not route or self._called is not None or self._held == level:
            return float("inf")
        if at < self._retry_at:
            return self._retry_at
        effect = CallHook(next(self._ids), route, routing.epoch, routing.mode, routing.serving, routing.diverted_from, routing.reason)
        self._called = (effect.effect_id, level)
        out.append(effect)
        return float("inf")

    def learn(self, event: Outcome, at: float, out: list[Effect]) -> bool:
        """True when this was its answer."""
        if self._called is None or self._called[0] != event.effect_id:
            return False
        level, self._called = self._called[1], None
        if event.result is Result.DONE:
            if self._failures:
                out.append(Report("recovered", "info", "the routing program has taken the route", {"epoch": level[1]}))
            self._held, self._failures, self._retry_at = level, 0, NEVER
            return True
        wait = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._held, self._retry_at = None, at + wait
        self._failures += 1
        if self._failures == 1:
            facts = {"epoch": level[1], "result": event.result.value, "detail": event.detail}
            text = f"the routing program did not take the route ({event.result.value}: {event.detail}); it is called again"
            out.append(Report("alarm", "warning", text, facts))
        return True
