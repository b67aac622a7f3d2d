"""The picture of the site as plain values for JSON: one spelling for HTTP, MQTT and the command line. Unknown is null."""

from dataclasses import asdict
from functools import cache
from typing import Any

from cti_daemon.model.reasons import SeatState
from cti_daemon.model.views import DrillView, IncidentView, NodeView, OrderView, QueueView, SeatView, SiteView, WindowView

AGE_STEP_SECONDS = 5.0

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}

SEAT_STATES = tuple(state.value for state in SeatState if state is not SeatState.LOGGED_OUT)
"""Of a seat in a queue: one that is logged out is in none."""


def of_pair(view: SiteView) -> dict[str, Any]:
    """Nothing where there is no second daemon."""
    if view.pair is None:
        return {}
    return {"pair": {"role": "acting" if view.pair.is_acting else "standby", "peer": view.pair.peer}}


def of_site(view: SiteView) -> dict[str, Any]:
    """Mode and routing; the nodes and queues are told apart."""
    return {
        "mode": view.mode.value,
        "routing_mode": view.routing_mode.value,
        "pause": _order(view.pause),
        "withheld": view.withheld,
        "drill": None if view.drill is None else _drill(view.drill),
        "serving": view.serving,
        "diverted_from": view.diverted_from,
        "route": list(view.route),
        "epoch": view.epoch,
        "reason": view.reason.value,
        "cause": view.cause.value,
        "since_seconds": _age(view.since_seconds),
        "failover_in_progress": view.failover_in_progress,
        "legs_to_rescue": view.legs_to_rescue,
    }


def of_node(node: NodeView) -> dict[str, Any]:
    return {
        "node": node.name,
        "role": node.role.value,
        "state": node.state.value,
        "verdict": node.verdict.value,
        "since_seconds": _age(node.since_seconds),
        "proven": node.proven,
        "maintenance": _order(node.maintenance),
        "degraded_paths": list(node.degraded_paths),
        "evidence": {e.evidence: {"condition": e.condition.value, "age_seconds": _age(e.age_seconds)} for e in node.evidence},
        "callers": {state.value: count for state, count in node.legs.items()},
    }


def _drill(drill: DrillView) -> dict[str, Any]:
    facts = {"id": drill.id, "drill": drill.planned, "kind": drill.kind, "plan": drill.plan}
    facts |= {"target": drill.target or "", "user": drill.user, "reason": drill.reason}
    shown = {"calls": drill.calls, "answered": drill.answered, "seats": list(drill.seats), "seat_calls": dict(drill.seat_calls)}
    return {**facts, "text": _words(drill), "ends_in_seconds": _age(drill.ends_in_seconds), **shown}


def _words(drill: DrillView) -> str:
    """What it does, and what it has shown so far."""
    told = [f"the plan {drill.plan} ({drill.id})"] if drill.plan else []
    if drill.seat_calls:
        answered = sum(result == "answered" for result in drill.seat_calls.values())
        told.append(f"{answered} of {len(drill.seat_calls)} seats have answered a test call")
    if drill.target is not None:
        told.append(f"test calls go to {drill.target}, {drill.answered} of {drill.calls} answered")
    return "; ".join(told)


def _order(order: OrderView | None) -> dict[str, Any] | None:
    if order is None:
        return None
    return {"user": order.user, "reason": order.reason, "ends_in_seconds": _age(order.ends_in_seconds)}


def of_queue(queue: QueueView) -> dict[str, Any]:
    """Counts are since they began; the windows are the last so many minutes. All of it is null while it is not known."""
    kpi = queue.kpi
    shortest = min(kpi.windows, key=lambda w: w.seconds, default=None) if kpi else None
    return {
        "queue": queue.name,
        "node": queue.node,
        "waiting": queue.waiting,
        "longest_wait_seconds": _age(queue.longest_wait_seconds),
        "seats": seats_by_state(queue),
        "offered": kpi.offered if kpi else None,
        "answered": kpi.outcomes.get("answered", 0) if kpi else None,
        "abandoned": kpi.outcomes.get("abandoned", 0) if kpi else None,
        "outcomes": dict(kpi.outcomes) if kpi else None,
        "unseen": dict(kpi.unseen) if kpi else None,
        "service_level": _ratios(shortest.service_level) if shortest else None,
        "windows": {window_name(w.seconds): of_window(w) for w in kpi.windows} if kpi else None,
    }


def of_unknown_queue(name: str) -> dict[str, Any]:
    """A queue that is in the picture no more: whoever reads must not take its last look for now."""
    counted = ("offered", "answered", "abandoned", "outcomes", "unseen", "service_level", "windows")
    return {"queue": name, **dict.fromkeys(("node", "waiting", "longest_wait_seconds", "seats", *counted))}


def of_window(window: WindowView) -> dict[str, Any]:
    return {
        "offered": window.offered,
        "outcomes": dict(window.outcomes),
        "answered_in_time": window.answered_in_time,
        "service_level": _ratios(window.service_level),
        "asa_seconds": _age(window.asa_seconds),
        "abandonment_ratio": _ratio(window.abandonment_ratio),
        "connect_ratio": _ratio(window.connect_ratio),
        "occupancy_ratio": _ratio(window.occupancy_ratio),
    }


def of_seat(seat: SeatView, drawn_at: float) -> dict[str, Any]:
    """`drawn_at`: the picture's instant. `logged_in`: a member of any queue. `paused`: in every queue it is in; where and why is told
    of each queue."""
    known = seat.state != "unknown"
    paused = [m for m in seat.memberships if m.paused]
    return {
        "seat": seat.seat,
        "node": seat.node,
        "state": seat.state,
        "since_seconds": None if seat.since_at is None else _age(drawn_at - seat.since_at),
        "logged_in": bool(seat.memberships) if known or seat.memberships else None,
        "paused": len(paused) == len(seat.memberships) if seat.memberships else None,
        "reason": next((m.reason for m in paused if m.reason), ""),
        "queues": [
            {"queue": m.queue, "penalty": m.penalty, "paused": m.paused, "reason": m.reason, "dynamic": m.is_dynamic}
            for m in seat.memberships
        ],
    }


def of_gone_seat(name: str, *, is_seen: bool) -> dict[str, Any]:
    """A seat that is in no queue any more; `is_seen` False: no seat at all is seen, so nothing is known of this one either."""
    state, logged_in = (SeatState.LOGGED_OUT.value, False) if is_seen else (SeatState.UNKNOWN.value, None)
    return {
        "seat": name,
        "node": None,
        "state": state,
        "since_seconds": None,
        "logged_in": logged_in,
        "paused": None,
        "reason": "",
        "queues": [],
    }


def of_everything(view: SiteView) -> dict[str, Any]:
    """What `/status` shows, without the seats: there may be thousands."""
    return {
        **of_site(view),
        **of_pair(view),
        "nodes": [of_node(n) for n in view.nodes],
        "queues": [of_queue(q) for q in view.queues],
        "calls": [{"node": node, "state": state, "count": count} for (node, state), count in view.calls.items()],
        "mirror_difference": dict(view.mirror_difference),
        "counters": {
            name: [{"labels": list(labels), "count": count} for labels, count in sorted(counts.items())]
            for name, counts in sorted(view.counters.items())
        },
        **({} if view.incidents is None else {"incidents": [of_incident(incident) for incident in view.incidents]}),
    }


def of_incident(incident: IncidentView) -> dict[str, Any]:
    """`clocks`: what waits for a person, and for how long yet; below 0 it is overdue."""
    plain = asdict(incident)
    clocks = [{**asdict(clock), "due_in_seconds": _age(clock.due_in_seconds), "options": list(clock.options)} for clock in incident.clocks]
    words = {"state": incident.state.value, "grade": incident.grade.value, "told": list(incident.told), "clocks": clocks}
    return plain | words | {"since_seconds": _age(incident.since_seconds)}


def seats_by_state(queue: QueueView) -> dict[str, int] | None:
    """Number of seats in each state; None when the queue itself is unknown."""
    if queue.waiting is None and not queue.seats:
        return None
    counts = dict.fromkeys(SEAT_STATES, 0)
    for seat in queue.seats:
        counts[seat.state] = counts.get(seat.state, 0) + 1
    return counts


@cache
def window_name(seconds: float) -> str:
    """A window as people and labels call it: `15m`, `1h`, `1d`."""
    return next(f"{seconds / size:g}{unit}" for unit, size in _UNITS.items() if (seconds >= size and seconds % size == 0) or size == 1)


def window_seconds(name: str) -> float:
    """The other way round."""
    return float(name[:-1]) * _UNITS[name[-1]]


def without_ages(value: Any) -> Any:
    """What is compared to see whether a retained state has changed: time that passes is not a change. A wait is one, in steps of
    AGE_STEP_SECONDS."""
    if isinstance(value, dict):
        kept = {k: without_ages(v) for k, v in value.items() if k not in {"since_seconds", "age_seconds", "ends_in_seconds", "since"}}
        wait = kept.get("longest_wait_seconds")
        if wait is not None:
            kept["longest_wait_seconds"] = wait // AGE_STEP_SECONDS
        return kept
    if isinstance(value, list):
        return [without_ages(v) for v in value]
    return value


def _age(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _ratio(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 4)


def _ratios(ratios: dict[str, float | None]) -> dict[str, float | None]:
    return {name: _ratio(ratio) for name, ratio in ratios.items()}
