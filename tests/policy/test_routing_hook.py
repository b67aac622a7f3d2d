"""The site's own program is told what should hold, until it says that it does (policy/routing_hook.py)."""

from itertools import count

from cti_daemon.model.effects import CallHook, Effect, Report
from cti_daemon.model.events import Outcome
from cti_daemon.model.reasons import Mode, Reason, Result
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.routing_hook import RETRY_SECONDS, RoutingHook
from tests.sim.world import EMG, A, B

HOME = Routing(Mode.NORMAL, A, 0, Reason.START, 0.0)
AWAY = Routing(Mode.FAILED_OVER, B, 1, Reason.NODE_DEAD, 5.0)


def call(hook: RoutingHook, routing: Routing, at: float, *order: str) -> CallHook | None:
    out: list[Effect] = []
    hook.assert_route(routing, (routing.serving, EMG), at, out)
    found = [effect for effect in out if isinstance(effect, CallHook)]
    assert len(found) <= 1
    return found[0] if found else None


def answer(hook: RoutingHook, wish: CallHook, result: Result, at: float) -> list[str]:
    out: list[Effect] = []
    assert hook.learn(Outcome(wish.effect_id, result, "exit code 1"), at, out)
    return [effect.kind for effect in out if isinstance(effect, Report)]


def test_it_is_called_once_for_each_decision() -> None:
    hook = RoutingHook(count(1), is_wanted=True)
    first = call(hook, HOME, 1.0)
    assert first is not None
    assert answer(hook, first, Result.DONE, 1.1) == []
    assert call(hook, HOME, 2.0) is None
    second = call(hook, AWAY, 5.0)
    assert second is not None
    assert (second.serving, second.route, second.epoch, second.mode) == (B, (B, EMG), 1, Mode.FAILED_OVER)


def test_one_call_at_a_time_and_then_the_newest_decision() -> None:
    hook = RoutingHook(count(1), is_wanted=True)
    first = call(hook, HOME, 1.0)
    assert first is not None
    assert call(hook, AWAY, 1.5) is None
    answer(hook, first, Result.DONE, 2.0)
    then = call(hook, AWAY, 2.0)
    assert then is not None
    assert then.epoch == 1


def test_a_failure_is_told_once_and_tried_again_ever_slower() -> None:
    hook = RoutingHook(count(1), is_wanted=True)
    at, told = 0.0, []
    for wait in RETRY_SECONDS:
        wish = call(hook, HOME, at)
        assert wish is not None
        told += answer(hook, wish, Result.UNKNOWN, at)
        assert call(hook, HOME, at + wait - 0.01) is None
        at += wait
    assert told == ["alarm"]
    wish = call(hook, HOME, at)
    assert wish is not None
    assert answer(hook, wish, Result.DONE, at) == ["recovered"]


def test_where_there_is_none_nothing_is_called() -> None:
    assert call(RoutingHook(count(1), is_wanted=False), HOME, 1.0) is None
