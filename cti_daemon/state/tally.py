"""What happened to the callers of one queue, whichever node served it: counters that only grow, and sliding windows."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Any

from cti_daemon.state.window import Column, Windows

WINDOWS_SECONDS = (900.0, 3600.0, 86_400.0)
WAIT_EDGES = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0)
TALK_EDGES = (5.0, 15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)


class QueueOutcome(StrEnum):
    """How a caller's stay in a queue ended. `rescued` is apart: a caller carried over to another node goes on waiting, and his
    end is counted when it comes."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SHORT_ABANDONED = "short_abandoned"
    TIMEOUT = "timeout"
    OVERFLOWED = "overflowed"
    RESCUED = "rescued"


_COLUMNS = {outcome: Column[outcome.name] for outcome in QueueOutcome}


class Histogram:
    """`counts[i]`: values in (edges[i-1], edges[i]]; the last one: above all edges."""

    __slots__ = ("counts", "edges", "sum_seconds")

    def __init__(self, edges: Iterable[float]) -> None:
        self.edges = tuple(sorted(set(edges)))
        self.counts = [0] * (len(self.edges) + 1)
        self.sum_seconds = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.edges, seconds)] += 1
        self.sum_seconds += seconds

    def to_plain(self) -> dict[str, Any]:
        return {"edges": list(self.edges), "counts": list(self.counts), "sum": self.sum_seconds}

    def take_plain(self, plain: Mapping[str, Any]) -> None:
        """Go on with what `to_plain` gave. With other edges than ours (the settings changed) each of its buckets goes where its
        upper edge belongs. Raises KeyError, ValueError, TypeError."""
        edges = [float(edge) for edge in plain["edges"]]
        if any(a >= b for a, b in pairwise(edges)) or len(plain["counts"]) != len(edges) + 1:
            raise ValueError("a histogram of another shape")
        for edge, count in zip([*edges, float("inf")], plain["counts"], strict=True):
            self.counts[bisect_left(self.edges, edge)] += int(count)
        self.sum_seconds += float(plain["sum"])


class Tally:
    """`service_level_seconds`: an answer later than this is not in time. `short_abandon_seconds`: who hangs up no later than this
    never really waited. Waits are the node's own whole seconds, as its queue_log has them."""

    __slots__ = ("abandon", "answer", "offered", "outcomes", "service_level_seconds", "short_abandon_seconds", "talk", "unseen", "windows")

    def __init__(self, service_level_seconds: float, short_abandon_seconds: float, thresholds: Iterable[float] = ()) -> None:
        self.service_level_seconds = service_level_seconds
        self.short_abandon_seconds = short_abandon_seconds
        edges = {*WAIT_EDGES, service_level_seconds, short_abandon_seconds, *thresholds}
        self.offered = 0
        self.outcomes = dict.fromkeys(QueueOutcome, 0)
        self.unseen = dict.fromkeys(QueueOutcome, 0)
        """Of `outcomes`, those that are only known by the node's own counters, after a gap: how long they waited is not known."""
        self.answer = Histogram(edges)
        self.abandon = Histogram(edges)
        self.talk = Histogram(TALK_EDGES)
        self.windows = Windows(WINDOWS_SECONDS)

    def offer(self, at: float, count: int = 1) -> None:
        self.offered += count
        self.windows.add(Column.OFFERED, count, at)

    def answered(self, waited_seconds: float, at: float) -> None:
        self._end(QueueOutcome.ANSWERED, at)
        self.answer.add(waited_seconds)
        self.windows.add(Column.WAITS_KNOWN, 1, at)
        self.windows.add(Column.WAITED_SECONDS, waited_seconds, at)
        if waited_seconds <= self.service_level_seconds:
            self.windows.add(Column.ANSWERED_IN_TIME, 1, at)

    def abandoned(self, waited_seconds: float, at: float) -> None:
        is_short = waited_seconds <= self.short_abandon_seconds
        self._end(QueueOutcome.SHORT_ABANDONED if is_short else QueueOutcome.ABANDONED, at)
        self.abandon.add(waited_seconds)
        if waited_seconds <= self.service_level_seconds:
            self.windows.add(Column.ABANDONED_IN_TIME, 1, at)

    def turned_away(self, outcome: QueueOutcome, at: float) -> None:
        """Timeout or overflow."""
        self._end(outcome, at)

    def rescued(self, at: float) -> None:
        self._end(QueueOutcome.RESCUED, at)

    def ended_unseen(self, outcome: QueueOutcome, count: int, at: float) -> None:
        self.unseen[outcome] += count
        self.outcomes[outcome] += count
        self.windows.add(_COLUMNS[outcome], count, at)

    def talked(self, seconds: float, at: float) -> None:
        """A conversation is over."""
        self.talk.add(seconds)
        self.windows.add(Column.TALKED_SECONDS, seconds, at)

    def staffed(self, busy_seconds: float, staffed_seconds: float, at: float) -> None:
        """Seat time that has passed: of seats on duty, and of those with a caller or in wrap-up."""
        self.windows.add(Column.BUSY_SECONDS, busy_seconds, at)
        self.windows.add(Column.STAFFED_SECONDS, staffed_seconds, at)

    def _end(self, outcome: QueueOutcome, at: float) -> None:
        self.outcomes[outcome] += 1
        self.windows.add(_COLUMNS[outcome], 1, at)

    # --- kept over a restart ------------------------------------------------------------------------------------------

    def to_plain(self, at: float) -> dict[str, Any]:
        return {
            "offered": self.offered,
            "outcomes": {outcome.value: count for outcome, count in self.outcomes.items()},
            "unseen": {outcome.value: count for outcome, count in self.unseen.items()},
            "answer": self.answer.to_plain(),
            "abandon": self.abandon.to_plain(),
            "talk": self.talk.to_plain(),
            "windows": {f"{window.seconds:g}": window.to_plain(at) for window in self.windows},
        }

    def take_plain(self, plain: Mapping[str, Any], aged_seconds: float, at: float) -> None:
        """Go on with what `to_plain` gave `aged_seconds` ago. Raises KeyError, ValueError, TypeError for anything else."""
        self.offered += int(plain["offered"])
        for held, name in ((self.outcomes, "outcomes"), (self.unseen, "unseen")):
            for outcome in QueueOutcome:
                held[outcome] += int(plain[name].get(outcome.value, 0))
        self.answer.take_plain(plain["answer"])
        self.abandon.take_plain(plain["abandon"])
        self.talk.take_plain(plain["talk"])
        for window in self.windows:
            window.take_plain(plain["windows"].get(f"{window.seconds:g}", ()), aged_seconds, at)
