"""The site as people are shown it, drawn from state and judgements."""

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Mode, NodeState
from cti_daemon.model.views import NodeView, OrderView, SiteView
from cti_daemon.policy import queueing
from cti_daemon.policy.candidate import Candidate
from cti_daemon.policy.health import Health
from cti_daemon.policy.plan_picture import show
from cti_daemon.policy.proof import pieces
from cti_daemon.policy.rooms import Rooms
from cti_daemon.state.orders import Order
from cti_daemon.state.site import Site


def draw(rooms: Rooms, now: float) -> SiteView:
    site, routing, orders = rooms.site, rooms.routing, rooms.book.orders
    health, candidates = rooms.verdicts.of, rooms.candidates()
    calls = site.calls.counts()
    tests = rooms.drills.test_calls()
    return SiteView(
        mode=Mode.PAUSED if orders.is_paused else routing.mode,
        routing_mode=routing.mode,
        cause=routing.cause,
        pause=_order(orders.pause, now),
        withheld=rooms.book.withheld,
        serving=routing.serving,
        diverted_from=routing.diverted_from,
        route=rooms.rerouting.route,
        epoch=routing.epoch,
        reason=routing.reason,
        since_seconds=now - routing.since_at,
        nodes=tuple(_node(site, name, health[name], candidates.get(name), orders.maintenance.get(name), now) for name in site.roles),
        queues=queueing.queues(site, routing.serving, now),
        failover_in_progress=rooms.rerouting.is_in_progress,
        legs_to_rescue=rooms.rerouting.legs_to_rescue,
        mirror_difference=rooms.mirroring.difference(),
        seats=site.roll.seats(routing.serving, now),
        drawn_at=now,
        recording=rooms.recording.view(now),
        calls={place: count - tests[place] for place, count in calls.items()} if tests else calls,
        drill_calls=dict(tests),
        drill_schedule=rooms.drills.timetable.view(now),
        counters={name: dict(counted) for name, counted in rooms.counters.items()},
        drill=rooms.drills.view(now),
        incidents=None if rooms.plans is None else tuple(show(incident, now) for incident in rooms.plans.incidents.values()),
    )


def _order(order: Order | None, now: float) -> OrderView | None:
    return OrderView(order.user, order.reason, order.left_seconds(now)) if order else None


def _node(site: Site, name: NodeName, judged: Health, candidate: Candidate | None, order: Order | None, now: float) -> NodeView:
    return NodeView(
        name=name,
        role=site.roles[name],
        state=NodeState.MAINTENANCE if order else judged.state,
        verdict=judged.verdict,
        since_seconds=now - judged.since_at,
        degraded_paths=judged.degraded_paths,
        evidence=tuple(pieces(site.evidence[name], judged, now)),
        legs=site.legs.states(name),
        proven=candidate.is_proven if candidate else False,
        maintenance=_order(order, now),
    )
