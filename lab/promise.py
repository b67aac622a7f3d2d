"""The promises of a failover as limits on a trial's score (docs/design/verdicts.md, README)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.score import Score, Spread

Figure = Callable[[Score], float | None]


@dataclass(frozen=True, slots=True)
class Promise:
    """One limit. `figure` is None when there was nothing to measure, which breaks the promise."""

    number: str
    text: str
    unit: str
    figure: Figure
    limit: float
    at_least: bool = False

    def holds(self, score: Score) -> bool:
        """Say whether the score keeps it."""
        value = self.figure(score)
        if value is None:
            return False
        return value >= self.limit if self.at_least else value <= self.limit


def _median(times: Spread | None) -> float | None:
    return times.median if times else None


def _p99(times: Spread | None) -> float | None:
    return times.p99 if times else None


def _max(times: Spread | None) -> float | None:
    return times.max if times else None


def _everybody(score: Score) -> float:
    total = score.calls_before + score.waiting_before
    return 100.0 * (score.calls_kept + score.waiting_kept) / total if total else 0.0


def _same_agent(score: Score) -> float:
    return 100.0 * score.same_agent / score.calls_before if score.calls_before else 0.0


def _common(agent_limit_ms: float) -> tuple[Promise, ...]:
    return (
        Promise("F4", "callers kept, talking and waiting", "%", _everybody, 100, at_least=True),
        Promise("F4", "talking callers back with the same agent", "%", _same_agent, 95, at_least=True),
        Promise("F4", "last agent talking again (promise: at 60 calls)", "ms", lambda s: _max(s.agent_again_ms), agent_limit_ms),
        Promise("F4", "verdict to last redirect", "ms", lambda s: s.verdict_to_last_redirect_ms, 300),
        Promise("F4", "sound again for a caller after the verdict, median", "ms", lambda s: _median(s.sound_again_ms), 200),
        Promise("F4", "sound again for a caller after the verdict, longest", "ms", lambda s: _max(s.sound_again_ms), 500),
        Promise("", "new calls failed", "", lambda s: float(s.new_calls_failed), 0),
        Promise("F5", "false failovers", "", lambda s: float(s.false_failovers), 0),
    )


def of(fault: str) -> tuple[Promise, ...]:
    """The promises that a fault is judged by."""
    if fault == "kill":
        return (
            Promise("F1", "new call answered, median", "ms", lambda s: _median(s.new_call_answer_ms), 150),
            Promise("F1", "new call answered, p99", "ms", lambda s: _p99(s.new_call_answer_ms), 300),
            *_common(800),
        )
    verdict, new = (1200, 500) if fault == "blackhole" else (1500, 600)
    number = "F2" if fault == "blackhole" else "F3"
    return (
        Promise(number, "new call answered, p99", "ms", lambda s: _p99(s.new_call_answer_ms), new),
        Promise(number, "verdict", "ms", lambda s: s.death_to_verdict_ms, verdict),
        *_common(2000),
    )


def times_of(fault: str) -> tuple[Promise, ...]:
    """Of these, the limits on times."""
    return tuple(promise for promise in of(fault) if promise.unit == "ms")


def without_agents(fault: str) -> tuple[Promise, ...]:
    """The limits on times where callers come to other agents."""
    return tuple(promise for promise in times_of(fault) if "agent" not in promise.text)


def of_new_calls(fault: str) -> tuple[Promise, ...]:
    """The limits on times where those who talk stay where they are."""
    return tuple(promise for promise in times_of(fault) if promise.number != "F4")
