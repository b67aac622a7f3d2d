"""F1 "紧急/重要/一般响应": response classes with respond, plan, restore times, as clocks of incidents."""

from dataclasses import replace
from typing import Any

from cti_daemon.model.almanac import Almanac
from cti_daemon.model.calendar import ResponseClass
from cti_daemon.model.effects import Effect
from cti_daemon.model.events import Command
from cti_daemon.model.incidents import Incident, Plan
from cti_daemon.model.plan_effects import AlmanacTold, Notified, Notify
from cti_daemon.model.records import StandingPlans
from cti_daemon.policy.plan_picture import show
from cti_daemon.policy.plan_words import obey
from cti_daemon.policy.plans import Plans
from cti_daemon.policy.response import Responses
from cti_daemon.wire.plan_journal import version_to_plain
from tests.plans.test_engine import TELL, plan
from tests.plans.test_facts import EMPTY

RESTORES = '[recovered]\ntext = { zh = "好", en = "well" }\nreview = "duty-lead"\n'
PLAN = plan(TELL, RESTORES)


def response(name: str, grades: tuple[str, ...], respond: float, **more: Any) -> ResponseClass:
    spans = {"respond": respond, "plan": 4 * respond, "restore": 16 * respond}
    return ResponseClass.model_validate({"name": name, "grades": grades, "role": "maintenance", "late": ("duty-manager",), **spans, **more})


CLASSES = (response("emergency", ("P1",), 100.0), response("important", ("P2",), 1000.0))


class Desk:
    """The book of one plan of grade P2; whom it tells is reached."""

    def __init__(self, *classes: ResponseClass, plan: Plan = PLAN, standing: StandingPlans | None = None, at: float = 0.0) -> None:
        self.now = at
        self.told: list[Notify] = []
        self.plans = Plans([plan], at, standing, responses=Responses(classes))

    def do(self, out: list[Effect]) -> None:
        for effect in out:
            if isinstance(effect, Notify):
                self.told.append(effect)
                more: list[Effect] = []
                heard = Notified(effect.notice, effect.role, "somebody", "sms", is_delivered=True)
                self.plans.learn(heard, self.now, more)
                self.do(more)

    def run(self, until: float) -> None:
        while self.now < until:
            self.now += 1.0
            self.plans.next_at = self.now
            out: list[Effect] = []
            self.plans.look(lambda _: EMPTY, self.now, out)
            self.do(out)

    def say(self, verb: str, reason: str = "", **args: Any) -> None:
        out: list[Effect] = []
        if verb != "plan-start":
            args["incident"] = "trouble-1"
        obey(
            self.plans,
            Command("c", verb, "alice", reason=reason, args=args | ({"plan": "trouble"} if verb == "plan-start" else {})),
            self.now,
            out,
        )
        self.do(out)

    @property
    def incident(self) -> Incident:
        return self.plans.incidents["trouble-1"]

    def clocks(self) -> dict[str, float]:
        """Seconds that are left, of the class's own clocks."""
        found = show(self.incident, self.now).clocks
        return {clock.step: round(clock.due_in_seconds) for clock in found if clock.step.startswith("response.")}

    def late(self) -> list[tuple[str, str]]:
        return [(told.role, told.text) for told in self.told if told.kind == "late"]


def started(*classes: ResponseClass, **args: Any) -> Desk:
    desk = Desk(*classes)
    desk.run(10.0)
    desk.say("plan-start", **args)
    desk.run(11.0)
    return desk


def test_an_incident_has_the_clocks_of_its_grade() -> None:
    desk = started(*CLASSES)
    assert desk.clocks() == {"response.respond": 999, "response.plan": 3999, "response.restore": 15999}
    view = show(desk.incident, desk.now)
    assert view.response == "important"
    assert {clock.role for clock in view.clocks} == {"maintenance"}
    assert view.clocks[0].title.zh == "响应"


def test_they_end_by_what_people_do() -> None:
    desk = started(*CLASSES)
    desk.say("ack")
    desk.run(12.0)
    assert set(desk.clocks()) == {"response.plan", "response.restore"}
    desk.say("task-done", step="response.plan", proof="the disk is replaced")
    assert set(desk.clocks()) == {"response.restore"}
    desk.say("stage-set", reason="it works", stage="recovered")
    steps = show(desk.incident, desk.now).steps
    assert (steps["response.respond"], steps["response.plan"], steps["response.restore"]) == ("done", "done", "done")
    desk.run(20_000.0)
    assert desk.late() == []


def test_whoever_is_named_is_told_once_when_one_has_run_out() -> None:
    desk = started(*CLASSES)
    desk.run(1009.0)
    assert desk.late() == []
    desk.run(1100.0)
    assert desk.late() == [("duty-manager", "超时 / overdue: 响应 / respond")]
    desk.run(5000.0)
    assert [text for _, text in desk.late()] == ["超时 / overdue: 响应 / respond", "超时 / overdue: 提出方案 / propose what is to be done"]


def test_a_graver_grade_shortens_the_clocks_and_a_lighter_one_lets_them_be() -> None:
    desk = started(*CLASSES)
    desk.say("stage-set", reason="worse than it seemed", grade="P1")
    desk.run(12.0)
    assert desk.clocks() == {"response.plan": 398, "response.restore": 1598}, "who grades it has responded"
    desk.say("stage-set", reason="not so bad", grade="P2")
    desk.run(13.0)
    assert desk.clocks() == {"response.plan": 397, "response.restore": 1597}


def test_working_time_is_counted_when_the_calendar_is_told() -> None:
    desk = Desk(response("general", ("P2",), 1000.0, hours="working"))
    desk.run(10.0)
    desk.say("plan-start")
    desk.run(20.0)
    assert desk.clocks() == {}, "not known yet, and so not guessed"
    out: list[Effect] = []
    desk.plans.learn(AlmanacTold(Almanac(working=((500.0, 1000.0), (5000.0, 50_000.0)))), desk.now, out)
    desk.run(21.0)
    assert desk.clocks()["response.respond"] == 5000 + 500 - 21


def test_a_drill_and_a_grade_without_a_class_have_none_and_without_classes_nothing_is_there() -> None:
    assert started(*CLASSES, drill=True).clocks() == {}
    assert started(CLASSES[0]).clocks() == {}
    desk = started()
    assert not [step for step in desk.incident.steps if step.startswith("response.")]


def test_the_clocks_go_on_over_a_restart_and_nobody_is_told_twice() -> None:
    desk = started(*CLASSES)
    desk.run(500.0)
    kept = StandingPlans(desk.plans.as_data(desk.now), 20.0, (version_to_plain(PLAN),))
    again = Desk(*CLASSES, standing=kept, at=9000.0)
    again.run(9001.0)
    assert again.clocks()["response.respond"] == 1010 - 500 - 20 - 1
    again.run(9600.0)
    assert len(again.late()) == 1
    last = Desk(*CLASSES, standing=StandingPlans(again.plans.as_data(again.now), 5.0, (version_to_plain(PLAN),)), at=20_000.0)
    last.run(20_100.0)
    assert last.late() == []


def test_a_kill_between_deadline_and_message_loses_no_message() -> None:
    """The intent is durable and the outcome is not: the same words are ordered again, under the same name."""
    desk = started(*CLASSES)
    desk.run(1005.0)
    out: list[Effect] = []
    desk.plans.next_at = 1012.0
    desk.plans.look(lambda _: EMPTY, 1012.0, out)
    (sent,) = [effect for effect in out if isinstance(effect, Notify)]
    again = Desk(*CLASSES, standing=StandingPlans(desk.plans.as_data(1012.0), 1.0, (version_to_plain(PLAN),)), at=5000.0)
    again.run(5001.0)
    assert [replace(told, notice="") for told in again.told] == [replace(sent, notice="")]
    assert again.told[0].notice == sent.notice
