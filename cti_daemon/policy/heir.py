"""The second daemon gets the lease: with what it begins to act, and what it tells its own heir while it does.

If nobody else held the lease since we acted last, our own journal is the last word, and all goes on. Else the other one's journal is,
which is on another machine: of it we have what it hung on its pulse (who serves and why, people's standing orders, the names of its open
incidents). Routes and epochs come from the edges in any case, calls and seats from what we have seen ourselves."""

from collections.abc import Mapping
from typing import Any

from cti_daemon.model.effects import Effect, Record, Report
from cti_daemon.model.lease import LeaseTaken, Origin
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.rooms import Rooms, furnish
from cti_daemon.wire.standing import standing, standing_orders

MOST_REASON = 40
MOST_INCIDENTS = 8


def notes(rooms: Rooms, at: float) -> dict[str, Any]:
    """What our heir should know, the most important first: what is too long for the edge is cut from the end."""
    routing = rooms.routing
    route = {
        "mode": routing.mode.value,
        "serving": routing.serving,
        "epoch": routing.epoch,
        "reason": routing.reason.value,
        "cause": routing.cause.value,
        "diverted_from": routing.diverted_from,
    }
    orders = rooms.book.orders.as_data(at)
    for order in (orders["pause"], *orders["maintenance"].values()):
        if order is not None:
            order["reason"] = order["reason"][:MOST_REASON]
    left = rooms.rerouting.left
    told: dict[str, Any] = {"route": route} | ({"from": left} if left is not None else {}) | {"orders": orders}
    open_incidents = _open_incidents(rooms)
    return told | ({"incidents": open_incidents[:MOST_INCIDENTS]} if open_incidents else {})


def succeed(rooms: Rooms, seen: Routing, taken: LeaseTaken, at: float, out: list[Effect]) -> Rooms:
    """The rooms to act in from now on. `seen`: what the edges hold, where they have said so."""
    if taken.origin is not Origin.OTHER:
        text = f"this daemon acts, term {taken.term}: nobody else did since it acted last"
        out.append(Report("lease", "warning", text, {"term": taken.term, "origin": taken.origin.value}))
        return rooms
    told = taken.notes
    route, left = _table(told.get("route")), told.get("from")
    by_notes = standing(route, {"from": left} if left is not None else None)
    if by_notes is not None and (by_notes.epoch < seen.epoch or by_notes.serving not in rooms.site.servers):
        by_notes = None
    orders = standing_orders(_table(told.get("orders")), taken.notes_age_seconds)
    theirs = [f"{name} of {taken.before}" for name in told.get("incidents") or ()]
    lost = theirs + [f"{name} of our own" for name in _open_incidents(rooms)]
    fresh = furnish(rooms.settings, by_notes, orders, None, at, kept=rooms)
    rooms.rerouting.tell_edges(fresh.rerouting)
    if by_notes is None:
        fresh.routing = seen
    if by_notes is not None and by_notes.open_failover_from in rooms.site.servers:
        fresh.rerouting.reopen(by_notes.open_failover_from, fresh.routing, at)
    if rooms.plans is not None and rooms.settings.plans is not None:
        fresh.plans = rooms.plans.afresh(at, rooms.settings.plans.time_scale)
    out.append(Record("orders", fresh.book.orders.as_data(at)))
    _tell(taken, lost, is_cut=bool(told.get("cut")), out=out)
    return fresh


def _tell(taken: LeaseTaken, lost: list[str], *, is_cut: bool, out: list[Effect]) -> None:
    facts = {"term": taken.term, "origin": taken.origin.value, "before": taken.before or None, "not_carried_on": lost, "is_cut": is_cut}
    out.append(Record("succession", facts))
    before = f"after {taken.before}" if taken.before else "nobody is known to have acted before"
    out.append(Report("lease", "warning", f"this daemon acts, term {taken.term}, {before}", facts))
    if lost or is_cut or not taken.notes:
        what = f"open incidents are not carried on: {', '.join(lost)}" if lost else "not all that it knew is known here"
        text = f"{what}; look into the journal of {taken.before or 'the other daemon'}, and start again or order again what is still needed"
        out.append(Report("alarm", "critical" if lost else "warning", text, facts))


def _open_incidents(rooms: Rooms) -> list[str]:
    return [] if rooms.plans is None else [name for name, incident in rooms.plans.incidents.items() if incident.is_open]


def _table(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None
