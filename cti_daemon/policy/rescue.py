"""Which callers move?

A rescue of calls that are in fact alive would cut conversations, so:
1. Legs on a condemned node move. A divert moves only callers whom the suspected node has not answered yet; a person's
   command only callers who are not talking.
2. Where the media plane may live (HUNG, EDGE_CANNOT_REACH, or audio that still arrives), a caller who is talking moves
   only when the edge no longer receives audio for that very leg.
3. A leg is redirected at most once an epoch: a second Redirect would throw a rescued caller out of the standby. When
   the answer was lost, the edge is asked first (`Leg.rescue_is_certain`)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cti_daemon.model.reasons import LegState, Reason, Verdict
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.health import Health
from cti_daemon.policy.table import MEDIA_MAY_LIVE
from cti_daemon.state.legs import Leg, LegKey

SAMPLE_SIZE = 16
"""Legs asked for audio on suspicion: enough to see a living media plane, few enough to cost the edge a millisecond."""


@dataclass(slots=True)
class Audio:
    """The last word about arriving audio, per leg of one node, since it came under suspicion."""

    moving: set[LegKey] = field(default_factory=set)
    still: set[LegKey] = field(default_factory=set)

    def learn(self, moving: Iterable[LegKey], still: Iterable[LegKey]) -> None:
        for key in moving:
            self.moving.add(key)
            self.still.discard(key)
        for key in still:
            self.still.add(key)
            self.moving.discard(key)


def needs_rescue(leg: Leg, health: Health, audio: Audio, routing: Routing) -> bool:
    """Must this leg be redirected now?"""
    if not may_redirect(leg, routing.epoch):
        return False
    if health.is_condemned:
        if leg.state is LegState.TALKING and may_media_live(health, audio):
            return leg.key in audio.still
        return True
    if leg.node == routing.diverted_from:
        return leg.state is LegState.RINGING
    if routing.reason is Reason.COMMAND and leg.node != routing.serving:
        return leg.state is not LegState.TALKING
    return False


def may_media_live(health: Health, audio: Audio) -> bool:
    if health.verdict is Verdict.DEAD:
        return False
    return health.verdict in MEDIA_MAY_LIVE or bool(audio.moving)


def may_redirect(leg: Leg, epoch: int) -> bool:
    """Chosen before this epoch, and not yet redirected in it."""
    return leg.epoch < epoch and leg.rescue_epoch < epoch


def sample(legs: Iterable[Leg], limit: int | None) -> tuple[Leg, ...]:
    """Talking legs to listen to, at most `limit` (None: all); the longest calls first, since they surely had audio."""
    talking = sorted((leg for leg in legs if leg.state is LegState.TALKING), key=lambda leg: leg.since_at)
    return tuple(talking[:limit])


def order(legs: Iterable[Leg]) -> list[Leg]:
    """Ringing first: they are few, nothing has been heard by them yet, and behind a hundred others they would wait for
    half a second. Then those who talk, then those who wait (an announcement holds them). Each by age. Who is served first
    on the standby is not decided here but by QUEUE_PRIO: order of sending is not order of arrival."""
    rank = {LegState.RINGING: 0, LegState.TALKING: 1, LegState.WAITING: 2}
    return sorted(legs, key=lambda leg: (rank[leg.state], leg.since_at))
