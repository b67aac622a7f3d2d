"""Whom an interruption struck, by the journal: callers moved, lost and called back, and the queues' figures between two instants. What the
journal does not say is None, never 0."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cti_daemon.model.register import Harm, RowState
from cti_daemon.wire.journal_record import Entry
from cti_daemon.wire.reports.story import Snapshot, Story, wall_of

LEAD = timedelta(seconds=60)
"""What happened so long before an incident was opened belongs to it: a plan looks once a second, and some conditions count."""
KINDS = frozenset({"failover_intent", "route", "rerouted", "failover_done", "affected", "callback", "recording", "informed"})
_GRAVE = (Harm.LOST, Harm.HUNG_UP, Harm.EMERGENCY)
_REACHED = ("reached", "served", "need")
_RANG_IN = "rang in himself, served"
COUNTED = ("offered", "answered", "in_time", "abandoned", "short_abandoned", "timeout", "overflowed")


@dataclass(frozen=True, slots=True)
class Rescue:
    """Callers' legs moved off a node. `moved` of `legs` are where they should be."""

    wall: datetime
    epoch: int
    node: str
    legs: int
    moved: int
    results: tuple[tuple[str, int], ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class AffectedRow:
    """A row of the register. `result` and `attempts` of its call-back, as the journal last has them."""

    row: int
    wall: datetime
    harm: Harm
    was: str
    node: str
    state: RowState | None
    attempts: int
    result: str

    @property
    def is_reached(self) -> bool:
        return self.state is RowState.CLOSED and self.result.startswith(_REACHED)

    @property
    def rang_in(self) -> bool:
        return self.state is RowState.CLOSED and self.result == _RANG_IN


@dataclass(frozen=True, slots=True)
class QueueCourse:
    """What happened in a queue from the opening on; a count is None where the counters were lost in between."""

    queue: str
    counts: Mapping[str, int | None]
    waiting: int | None
    """At the end."""
    longest_wait_seconds: float | None
    """The longest wait of somebody who waited, at any of the moments that were kept."""


@dataclass(frozen=True, slots=True)
class RecordingCut:
    """A recording that was interrupted. `seconds` None: it has not gone on."""

    call: str
    piece: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Impact:
    since: datetime
    until: datetime
    rescues: tuple[Rescue, ...]
    affected: tuple[AffectedRow, ...]
    queues: tuple[QueueCourse, ...]
    routes: tuple[Entry, ...]
    """Decisions about who serves, that every edge obeyed, and that callers were moved."""
    cuts: tuple[RecordingCut, ...] = ()
    informed: tuple[tuple[str, int], ...] = ()
    """Results of telling callers (told, failed, unknown, no_number), and how many callers had each."""
    is_registered: bool = True
    """False: the site keeps no register, so nobody knows how many callers were affected."""

    def of_harm(self, harm: Harm) -> int | None:
        return self._known(sum(row.harm is harm for row in self.affected))

    def _known(self, count: int) -> int | None:
        return count if self.is_registered or self.affected else None

    @property
    def legs(self) -> int:
        return sum(rescue.legs for rescue in self.rescues)

    @property
    def moved(self) -> int:
        return sum(rescue.moved for rescue in self.rescues)

    @property
    def reached(self) -> int | None:
        return self._known(sum(row.is_reached for row in self.affected))

    @property
    def rang_in(self) -> int | None:
        return self._known(sum(row.rang_in for row in self.affected))

    @property
    def waiting_for_us(self) -> int | None:
        """Lost or hung up, and not closed yet."""
        return self._known(sum(row.harm is not Harm.EMERGENCY and row.state is not RowState.CLOSED for row in self.affected))


def impact_of(story: Story, entries: Iterable[Entry], *, is_registered: bool) -> Impact:
    """`entries` oldest first, of KINDS; those in the time of the incident count, call-backs also later."""
    before = next((s.after_seconds for s in story.snapshots if s.moment == "before"), 0.0)
    since = story.opened - max(LEAD, timedelta(seconds=-before))
    return impact_between(since, story.until, entries, _courses(story.snapshots), is_registered=is_registered)


def impact_between(
    since: datetime, until: datetime, entries: Iterable[Entry], queues: tuple[QueueCourse, ...] = (), *, is_registered: bool
) -> Impact:
    rescues: list[Rescue] = []
    routes: list[Entry] = []
    rows: dict[int, AffectedRow] = {}
    cuts: dict[tuple[str, int], RecordingCut] = {}
    informed: dict[tuple[int, str], str] = {}
    for entry in entries:
        wall = wall_of(entry)
        is_in = since <= wall <= until
        if entry.kind == "affected" and is_in:
            row = _row(entry, rows.get(int(entry.data["row"])))
            rows[row.row] = row
        elif entry.kind == "callback" and int(entry.data.get("row", 0)) in rows:
            rows[int(entry.data["row"])] = _called(rows[int(entry.data["row"])], entry.data)
        elif entry.kind == "informed" and int(entry.data["row"]) in rows:
            informed[int(entry.data["row"]), str(entry.data.get("about"))] = str(entry.data.get("result"))
        elif entry.kind == "recording" and is_in:
            cut = _cut(entry.data)
            cuts[cut.call, cut.piece] = cut
        elif entry.kind == "failover_done" and is_in:
            rescues.append(_rescue(entry))
        if is_in and entry.kind in ("failover_intent", "route", "rerouted", "failover_done"):
            routes.append(entry)
    told = tuple(sorted(Counter(informed.values()).items()))
    found = tuple(rows.values())
    return Impact(since, until, tuple(rescues), found, queues, tuple(routes), tuple(cuts.values()), told, is_registered)


def _cut(data: Mapping[str, Any]) -> RecordingCut:
    gap = data.get("gap_seconds")
    return RecordingCut(str(data.get("call")), int(data.get("piece", 0)), None if gap is None else float(gap))


def _row(entry: Entry, before: AffectedRow | None) -> AffectedRow:
    """It may happen twice to the same caller: the graver harm stays."""
    data = entry.data
    harm = Harm(data["harm"])
    if before is not None:
        harm = min(harm, before.harm, key=_GRAVE.index)
    state = RowState.CLOSED if harm is Harm.EMERGENCY else RowState.OPEN
    return AffectedRow(
        row=int(data["row"]),
        wall=wall_of(entry) if before is None else before.wall,
        harm=harm,
        was=str(data.get("was", "")),
        node=str(data.get("node", "")),
        state=before.state if before is not None and before.harm is not Harm.EMERGENCY else state,
        attempts=before.attempts if before is not None else 0,
        result=before.result if before is not None else "",
    )


def _called(row: AffectedRow, data: Mapping[str, Any]) -> AffectedRow:
    """`answered` is a word about the call, not about the row."""
    state = RowState(data["state"]) if data.get("state") in set(RowState) else row.state
    attempts, result = int(data.get("attempt", row.attempts)), str(data.get("result", row.result))
    return AffectedRow(row.row, row.wall, row.harm, row.was, row.node, state, attempts, result)


def _rescue(entry: Entry) -> Rescue:
    data = entry.data
    results = {str(word): int(n) for word, n in data.get("results", {}).items()}
    return Rescue(
        wall_of(entry),
        int(data.get("epoch", 0)),
        str(data.get("from", "")),
        int(data.get("legs", 0)),
        results.get("done", 0),
        tuple(sorted(results.items())),
        float(data.get("seconds", 0.0)),
    )


def _courses(snapshots: tuple[Snapshot, ...]) -> tuple[QueueCourse, ...]:
    """From the opening to the recovery, or to the newest figures there are."""
    course = [s for s in snapshots if s.moment != "before"]
    end = next((n for n, s in enumerate(course) if s.moment == "recovered"), len(course) - 1)
    course = course[: end + 1]
    if not course:
        return ()
    first, last = (dict(s.figures.get("queues", {})) for s in (course[0], course[-1]))
    return tuple(_course(name, first.get(name, {}), last[name], course) for name in sorted(last))


def _course(name: str, first: Mapping[str, Any], last: Mapping[str, Any], course: list[Snapshot]) -> QueueCourse:
    def grown(key: str) -> int | None:
        then, now = first.get(key), last.get(key)
        return now - then if isinstance(then, int) and isinstance(now, int) and now >= then else None

    held = [dict(s.figures.get("queues", {})).get(name, {}).get("longest_wait_seconds") for s in course]
    waits = [wait for wait in held if isinstance(wait, int | float)]
    counts = {key: grown(key) for key in COUNTED} if len(course) > 1 else dict.fromkeys(COUNTED)
    return QueueCourse(name, counts, last.get("waiting"), max(waits, default=None))
