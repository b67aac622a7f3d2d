"""What agents mark by their feature code while they talk: the caller reports a network fault (突发事件 七: 第一时间收集网络异常).

A mark is no incident. It counts as a fault report does, each call once; how many open one, the plan says (`reports.network`)."""

from collections import Counter

from cti_daemon.model.effects import Effect, Record, Report
from cti_daemon.model.events import FaultMarked
from cti_daemon.model.ids import CallToken
from cti_daemon.model.plan_tables import REPORT_WINDOW_SECONDS
from cti_daemon.policy.plan_words import report
from cti_daemon.policy.plans import Plans

KIND = "network"


class FaultMarks:
    def __init__(self, counter: Counter[tuple[str, ...]]) -> None:
        self._counter = counter
        self._marked: dict[CallToken, float] = {}
        """Calls that are marked, oldest first, and when."""

    def take(self, event: FaultMarked, plans: Plans | None, at: float, out: list[Effect]) -> bool:
        """True when it counts: an agent who presses twice reports one caller."""
        while self._marked and at - (oldest := next(iter(self._marked.items())))[1] > REPORT_WINDOW_SECONDS:
            del self._marked[oldest[0]]
        if event.token in self._marked:
            return False
        self._marked[event.token] = at
        self._counter[(KIND,)] += 1
        said = f"{event.seat} on {event.node}: a caller reports a {KIND} fault"
        facts = {"kind": KIND, "seat": event.seat, "node": event.node}
        out.append(Record("fault_mark", facts, is_awaited=False))
        out.append(Report("incident", "info", said, facts))
        if plans is not None:
            report(plans, KIND, said, event.seat, at, out, is_opening=False)
            plans.settle(at, out)
        return True
