"""6-plans: "impact (… service level before, during, after …)": the record of an incident keeps the figures of those moments."""

from dataclasses import replace
from typing import Any

from cti_daemon.model.effects import Effect, Record
from cti_daemon.model.ids import NodeName, QueueName
from cti_daemon.model.views import Distribution, QueueKpiView, QueueView, SiteView, WindowView
from cti_daemon.policy.plans import Plans
from tests.plans.shipped import plans
from tests.plans.world import Facts, no_view

NOTHING = Distribution((), (0,), 0.0)


def picture(offered: int, in_time: int, level: float | None) -> SiteView:
    window = WindowView(900.0, offered, {}, in_time, {"answered_and_abandoned": level}, None, None, 0.5, None)
    kpi = QueueKpiView(offered, {"answered": in_time + 1}, NOTHING, NOTHING, NOTHING, (window,), in_time)
    queue = QueueView(QueueName("hotline"), NodeName("pbx-a"), 3, 42.0, (), kpi)
    return replace(no_view(0.0), serving=NodeName("pbx-a"), queues=(queue,), calls={(NodeName("pbx-a"), "talking"): 7})


def run(course: list[tuple[float, dict[str, Any], SiteView]]) -> list[dict[str, Any]]:
    board = Facts(0.0)
    board.source = {}
    book = Plans([plans()["lines-full"]], 0.0, board=board)
    out: list[Effect] = []
    for at, facts, view in course:
        for (name, of), value in {(name, ""): value for name, value in facts.items()}.items():
            board.source[name, of] = value
        book.look(lambda _at, view=view: view, at, out)  # type: ignore[misc]
    return [effect.data for effect in out if isinstance(effect, Record) and effect.data.get("what") == "figures"]


def test_before_is_before_the_condition_began_to_hold_and_each_moment_has_its_own() -> None:
    full = {"queue.lines_full": True, "queue.waiting": 4.0, "queue.longest_wait": 10.0}
    course: list[tuple[float, dict[str, Any], SiteView]] = [(60.0 * n, {}, picture(100 + n, 90, 0.9)) for n in range(3)]
    course += [(150.0 + n, full, picture(200 + n, 100, 0.4)) for n in range(901)]
    found = run(course)
    assert [moment["moment"] for moment in found] == ["before", "opened"]
    before, opened = found
    assert before["figures"]["queues"]["hotline"]["service_level"] == 0.9
    assert before["after_seconds"] == 120.0 - 1050.0
    assert opened["after_seconds"] == 0.0
    assert opened["figures"]["calls"] == 7
    assert opened["figures"]["queues"]["hotline"]["offered"] == 1100


def test_of_what_nobody_saw_nothing_is_written_down() -> None:
    full = {"queue.lines_full": True, "queue.waiting": 4.0}
    assert run([(float(n), full, no_view(0.0)) for n in range(902)]) == []
