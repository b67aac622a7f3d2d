"""A drill held beside the same one without its trouble: are the figures the same?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lab.score import Score, Spread

FACTOR = 2.0
SLACK_MS = 150.0
"""One run beside one run on a shared machine: the same is what is no more than twice the other, or no more than this above it."""


def _max(times: Spread | None) -> float | None:
    return times.max if times else None


FIGURES: dict[str, Callable[[Score], float | None]] = {
    "verdict": lambda score: score.death_to_verdict_ms,
    "verdict to last redirect": lambda score: score.verdict_to_last_redirect_ms,
    "slowest new call": lambda score: _max(score.new_call_answer_ms),
    "longest silence": lambda score: _max(score.audio_gap_ms),
    "last agent": lambda score: _max(score.agent_again_ms),
}


def pairs(troubled: Score, plain: Score) -> dict[str, tuple[float | None, float | None]]:
    """Each figure in milliseconds, with the trouble and without."""
    return {name: (figure(troubled), figure(plain)) for name, figure in FIGURES.items()}


def differences(troubled: Score, plain: Score) -> Iterator[str]:
    """What is worse with the trouble than without."""
    for name, (ours, theirs) in pairs(troubled, plain).items():
        if theirs is None:
            continue
        limit = max(FACTOR * theirs, theirs + SLACK_MS)
        if ours is None or ours > limit:
            yield f"{name} {ours} ms, without the trouble {theirs} ms"
