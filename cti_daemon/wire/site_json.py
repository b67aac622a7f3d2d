"""The picture of the site as plain values for JSON: one spelling for HTTP, MQTT and the command line. Unknown is null."""

from functools import cache
from typing import Any

from cti_daemon.model.views import NodeView, QueueView, SiteView

AGE_STEP_SECONDS = 5.0

SEAT_STATES = ("available", "ringing", "in_call", "wrap_up", "paused", "unreachable", "unknown")


def of_site(view: SiteView) -> dict[str, Any]:
    """Mode and routing; the nodes and queues are told apart."""
    return {
        "mode": view.mode.value,
        "serving": view.serving,
        "diverted_from": view.diverted_from,
        "route": list(view.route),
        "epoch": view.epoch,
        "reason": view.reason.value,
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
        "degraded_paths": list(node.degraded_paths),
        "evidence": {e.evidence: {"condition": e.condition.value, "age_seconds": _age(e.age_seconds)} for e in node.evidence},
        "callers": {state.value: count for state, count in node.legs.items()},
    }


def of_queue(queue: QueueView) -> dict[str, Any]:
    return {
        "queue": queue.name,
        "node": queue.node,
        "waiting": queue.waiting,
        "longest_wait_seconds": _age(queue.longest_wait_seconds),
        "seats": seats_by_state(queue),
    }


def of_everything(view: SiteView) -> dict[str, Any]:
    """What `/status` shows."""
    return {
        **of_site(view),
        "nodes": [of_node(n) for n in view.nodes],
        "queues": [of_queue(q) | {"seat_states": {s.seat: s.state for s in q.seats}} for q in view.queues],
        "counters": {
            name: [{"labels": list(labels), "count": count} for labels, count in sorted(counts.items())]
            for name, counts in sorted(view.counters.items())
        },
    }


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
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def without_ages(value: Any) -> Any:
    """What is compared to see whether a retained state has changed: time that passes is not a change. A wait is one, in steps of
    AGE_STEP_SECONDS."""
    if isinstance(value, dict):
        kept = {k: without_ages(v) for k, v in value.items() if k not in {"since_seconds", "age_seconds", "since"}}
        wait = kept.get("longest_wait_seconds")
        if wait is not None:
            kept["longest_wait_seconds"] = wait // AGE_STEP_SECONDS
        return kept
    if isinstance(value, list):
        return [without_ages(v) for v in value]
    return value


def _age(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
