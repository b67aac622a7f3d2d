"""Plans inside the real engine, with the model world around it: facts from the picture of the site, telephony through what every order
goes through, people's words through the desk, a restart in the middle, and nothing at all where a site has no plans."""

from collections.abc import Iterable
from typing import Any

import pytest
from typing_extensions import override

from cti_daemon.engine import Engine
from cti_daemon.model.effects import Answer, Effect, MemberChange, Record, SetMember, SetRoute
from cti_daemon.model.events import Command
from cti_daemon.model.ids import NodeName
from cti_daemon.model.incidents import IncidentState, Plan
from cti_daemon.model.plan_effects import CallIn, Notified, Notify, PlansRead
from cti_daemon.model.records import Standing, StandingDrills, StandingOrders, StandingPlans
from cti_daemon.model.views import IncidentView
from cti_daemon.policy.plans import Plans
from cti_daemon.wire import site_json
from cti_daemon.wire.explanation import history
from cti_daemon.wire.journal_record import Entry
from cti_daemon.wire.plan_file import Site as Known
from cti_daemon.wire.plan_file import read_plan
from cti_daemon.wire.site_metrics import families
from tests.plans.shipped import plans as shipped
from tests.sim.world import EMG, A, B, World

HEAD = """name = "trouble"
version = "1"
approved_by = "test"
review_due = "2027-01-01"
rows = ["A1"]
title = { zh = "故障", en = "trouble" }
"""
STAGE = """[[stage]]
id = "one"
title = { zh = "一", en = "one" }
grade = "P2"
"""
WHEN_DOWN = 'when = { fact = "node.state", of = "primary", value = "down", for = "2s", clear_for = "1s" }\n'
TELL = """[[stage.step]]
id = "tell"
do = "notify"
roles = ["duty-lead"]
title = { zh = "告知", en = "told" }
"""


def step(do: str, more: str = "") -> str:
    return f'[[stage.step]]\nid = "act"\ndo = "{do}"\ntitle = {{ zh = "动作", en = "act" }}\n{more}'


def plan(*parts: str) -> Plan:
    found = read_plan(HEAD + STAGE + "".join(parts), "trouble", Known())
    assert isinstance(found, Plan), found
    return found


class Site(World):
    """The model world with plans; `deaf`: no outcome of a notice ever comes."""

    def __init__(self, *plans: Plan) -> None:
        self.plans, self.deaf = plans, False
        self.told: list[Notify | CallIn] = []
        self.journal: list[tuple[float, Record]] = []
        super().__init__()
        self.run(3.0)

    @override
    def begin(
        self,
        standing: Standing | None,
        orders: StandingOrders | None = None,
        answered: Iterable[Answer] = (),
        drills: StandingDrills | None = None,
    ) -> None:
        super().begin(standing, orders, answered, drills)
        now = self.clock.now
        last = next((entry for entry in reversed(self.journal) if entry[1].kind == "plans"), None)
        versions = tuple(record.data for _, record in self.journal if record.kind == "plan_version")
        kept = None if last is None else StandingPlans(last[1].data, now - last[0], versions)
        book = Plans(self.plans, now, kept)
        self.engine = Engine(self.settings, standing, b"confirm", now, orders, answered, drills, book)

    @override
    def do(self, effect: Effect) -> None:
        if isinstance(effect, Record) and effect.kind in ("plans", "plan_version"):
            self.journal.append((self.now, effect))
        if isinstance(effect, Notify | CallIn):
            self.told.append(effect)
            if isinstance(effect, Notify) and not self.deaf:
                outcome = Notified(effect.notice, effect.role, f"{effect.role}-1", "sms", is_delivered=True)
                self._later(0.1, lambda: self.feed(outcome))
            return
        super().do(effect)

    def ask(self, verb: str, reason: str = "", **args: Any) -> Answer:
        self.feed(Command(f"c{len(self.effects)}", verb, "alice", reason=reason, args=args))
        return next(effect for _, effect in reversed(self.effects) if isinstance(effect, Answer))

    @property
    def incidents(self) -> tuple[IncidentView, ...]:
        found = self.engine.view(self.now).incidents
        assert found is not None
        return found

    def only(self) -> IncidentView:
        (incident,) = self.incidents
        return incident


def test_a_dead_server_opens_its_plan_and_the_failover_did_not_wait_for_it() -> None:
    """ "A rescue is never delayed by any of it"."""
    site = Site(plan(WHEN_DOWN, TELL))
    site.kill(A)
    site.run(3.5)
    assert site.engine.routing.serving == B
    assert not site.told
    site.run(8.0)
    assert [(told.role, told.kind) for told in site.told if isinstance(told, Notify)] == [("duty-lead", "alarm")]
    assert (site.only().id, site.only().state, site.only().grade) == ("trouble-1", IncidentState.NOTIFIED, "P2")


def test_what_is_done_is_durable_before_it_is_done() -> None:
    site = Site(plan(WHEN_DOWN, TELL))
    batches: list[list[Effect]] = []
    act = site.act
    site.act = lambda effects: (batches.append(effects), act(effects))[1]  # type: ignore[method-assign, func-returns-value]
    site.kill(A)
    site.run(8.0)
    batch = next(effects for effects in batches if any(isinstance(effect, Notify) for effect in effects))
    kinds = [effect.kind if isinstance(effect, Record) else type(effect).__name__ for effect in batch]
    assert kinds.index("plans") < kinds.index("Notify")
    assert kinds.index("plan_version") < kinds.index("Notify")


def test_a_server_of_which_nothing_is_known_opens_nothing_and_closes_nothing() -> None:
    """ "Unknown is unknown and neither fulfils nor clears"."""
    site = Site(plan(WHEN_DOWN, TELL))
    site.kill(A)
    site.run(8.0)
    site.restart(Standing(site.engine.view(site.now).routing_mode, B, 1, site.engine.routing.reason))
    assert site.only().state is IncidentState.NOTIFIED
    site.run(8.2)
    assert site.only().id == "trouble-1"
    assert len(site.told) == 1


def test_emergency_on_is_a_level_and_its_outcome_is_in_the_record() -> None:
    site = Site(plan(step("emergency-on")))
    assert site.ask("plan-start", plan="trouble").code == "accepted"
    site.run(5.0)
    assert site.engine.routing.serving == EMG
    assert site.only().steps == {"act": "done"}
    assert any(isinstance(effect, SetRoute) and effect.route[0] == EMG for _, effect in site.effects)


def test_a_person_s_pause_is_kept_by_plans_too() -> None:
    site = Site(plan(step("emergency-on")))
    dry = site.ask("pause-automation", **{"for": "10m"})
    assert dry.code == "confirm_needed"
    site.feed(Command("d", "pause-automation", "alice", dry_run=True, args={"for": "10m"}))
    site.feed(Command("e", "pause-automation", "alice", confirm=site.last_token("alice"), args={"for": "10m"}))
    site.ask("plan-start", plan="trouble")
    site.run(6.0)
    assert site.engine.routing.serving == A
    assert site.only().steps == {"act": "failed"}


def test_a_drill_leaves_live_calls_alone_and_says_that_it_is_one() -> None:
    site = Site(plan(step("emergency-on"), TELL))
    site.ask("plan-start", plan="trouble", drill=True)
    site.run(5.0)
    assert site.engine.routing.serving == A
    assert [told.is_drill for told in site.told] == [True]
    assert site.only().is_drill


def test_extra_seats_are_logged_in_on_every_media_server() -> None:
    site = Site(plan(step("seats-login", 'seats = ["seat8", "seat9"]\nqueues = ["hotline"]\npenalty = 3\n')))
    site.ask("plan-start", plan="trouble")
    site.run(6.0)
    added = [effect for _, effect in site.effects if isinstance(effect, SetMember) and effect.change is MemberChange.ADD]
    assert {(deed.node, deed.wanted.seat, deed.wanted.penalty) for deed in added} == {(n, s, 3) for n in (A, B) for s in ("seat8", "seat9")}
    assert site.only().steps == {"act": "done"}


EXTRA = 'seats = ["seat1", "seat8", "seat9"]\nqueues = ["hotline"]\n'


def deeds(site: Site, change: MemberChange) -> list[tuple[str, str]]:
    found = {(e.node, e.wanted.seat) for _, e in site.effects if isinstance(e, SetMember) and e.change is change}
    return sorted((str(node), str(seat)) for node, seat in found)


def test_extra_seats_are_taken_out_again_when_it_is_over_and_nobody_else_is() -> None:
    """ "Add members (spare seats …)"; seat1 stands in the queue already, by itself, and stays there."""
    site = Site(plan(WHEN_DOWN, step("seats-login", EXTRA + "take_back = true\n")))
    site.ask("plan-start", plan="trouble")
    site.run(8.0)
    both = [(node, seat) for node in (A, B) for seat in ("seat8", "seat9")]
    assert deeds(site, MemberChange.ADD) == both
    assert not deeds(site, MemberChange.REMOVE)
    site.ask("stage-set", "calm again", incident="trouble-1", stage="recovered")
    site.run(12.0)
    assert deeds(site, MemberChange.REMOVE) == both
    assert site.only().steps == {"act": "done", "act/back": "done"}


def test_as_many_of_a_group_as_are_wanted_and_only_whom_the_queue_lacks() -> None:
    group = 'groups = ["spare"]\nqueues = ["hotline"]\nmost = 1\n'
    known = Known(seat_groups={"spare": ("seat1", "seat8", "seat9")})
    found = read_plan(HEAD + STAGE + step("seats-login", group), "trouble", known)
    assert isinstance(found, Plan)
    site = Site(found)
    site.ask("plan-start", plan="trouble")
    site.run(6.0)
    assert deeds(site, MemberChange.ADD) == [(A, "seat8"), (B, "seat8")]


def test_a_group_that_the_site_has_not_fails_and_says_so() -> None:
    site = Site(plan(step("seats-login", 'groups = ["spare"]\nqueues = ["hotline"]\n')))
    site.ask("plan-start", plan="trouble")
    site.run(5.0)
    assert site.only().steps == {"act": "failed"}
    said = [record.data.get("said") for record in site.records if record.kind == "incident" and record.data.get("step_state") == "failed"]
    assert said == ["there is no seat left to log in of spare: [[seat_group]] names them"]


def test_a_daemon_killed_while_extra_seats_are_in_takes_them_out_all_the_same() -> None:
    site = Site(plan(step("seats-login", EXTRA + "take_back = true\n")))
    site.ask("plan-start", plan="trouble")
    site.run(6.0)
    site.restart(Standing(site.engine.view(site.now).routing_mode, A, 1, site.engine.routing.reason))
    site.run(9.0)
    site.ask("incident-close", "it was nothing", incident="trouble-1")
    site.run(14.0)
    assert deeds(site, MemberChange.REMOVE) == [(node, seat) for node in (A, B) for seat in ("seat8", "seat9")]


def test_seats_are_given_back_though_the_daemon_is_killed_in_the_very_act() -> None:
    """The intent is in the journal, and right after the start no media server's seats are known."""
    site = Site(plan(step("seats-login", EXTRA + "take_back = true\n")))
    site.ask("plan-start", plan="trouble")
    site.run(6.0)
    do = site.do
    site.do = lambda effect: None if isinstance(effect, SetMember) else do(effect)  # type: ignore[method-assign]
    site.ask("stage-set", "over", incident="trouble-1", stage="recovered")
    site.run(6.5)
    site.do = do  # type: ignore[method-assign]
    assert site.only().steps["act/back"] == "begun"
    site.effects.clear()
    site.restart(Standing(site.engine.view(site.now).routing_mode, A, 1, site.engine.routing.reason))
    site.run(14.0)
    assert deeds(site, MemberChange.REMOVE) == [(node, seat) for node in (A, B) for seat in ("seat8", "seat9")]
    assert site.only().steps["act/back"] == "done"


def test_a_notice_without_an_outcome_is_ordered_again_under_its_name_after_a_restart() -> None:
    site = Site(plan(TELL))
    site.deaf = True
    site.ask("plan-start", plan="trouble")
    site.run(4.0)
    site.restart(None)
    site.run(6.0)
    assert [told.notice for told in site.told if isinstance(told, Notify)] == ["trouble-1/tell/duty-lead"] * 2


@pytest.mark.parametrize(
    ("verb", "args", "code"),
    [
        ("plan-start", {"plan": "nonsense"}, "wrong_target"),
        ("plan-start", {"plan": "trouble"}, "wrong_mode"),
        ("task-done", {"incident": "trouble-1", "step": "tell"}, "wrong_target"),
        ("answer", {"incident": "trouble-1", "step": "tell", "answer": "yes"}, "wrong_target"),
        ("stage-set", {"incident": "trouble-1"}, "malformed"),
        ("stage-set", {"incident": "trouble-1", "stage": "one"}, "malformed"),
        ("approve", {"incident": "trouble-1"}, "wrong_mode"),
        ("approve", {"incident": "trouble-7"}, "wrong_target"),
        ("incident-close", {"incident": "trouble-1"}, "malformed"),
        ("fact-set", {"fact": "queue.waiting", "value": 3}, "wrong_target"),
        ("fact-set", {"fact": "trunk.state", "value": "sideways"}, "malformed"),
        ("fact-set", {"fact": "external.mains", "value": "false"}, "accepted"),
        ("fault-report", {"kind": "seat", "text": "dead"}, "accepted"),
        ("ack", {"id": 0, "incident": "trouble-1"}, "ok"),
        ("note", {"text": "it hums", "incident": "trouble-2"}, "wrong_target"),
    ],
)
def test_what_people_say_is_taken_or_refused_with_a_reason(verb: str, args: dict[str, Any], code: str) -> None:
    site = Site(plan(TELL))
    site.ask("plan-start", plan="trouble")
    assert site.ask(verb, **args).code == code


def test_a_closed_incident_stays_closed_while_its_condition_holds() -> None:
    site = Site(plan(WHEN_DOWN, TELL))
    site.kill(A)
    site.run(8.0)
    assert site.ask("incident-close", "known", incident="trouble-1").code == "accepted"
    site.run(20.0)
    assert site.only().state is IncidentState.CLOSED


def test_without_plans_nothing_is_shown_written_or_asked_for() -> None:
    """ "Without `[plans]` … the daemon behaves to the byte as today"."""
    site = World()
    site.run(3.0)
    view = site.engine.view(site.now)
    assert view.incidents is None
    assert "incidents" not in site_json.of_everything(view)
    assert not [family.name for family in families(view) if "incident" in family.name]
    site.feed(Command("c", "plan-start", "alice", args={"plan": "lines-full"}))
    answer = next(effect for _, effect in reversed(site.effects) if isinstance(effect, Answer))
    assert (answer.status, answer.code) == ("rejected", "wrong_mode")
    assert not [record for record in site.records if record.kind in ("plans", "plan_version", "incident")]


def figures(site: Site) -> dict[str, dict[tuple[str, ...], float]]:
    """Gauges of incidents."""
    found = [family for family in families(site.engine.view(site.now)) if "incident" in family.name]
    return {family.name: {labels: value for labels, value in family.samples if isinstance(value, int | float)} for family in found}


@pytest.mark.slow
def test_incidents_and_their_clocks_are_counted_and_drills_apart() -> None:
    task = 'role = "duty"\nwithin = "10m"\n'
    site = Site(plan(step("task", task)))
    site.ask("plan-start", plan="trouble")
    site.ask("stage-set", incident="trouble-1", grade="P4", reason="no drill is held in an emergency")
    site.ask("plan-start", plan="trouble", drill=True)
    site.run(5.0)
    shown = figures(site)
    assert shown["cti_incidents"] == {("trouble", "P4", "assessed"): 1}
    assert shown["cti_incident_drills"] == {("trouble", "notified"): 1}
    assert shown["cti_incident_clocks"] == {("trouble", "due"): 1, ("trouble", "late"): 0}
    assert shown["cti_incident_tasks"] == {("duty", "due"): 1, ("duty", "late"): 0}
    assert 590 < shown["cti_incident_clock_due_seconds"]["trouble",] < 600
    assert 1 < shown["cti_incident_age_seconds"]["trouble",] < 3
    assert not shown["cti_incident_clock_overdue_seconds"]
    plain = site_json.of_everything(site.engine.view(site.now))["incidents"][0]
    assert (plain["id"], plain["clocks"][0]["step"]) == ("trouble-1", "act")
    site.run(660.0)
    shown = figures(site)
    assert shown["cti_incident_clocks"] == shown["cti_incident_clocks"] | {("trouble", "due"): 0, ("trouble", "late"): 1}
    assert shown["cti_incident_tasks"] == {("duty", "due"): 0, ("duty", "late"): 1}
    assert 55 < shown["cti_incident_clock_overdue_seconds"]["trouble",] < 75
    assert not shown["cti_incident_clock_due_seconds"]


def test_plans_are_read_anew_all_at_once_and_an_incident_keeps_its_version() -> None:
    site = Site(plan(TELL))
    site.ask("plan-start", plan="trouble")
    newer = read_plan((HEAD + STAGE + TELL).replace('version = "1"', 'version = "2"'), "trouble", Known())
    assert isinstance(newer, Plan)
    site.feed(PlansRead((newer, shipped()["complaint"])))
    assert site.only().version == "1"
    site.ask("fault-report", kind="complaint", text="bill")
    assert {incident.plan for incident in site.incidents} == {"trouble", "complaint"}
    assert NodeName("pbx-a") == site.engine.routing.serving


def test_the_history_of_the_site_tells_the_turns_of_an_incident_and_not_its_every_step() -> None:
    site = Site(plan(WHEN_DOWN, TELL))
    site.kill(A)
    site.run(8.0)
    site.ask("incident-close", "known", incident="trouble-1")
    written = [record for record in site.records if record.kind == "incident"]
    wall = "2027-01-01T12:00:00.000000+00:00"
    entries = [Entry(f"u{n}", record.kind, wall, 0.0, "boot", dict(record.data), seq=n) for n, record in enumerate(written, 1)]
    told = [line.split("  ", 1)[1].strip() for line in history(entries)]
    assert told == [
        "trouble-1: 故障 / trouble: node.state[primary] = down",
        "trouble-1: begins with stage one, 一 / one (P2)",
        "trouble-1: closed by alice: known",
    ]
