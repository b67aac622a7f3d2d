"""A drill that is in force: test calls go another way, real calls do not. It ends by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cti_daemon.model.drills import DrillKind
from cti_daemon.model.ids import CallToken, NodeName, SeatName
from cti_daemon.state.seat_call import SeatCall, seat_call_from

MOST_CALLS = 1000
"""Test calls that are told apart; what comes after them is counted no more."""


@dataclass(slots=True)
class Participant:
    """A role that was told of it. `is_told` None: not known yet."""

    role: str
    people: tuple[str, ...] = ()
    is_told: bool | None = None

    def as_data(self) -> dict[str, Any]:
        return {"role": self.role, "people": list(self.people), "told": self.is_told}


@dataclass(slots=True)
class Drill:
    """`calls` and `answered` count test calls that were sent to `target`; `seats` are those that answered one. `target` None: test calls go
    the way of real calls (a plan's drill that has not sent them elsewhere)."""

    kind: DrillKind
    id: str
    target: NodeName | None
    user: str
    reason: str
    since_at: float
    until_at: float
    planned: str = ""
    """The name of its `[[drill]]`; empty: begun without one."""
    plan: str = ""
    version: str = ""
    most_calls: int | None = None
    """So many callers may be on the line; None: as many as will."""
    ring_seconds: float = 0.0
    together: int = 1
    participants: dict[str, Participant] = field(default_factory=dict)
    seat_calls: dict[SeatName, SeatCall] = field(default_factory=dict)
    live_calls: int = 0
    """The most callers that were seen on the line."""
    calls: int = 0
    answered: int = 0
    seats: set[SeatName] = field(default_factory=set)
    _under_way: dict[CallToken, bool] = field(default_factory=dict)
    """Test calls of this life of ours: has a seat answered?"""

    _early: dict[CallToken, SeatName] = field(default_factory=dict)
    """Answered before the edge said that it is a test call: events of two nodes arrive in no order."""

    @property
    def what(self) -> str:
        return self.plan or self.kind.value

    def left_seconds(self, now: float) -> float:
        return max(self.until_at - now, 0.0)

    def call(self, token: CallToken, node: NodeName) -> SeatName | None:
        """A test call is sent to `node`. The seat, where one has answered it already."""
        if node != self.target or token in self._under_way or len(self._under_way) >= MOST_CALLS:
            return None
        self._under_way[token] = False
        self.calls += 1
        seat = self._early.pop(token, None)
        return seat if seat is not None and self.talk(token, node, seat) else None

    def talk(self, token: CallToken, node: NodeName, seat: SeatName) -> bool:
        """A seat of `node` answered this call; False when it is none of ours, or not the first time."""
        if node != self.target or self._under_way.get(token):
            return False
        if token not in self._under_way:
            if len(self._early) < MOST_CALLS:
                self._early[token] = seat
            return False
        self._under_way[token] = True
        self.answered += 1
        self.seats.add(seat)
        return True

    def as_data(self, now: float) -> dict[str, Any]:
        """For the journal: docs/design/plans.md."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "drill": self.planned,
            "plan": self.plan,
            "version": self.version,
            "target": self.target or "",
            "user": self.user,
            "reason": self.reason,
            "ran_seconds": round(now - self.since_at, 3),
            "left_seconds": round(self.left_seconds(now), 3),
            "participants": [one.as_data() for one in self.participants.values()],
            "calls": self.calls,
            "answered": self.answered,
            "seats": sorted(self.seats),
            "seat_calls": [call.as_data() for call in self.seat_calls.values()],
            "live_calls": {"limit": self.most_calls, "most": self.live_calls},
        }

    def to_plain(self, now: float) -> dict[str, Any]:
        """All of it, for the next life of ours."""
        return self.as_data(now) | {
            "ring_seconds": self.ring_seconds,
            "together": self.together,
            "under_way": [call.to_plain(now) for call in self.seat_calls.values()],
        }


def drill_from(plain: Mapping[str, Any], elapsed_seconds: float, at: float) -> Drill:
    """Raises KeyError, TypeError or ValueError for what this version cannot read."""
    written_at = at - elapsed_seconds
    found = Drill(
        kind=DrillKind(plain["kind"]),
        id=str(plain["id"]),
        target=NodeName(str(plain["target"])) if plain["target"] else None,
        user=str(plain["user"]),
        reason=str(plain["reason"]),
        since_at=written_at - float(plain["ran_seconds"]),
        until_at=written_at + float(plain["left_seconds"]),
        planned=str(plain["drill"]),
        plan=str(plain["plan"]),
        version=str(plain["version"]),
        most_calls=None if plain["live_calls"]["limit"] is None else int(plain["live_calls"]["limit"]),
        ring_seconds=float(plain["ring_seconds"]),
        together=int(plain["together"]),
        live_calls=int(plain["live_calls"]["most"]),
        calls=int(plain["calls"]),
        answered=int(plain["answered"]),
    )
    found.seats.update(SeatName(str(seat)) for seat in plain["seats"])
    for one in plain["participants"]:
        told = None if one["told"] is None else bool(one["told"])
        found.participants[str(one["role"])] = Participant(str(one["role"]), tuple(map(str, one["people"])), told)
    for call in plain["under_way"]:
        known = seat_call_from(call, written_at)
        found.seat_calls[known.seat] = known
    return found
