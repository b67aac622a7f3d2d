"""An incident's report against the ground truth: the sinks' clocks, the carrier's log, queue_log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from lab.count import Count
from lab.judge import Call
from lab.queue_log import End, Stay
from lab.sinks import Got

NOTED_SECONDS = 15.0
"""A delivery is noted after the sink has the message: when the sender's process has ended."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What the witnesses saw."""

    messages: Sequence[Got]
    calls: Iterable[Call]
    stays: Sequence[Stay]
    count: Count


@dataclass(slots=True)
class Figures:
    """Each figure as the report has it and as it was; `wrong` where they differ."""

    compared: dict[str, list[object]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def compare(self, name: str, said: object, true: object, *, or_true: object = None) -> None:
        """`or_true`: as true, where an event lies on the edge of a second."""
        self.compared[name] = [said, true]
        if said not in (true, true if or_true is None else or_true):
            self.wrong.append(f"the report says {name} = {said}; it was {true}")


def check(report: Path, queue: str, truth: Truth) -> Figures:
    """`report`: the JSON of `cti-daemon report incident`."""
    told = json.loads(report.read_text(encoding="utf-8"))["figures"]
    story, impact, found = told["story"], told["impact"], Figures()
    opened_wall, recovered_wall = _wall(story["opened"]), _wall(story["recovered"])
    _check_told(story["told"], truth.messages, found)
    _check_queue(next(course for course in impact["queues"] if course["queue"] == queue), truth.stays, opened_wall, recovered_wall, found)
    at_opening = next(snapshot["figures"] for snapshot in story["snapshots"] if snapshot["moment"] == "opened")
    found.compare("calls in progress at the opening", at_opening["calls"], sum(call.is_up(opened_wall) for call in truth.calls))
    lost = sum(row["harm"] == "lost" for row in impact["affected"])
    found.compare("callers lost", lost, truth.count.lost + truth.count.gave_up_in_between)
    found.compare("seconds it lasted", round(story["recovered_seconds"]), round(recovered_wall - opened_wall))
    return found


CALLED_IN = ("(please come to the centre)", "(stand by)")
"""Whoever is called in stands in the report with his answer, not as one who was told."""


def _check_told(told: Sequence[dict[str, Any]], messages: Sequence[Got], found: Figures) -> None:
    """Each delivery that the report names is a message that arrived, at that instant, and there is no other."""
    delivered = [each for each in told if each["is_delivered"]]
    messages = [message for message in messages if not any(word in message.text for word in CALLED_IN)]
    said, true = Counter(each["person"] for each in delivered), Counter(message.to for message in messages)
    found.compare("messages by person", dict(sorted(said.items())), dict(sorted(true.items())))
    for person in said:
        theirs = sorted(message.wall for message in messages if message.to == person)
        noted = sorted(_wall(each["wall"]) for each in delivered if each["person"] == person)
        late = [round(b - a, 1) for a, b in zip(theirs, noted, strict=False) if not -0.1 <= b - a <= NOTED_SECONDS]
        if late:
            found.wrong.append(f"{person}: the report's instants differ from the sink's by {late} s")


def _check_queue(course: dict[str, Any], stays: Sequence[Stay], opened_wall: float, recovered_wall: float, found: Figures) -> None:
    """queue_log has whole seconds: an event in the very second of the opening or of the recovery may be on either side."""
    kinds: dict[str, list[int | None]] = {
        "offered": [stay.joined_wall for stay in stays],
        "answered": [stay.ended_wall for stay in stays if stay.end is End.ANSWERED],
        "abandoned": [stay.ended_wall for stay in stays if stay.end is End.ABANDONED],
    }
    for kind, walls in kinds.items():
        surely = sum(int(opened_wall) < wall < int(recovered_wall) for wall in walls if wall is not None)
        at_most = sum(int(opened_wall) <= wall <= int(recovered_wall) for wall in walls if wall is not None)
        found.compare(f"{course['queue']}: {kind} meanwhile", course["counts"][kind], surely, or_true=at_most)


def _wall(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
