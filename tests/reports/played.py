"""The journal of a scenario of tests/plans/scenarios, as the daemon writes it, and what else a journal holds."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

from typing_extensions import override

from cti_daemon.model.effects import Effect, Record
from cti_daemon.wire.journal_record import GENESIS, Entry, chained
from cti_daemon.wire.reports.centre import Centre
from tests.plans.script import Input, happen, inputs
from tests.plans.shipped import SCENARIOS, plans
from tests.plans.world import World

JOURNALS = Path(__file__).parent / "journals"
BEGAN = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
"""When every scenario begins."""
CENTRE = Centre(
    "95598", "示例客户服务中心", "示例市示例路1号", datetime(2026, 11, 23, 1, 0, tzinfo=UTC), timezone(timedelta(hours=8)), 42, "ab" * 32
)
Told = tuple[float, str, dict[str, Any]]
"""Seconds after BEGAN, kind, data."""


class _Recorded(World):
    """Keeps every record, those for people too."""

    def __init__(self) -> None:
        self.records: list[Told] = []
        super().__init__(plans())

    @override
    def _do(self, out: list[Effect], *, mark: str = "") -> None:
        self.records += [(self.now, effect.kind, effect.data) for effect in out if isinstance(effect, Record)]
        super()._do(out, mark=mark)


def records(script: Iterable[Input]) -> list[Told]:
    world = _Recorded()
    for number, item in enumerate(script):
        world.until(item.at)
        happen(world, item.text, number)
    return world.records


@cache
def scenario(name: str, *more: str) -> list[Told]:
    """`more`: further lines `0:15:00 > …`, each at its time."""
    script = inputs((SCENARIOS / f"{name}.txt").read_text(encoding="utf-8")) + inputs("\n".join(more))
    return records(sorted(script, key=lambda item: item.at))


def frozen(name: str) -> list[Told]:
    """A journal as it once was: plans may change, these do not."""
    lines = (JOURNALS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [(at, kind, data) for at, kind, data in map(json.loads, lines)]


def freeze(name: str, told: Iterable[Told]) -> None:
    kept = [one for one in told if one[1] in ("incident", "plan_version")]
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in kept)
    (JOURNALS / f"{name}.jsonl").write_text(text + "\n", encoding="utf-8")


def entries(told: Iterable[Told]) -> list[Entry]:
    """Numbered and chained, in the order of their times."""
    previous, found = GENESIS, []
    for seq, (at, kind, data) in enumerate(sorted(told, key=lambda one: one[0]), 1):
        wall = (BEGAN + timedelta(seconds=at)).isoformat(timespec="microseconds")
        entry = chained(Entry(f"u{seq}", kind, wall, at, "boot", data), seq, previous)
        previous = entry.hash
        found.append(entry)
    return found
