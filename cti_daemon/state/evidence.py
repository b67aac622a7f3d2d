"""Signs of life of every node, each with the instant it was last good.

Silence is measured from the last sign of life or from the start of watching. The time in which we ourselves did not run does not
count: a stalled observer convicts nobody, and acquits nobody either."""

from dataclasses import dataclass, field

from cti_daemon.model.events import EdgeSaw, LinkAlive, LinkLost, LinkUp, SipAlive, SipRefused
from cti_daemon.model.ids import PATHS, NodeName, PathName
from cti_daemon.model.reasons import Condition, Loss

NEVER = float("-inf")

EvidenceEvent = LinkUp | LinkLost | LinkAlive | SipAlive | SipRefused | EdgeSaw


@dataclass(slots=True)
class Signal:
    """One kind of evidence on one control network."""

    watched_at: float
    good_at: float = NEVER
    refused_at: float = NEVER

    @property
    def silent_from(self) -> float:
        """The instant from which its silence counts."""
        return max(self.watched_at, self.good_at)

    def condition(self, now: float, late_after: float, lost_after: float) -> Condition:
        if self.refused_at > self.good_at:
            return Condition.REFUSED
        quiet = now - self.silent_from
        if quiet > lost_after:
            return Condition.LOST
        if quiet > late_after:
            return Condition.LATE
        return Condition.OK if self.good_at > NEVER else Condition.UNKNOWN

    def forgive(self, stalled_seconds: float, at: float, late_after: float, answer_seconds: float) -> None:
        """Take a stall of ours out of the silence. A signal that was not late before it has `answer_seconds` left, time for a
        question and an answer, before it can be late."""
        quiet = max(at - stalled_seconds - max(self.good_at, self.watched_at), 0.0)
        left = quiet if quiet > late_after else min(quiet, late_after - answer_seconds)
        self.watched_at = max(self.watched_at, at - left)

    def age(self, now: float) -> float | None:
        return now - self.good_at if self.good_at > NEVER else None


@dataclass(slots=True)
class EdgeWord:
    """What one edge said, when asked, about its contact for the node on one control network."""

    heard_at: float = NEVER
    silent_at: float = NEVER
    silent_since_at: float = NEVER

    def hear(self, at: float) -> None:
        self.heard_at = at

    def miss(self, at: float) -> None:
        if self.silent_at <= self.heard_at:
            self.silent_since_at = at
        self.silent_at = at

    @property
    def is_silent(self) -> bool:
        return self.silent_at > self.heard_at


@dataclass(slots=True)
class NodeEvidence:
    watched_at: float
    links: dict[PathName, Signal] = field(init=False)
    sip: dict[PathName, Signal] = field(init=False)
    edges: dict[tuple[NodeName, PathName], EdgeWord] = field(default_factory=dict)
    connected: set[PathName] = field(default_factory=set)
    _signals: tuple[Signal, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.links = {path: Signal(self.watched_at) for path in PATHS}
        self.sip = {path: Signal(self.watched_at) for path in PATHS}
        self._signals = (*self.links.values(), *self.sip.values())

    @property
    def sign_at(self) -> float:
        """The newest sign of life on any path."""
        return max([signal.good_at for signal in self._signals])

    @property
    def silent_from(self) -> float:
        """The instant from which the whole node's silence counts."""
        return max([signal.silent_from for signal in self._signals])

    def apply(self, event: EvidenceEvent, at: float) -> None:
        match event:
            case LinkAlive(path=path):
                self.links[path].good_at = at
            case SipAlive(path=path):
                self.sip[path].good_at = at
            case SipRefused(path=path):
                self.sip[path].refused_at = at
            case LinkUp(path=path):
                self.links[path].good_at = at
                self.connected.add(path)
            case LinkLost(path=path, how=how):
                self.connected.discard(path)
                if how is Loss.REFUSED:
                    self.links[path].refused_at = at
            case EdgeSaw(edge=edge, path=path, heard=heard):
                word = self.edges.setdefault((edge, path), EdgeWord())
                if heard:
                    word.hear(at)
                else:
                    word.miss(at)

    def forgive(self, stalled_seconds: float, at: float, late_after: float, answer_seconds: float) -> None:
        """We did not listen for a while: that time counts against nobody, in nobody's ears."""
        for signal in self._signals:
            signal.forgive(stalled_seconds, at, late_after, answer_seconds)
        for word in self.edges.values():
            word.silent_since_at += stalled_seconds

    def edge_condition(self, now: float, fresh_from: float, forget_after: float) -> Condition:
        """The edges' word, as far as it was given at or after `fresh_from`: OK when any edge heard the node on any path,
        LOST when all that was heard is silence, otherwise nobody knows."""
        since = max(fresh_from, now - forget_after)
        words = [w for w in self.edges.values() if max(w.heard_at, w.silent_at) >= since]
        if any(not w.is_silent for w in words):
            return Condition.OK
        return Condition.LOST if words else Condition.UNKNOWN

    @property
    def is_unheard(self) -> bool:
        """No edge that was asked hears this node on any path."""
        return bool(self.edges) and all(w.is_silent for w in self.edges.values())

    def edge_silent_seconds(self, now: float) -> float:
        """For how long every asked path of every edge has been silent; 0 when one was heard last."""
        if not self.is_unheard:
            return 0.0
        return now - max(w.silent_since_at for w in self.edges.values())
