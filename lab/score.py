"""Evidence of a trial → figures. Times in milliseconds; `kept` is the carrier's word, `same_agent` the phones'."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from lab import judge
from lab.trial import Evidence

FAIR_SECONDS = 2.0
"""A new call placed later than this before the end of the watch is not judged: it had no time."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, 99th percentile and maximum of some times."""

    n: int
    median: float
    p99: float
    max: float


def spread(values: Sequence[float]) -> Spread | None:
    """None when there is nothing to measure."""
    if not values:
        return None
    ordered = sorted(values)
    at = min(len(ordered) - 1, round(0.99 * (len(ordered) - 1)))
    return Spread(len(ordered), round(statistics.median(ordered), 1), round(ordered[at], 1), round(ordered[-1], 1))


@dataclass(frozen=True, slots=True)
class Score:
    """What became of everybody."""

    calls_before: int
    waiting_before: int
    calls_kept: int
    waiting_kept: int
    calls_lost: int
    same_agent: int
    new_calls: int
    new_calls_failed: int
    death_to_divert_ms: float | None
    death_to_verdict_ms: float | None
    verdict_to_last_redirect_ms: float | None
    death_to_next_answer_ms: float | None
    new_call_answer_ms: Spread | None
    """Set-up time of the calls placed in the two seconds after the fault."""
    calm_answer_ms: Spread | None
    """The same before the fault, to compare with."""
    audio_gap_ms: Spread | None
    """Longest hole in the audio that callers with full audio heard, around the fault."""
    waiting_audio_gap_ms: Spread | None
    agent_again_ms: Spread | None
    """From the fault until the phone of an agent had taken the caller back."""
    false_failovers: int

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


def score(seen: Evidence) -> Score:
    """Judge one trial."""
    t0, end = seen.struck_wall, seen.ended_wall
    talkers = [call for call in seen.calls if _is_of(call, seen, "talking") and call.is_up(t0)]
    waiters = [call for call in seen.calls if _is_of(call, seen, "waiting") and call.is_up(t0)]
    kept = [call for call in talkers if is_kept(call, end)]
    waiting_kept = [call for call in waiters if is_kept(call, end)]
    newcomers = [call for call in seen.calls if call.number.startswith(seen.new_group.number_prefix)]
    after = [call for call in newcomers if t0 <= call.invited_wall <= end - FAIR_SECONDS]
    soon = [call for call in after if call.invited_wall <= t0 + 2 and call.answered_wall is not None]
    calm = [call for call in newcomers if call.answered_wall is not None and call.answered_wall < t0]
    lost_new = [call for call in newcomers if call.invited_wall <= end - FAIR_SECONDS and is_lost_newcomer(call, t0)]
    decided = seen.orders.decisions(t0)
    obeyed = [wall for wall in seen.orders.obeyed if decided and wall >= decided[-1]]
    false = [told for told in seen.told if told.kind == "failover" and seen.began_wall <= told.wall < t0]
    agents = [back for call in talkers if (back := agent_again_wall(call, seen)) is not None]
    first = judge.first_answer_after(newcomers, t0)
    return Score(
        calls_before=len(talkers),
        waiting_before=len(waiters),
        calls_kept=len(kept),
        waiting_kept=len(waiting_kept),
        calls_lost=len(talkers) - len(kept) + len(waiters) - len(waiting_kept),
        same_agent=sum(has_same_agent(call, seen) for call in talkers),
        new_calls=len(after),
        new_calls_failed=len(lost_new),
        death_to_divert_ms=_ms(decided[0] - t0) if len(decided) > 1 else None,
        death_to_verdict_ms=_ms(decided[-1] - t0) if decided else None,
        verdict_to_last_redirect_ms=_ms(obeyed[-1] - decided[-1]) if obeyed else None,
        death_to_next_answer_ms=_ms(first.answered_wall - t0) if first and first.answered_wall else None,
        new_call_answer_ms=spread([_ms((call.answered_wall or 0) - call.invited_wall) for call in soon]),
        calm_answer_ms=spread([_ms((call.answered_wall or 0) - call.invited_wall) for call in calm]),
        audio_gap_ms=spread(_gaps([call for call in kept if call.number.startswith("555001")], seen)),
        waiting_audio_gap_ms=spread(_gaps(waiting_kept, seen)),
        agent_again_ms=spread([_ms(wall - t0) for wall in agents]),
        false_failovers=len(false),
    )


def is_kept(call: judge.Call, end: float) -> bool:
    """Still up at the end, or ended by the caller's own wish."""
    return not call.is_over(end) or call.ended_by == "carrier"


def is_lost_newcomer(call: judge.Call, t0: float) -> bool:
    """Placed and never answered, refused, or thrown out before the caller hung up."""
    if call.answered_wall is None:
        return call.ended_by is None or call.refused_status is not None
    return call.ended_by == "edge" and (call.ended_wall or 0) >= t0


def has_same_agent(call: judge.Call, seen: Evidence) -> bool:
    """The seat that talked to this caller before the fault talks to it at the end, over another node."""
    before = judge.seat_at(seen.dialogs, call.number, seen.struck_wall)
    after = judge.seat_at(seen.dialogs, call.number, seen.ended_wall, except_node=before.node if before else "")
    return before is not None and after is not None and before.seat == after.seat and before.token == after.token


def agent_again_wall(call: judge.Call, seen: Evidence) -> float | None:
    """When an agent's phone answered for this caller after the fault."""
    answers = [
        dialog.answered_wall
        for dialog in seen.dialogs
        if dialog.number == call.number and dialog.answered_wall is not None and dialog.answered_wall > seen.struck_wall
    ]
    return min(answers, default=None)


def _is_of(call: judge.Call, seen: Evidence, kind: str) -> bool:
    groups = seen.load.talkers() if kind == "talking" else [seen.load.waiters()]
    return any(call.number.startswith(group.number_prefix) for group in groups)


def _gaps(calls: Sequence[judge.Call], seen: Evidence) -> list[float]:
    holes = [seen.audio.hole(call.edge_port, seen.struck_wall, seen.ended_wall) for call in calls if call.edge_port is not None]
    return [_ms(hole) for hole in holes if hole is not None]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
