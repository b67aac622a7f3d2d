"""D3 "座席电脑、话机、耳机故障 → 备用座席": a plan that runs for each seat. Several at once, none twice, not a hundred, also
over a restart."""

from dataclasses import replace

import pytest

from cti_daemon.model.effects import Effect, Report
from cti_daemon.model.incidents import Plan
from cti_daemon.model.plan_effects import Notify
from cti_daemon.model.records import StandingPlans
from cti_daemon.model.views import SiteView
from cti_daemon.policy.plan_facts import Board
from cti_daemon.policy.plans import MOST_OF_EACH, Plans
from cti_daemon.wire.plan_file import Site, read_plan
from tests.plans.shipped import plans as shipped
from tests.plans.test_facts import EMPTY, queue, seats

SEAT_FAULT = shipped()["seat-fault"]


class Desk:
    """The book of the one plan, and a picture of the site that a test changes."""

    def __init__(self, plan: Plan = SEAT_FAULT, standing: StandingPlans | None = None, at: float = 0.0) -> None:
        self.now, self.view = at, EMPTY
        self.out: list[Effect] = []
        self.plans = Plans([plan], at, standing)

    def run(self, until: float, view: SiteView) -> None:
        self.view = view
        while self.now < until:
            self.now += 1.0
            self.plans.next_at = self.now
            self.plans.look(lambda _: self.view, self.now, self.out)

    def subjects(self) -> list[str]:
        return [incident.subject for incident in self.plans.incidents.values() if incident.is_open]

    def alarms(self) -> list[str]:
        return [effect.text for effect in self.out if isinstance(effect, Report) and effect.kind == "alarm"]


def floor(*states: str) -> SiteView:
    return replace(EMPTY, seats=seats(*states))


def test_each_seat_that_is_not_reached_for_two_minutes_has_an_incident_of_its_own() -> None:
    desk = Desk()
    desk.run(60.0, floor("unreachable", "available", "in_call"))
    desk.run(125.0, floor("unreachable", "available", "unreachable"))
    assert desk.subjects() == ["seat0"]
    desk.run(190.0, floor("unreachable", "available", "unreachable"))
    assert desk.subjects() == ["seat0", "seat2"]
    titles = [effect.title for effect in desk.out if isinstance(effect, Notify)]
    assert [title.split(":")[0] for title in titles] == ["seat-fault-1 seat0", "seat-fault-2 seat2"]
    desk.run(400.0, floor("unreachable", "available", "unreachable"))
    assert desk.subjects() == ["seat0", "seat2"], "no second one for the same seat"


@pytest.mark.parametrize("state", ["logged_out", "paused", "in_call", "unknown"])
def test_a_seat_that_is_only_not_used_is_no_fault(state: str) -> None:
    desk = Desk()
    desk.run(400.0, floor(state, "available"))
    assert desk.subjects() == []


def test_a_seat_that_comes_and_goes_within_two_minutes_is_no_fault_and_is_forgotten() -> None:
    desk = Desk()
    for until in range(100, 1000, 200):
        desk.run(until, floor("unreachable"))
        desk.run(until + 100, floor("available"))
    assert desk.subjects() == []
    assert not desk.plans.as_data(desk.now)["counts"], "a site of thousands of seats pays for the few"


def test_when_a_whole_floor_is_struck_nobody_gets_a_hundred_messages() -> None:
    desk = Desk()
    desk.run(300.0, floor(*["unreachable"] * 40))
    assert len(desk.subjects()) == MOST_OF_EACH
    assert desk.alarms() == ["10 incidents of seat-fault are open: no more are opened for further seats until one of them is over"]


def test_the_counts_of_each_go_on_over_a_restart() -> None:
    desk = Desk()
    desk.run(100.0, floor("available", "unreachable"))
    kept = StandingPlans(desk.plans.as_data(desk.now), 5.0, ())
    again = Desk(standing=kept, at=1000.0)
    again.run(1010.0, floor("available", "unreachable"))
    assert again.subjects() == []
    again.run(1020.0, floor("available", "unreachable"))
    assert again.subjects() == ["seat1"], "100 s before, 5 s while it was down, and the rest: not two minutes anew"
    last = Desk(standing=StandingPlans(again.plans.as_data(again.now), 5.0, ()), at=2000.0)
    last.run(2200.0, floor("available", "unreachable"))
    assert last.subjects() == ["seat1"]
    assert [name for name, incident in last.plans.incidents.items() if incident.is_open] == ["seat-fault-1"]


def test_who_is_closed_by_a_person_is_not_opened_again_while_it_lasts() -> None:
    desk = Desk()
    desk.run(130.0, floor("unreachable", "unreachable"))
    run = desk.plans.run("seat-fault-1", desk.now, desk.out)
    run.close("carol", "is known")
    desk.plans.take(run, desk.now, desk.out)
    desk.run(500.0, floor("unreachable", "unreachable"))
    assert desk.subjects() == ["seat1"]


HEAD = """name = "each"
version = "1"
approved_by = "test"
review_due = "2027-01-01"
rows = ["D3"]
title = { zh = "各", en = "each" }
"""
STAGE = '[[stage]]\nid = "one"\ntitle = { zh = "一", en = "one" }\ngrade = "P4"\n'


STEP = '[[stage.step]]\nid = "tell"\ndo = "notify"\nroles = ["duty-lead"]\ntitle = { zh = "告知", en = "told" }\n'


def read(per: str, when: str) -> Plan | str:
    found = read_plan(f'{HEAD}per = "{per}"\n{STAGE}when = {when}\n{STEP}', "each", Site())
    return found if isinstance(found, Plan) else "; ".join(str(fault) for fault in found)


def test_a_plan_may_run_for_each_queue() -> None:
    plan = read("queue", '{ all = [{ fact = "queue.waiting", is = ">=", value = 5, for = "10s" }, { fact = "seats.usable", value = 1 }] }')
    assert isinstance(plan, Plan)
    desk = Desk(plan)
    busy, calm = queue(7, "in_call", name="hotline"), queue(1, "in_call", name="complaints")
    desk.run(60.0, replace(EMPTY, queues=(busy, calm), seats=seats("in_call")))
    assert desk.subjects() == ["hotline"]
    opened = next(effect.text for effect in desk.out if isinstance(effect, Report))
    assert opened.endswith("queue.waiting[hotline] = 7, seats.usable = 1")


def test_what_cannot_be_said_of_each_is_refused_with_line_and_key() -> None:
    said = read("seat", '{ fact = "seats.unreachable", is = ">=", value = 1 }')
    assert said == "12: stage[1].when: the plan runs per seat, and no fact here is of a seat (without `of`): leave `per` out"
    assert "there is no word 'node'; there are queue, seat" in str(read("node", '{ fact = "node.state", value = "down" }'))


def test_seats_are_no_part_of_a_snapshot() -> None:
    board = Board(0.0)
    board.look(floor("unreachable", "available"), 1.0)
    assert board.values("seat.state", "seat0") == ["unreachable"]
    assert sorted(map(str, board.values("seat.state"))) == ["available", "unreachable"]
    assert not [fact for fact in board.as_data() if fact.startswith("seat.state")]
