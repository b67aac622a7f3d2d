"""What a drill must show, and what a trial did not show of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lab.promise import Promise
from lab.score import Score, failovers_of
from lab.trial import Evidence

Check = Callable[[Evidence], str | None]
"""A drill's own look at the captures: None, or what is wrong."""


_DECISIONS = frozenset({"divert", "failover", "rescue", "failback", "verdict", "alarm"})


@dataclass(frozen=True, slots=True)
class Expected:
    """Nobody is lost and no new call fails in any drill; `failovers` and `serving` are its own (None: no daemon runs).

    `times` are limits on the times of all runs together; they stretch with the machine, the rest does not."""

    failovers: tuple[int, int] | None
    serving: str | None
    times: tuple[Promise, ...] = ()
    checks: tuple[Check, ...] = ()
    same_agent_percent: float | None = None
    may_move: bool = True
    """Whether callers may be sent elsewhere: a fault that concerns nobody's call moves nobody."""
    is_measured_only: bool = False
    """For sites without us: nothing is promised."""


@dataclass(slots=True)
class Outcome:
    """One trial of a drill, judged."""

    score: Score
    failovers: int
    diverts: int
    serving: str | None
    mode: str | None
    wrong: list[str] = field(default_factory=list)
    said: list[tuple[int, str]] = field(default_factory=list)
    """What the daemon told the broker of its decisions: milliseconds from the fault, and its words."""
    beside: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    """Each figure in milliseconds, with the trouble and without; for drills that are held beside another."""


def judge(expected: Expected, seen: Evidence, score: Score, status: dict[str, Any]) -> Outcome:
    """`status` is what the daemon said of itself at the end (empty: it did not answer)."""
    counted = sum(int(row["count"]) for row in status.get("counters", {}).get("failovers", []))
    # A daemon that was restarted has forgotten its counter, a broker that was restarted has told nobody.
    failovers = max(counted, len(failovers_of(seen)))
    diverts = len(
        {told.body["data"].get("epoch") for told in seen.told if told.kind == "divert" and told.body["data"].get("diverted_from")}
    )
    outcome = Outcome(score, failovers, diverts, status.get("serving"), status.get("mode"))
    decisions = [told for told in seen.told if told.kind in _DECISIONS and told.wall >= seen.struck_wall]
    outcome.said.extend((round((told.wall - seen.struck_wall) * 1000), str(told.body.get("text", ""))) for told in decisions)
    if not expected.is_measured_only:
        outcome.wrong.extend(_complaints(expected, seen, outcome))
    return outcome


def _complaints(expected: Expected, seen: Evidence, outcome: Outcome) -> Iterator[str]:
    score = outcome.score
    if expected.failovers is not None:  # without a daemon only new calls are promised anything
        if score.calls_lost:
            yield f"{score.calls_lost} callers lost"
        if score.in_silence:
            yield f"{score.in_silence} callers sit in silence"
    if score.new_calls_failed:
        yield f"{score.new_calls_failed} new calls failed"
    if expected.failovers is not None:
        least, most = expected.failovers
        if not least <= outcome.failovers <= most:
            yield f"{outcome.failovers} failovers, expected {least}" + (f" to {most}" if most != least else "")
        if expected.serving is not None and outcome.serving != expected.serving:
            yield f"{outcome.serving or 'nobody the daemon names'} serves at the end, expected {expected.serving}"
        head = seen.orders.heads[-1][1] if seen.orders.heads else None
        # While new calls pass by a suspected server the head is another; that divert ends by itself, after the watch.
        if expected.serving is not None and head not in (None, expected.serving) and outcome.mode != "diverted":
            yield f"the edge's route begins with {head}, expected {expected.serving}"
    if not expected.may_move and score.redirects and not outcome.diverts:
        yield f"{score.redirects} callers were moved"
    if not expected.may_move and score.cut:
        yield f"{score.cut} conversations were cut"
    if expected.same_agent_percent is not None and 100 * score.same_agent < expected.same_agent_percent * score.calls_before:
        yield f"{score.same_agent} of {score.calls_before} with the same agent, expected {expected.same_agent_percent:g} %"
    yield from (complaint for check in expected.checks if (complaint := check(seen)) is not None)
