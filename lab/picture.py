"""One media server as it says itself, and the daemon's word on the same facts: for comparing the two at the same moment.

A fact has an identity (which callers, which channels, each seat's state) and a value (the number the daemon shows). Only a fact
whose identity was the same before and after the daemon was read is judged: a number may return to what it was by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lab.ami import Ami, Message

Key = tuple[str, str]
"""Kind of fact, and of what."""
_ON_THE_PHONE = {"2", "3", "7", "8"}
_TRUNK = "PJSIP/edge-"


@dataclass(frozen=True, slots=True)
class Fact:
    """What must not have changed meanwhile, and what the daemon should say."""

    identity: Hashable
    value: Any


@dataclass(frozen=True, slots=True)
class Member:
    """A seat's place in a queue, as QueueStatus has it."""

    queue: str
    seat: str
    status: str
    in_call: bool
    paused: bool
    reason: str
    penalty: int
    dynamic: bool


@dataclass(frozen=True, slots=True)
class NodePicture:
    """One media server's own lists, taken right after each other."""

    waiting: frozenset[tuple[str, str]]
    """(queue, channel)"""
    queues: frozenset[str]
    members: frozenset[Member]
    channels: frozenset[tuple[str, str, str, str]]
    """(channel, call, bridge, state); the call is its token, or its linkedid when it has none."""
    parked: frozenset[str]
    """Channels."""


def look(ami: Ami) -> NodePicture:
    """Ask for all lists."""
    rows = ami.list("QueueStatus", "QueueStatusComplete")
    channels = ami.list("CoreShowChannels", "CoreShowChannelsComplete")
    lots = ami.list("ParkedCalls", "ParkedCallsComplete")
    return NodePicture(
        frozenset((row["Queue"], row["Uniqueid"]) for row in rows if row["Event"] == "QueueEntry"),
        frozenset(row["Queue"] for row in rows if row["Event"] == "QueueParams"),
        frozenset(_member(row) for row in rows if row["Event"] == "QueueMember"),
        frozenset(_channels(channels)),
        frozenset(row["ParkeeChannel"] for row in lots),
    )


def _member(row: Message) -> Member:
    return Member(
        row["Queue"],
        row["Location"].partition("/")[2],
        row["Status"],
        row["InCall"] == "1",
        row["Paused"] == "1",
        row.get("PausedReason", ""),
        int(row["Penalty"]),
        row["Membership"] == "dynamic",
    )


def _channels(rows: Iterable[Message]) -> Iterable[tuple[str, str, str, str]]:
    rows = list(rows)
    tokens = {row["Linkedid"]: token for row in rows if (token := row.get("ChanVariable", "").removeprefix("CTI_CALL="))}
    for row in rows:
        yield row["Channel"], tokens.get(row["Linkedid"], row["Linkedid"]), row["BridgeId"], row["ChannelStateDesc"]


def facts(seen: NodePicture, others: Sequence[NodePicture] = ()) -> dict[Key, Fact]:
    """Return what the daemon should say of this node while it serves. A seat's telephone may ring for another server (`others`),
    too: then that is what the seat does."""
    found: dict[Key, Fact] = {}
    rows = _by_seat(seen)
    elsewhere = [_by_seat(other) for other in others]
    for seat, mine in rows.items():
        theirs = [there[seat] for there in elsewhere if seat in there]
        phases = [_phase(mine), *map(_phase, theirs)]
        busy = next((phase for phase in phases if phase in {"in_call", "ringing"}), phases[0])
        found["seat", seat] = Fact(
            frozenset([*mine, *(("elsewhere", row) for there in theirs for row in there)]), (busy, memberships(mine))
        )
    for queue in seen.queues:
        waiting = frozenset(channel for name, channel in seen.waiting if name == queue)
        found["waiting", queue] = Fact(waiting, len(waiting))
        members = frozenset(member for member in seen.members if member.queue == queue)
        # A seat's phone is one, whichever queue's row shows it.
        whole = frozenset(row for member in members for row in rows[member.seat])
        found["seats", queue] = Fact(whole, dict(Counter(_state(member, rows[member.seat]) for member in members)))
    calls = frozenset(call for _, call, _, _ in seen.channels)
    found["calls", "all"] = Fact(calls, len(calls))
    lots = {bridge for name, _, bridge, _ in seen.channels if name in seen.parked}  # two who are parked do not talk to each other
    sizes = Counter(bridge for _, _, bridge, _ in seen.channels if bridge and bridge not in lots)
    with_caller = frozenset(call for name, call, _, _ in seen.channels if name.startswith(_TRUNK))
    # Where the caller has gone, and his seat still asks a colleague, the call is these two.
    connected = frozenset(
        call for name, call, bridge, _ in seen.channels if sizes[bridge] == 2 and (name.startswith(_TRUNK) or call not in with_caller)
    )
    found["calls", "connected"] = Fact(connected, len(connected))
    found["calls", "parked"] = Fact(seen.parked, len(seen.parked))
    return found


def _by_seat(seen: NodePicture) -> dict[str, list[Member]]:
    rows: dict[str, list[Member]] = {}
    for member in seen.members:
        rows.setdefault(member.seat, []).append(member)
    return rows


Membership = tuple[str, int, bool, str, bool]


def memberships(rows: Iterable[Member]) -> tuple[Membership, ...]:
    """Return queue, penalty, pause, reason and whether it is dynamic, for each place of a seat. Only a pause has a reason."""
    return tuple(sorted((m.queue, m.penalty, m.paused, m.reason if m.paused else "", m.dynamic) for m in rows))


def _phase(rows: list[Member]) -> str:
    """The seat's state in one word: paused when every one of its queues has paused it."""
    return _state(min(rows, key=lambda row: row.paused), rows)


def _state(member: Member, rows: list[Member]) -> str:
    """In one word, the worst that any row says of the phone first."""
    statuses = {row.status for row in rows}
    if statuses & {"4", "5"}:
        return "unreachable"
    if statuses & _ON_THE_PHONE or any(row.in_call for row in rows):
        return "in_call"
    if "6" in statuses:
        return "ringing"
    if "0" in statuses:
        return "unknown"
    return "paused" if member.paused else "available"


def told(status: dict[str, Any], node: str) -> dict[Key, Any]:
    """Return the daemon's word on the same facts, from its /status; None where it says that it does not know."""
    found: dict[Key, Any] = {}
    for queue in status.get("queues", []):
        if queue["node"] != node:
            continue
        found["waiting", queue["queue"]] = queue["waiting"]
        seats = queue["seats"]
        found["seats", queue["queue"]] = None if seats is None else {state: n for state, n in seats.items() if n}
    for seat in status.get("seats", []):
        if seat["node"] == node:
            places = [(p["queue"], p["penalty"], p["paused"], p["reason"] if p["paused"] else "", p["dynamic"]) for p in seat["queues"]]
            found["seat", seat["seat"]] = None if seat["state"] == "unknown" else (seat["state"], tuple(sorted(places)))
    calls = {row["state"]: row["count"] for row in status.get("calls", []) if row["node"] == node}
    found["calls", "all"] = sum(calls.values()) if calls else None
    found["calls", "connected"] = calls["talking"] + calls["held"] if calls else None
    found["calls", "parked"] = calls["parked"] if calls else None
    return found
