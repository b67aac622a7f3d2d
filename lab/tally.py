"""All runs of one drill together, and their record in build/drills."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from lab.expected import Expected, Outcome
from lab.layout import REPOSITORY
from lab.score import Samples, Score, Spread, spread

FOLDER = REPOSITORY / "build/drills"
_SCALARS = ("death_to_divert_ms", "death_to_verdict_ms", "verdict_to_last_redirect_ms", "death_to_next_answer_ms")


@dataclass(slots=True)
class Record:
    """The runs of one drill."""

    name: str
    text: str
    expected: Expected
    outcomes: list[Outcome] = field(default_factory=list)
    samples: list[Samples] = field(default_factory=list)
    paces: list[float] = field(default_factory=list)
    voids: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome, samples: Samples, pace: float) -> None:
        """Take one run."""
        self.outcomes.append(outcome)
        self.samples.append(samples)
        self.paces.append(round(pace, 2))

    def void(self, why: str) -> None:
        """Take a run that proves nothing; it is told."""
        self.voids.append(why.splitlines()[0])

    @property
    def passed(self) -> bool:
        """Whether every run showed what it must; times apart."""
        return bool(self.outcomes) and not any(outcome.wrong for outcome in self.outcomes)

    def late(self) -> list[str]:
        """The limits on times that the runs together do not keep, with what was measured."""
        if not self.outcomes:
            return []
        pooled = pool([outcome.score for outcome in self.outcomes], self.samples)
        return [
            f"{promise.text} {promise.figure(pooled)} > {promise.limit:g} ms"
            for promise in self.expected.times
            if not promise.holds(pooled)
        ]

    def as_dict(self) -> dict[str, Any]:
        """The record as plain values."""
        expected: dict[str, Any] = {"failovers": self.expected.failovers, "serving": self.expected.serving}
        expected["times"] = [{"promise": p.number, "text": p.text, "limit_ms": p.limit} for p in self.expected.times]
        record: dict[str, Any] = {"drill": self.name, "text": self.text, "passed": self.passed, "expected": expected}
        record |= {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "runs": len(self.outcomes)}
        record |= {"late": self.late(), "voids": self.voids, "machine_pace": self.paces}
        if self.outcomes:
            scores = [outcome.score for outcome in self.outcomes]
            record["totals"] = totals(self.outcomes)
            record["times"] = {name: asdict(value) if value else None for name, value in distributions(scores, self.samples).items()}
        record["each"] = [_one(outcome) for outcome in self.outcomes]
        return record

    def write(self) -> Path:
        """Write it; returns where."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        path = FOLDER / f"{self.name}.json"
        path.write_text(json.dumps(self.as_dict(), indent=2) + "\n")
        return path


def _one(outcome: Outcome) -> dict[str, Any]:
    own = {"failovers": outcome.failovers, "diverts": outcome.diverts, "serving": outcome.serving, "wrong": outcome.wrong}
    return {**own, **outcome.score.as_dict(), "said": outcome.said, "beside": outcome.beside}


def totals(outcomes: list[Outcome]) -> dict[str, int]:
    """Counts of all runs together."""
    scores = [outcome.score for outcome in outcomes]
    names = [f.name for f in fields(Score) if isinstance(getattr(scores[0], f.name), int)]
    counts = {name: sum(getattr(score, name) for score in scores) for name in names}
    return {**counts, "failovers": sum(o.failovers for o in outcomes), "diverts": sum(o.diverts for o in outcomes)}


def distributions(scores: list[Score], samples: list[Samples]) -> dict[str, Spread | None]:
    """Of each time: one value a run, or all callers of all runs."""
    single = {name: spread([value for score in scores if (value := getattr(score, name)) is not None]) for name in _SCALARS}
    many = {f.name: spread([value for one in samples for value in getattr(one, f.name)]) for f in fields(Samples)}
    return {**single, **many}


def pool(scores: list[Score], samples: list[Samples]) -> Score:
    """The runs as one score: counts summed, single times the worst, distributions of all callers together."""
    counted: dict[str, Any] = {
        f.name: sum(getattr(score, f.name) for score in scores) for f in fields(Score) if isinstance(getattr(scores[0], f.name), int)
    }
    found = distributions(scores, samples)
    worst: dict[str, Any] = {name: value.max if (value := found[name]) else None for name in _SCALARS}
    many: dict[str, Any] = {f.name: found[f.name] for f in fields(Samples)}
    return replace(scores[0], **counted, **worst, **many)
