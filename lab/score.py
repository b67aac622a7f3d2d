"""Evidence of a trial → figures. Times in milliseconds; `kept` is the carrier's word, `same_agent` the phones'."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from lab import judge
from lab.trial import Evidence
from lab.witness import Told

FAIR_SECONDS = 4.0
"""A new call placed later than this before the end of the watch is not judged: it had no time."""
HEARD_SECONDS = 3.0
"""A caller who hears nothing for so long before the end sits in silence."""
RESCUE_SECONDS = 5.0
"""A redirect later than this after the verdict belongs to something else."""
WISH_SECONDS = 0.5
MUTE_PREFIX = "555006"


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
class Samples:
    """The single times behind the spreads of one or of several trials."""

    new_call_answer_ms: tuple[float, ...] = ()
    calm_answer_ms: tuple[float, ...] = ()
    audio_gap_ms: tuple[float, ...] = ()
    waiting_audio_gap_ms: tuple[float, ...] = ()
    sound_again_ms: tuple[float, ...] = ()
    agent_again_ms: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """What became of everybody."""

    calls_before: int
    waiting_before: int
    calls_kept: int
    waiting_kept: int
    calls_lost: int
    in_silence: int
    """Of those kept, who are up at the end and heard nothing in its last seconds."""
    cut: int
    """Conversations with an agent that ended although the caller had not hung up; after a death that is every one."""
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
    sound_again_ms: Spread | None
    """From the verdict until a caller with full audio, talking or waiting, heard anything again."""
    agent_again_ms: Spread | None
    """From the fault until the phone of an agent had taken the caller back."""
    false_failovers: int
    redirects: int
    """Orders to move a caller that left for the edge after the fault."""

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


def score(seen: Evidence) -> Score:
    """Judge one trial."""
    t0, end = seen.struck_wall, seen.ended_wall
    talkers, waiters = callers_of(seen)
    kept = [call for call in talkers if is_kept(call, end)]
    waiting_kept = [call for call in waiters if is_kept(call, end)]
    newcomers = newcomers_of(seen)
    after = [call for call in newcomers if t0 <= call.invited_wall <= end - FAIR_SECONDS]
    lost_new = [call for call in newcomers if call.invited_wall <= end - FAIR_SECONDS and is_lost_newcomer(call, t0)]
    decided = seen.orders.decisions(t0)
    verdict = verdict_wall(seen)
    obeyed = [wall for wall in seen.orders.obeyed if verdict is not None and verdict <= wall < verdict + RESCUE_SECONDS]
    false = [told for told in seen.told if told.kind == "failover" and seen.began_wall <= told.wall < t0]
    first = judge.first_answer_after(newcomers, t0)
    samples = take_samples(seen)
    return Score(
        calls_before=len(talkers),
        waiting_before=len(waiters),
        calls_kept=len(kept),
        waiting_kept=len(waiting_kept),
        calls_lost=len(talkers) - len(kept) + len(waiters) - len(waiting_kept),
        in_silence=sum(hears_nothing(call, seen) for call in (*kept, *waiting_kept)),
        cut=len(cut_conversations(talkers, seen)),
        same_agent=sum(has_same_agent(call, seen) for call in talkers),
        new_calls=len(after),
        new_calls_failed=len(lost_new),
        death_to_divert_ms=_ms(decided[0] - t0) if decided and decided[0] != verdict else None,
        death_to_verdict_ms=_ms(verdict - t0) if verdict is not None else None,
        verdict_to_last_redirect_ms=_ms(obeyed[-1] - verdict) if obeyed and verdict is not None else None,
        death_to_next_answer_ms=_ms(first.answered_wall - t0) if first and first.answered_wall else None,
        new_call_answer_ms=spread(samples.new_call_answer_ms),
        calm_answer_ms=spread(samples.calm_answer_ms),
        audio_gap_ms=spread(samples.audio_gap_ms),
        waiting_audio_gap_ms=spread(samples.waiting_audio_gap_ms),
        sound_again_ms=spread(samples.sound_again_ms),
        agent_again_ms=spread(samples.agent_again_ms),
        false_failovers=len(false),
        redirects=sum(wall >= t0 for wall in seen.orders.redirects),
    )


def verdict_wall(seen: Evidence) -> float | None:
    """When the edge was given the first failover's route: the daemon says which decision that is, the capture when it came."""
    epochs = [int(told.body["data"].get("epoch", -1)) for told in failovers_of(seen) if told.wall >= seen.struck_wall]
    return seen.orders.epochs.get(epochs[0]) if epochs else None


def failovers_of(seen: Evidence) -> list[Told]:
    """The failovers that were reported, each once."""
    by_epoch = {
        told.body["data"].get("epoch"): told for told in reversed(seen.told) if told.kind == "failover" and told.wall >= seen.began_wall
    }
    return sorted(by_epoch.values(), key=lambda told: told.wall)


def take_samples(seen: Evidence) -> Samples:
    """The times of one trial, one by one."""
    t0, end = seen.struck_wall, seen.ended_wall
    talkers, waiters = callers_of(seen)
    answered = [call for call in newcomers_of(seen) if call.answered_wall is not None]
    soon = [call for call in answered if t0 <= call.invited_wall <= min(t0 + 2, end - FAIR_SECONDS)]
    calm = [call for call in answered if call.answered_wall is not None and call.answered_wall < t0]
    agents = [back for call in talkers if (back := agent_again_wall(call, seen)) is not None]
    loud = [call for call in talkers if call.number.startswith("555001") and is_kept(call, end)]
    waiting = [call for call in waiters if is_kept(call, end)]
    return Samples(
        new_call_answer_ms=tuple(_ms((call.answered_wall or 0) - call.invited_wall) for call in soon),
        calm_answer_ms=tuple(_ms((call.answered_wall or 0) - call.invited_wall) for call in calm),
        audio_gap_ms=tuple(_gaps(loud, seen)),
        waiting_audio_gap_ms=tuple(_gaps(waiting, seen)),
        sound_again_ms=tuple(_sounds_again((*loud, *waiting), seen)),
        agent_again_ms=tuple(_ms(wall - t0) for wall in agents),
    )


def callers_of(seen: Evidence) -> tuple[list[judge.Call], list[judge.Call]]:
    """Who talked and who waited when the fault struck."""
    up = [call for call in seen.calls if call.is_up(seen.struck_wall)]
    return [call for call in up if _is_of(call, seen, "talking")], [call for call in up if _is_of(call, seen, "waiting")]


def newcomers_of(seen: Evidence) -> list[judge.Call]:
    """Calls that came in all the time."""
    return [call for call in seen.calls if call.number.startswith(seen.new_group.number_prefix)]


def cut_conversations(talkers: Sequence[judge.Call], seen: Evidence) -> set[str]:
    """Numbers of the callers whose agent went away while they were still there."""
    over = {call.number: call.ended_wall for call in talkers if call.ended_by == "carrier"}
    numbers = {call.number for call in talkers}
    return {
        dialog.number
        for dialog in seen.dialogs
        if dialog.number in numbers and dialog.answered_wall is not None and dialog.ended_wall is not None
        # The agent's leg ends a moment after, or before, the caller's own wish is seen at the carrier.
        if dialog.ended_wall < min(over.get(dialog.number) or seen.ended_wall, seen.ended_wall) - WISH_SECONDS
    }


def hears_nothing(call: judge.Call, seen: Evidence) -> bool:
    """Up at the end, and no sound reached the caller in its last seconds. One who sends nothing is not judged: agents echo."""
    if call.is_over(seen.ended_wall) or call.edge_port is None or call.number.startswith(MUTE_PREFIX):
        return False
    return seen.audio.count(call.edge_port, seen.ended_wall - HEARD_SECONDS, seen.ended_wall) == 0


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


def _sounds_again(calls: Sequence[judge.Call], seen: Evidence) -> list[float]:
    verdict = verdict_wall(seen)
    if verdict is None:
        return []
    walls = [seen.audio.sound_again(call.edge_port, seen.struck_wall, seen.ended_wall) for call in calls if call.edge_port is not None]
    return [_ms(max(0.0, wall - verdict)) for wall in walls if wall is not None]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
