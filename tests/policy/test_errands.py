"""Issue 6, Deliver 7: "plan list/check/test (event trace in, decisions out) … ticket print/enter/reconcile …" over MQTT: the rules of every
order hold for them too, and what they do is somebody else's."""

from typing import Any

import pytest

from cti_daemon.engine import Engine
from cti_daemon.model.effects import Answer, Effect, Record
from cti_daemon.model.errands import Errand, ErrandDone
from cti_daemon.model.events import Command
from cti_daemon.model.fields import Secret
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.model.register import Register
from cti_daemon.model.settings import PlanFolder, RoleOfUsers, Settings
from cti_daemon.model.verbs import VERBS
from cti_daemon.policy.desk import LONG_KEPT
from cti_daemon.shell import config
from cti_daemon.wire.standing import answers
from tests.shell.conftest import SAMPLE
from tests.wire.requests import ARGS

BARE = config.load(SAMPLE, offline=True).settings
ROLE = (RoleOfUsers(name="all", users=("alice",), verbs=tuple(VERBS)),)
SITE = BARE.model_copy(update={"role": ROLE, "affected": Register(keys=Secret(file="/none")), "plans": PlanFolder()})
ERRANDS = [verb.name for verb in VERBS.values() if verb.is_errand]
ORDERS = ["ticket-print", "ticket-enter"]
QUESTIONS = [verb for verb in ERRANDS if verb not in ORDERS]


class Desk:
    def __init__(self, settings: Settings = SITE, answered: list[Record] | None = None) -> None:
        known = answers([record.data for record in answered or []])
        self._engine = Engine(settings, None, b"key", 0.0, None, known)
        self.records: list[Record] = []

    def feed(self, event: Command | ErrandDone) -> list[Effect]:
        effects = self._engine.feed(event, 0.0)
        self.records += [effect for effect in effects if isinstance(effect, Record)]
        return effects

    def ask(self, verb: str, request_id: str = "r-1", user: str = "alice", **more: Any) -> list[Effect]:
        return self.feed(Command(request_id, verb, user, **({"args": ARGS.get(verb, {})} | more)))

    def done(self, verb: str, request_id: str = "r-1", **more: Any) -> list[Effect]:
        return self.feed(ErrandDone("alice", request_id, **({"status": CommandStatus.OK, "code": "done", "message": verb} | more)))


def answered(effects: list[Effect]) -> list[Answer]:
    return [effect for effect in effects if isinstance(effect, Answer)]


def errands(effects: list[Effect]) -> list[Errand]:
    return [effect for effect in effects if isinstance(effect, Errand)]


@pytest.mark.parametrize("verb", ERRANDS)
def test_without_the_right_nothing_is_done(verb: str) -> None:
    effects = Desk().ask(verb, user="mallory")
    assert [answer.code for answer in answered(effects)] == ["not_allowed"]
    assert errands(effects) == []


@pytest.mark.parametrize("verb", ERRANDS)
def test_it_is_done_once_and_answered_with_what_came_of_it(verb: str) -> None:
    desk = Desk()
    first = desk.ask(verb)
    assert errands(first) == [Errand("alice", "r-1", verb, ARGS.get(verb, {}))]
    assert answered(first) == []
    assert [record.data["verb"] for record in desk.records if record.kind == "command"] == [verb]
    again = desk.ask(verb)
    assert (errands(again), answered(again)) == ([], []), "its answer is still to come"
    found = answered(desk.done(verb, data={"first": 1}))
    assert [(answer.status, answer.code, answer.data) for answer in found] == [
        ("ok", "done", {"first": 1}),
        ("duplicate", "done", {"first": 1}),
    ]
    later = desk.ask(verb)
    assert errands(later) == []
    assert [(answer.status, answer.data) for answer in answered(later)] == [("duplicate", {"first": 1})]
    assert desk.done(verb) == [], "nobody asks any more"


@pytest.mark.parametrize("verb", ORDERS)
def test_an_order_is_durable_before_it_is_done_and_not_done_again_after_a_restart(verb: str) -> None:
    desk = Desk()
    effects = desk.ask(verb)
    order = [(type(effect).__name__, effect.is_awaited) for effect in effects if isinstance(effect, Record)]
    assert order == [("Record", True), ("Record", True)]
    assert effects.index(errands(effects)[0]) == len(effects) - 1
    died = Desk(answered=[record for record in desk.records if record.kind == "answer"]).ask(verb)
    assert (errands(died), [answer.code for answer in answered(died)]) == ([], ["unknown_end"])
    desk.done(verb, data={"first": 1, "html": "<p>"})
    after = Desk(answered=[record for record in desk.records if record.kind == "answer"]).ask(verb)
    assert (errands(after), [(answer.status, answer.data) for answer in answered(after)]) == ([], [("duplicate", {"first": 1})])


@pytest.mark.parametrize("verb", QUESTIONS)
def test_a_question_leaves_no_answer_in_the_journal(verb: str) -> None:
    desk = Desk()
    desk.ask(verb)
    desk.done(verb, data={"report": "long"})
    assert [record.kind for record in desk.records] == ["command"]
    assert not any(record.is_awaited for record in desk.records)


@pytest.mark.parametrize("verb", ERRANDS)
def test_a_desk_that_fails_is_answered_with_its_reason(verb: str) -> None:
    desk = Desk()
    desk.ask(verb)
    (answer,) = answered(desk.done(verb, status=CommandStatus.ERROR, code="failed", message="the disk is gone"))
    assert (answer.status, answer.code, answer.message) == ("error", "failed", "the disk is gone")


@pytest.mark.parametrize("verb", ERRANDS)
def test_a_dry_run_and_an_order_that_waited_too_long_do_nothing(verb: str) -> None:
    desk = Desk()
    dry = desk.ask(verb, "r-1", dry_run=True)
    late = desk.ask(verb, "r-2", age_seconds=31.0, expires_in_seconds=30.0)
    assert [answer.code for answer in answered(dry + late)] == ["dry_run", "expired"]
    assert errands(dry + late) == []


@pytest.mark.parametrize("verb", [verb for verb in ERRANDS if verb != "report"])
def test_a_site_without_register_or_plans_says_so(verb: str) -> None:
    effects = Desk(BARE.model_copy(update={"role": ROLE})).ask(verb)
    assert ([answer.code for answer in answered(effects)], errands(effects)) == (["wrong_mode"], [])


@pytest.mark.parametrize(
    "args", [{"kind": "incident"}, {"kind": "fault-form"}, {"kind": "inspection", "name": "x"}, {"kind": "quarterly", "days": 3}]
)
def test_a_report_of_nothing_is_told_what_would_be_right(args: dict[str, Any]) -> None:
    (answer,) = answered(Desk().ask("report", args=args))
    assert answer.code == "malformed"


def test_of_long_answers_the_last_are_known() -> None:
    desk = Desk()
    for n in range(LONG_KEPT + 1):
        desk.ask("plan-list", f"r-{n}")
        desk.done("plan-list", f"r-{n}", data={"lines": ["x" * 1000]})
    assert answered(desk.ask("plan-list", f"r-{LONG_KEPT}"))[0].status == "duplicate"
    assert len(errands(desk.ask("plan-list", "r-0"))) == 1, "a question may be asked anew: it changes nothing"
