"""What of the queues' figures must outlive us, as plain data and back: counters, windows, the books against the nodes, and those
who wait (a node forgets what a caller waited elsewhere)."""

from collections.abc import Mapping
from typing import Any

from cti_daemon.model.ids import CallToken, NodeName, QueueName, Uniqueid
from cti_daemon.state.queues import Queues
from cti_daemon.state.stay import Stage, Stay

VERSION = 1
UNREADABLE = (KeyError, ValueError, TypeError, AttributeError)
"""What `restore` raises for anything but what `to_plain` gave."""
MOST_STAYS = 2000
"""Waiting callers that are kept one by one; more would make the record slow to write, and nobody has so many seats."""


def to_plain(queues: Queues, at: float) -> dict[str, Any]:
    """JSON's own types only."""
    callers = queues.callers
    waiting = [stay for stay in callers.stays() if stay.stage in {Stage.WAITING, Stage.ADRIFT}]
    return {
        "version": VERSION,
        "queues": {name: tally.to_plain(at) for name, tally in queues.tallies.items()},
        "nodes": queues.accounts.to_plain(),
        "stays": [
            [s.node, s.queue, s.uniqueid, s.token, s.stage.value, round(at - s.joined_at, 3), s.waited_before, s.is_counted]
            for s in waiting[:MOST_STAYS]
        ],
    }


def restore(queues: Queues, plain: Mapping[str, Any], aged_seconds: float, at: float) -> None:
    """Go on with what `to_plain` gave `aged_seconds` ago. Raises `UNREADABLE`; then `queues` may hold a part of it and must be
    thrown away."""
    if plain["version"] != VERSION:
        raise ValueError(f"version {plain['version']!r}, where {VERSION} is read")
    for name, tally in plain["queues"].items():
        queues.tally_of(QueueName(str(name))).take_plain(tally, aged_seconds, at)
    queues.accounts.take_plain(plain["nodes"])
    for node, queue, uniqueid, token, stage, joined_seconds, waited_before, is_counted in plain["stays"]:
        joined_at = at - aged_seconds - float(joined_seconds)
        owner = None if token is None else CallToken(str(token))
        stay = Stay(NodeName(str(node)), QueueName(str(queue)), Uniqueid(str(uniqueid)), owner, joined_at)
        stay.stage, stay.waited_before, stay.is_counted = Stage(stage), int(waited_before), bool(is_counted)
        queues.callers.recall(stay)
