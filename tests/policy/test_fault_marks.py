"""Agents mark by a feature code that a caller reports a network fault: "第一时间收集网络异常" (突发事件 七)."""

from collections import Counter

from cti_daemon.model.effects import Effect, Record, Report
from cti_daemon.model.events import FaultMarked
from cti_daemon.model.ids import CallToken, NodeName, SeatName
from cti_daemon.policy.fault_marks import FaultMarks
from tests.sim.world import World


def mark(call: str, seat: str = "seat7") -> FaultMarked:
    return FaultMarked(NodeName("pbx-a"), CallToken(call), SeatName(seat))


def test_each_caller_counts_once() -> None:
    counter: Counter[tuple[str, ...]] = Counter()
    marks, out = FaultMarks(counter), list[Effect]()
    assert [marks.take(mark(call), None, float(at), out) for at, call in enumerate(("1", "1", "2", "1"))] == [True, False, True, False]
    assert counter == {("network",): 2}
    assert [effect.data for effect in out if isinstance(effect, Record)] == 2 * [{"kind": "network", "seat": "seat7", "node": "pbx-a"}]


def test_a_mark_is_forgotten_with_the_window_it_counts_in() -> None:
    marks, out = FaultMarks(Counter()), list[Effect]()
    assert marks.take(mark("1"), None, 0.0, out)
    assert not marks.take(mark("1"), None, 600.0, out)
    assert marks.take(mark("1"), None, 601.0, out)


def test_a_site_without_plans_counts_and_tells() -> None:
    """Nothing is rerouted by it, nobody is called; the network engineer sees it."""
    world = World()
    world.run(5.0)
    world.effects.clear()
    world.feed(mark("a" * 40))
    assert [type(effect) for _, effect in world.effects] == [Record, Report]
    assert world.engine.view(world.now).counters["fault_marks"] == {("network",): 1}
