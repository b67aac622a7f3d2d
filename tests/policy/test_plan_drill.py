"""A drill of a plan: "a run with drill = true: messages marked as drill, telephony effects on test calls only"."""

from dataclasses import replace

import pytest

from cti_daemon.model.affected import CallBack
from cti_daemon.model.effects import (
    AskEdge,
    Effect,
    HangUp,
    ListEdge,
    ListNode,
    ProbeNode,
    RaiseCaller,
    Record,
    Report,
    RescueLeg,
    SampleAudio,
    SetDrill,
    SetMember,
    SetRoute,
    SetSwitch,
)
from cti_daemon.model.events import Command
from cti_daemon.model.incidents import PEOPLE, ActionKind, Grade, Plan, Stage, Step, Titled
from cti_daemon.model.plan_effects import CallIn, InformCallers, Notify, TestCalls
from cti_daemon.wire.plan_file import Site as Known
from cti_daemon.wire.plan_file import read_plan
from tests.policy.drill_site import DrillSite, planned
from tests.sim.world import EMG, A, B

pytestmark = pytest.mark.slow  # minutes of a site

TEXT = """name = "trouble"
version = "4"
approved_by = "test"
review_due = "2027-01-01"
rows = ["A1"]
title = { zh = "故障", en = "trouble" }
[[stage]]
id = "one"
title = { zh = "一", en = "one" }
grade = "P2"
[[stage.step]]
id = "tell"
do = "notify"
roles = ["duty-lead"]
title = { zh = "告知", en = "told" }
[[stage.step]]
id = "look"
do = "task"
role = "maintenance"
within = "10s"
late = ["supervisor"]
title = { zh = "检查", en = "look" }
[[stage.step]]
id = "over"
do = "emergency-on"
title = { zh = "切换", en = "switch" }
[recovered]
needs = ["look"]
"""
STEP = Step("act", ActionKind.NOTE, Titled("动作", "act"))
TOUCHED = (SetRoute, SetMember, RescueLeg, HangUp, CallBack, RaiseCaller, InformCallers)


def shipped() -> Plan:
    plan = read_plan(TEXT, "trouble", Known())
    assert isinstance(plan, Plan), plan
    return plan


def _with(step: Step) -> Plan:
    """A plan whose only step it is."""
    plan = shipped()
    stage = Stage("one", Titled("一", "one"), Grade.P2, (step,))
    return replace(plan, stages=(stage,), recovery=replace(plan.recovery, needs=()))


def _play(plan: Plan) -> tuple[DrillSite, list[Effect]]:
    site = DrillSite(plans=[plan])
    site.calls(talking=2, waiting=1)
    site.run(5.0)
    before = len(site.effects)
    assert site.ask("plan-start", plan="trouble", drill=True).code == "accepted"
    site.run(8.0)
    return site, [effect for _, effect in site.effects[before:]]


@pytest.mark.parametrize("kind", list(ActionKind))
def test_no_action_of_any_kind_touches_a_live_call_in_a_drill(kind: ActionKind) -> None:
    """Every kind there is, also those that come with later versions: in a drill nothing leaves but words and the switch of test calls."""
    step = replace(STEP, do=kind, roles=("duty-lead",), seats=("seat1", "seat8"), queues=("hotline",), plan="trouble", grade=Grade.P1)
    if kind in PEOPLE:
        step = replace(step, within_seconds=60.0, options=("yes", "no"), default="no")
    site, effects = _play(_with(step))
    assert not [effect for effect in effects if isinstance(effect, TOUCHED)]
    assert site.engine.routing.serving == A
    words = [effect for effect in effects if isinstance(effect, Notify | CallIn)] + site.told
    assert all(word.is_drill for word in words)
    assert not any(value for effect in effects if isinstance(effect, SetSwitch) for _, value in effect.values), "a switch is put on"
    known = (SetSwitch, TestCalls, Record, Report, Notify, CallIn, SetDrill, AskEdge, SampleAudio, ListNode, ListEdge, ProbeNode)
    unknown = {type(effect).__name__ for effect in effects if not isinstance(effect, known)} - {"Answer", "AttachDialog"}
    assert not unknown, f"in a drill of {kind.value} there left {unknown}: is that for test calls only?"


@pytest.mark.parametrize(
    ("kind", "way"),
    [(ActionKind.EMERGENCY_ON, (EMG,)), (ActionKind.SWITCHOVER, (B,)), (ActionKind.FAILOVER, (B,)), (ActionKind.EMERGENCY_OFF, ())],
)
def test_what_would_send_callers_elsewhere_sends_test_calls_there(kind: ActionKind, way: tuple[str, ...]) -> None:
    site, _ = _play(_with(replace(STEP, do=kind)))
    assert site.way == way
    site.ask("drill-stop")
    site.run(10.0)
    assert site.way == ()


def test_its_record_is_against_the_plan_s_own_times() -> None:
    site = DrillSite(planned("quarterly", what="trouble"), plans=[shipped()])
    site.ask("drill-start", name="quarterly", **{"for": "1h"})
    site.run(9.0)
    site.feed(Command("t", "task-done", "alice", reason="looked", args={"incident": "trouble-1", "step": "look"}))
    site.run(12.0)
    ended = site.ended()
    assert (ended["id"], ended["plan"], ended["version"], ended["kind"], ended["how"]) == ("trouble-1", "trouble", "4", "plan", "done")
    assert (ended["evaluation"], ended["findings"]) == ("passed", [])
    (time,) = ended["times"]
    assert (time["step"], time["role"], time["allowed_seconds"], time["kept"], time["by"]) == ("look", "maintenance", 10.0, True, "alice")
    assert 4.5 < time["took_seconds"] < 6
    assert {one["role"]: one["told"] for one in ended["participants"]} == {"duty-lead": True, "maintenance": True}
    assert {step["step"]: step["state"] for step in ended["steps"]} == {"tell": "done", "look": "done", "over": "done"}


def test_a_time_that_was_not_kept_is_a_finding() -> None:
    site = DrillSite(planned("quarterly", what="trouble"), plans=[shipped()])
    site.ask("drill-start", name="quarterly", **{"for": "20s"})
    site.run(30.0)
    ended = site.ended()
    assert (ended["how"], ended["evaluation"]) == ("over", "failed")
    assert ended["findings"] == ["look: not done within 10 s"]
    assert ended["times"][0]["kept"] is False


def test_when_it_is_aborted_the_incident_is_closed_and_those_who_were_told_are_told() -> None:
    site = DrillSite(plans=[shipped()])
    site.ask("plan-start", plan="trouble", drill=True)
    site.run(7.0)
    site.kill(A)
    site.run(10.0)
    assert (site.ended()["how"], site.ended()["evaluation"]) == ("aborted", "aborted")
    incidents = site.engine.view(site.now).incidents or ()
    assert [incident.state.value for incident in incidents if incident.is_drill] == ["closed"]
    over = [told for told in site.told if isinstance(told, Notify) and told.kind.value == "recovered"]
    assert {told.role for told in over} == {"duty-lead", "maintenance"}
    assert all(told.is_drill and "演练结束" in told.text for told in over)
    assert site.way == ()


def test_one_drill_at_a_time() -> None:
    site = DrillSite(planned(), plans=[shipped()])
    site.ask("plan-start", plan="trouble", drill=True)
    site.run(5.0)
    assert "in force" in site.ask("drill-start", name="weekly", **{"for": "10m"}).message
    assert site.ask("plan-start", plan="trouble").code == "accepted"  # the real thing waits for no drill


def test_an_emergency_ends_a_drill() -> None:
    site = DrillSite(plans=[_with(replace(STEP, do=ActionKind.TASK, roles=("duty-lead",), within_seconds=60.0))])
    site.ask("plan-start", plan="trouble", drill=True)
    site.run(6.0)
    site.ask("plan-start", plan="trouble")
    site.run(8.0)
    assert (site.ended()["how"], site.ended()["why"]) == ("aborted", "trouble-2 is open: no drill in an emergency")


@pytest.mark.parametrize("at", [4.05, 4.3, 6.0, 10.0, 15.0])
def test_killed_at_any_moment_it_goes_on_and_ends_once(at: float) -> None:
    site = DrillSite(plans=[shipped()])
    site.ask("plan-start", plan="trouble", drill=True)
    site.run(at)
    site.crash(2.0)
    site.run(at + 6.0)
    site.feed(Command("t", "task-done", "alice", reason="looked", args={"incident": "trouble-1", "step": "look"}))
    site.run(at + 20.0)
    assert len(site.written("ended")) == 1
    assert site.engine.view(site.now).drill is None
    assert site.way == ()
    told = {told.notice.removeprefix("trouble-1/") for told in site.told if isinstance(told, Notify)}
    assert {"tell/duty-lead", "look/maintenance", "recovered/duty-lead", "recovered/maintenance"} <= told
