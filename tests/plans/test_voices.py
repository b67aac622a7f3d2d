"""What callers hear and are offered by a plan, inside the real engine: switches of the dialplan as levels that follow from the open
incidents, and orders to the hands. C4: "告知恢复时间; 留下联系电话"; C6: "预计恢复时间; 统一解释口径"; E4: "测试验收"."""

from typing import Any

import pytest
from typing_extensions import override

from cti_daemon.model.affected import AskNumber, ForgetNumbers, KeepCaller, NoteRow
from cti_daemon.model.call_events import CallerJoined
from cti_daemon.model.contacts import Channel, Contact, Gateway
from cti_daemon.model.effects import MemberChange, RaiseCaller, SetMember, SetSwitch, Switch
from cti_daemon.model.events import Outcome
from cti_daemon.model.fields import Secret
from cti_daemon.model.ids import CallToken, ChannelName, NodeName, QueueName, Uniqueid
from cti_daemon.model.incidents import ActionKind, IncidentState, Plan
from cti_daemon.model.plan_effects import Carried, InformCallers, Summoned, SummonsAnswer, TestCalls
from cti_daemon.model.reasons import Result
from cti_daemon.model.records import Standing
from cti_daemon.model.register import Harm, Register, RowState
from cti_daemon.policy.plan_room import BEFORE_SECONDS, VOICE_WITHIN_SECONDS
from cti_daemon.policy.voices import HEAD_OF_QUEUE, clock_in
from cti_daemon.state.callback import Task
from cti_daemon.wire.plan_file import Site as Known
from cti_daemon.wire.plan_file import read_plan
from tests.plans.test_engine import HEAD, STAGE, WHEN_DOWN, Site, plan, step
from tests.sim.world import EDGE, EMG, A, B

ANNOUNCE = 'recording = "cti-outage"\nwording = { zh = "故障", en = "out" }\n'
INFORM = 'by = ["sms"]\ntext = { zh = "抱歉", en = "sorry" }\n'


class Voiced(Site):
    """Every Asterisk takes what it is told, as long as `refusal` is empty. `has_register`: numbers may be kept."""

    has_register = True

    def __init__(self, *plans: Plan, refusal: str = "") -> None:
        self.refusal = refusal
        self.raised: list[RaiseCaller] = []
        self.held: dict[tuple[NodeName, Switch], str] = {}
        self.asked: list[SetSwitch] = []
        self.ordered: list[InformCallers | TestCalls] = []
        super().__init__(*plans)

    @override
    def begin(self, *args: Any, **kwargs: Any) -> None:
        own = Register(keys=Secret(file="/none")) if self.has_register else None
        self.settings = self.settings.model_copy(update={"affected": own})
        super().begin(*args, **kwargs)

    @override
    def switch(self, deed: SetSwitch | RaiseCaller) -> None:
        if isinstance(deed, RaiseCaller):
            self.raised.append(deed)
            return
        self.asked.append(deed)
        if not self.refusal:
            self.held.update({(deed.node, switch): value for switch, value in deed.values})
        outcome = Outcome(deed.effect_id, Result.FAILED if self.refusal else Result.DONE, self.refusal)
        self._later(0.01, lambda: self.feed(outcome))

    @override
    def do(self, effect: Any) -> None:
        if isinstance(effect, InformCallers | TestCalls):
            self.ordered.append(effect)
            return
        if isinstance(effect, AskNumber | KeepCaller | ForgetNumbers | NoteRow):
            return
        super().do(effect)

    def on_edge(self) -> tuple[str, str]:
        return self.held.get((EDGE, Switch.ANNOUNCE), ""), self.held.get((EDGE, Switch.ETA), "")

    def again(self) -> None:
        self.restart(Standing(self.engine.view(self.now).routing_mode, A, 1, self.engine.routing.reason))


def begun(*parts: str, refusal: str = "") -> Voiced:
    site = Voiced(plan(*parts), refusal=refusal)
    assert site.ask("plan-start", plan="trouble").code == "accepted"
    site.run(site.now + 2.0)
    return site


def test_an_announcement_has_the_plans_wording_and_the_incident_s_time() -> None:
    site = begun(step("announce-on", ANNOUNCE))
    assert site.on_edge() == ("cti-outage", "")
    assert site.only().steps == {"act": "done"}
    assert site.only().wording == "故障 / out", "one wording for everybody: notices say it too"
    site.ask("stage-set", incident="trouble-1", eta="9:05")
    site.run(site.now + 2.0)
    assert site.on_edge() == ("cti-outage", "09:05")


def test_it_is_over_with_the_incident_also_after_a_restart() -> None:
    site = begun(step("announce-on", ANNOUNCE), step("offer-call-back").replace('"act"', '"offer"'))
    site.again()
    site.run(site.now + 3.0)
    assert site.on_edge()[0] == "cti-outage"
    assert [site.held[node, Switch.OFFER] for node in (A, B)] == ["1", "1"]
    assert (EMG, Switch.OFFER) not in site.held
    site.ask("stage-set", "well again", incident="trouble-1", stage="recovered")
    site.run(site.now + 2.0)
    assert site.on_edge()[0] == ""
    assert [site.held[node, Switch.OFFER] for node in (A, B)] == ["", ""]


def test_an_incident_that_ended_while_we_were_dead_is_not_announced_for_ever() -> None:
    """The edge goes on without us; whoever comes back looks what should hold, and does not believe that it does."""
    site = begun(step("announce-on", ANNOUNCE))
    site.ask("incident-close", "over", incident="trouble-1")
    site.held[EDGE, Switch.ANNOUNCE] = "cti-outage"
    site.again()
    site.run(site.now + 3.0)
    assert site.on_edge()[0] == ""


def test_another_wording_ends_the_announcement_until_somebody_names_its_recording() -> None:
    """C6: "统一解释口径": two wordings are worse than none."""
    site = begun(step("announce-on", ANNOUNCE))
    site.ask("stage-set", incident="trouble-1", wording="系统升级")
    site.run(site.now + 2.0)
    assert site.on_edge()[0] == ""
    site.ask("stage-set", incident="trouble-1", recording="cti-upgrade")
    site.run(site.now + 2.0)
    assert site.on_edge()[0] == "cti-upgrade"


def test_announce_off_ends_it_before_the_incident_does() -> None:
    off = '[[stage.step]]\nid = "off"\ndo = "announce-off"\nafter = "5s"\ntitle = { zh = "止", en = "off" }\n'
    site = begun(step("announce-on", ANNOUNCE), off)
    assert site.on_edge()[0] == "cti-outage"
    site.run(site.now + 8.0)
    assert site.on_edge()[0] == ""
    assert site.only().steps == {"act": "done", "off": "done"}


def test_an_edge_whose_dialplan_cannot_do_it_is_said_and_not_believed() -> None:
    site = begun(step("announce-on", ANNOUNCE), refusal="its dialplan has no context cti-announce")
    assert site.only().steps == {"act": "failed"}
    assert site.only().state is IncidentState.DETECTED
    count = len(site.asked)
    site.run(site.now + 60.0)
    assert {deed.values[1] for deed in site.asked[count:]} <= {(Switch.ANNOUNCE, "")}, "what has failed is not tried behind people's backs"


def test_no_edge_is_there_and_the_step_does_not_wait_for_ever() -> None:
    site = Voiced(plan(step("announce-on", ANNOUNCE)))
    site.kill(EDGE)
    site.run(site.now + 3.0)
    site.ask("plan-start", plan="trouble")
    site.run(site.now + VOICE_WITHIN_SECONDS - 4.0)
    assert site.only().steps == {"act": "begun"}
    site.run(site.now + 6.0)
    assert site.only().steps == {"act": "failed"}


def test_a_drill_changes_nothing_that_callers_hear() -> None:
    site = Voiced(plan(step("announce-on", ANNOUNCE)))
    site.ask("plan-start", plan="trouble", drill=True)
    site.run(site.now + 3.0)
    assert site.on_edge()[0] == ""
    assert site.only().steps == {"act": "done"}


def test_plans_without_any_of_it_touch_no_switch() -> None:
    """ "Without its table in the configuration the daemon behaves to the byte as today"."""
    site = begun(step("note"))
    site.run(site.now + 20.0)
    assert not site.asked


@pytest.mark.parametrize(
    ("said", "spoken"),
    [("15:30", "15:30"), (" 9:05 ", "09:05"), ("15：30", "15:30"), ("about 15:30", ""), ("24:00", ""), ("unknown", ""), ("15:30,s,1)", "")],
)
def test_only_a_time_of_the_day_is_spoken(said: str, spoken: str) -> None:
    """Free text never reaches a dialplan."""
    assert clock_in(said) == spoken


def test_callers_are_told_the_plan_s_words_the_wording_and_the_time_and_the_outcome_ends_the_step() -> None:
    later = step("inform-callers", INFORM + 'after = "5s"\n').replace('"act"', '"tell"')
    site = begun(step("announce-on", ANNOUNCE), later)
    site.ask("stage-set", incident="trouble-1", eta="15:30")
    site.run(site.now + 6.0)
    (order,) = site.ordered
    assert isinstance(order, InformCallers)
    assert (order.order, order.about, order.by) == ("trouble-1/tell", "fault", ("sms",))
    assert order.text.splitlines() == ["抱歉 / sorry", "故障 / out", "预计恢复时间 / expected to be over: 15:30"]
    assert order.since_seconds == pytest.approx(BEFORE_SECONDS + 5.0, abs=1.5)
    site.feed(Carried("trouble-1/tell", is_done=True, said="of 2: 2 told"))
    assert site.only().steps["tell"] == "done"


def test_who_is_struck_while_it_goes_on_is_told_too_and_nobody_once_it_is_over() -> None:
    site = begun(step("inform-callers", INFORM))
    site.run(site.now + 150.0)
    assert len(site.ordered) == 1, "while its outcome is not known it is not ordered again"
    site.feed(Carried("trouble-1/act", is_done=True, said="nobody is in the register"))
    site.run(site.now + 150.0)
    assert [order.order for order in site.ordered] == ["trouble-1/act"] * 3
    site.feed(Carried("trouble-1/act", is_done=False, said="later words change nothing"))
    assert site.only().steps == {"act": "done"}
    site.ask("incident-close", "over", incident="trouble-1")
    site.run(site.now + 150.0)
    assert len(site.ordered) == 3


class Bare(Voiced):
    has_register = False


@pytest.mark.parametrize("kind", ["offer-call-back", "caller-priority", "inform-callers"])
def test_without_a_register_nobody_is_promised_what_nobody_can_keep(kind: str) -> None:
    site = Bare(plan(step(kind, INFORM if kind == "inform-callers" else "")))
    site.ask("plan-start", plan="trouble")
    site.run(site.now + 3.0)
    assert site.only().steps == {"act": "failed"}
    said = [record.data["said"] for record in site.records if record.kind == "incident" and record.data.get("step_state") == "failed"]
    assert said == ["there is no register: the configuration has no [register]"]
    assert not any(value for value in site.held.values())


def test_test_calls_are_ordered_once_again_after_a_restart_and_end_with_their_outcome() -> None:
    site = begun(step("test-calls", 'nodes = ["primary", "emergency"]\n'))
    assert site.ordered == [TestCalls("trouble-1/act", (A, EMG))]
    site.again()
    site.run(site.now + 2.0)
    assert site.ordered == [TestCalls("trouble-1/act", (A, EMG))] * 2
    site.feed(Carried("trouble-1/act", is_done=False, said="3 of 4 paths answer"))
    site.feed(Carried("trouble-1/act", is_done=True, said="a word that comes late"))
    site.run(site.now + 2.0)
    assert site.only().steps == {"act": "failed"}


def test_a_drill_makes_its_test_calls_all_the_same() -> None:
    site = Voiced(plan(step("test-calls")))
    site.ask("plan-start", plan="trouble", drill=True)
    site.run(site.now + 2.0)
    assert [order.nodes for order in site.ordered if isinstance(order, TestCalls)] == [(A, B, EMG)]


def test_a_failed_step_that_recovery_needs_is_made_good_by_the_task_that_follows_its_failure() -> None:
    """E4: "recovered only after test calls on every path"; where the machine's have failed, people's."""
    hand = '[[stage.step]]\nid = "hand"\ndo = "task"\nfollows = "act"\nanswer = "failed"\nrole = "maintenance"\nwithin = "5m"\n'
    hand += 'title = { zh = "人工", en = "by hand" }\n[recovered]\nneeds = ["act"]\nreview = "duty-lead"\n'
    site = begun(step("test-calls"), hand)
    site.feed(Carried("trouble-1/act", is_done=False, said="0 of 6"))
    site.run(site.now + 3.0)
    assert site.only().state is not IncidentState.RECOVERED
    site.ask("task-done", incident="trouble-1", step="hand")
    site.run(site.now + 3.0)
    assert site.only().state is IncidentState.RECOVERED


def test_an_incident_without_a_review_closes_when_those_who_were_to_be_told_of_its_end_are() -> None:
    after = f'[recovered]\n[[recovered.step]]\nid = "told"\ndo = "inform-callers"\n{INFORM}title = {{ zh = "告", en = "told" }}\n'
    site = begun(WHEN_DOWN, step("note"), after)
    site.ask("stage-set", "over", incident="trouble-1", stage="recovered")
    site.run(site.now + 2.0)
    assert (site.only().steps, site.only().state) == ({"act": "done", "told": "begun"}, IncidentState.RECOVERED)
    (order,) = site.ordered
    assert isinstance(order, InformCallers)
    assert (order.about, order.text) == ("recovery", "抱歉 / sorry")
    site.feed(Carried("trouble-1/told", is_done=True, said="of 1: 1 told"))
    site.run(site.now + 1.0)
    assert (site.only().steps["told"], site.only().state) == ("done", IncidentState.CLOSED)


def test_other_penalties_for_seats_that_are_in_a_queue_and_were_logged_in() -> None:
    """A member of queues.conf has its penalty there: the lab has shown that it was called done and was not."""
    more = 'follows = "act"\nseats = ["seat1", "seat8", "seat9"]\npenalty = 7\n'
    site = begun(
        step("seats-login", 'seats = ["seat8"]\nqueues = ["hotline"]\npenalty = 1\n'),
        step("seats-penalty", more).replace('"act"\ndo', '"later"\ndo'),
    )
    site.run(site.now + 6.0)
    ended = [record.data["said"] for record in site.records if record.kind == "incident" and record.data.get("step_state") == "done"]
    assert ended[0] == "1 of 1 seats hold it"
    refused = "seat1: seat1 stands in queues.conf or a database for hotline: its penalty is given there"
    refused += "; seat9: seat9 is not logged in to any queue"
    assert ended[1] == f"1 of 3 seats hold it; {refused}"
    changed = {
        (e.node, e.wanted.seat, e.wanted.penalty) for _, e in site.effects if isinstance(e, SetMember) and e.change is MemberChange.PENALTY
    }
    assert changed == {(node, "seat8", 7) for node in (A, B)}


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        (step("announce-on", ANNOUNCE.replace("cti-outage", "../../etc/x")), "recording", "must be a sound file without folder and ending"),
        (step("announce-on", ANNOUNCE.replace("cti-outage", "a&b")), "recording", "must be a sound file"),
        (step("announce-on", 'recording = "x"\n'), "wording", 'is missing; add wording = { zh = "…", en = "…" }'),
        (step("inform-callers", 'by = []\ntext = { zh = "a", en = "b" }\n'), "by", "must be a list"),
        (step("test-calls", 'nodes = ["edge"]\n'), "nodes", "there is no role of a server 'edge'"),
        (step("seats-penalty", 'seats = ["seat1"]\n'), "penalty", "is missing; add penalty = 0"),
        (step("offer-call-back", 'recording = "x"\n'), "recording", "is no key of this table"),
    ],
)
def test_a_fault_of_the_new_actions_names_line_and_key(text: str, key: str, said: str) -> None:
    found = read_plan(HEAD + STAGE + text, "trouble", Known())
    assert isinstance(found, tuple)
    fault = next(fault for fault in found if fault.key.endswith(key))
    assert said in fault.text
    assert fault.line is not None


def test_a_caller_of_the_register_who_rings_in_again_goes_to_the_head_of_the_queue_once() -> None:
    site = begun(step("caller-priority"))
    channel, token, stranger = ChannelName("PJSIP/edge1-0000002a"), CallToken("token-again"), CallToken("token-new")
    site.feed(CallerJoined(A, QueueName("hotline"), Uniqueid("a-8"), stranger, 1, ChannelName("PJSIP/edge1-0000002b")))
    site.feed(CallerJoined(A, QueueName("hotline"), Uniqueid("a-9"), token, 2, channel))
    rooms = site.engine._rooms
    lost = Task(1, CallToken("token-lost"), Harm.LOST, "digest", True, RowState.OPEN, 0, 0.0, 0.0, "", "", rang=token)
    site.run(site.now + 2.0)
    assert not site.raised, "nobody of the register is on the line"
    rooms.aftermath.callbacks.tasks[1] = lost
    site.run(site.now + 5.0)
    assert [(deed.node, deed.queue, deed.channel, deed.priority) for deed in site.raised] == [(A, "hotline", channel, HEAD_OF_QUEUE)]


def test_the_head_of_the_queue_is_behind_nobody() -> None:
    """The dialplan: class x 100000 + at most 99999 seconds, and the highest class is 3."""
    assert HEAD_OF_QUEUE == 3 * 100_000 + 99_999


def test_every_kind_of_action_is_read_or_refused() -> None:
    for kind in ActionKind:
        assert read_plan(HEAD + STAGE + step(kind.value), "trouble", Known())


ECHELON = '[[stage.step]]\nid = "come"\ndo = "call-in"\nroles = ["echelon-1"]\ntitle = { zh = "到岗", en = "come" }\n'


class Called(Voiced):
    """A site with a contact book."""

    @override
    def begin(self, standing: Standing | None, *args: Any, **kwargs: Any) -> None:
        hook = Gateway(name="hook", url=Secret(file="/none"))
        person = Contact(name="zhang", user="alice", roles=("echelon-1",), channels=(Channel(via="hook"),))
        self.settings = self.settings.model_copy(update={"contact": (person,), "gateway": (hook,)})
        super().begin(standing, *args, **kwargs)


def test_somebody_who_was_called_in_answers_in_words() -> None:
    """D2: "逐级通知" with confirmation: by a key, "or a reply over MQTT"."""
    site = Called(plan(ECHELON))
    site.ask("plan-start", plan="trouble")
    site.run(site.now + 1.0)
    assert site.ask("coming", incident="trouble-1", answer="yes", person="li").code == "wrong_target"
    assert site.ask("coming", incident="trouble-1", answer="yes").code == "accepted"
    site.feed(Summoned("trouble-1/come/echelon-1", "zhang", SummonsAnswer.SILENT))
    site.run(site.now + 1.0)
    assert site.only().steps == {"come": "done"}
    answers = site.engine._rooms.plans.incidents["trouble-1"].summoned  # type: ignore[union-attr]
    assert answers == {"trouble-1/come/echelon-1/zhang": "yes"}, "a telephone that nobody lifted afterwards takes nothing back"


def test_who_was_not_called_in_is_told_so() -> None:
    site = Called(plan(step("note")))
    site.ask("plan-start", plan="trouble")
    site.run(site.now + 1.0)
    refused = site.ask("coming", incident="trouble-1", answer="no")
    assert (refused.code, refused.message) == ("wrong_target", "trouble-1 has not called in zhang, who has echelon-1")
