"""The second daemon of a pair, around the real core: it sees all, does nothing, and goes on where the first one stopped."""

from typing import Any

from cti_daemon.model.effects import Answer, Record, Report
from cti_daemon.model.events import Command, Event, Membership
from cti_daemon.model.ids import Interface, QueueName, SeatName, Uniqueid
from cti_daemon.model.lease import LeaseLost, LeaseTaken, Origin
from cti_daemon.model.reasons import MemberKind, Mode, NodeState, Reason
from cti_daemon.shell.pair_room import HARMLESS
from cti_daemon.wire.lease_text import pulse_text, read_pulse
from tests.sim.world import EMG, A, B, World

ROUTE = {"mode": "failed_over", "serving": "pbx-b", "epoch": 5, "reason": "node_dead", "cause": "node_dead", "diverted_from": None}


def pair(**options: Any) -> World:
    """Stands by from its first event on."""
    world = World(**options)
    world.engine.pair("cti-1")
    return world


def taken(origin: Origin = Origin.OTHER, notes: dict[str, Any] | None = None) -> LeaseTaken:
    return LeaseTaken(2, "n-1", origin, "cti-1", notes or {}, 0.5)


def deeds(world: World) -> list[str]:
    return [type(effect).__name__ for _, effect in world.effects if type(effect) not in HARMLESS]


def feed(world: World, event: Event) -> None:
    world.feed(event)
    world.wake()


def act(world: World, origin: Origin = Origin.OTHER, notes: dict[str, Any] | None = None) -> None:
    feed(world, taken(origin, notes))
    world.run(world.now + 0.2)
    assert world.engine.is_acting


def reports(world: World, kind: str) -> list[Report]:
    return [effect for _, effect in world.effects if isinstance(effect, Report) and effect.kind == kind]


def test_who_stands_by_sees_the_death_and_does_nothing() -> None:
    world = pair()
    world.run(2.0)
    world.calls(talking=0, waiting=10)
    world.run(3.0)
    world.kill(A)
    world.run(8.0)
    assert deeds(world) == []
    view = world.engine.view(world.now)
    assert view.pair is not None
    assert not view.pair.is_acting
    assert {node.name: node.state for node in view.nodes}[A] is NodeState.DOWN
    assert not any(isinstance(effect, Record) and effect.kind in ("failover_intent", "route") for _, effect in world.effects)


def test_when_the_lease_is_ours_the_dead_ones_callers_are_saved_each_once() -> None:
    world = pair()
    world.run(2.0)
    world.calls(talking=0, waiting=10)
    world.run(3.0)
    world.kill(A)
    world.run(6.0)
    act(world)
    world.run(8.0)
    assert sorted(uniqueid for _, uniqueid, _ in world.redirects) == sorted(f"call-{n}" for n in range(10))
    assert world.edge_route[0] == B
    assert {leg.node for leg in world.legs.values()} == {B}


def test_who_was_saved_by_the_other_one_is_not_moved_again() -> None:
    world = pair()
    world.run(2.0)
    world.calls(talking=0, waiting=1)
    world.run(3.0)
    world.kill(A)
    world.run(4.0)
    world.edge_route, world.edge_epoch = (B, EMG, A), 1
    world.route_leg(Uniqueid("call-0"), B)  # the other one's doing
    world.run(6.0)
    act(world)
    world.run(9.0)
    assert world.redirects == []
    assert world.engine.view(world.now).serving == B


def test_what_the_other_one_told_last_is_gone_on_with() -> None:
    world = pair()
    world.edge_route, world.edge_epoch = (B, A, EMG), 5
    world.run(2.0)
    shown = world.engine.view(world.now)
    assert (shown.serving, shown.epoch) == (B, 5)
    act(world, notes={"route": ROUTE})
    world.run(3.0)
    view = world.engine.view(world.now)
    assert (view.mode, view.serving, view.epoch, view.cause) == (Mode.FAILED_OVER, B, 5, Reason.NODE_DEAD)
    assert world.edge_route[0] == B


def test_notes_that_are_older_than_the_edges_are_not_believed() -> None:
    world = pair()
    world.edge_route, world.edge_epoch = (B, A, EMG), 9
    world.run(2.0)
    act(world, notes={"route": ROUTE | {"serving": "emg", "mode": "emergency"}})
    world.run(3.0)
    view = world.engine.view(world.now)
    assert (view.serving, view.epoch) == (B, 9)


def test_a_decision_that_the_dead_one_could_not_tell_every_edge_is_finished() -> None:
    world = pair()
    world.run(2.0)
    world.calls(talking=0, waiting=1)
    world.run(3.0)
    world.kill(A)
    world.run(4.0)
    act(world, notes={"route": ROUTE | {"epoch": 1}, "from": "pbx-a"})
    world.run(6.0)
    assert [uniqueid for _, uniqueid, _ in world.redirects] == ["call-0"]
    assert (world.edge_route[0], world.edge_epoch) == (B, 1)


def test_a_persons_pause_holds_over_the_takeover_and_ends_when_it_was_to_end() -> None:
    first = World()
    first.run(2.0)
    order(first, "pause-automation", {"for": 60.0})
    pulse = read_pulse(pulse_text("n", 1, first.engine.notes(first.now)))
    assert pulse is not None
    world = pair()
    world.run(2.0)
    world.calls(talking=0, waiting=1)
    world.run(3.0)
    act(world, notes=dict(pulse.notes))
    world.kill(A)
    world.run(20.0)
    view = world.engine.view(world.now)
    assert view.pause is not None
    assert view.pause.user == "alice"
    assert world.redirects == []
    world.run(70.0)
    assert [uniqueid for _, uniqueid, _ in world.redirects] == ["call-0"]


def test_without_notes_it_is_said_that_not_all_is_known() -> None:
    world = pair()
    world.run(2.0)
    act(world)
    assert any("look into the journal of cti-1" in report.text for report in reports(world, "alarm"))


def test_open_incidents_of_the_other_one_are_named_and_not_carried_on() -> None:
    world = pair()
    world.run(2.0)
    act(world, notes={"route": ROUTE | {"epoch": 0, "serving": "pbx-a", "mode": "normal"}, "incidents": ["lines-full-3"]})
    told = [report for report in reports(world, "alarm") if report.severity == "critical"]
    assert len(told) == 1
    assert "lines-full-3 of cti-1" in told[0].text


def test_who_loses_the_lease_stops_and_goes_on_if_nobody_else_had_it() -> None:
    world = pair()
    world.run(2.0)
    world.calls(talking=0, waiting=1)
    world.run(3.0)
    act(world)
    feed(world, LeaseLost(2))
    before = len(deeds(world))
    world.kill(A)
    world.run(6.0)
    assert len(deeds(world)) == before
    assert not world.engine.is_acting
    act(world, Origin.SAME)
    world.run(8.0)
    assert [uniqueid for _, uniqueid, _ in world.redirects] == ["call-0"]


def test_a_lease_that_is_lost_before_the_edges_have_answered_changes_nothing() -> None:
    world = pair()
    world.run(2.0)
    world.feed(taken())
    world.feed(LeaseLost(2, "cti-1"))
    world.run(4.0)
    assert not world.engine.is_acting
    assert deeds(world) == []


def test_what_we_decided_and_could_not_send_is_not_believed_when_another_acted_since() -> None:
    """The old one decided epoch 1 when it was frozen; the other one made epoch 1 of its own."""
    world = pair()
    world.run(2.0)
    act(world)
    world.kill(A)
    world.run(3.0)
    assert world.engine.view(world.now).epoch == 1
    feed(world, LeaseLost(2, "cti-1"))
    world.heal(A)
    world.edge_route, world.edge_epoch = (EMG, B, A), 1
    world.list_edge()
    world.run(4.0)
    assert world.engine.view(world.now).serving == EMG
    act(world, notes={})
    world.run(5.0)
    assert world.engine.view(world.now).serving == EMG


def test_orders_are_refused_where_nobody_acts_and_questions_are_answered() -> None:
    world = pair()
    world.run(2.0)
    answers = [order(world, "failover", {"to": "pbx-b"}), order(world, "status", {})]
    assert (answers[0].status, answers[0].code) == ("rejected", "standing_by")
    assert "give the order where cti-1 runs" in answers[0].message
    assert answers[1].status == "ok"
    assert deeds(world) == []


def test_seats_are_mirrored_by_who_acts_and_by_nobody_else() -> None:
    world = pair()
    world.run(2.0)
    member = Membership(
        QueueName("hotline"), Interface("PJSIP/seat9"), SeatName("seat9"), kind=MemberKind.DYNAMIC, paused=True, reason="lunch"
    )
    world.seat(A, member)
    world.run(4.0)
    assert deeds(world) == []
    act(world)
    for server in (A, B):
        world.list_queues(server)
    world.run(8.0)
    assert member.key in world.members[B]


def order(world: World, verb: str, args: dict[str, Any]) -> Answer:
    number = len(world.effects)
    feed(world, Command(f"dry-{number}", verb, "alice", "test", dry_run=verb == "pause-automation", args=args))
    if verb == "pause-automation":
        token = world.last_token("alice")
        feed(world, Command(f"wet-{number}", verb, "alice", "test", confirm=token, args=args))
    return next(effect for _, effect in reversed(world.effects) if isinstance(effect, Answer))
