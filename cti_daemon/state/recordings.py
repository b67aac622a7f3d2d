"""Which callers are recorded, piece by piece, on whichever server: the pieces of one caller are linked by his call's token.

A piece ends with the channel that is recorded, of which no event of its own tells: it is seen by looking."""

from collections import Counter
from dataclasses import dataclass, field

from cti_daemon.model.ids import CallToken, NodeName, Uniqueid
from cti_daemon.model.reasons import CallState, LegState
from cti_daemon.model.recording import RecordingChanged
from cti_daemon.state.legs import Leg
from cti_daemon.state.site import Site


@dataclass(slots=True)
class Track:
    """One caller. `node`, `talking_at`: the seat that talks to him, as far as we have seen it begin."""

    node: NodeName | None = None
    talking_at: float = float("inf")
    pieces: int = 0
    running: set[tuple[NodeName, Uniqueid]] = field(default_factory=set)
    cut: tuple[NodeName, float] | None = None
    """Where his recording was cut, and when."""

    def is_recorded_on(self, node: NodeName) -> bool:
        return any(where == node for where, _ in self.running)


@dataclass(frozen=True, slots=True)
class Gap:
    """A recording that was cut goes on elsewhere, `seconds` later."""

    token: CallToken
    piece: int
    before: NodeName
    after: NodeName
    seconds: float


class Recordings:
    def __init__(self, site: Site) -> None:
        self._site = site
        self.tracks: dict[CallToken, Track] = {}

    def talk(self, token: CallToken, node: NodeName, at: float) -> None:
        track = self.tracks.setdefault(token, Track())
        track.node, track.talking_at = node, at

    def change(self, event: RecordingChanged, at: float) -> Gap | None:
        """None: no gap has ended. What is not a caller's call is not watched."""
        if event.token is None:
            return None
        track = self.tracks.setdefault(event.token, Track())
        key = (event.node, event.uniqueid)
        if not event.is_on:
            track.running.discard(key)
            return None
        if key in track.running:
            return None
        track.running.add(key)
        track.pieces += 1
        if track.cut is None or track.cut[0] == event.node:
            return None
        (before, cut_at), track.cut = track.cut, None
        return Gap(event.token, track.pieces, before, event.node, max(at - cut_at, 0.0))

    def cut(self, token: CallToken, node: NodeName, at: float) -> None:
        """What this server recorded of him ended at that instant, if it did."""
        track = self.tracks.get(token)
        if track is None or not track.is_recorded_on(node):
            return
        track.running = {key for key in track.running if key[0] != node}
        if track.cut is None:
            track.cut = (node, at)

    def sweep(self) -> None:
        """Forget callers who are gone, and channels that are."""
        for token in [token for token in self.tracks if self._site.legs.of_token(token) is None and not self._lives(token)]:
            del self.tracks[token]
        for track in self.tracks.values():
            track.running = {key for key in track.running if self._site.calls.channel(*key) is not None}

    def missing(self, at: float, within_seconds: float) -> list[tuple[CallToken, Track]]:
        """Who talks to a seat for longer than that without a recording."""
        return [
            (token, track)
            for token, track in self.tracks.items()
            if (leg := self._talking(token, track)) is not None
            and at - track.talking_at > within_seconds
            and not track.is_recorded_on(leg.node)
        ]

    def recorded(self) -> Counter[NodeName]:
        found: Counter[NodeName] = Counter()
        for token, track in self.tracks.items():
            leg = self._talking(token, track)
            if leg is not None and track.is_recorded_on(leg.node):
                found[leg.node] += 1
        return found

    def _talking(self, token: CallToken, track: Track) -> Leg | None:
        """His leg, while a seat talks to him on the node where we saw it begin. Who is parked, or asked for a grade, is with nobody."""
        leg = self._site.legs.of_token(token)
        if leg is None or leg.state is not LegState.TALKING or leg.node != track.node:
            return None
        return leg if self._site.calls.state_on(leg.node, token) is CallState.TALKING else None

    def _lives(self, token: CallToken) -> bool:
        """Its server may have been quicker than the edge."""
        return self._site.calls.of_token(token) is not None
