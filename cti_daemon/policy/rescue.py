"""Which callers move?

A rescue of calls that are in fact alive would cut conversations, so:
1. A leg is an *orphan* when its half on a condemned node is gone. Where the process died it stays one until it is sent
   elsewhere, also when the node itself is back: its new life knows nothing of the old calls.
2. Where the media plane may live (HUNG, EDGE_CANNOT_REACH, or audio that still arrives), a caller who is or may be talking
   is an orphan only when the edge no longer receives audio for that very leg. EDGE_CANNOT_REACH, and silence on every control path
   while audio arrives, move nobody whom the node has answered before his audio ends: its queue and its seats go on.
3. A divert moves only callers whom the suspected node has not answered yet; a person's `failover` or `emergency-on`, and a seat
   system that is out, only callers who are surely not talking. Every other way moves nobody: they drain.
4. A leg that was sent to a condemned node knowingly, in the present epoch and after the verdict, is the dialplan's last try and
   is left to it.
5. A Redirect is not repeated while its fate is open (`Leg.redirected_at`): a second one would throw a rescued caller out of the
   standby. When the answer was lost, the edge is asked first, and where the media plane may live the caller is listened to anew."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cti_daemon.model.reasons import LegState, Verdict
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.health import Health
from cti_daemon.policy.modes import TAKES_WAITING_ALONG
from cti_daemon.policy.table import MEDIA_MAY_LIVE
from cti_daemon.state.legs import NEVER, Leg, LegKey

SAMPLE_SIZE = 16
"""Legs asked for audio on suspicion: enough to see a living media plane, few enough to cost the edge a millisecond."""

HEAR_AGAIN_SECONDS = 3.0


@dataclass(slots=True)
class Audio:
    """The last word about arriving audio, per leg of one node, since it came under suspicion."""

    moving: set[LegKey] = field(default_factory=set)
    still: set[LegKey] = field(default_factory=set)
    asked_at: dict[LegKey, float] = field(default_factory=dict)
    """When the question was put that the last word answers."""

    def learn(self, moving: Iterable[LegKey], still: Iterable[LegKey], asked_at: float) -> None:
        for key in moving:
            self.moving.add(key)
            self.still.discard(key)
            self.asked_at[key] = asked_at
        for key in still:
            self.still.add(key)
            self.moving.discard(key)
            self.asked_at[key] = asked_at


def is_orphan(leg: Leg, health: Health, audio: Audio, routing: Routing) -> bool:
    """Is this leg's half on its node gone, or (rule 3) not worth waiting for?"""
    if leg.is_orphan:
        return True
    is_old = leg.epoch < routing.epoch
    if health.is_condemned:
        if leg.since_at > health.since_at and not is_old:
            return False
        if _may_be_heard(leg, health, audio):
            return leg.key in audio.still
        return True
    if leg.node == routing.diverted_from:
        return is_old and leg.state is LegState.RINGING
    if routing.reason in TAKES_WAITING_ALONG and leg.node != routing.serving:
        return is_old and not leg.may_be_talking
    return False


def _may_be_heard(leg: Leg, health: Health, audio: Audio) -> bool:
    if health.verdict is Verdict.EDGE_CANNOT_REACH:
        return leg.state is not LegState.RINGING
    if not may_media_live(health, audio):
        return False
    # No control, yet audio: its queue and its seats go on, and what they did since is not known.
    return leg.may_be_talking or (health.verdict is Verdict.DEAD_SILENT and leg.state is not LegState.RINGING)


def may_media_live(health: Health, audio: Audio) -> bool:
    if health.verdict is Verdict.DEAD:
        return False
    return health.verdict in MEDIA_MAY_LIVE or bool(audio.moving)


def must_be_heard_again(leg: Leg, health: Health, audio: Audio, at: float) -> bool:
    """He was ordered away, and is still there: what was heard before that order is no reason to repeat it (seed 4628). An edge that does
    not say is not waited for longer than HEAR_AGAIN_SECONDS."""
    if leg.is_orphan or leg.state is LegState.RINGING or not health.is_condemned or health.verdict is Verdict.DEAD:
        return False
    return at < leg.last_redirect_at + HEAR_AGAIN_SECONDS and audio.asked_at.get(leg.key, NEVER) <= leg.last_redirect_at


def sample(legs: Iterable[Leg], limit: int | None) -> tuple[Leg, ...]:
    """Answered legs to listen to, at most `limit` (None: all); those who talk first, then the longest calls, since they
    surely had audio."""
    answered = (leg for leg in legs if leg.state is not LegState.RINGING)
    return tuple(sorted(answered, key=lambda leg: (not leg.may_be_talking, leg.since_at))[:limit])


def order(legs: Iterable[Leg]) -> list[Leg]:
    """Ringing first: they are few, nothing has been heard by them yet, and behind a hundred others they would wait for
    half a second. Then those who talk, then those who wait (an announcement holds them). Each by age. Who is served first
    on the standby is not decided here but by QUEUE_PRIO: order of sending is not order of arrival."""
    rank = {LegState.RINGING: 0, LegState.TALKING: 1, LegState.WAITING: 2}
    return sorted(legs, key=lambda leg: (rank[leg.state], leg.since_at))
