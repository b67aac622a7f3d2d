"""A drill that is in force: test calls go another way, real calls do not. It ends by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cti_daemon.model.ids import CallToken, NodeName, SeatName
from cti_daemon.model.records import StandingDrill

MOST_CALLS = 1000
"""Test calls that are told apart; what comes after them is counted no more."""


@dataclass(slots=True)
class Drill:
    """`calls` and `answered` count test calls that were sent to `target`; `seats` are those that answered one."""

    kind: str
    target: NodeName
    user: str
    reason: str
    since_at: float
    until_at: float
    calls: int = 0
    answered: int = 0
    seats: set[SeatName] = field(default_factory=set)
    _under_way: dict[CallToken, bool] = field(default_factory=dict)
    """Test calls of this life of ours: has a seat answered?"""

    _early: dict[CallToken, SeatName] = field(default_factory=dict)
    """Answered before the edge said that it is a test call: events of two nodes arrive in no order."""

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
        """For the journal."""
        return {
            "kind": self.kind,
            "target": self.target,
            "user": self.user,
            "reason": self.reason,
            "ran_seconds": round(now - self.since_at, 3),
            "left_seconds": round(self.left_seconds(now), 3),
            "calls": self.calls,
            "answered": self.answered,
            "seats": sorted(self.seats),
        }


def restored(drill: StandingDrill | None, targets: Mapping[NodeName, object], at: float) -> Drill | None:
    """`targets`: the nodes of the site; a drill towards one that is gone is over."""
    if drill is None or drill.target not in targets:
        return None
    since_at, until_at = at - drill.ran_seconds, at + drill.left_seconds
    found = Drill(drill.kind, drill.target, drill.user, drill.reason, since_at, until_at, drill.calls, drill.answered)
    found.seats.update(drill.seats)
    return found
