"""One incident as the journal tells it: what began when, what became of it, who was told, what people said. Nothing is added."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from cti_daemon.model.incidents import Plan, StepState, Titled
from cti_daemon.model.plan_effects import PROGRESS_NOTICE
from cti_daemon.wire.journal_record import Entry
from cti_daemon.wire.plan_journal import UNREADABLE, version_from_plain

KIND, VERSION = "incident", "plan_version"
REVIEW, RECOVERED = "review", "recovered"
_REVIEW_TITLE = Titled("总结", "review")
_PROGRESS_TITLE = Titled("进展", "progress")
_ABOUT = {RECOVERED: Titled("恢复", "the recovery"), "approval": Titled("启动预案？", "start the plan?"), REVIEW: _REVIEW_TITLE}


@dataclass(frozen=True, slots=True)
class Saying:
    """What a person has said. `key`: a field of the incident, the item of a report, or empty for a plain remark."""

    wall: datetime
    by: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class StepStory:
    """`begun_seconds` and `ended_seconds` after the opening. `within_seconds`: its deadline, from when it began."""

    id: str
    title: Titled
    do: str
    roles: tuple[str, ...]
    begun_seconds: float
    within_seconds: float | None
    state: StepState
    ended_seconds: float | None = None
    is_late: bool = False
    by: str = ""
    answer: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class ToldStory:
    """One person (or a role that has nobody) and one channel. `is_delivered` None: an older journal does not say."""

    wall: datetime
    after_seconds: float
    role: str
    person: str
    channel: str
    is_delivered: bool | None
    reason: str
    notice: str


@dataclass(frozen=True, slots=True)
class StageStory:
    id: str
    title: Titled
    grade: str
    after_seconds: float
    by: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Figures of the site. `moment`: before, opened, stage:ID, recovered, closed."""

    moment: str
    after_seconds: float
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    id: str
    plan_name: str
    plan: Plan | None
    """The version it began with; None: the journal has it no more, or not in a way that we can read."""
    version: str
    title: Titled
    is_drill: bool
    time_scale: float
    cause: str
    opened: datetime
    last: datetime
    """When the newest word of it was written."""
    state: str
    grade: str
    found_by: str
    stages: tuple[StageStory, ...]
    steps: tuple[StepStory, ...]
    told: tuple[ToldStory, ...]
    said: tuple[Saying, ...]
    snapshots: tuple[Snapshot, ...]
    entries: tuple[Entry, ...]
    recovered: datetime | None = None
    recovered_seconds: float | None = None
    recovered_by: str = ""
    closed: datetime | None = None
    closed_seconds: float | None = None
    closed_by: str = ""
    closed_why: str = ""
    gaps: tuple[str, ...] = field(default=())
    """What the journal lacks."""

    @property
    def until(self) -> datetime:
        """To where its course counts."""
        return self.recovered or self.closed or self.last

    def about(self, notice: str) -> Titled | str:
        """What a notice, named `INCIDENT/STEP/…`, was about."""
        name = notice.removeprefix(f"{self.id}/").split("/")[0]
        if name.startswith(PROGRESS_NOTICE):
            return _PROGRESS_TITLE
        return next((step.title for step in self.steps if step.id == name), _ABOUT.get(name, name))

    def newest(self, key: str) -> str:
        """The last word on a field; empty: none."""
        return next((saying.text for saying in reversed(self.said) if saying.key == key), "")


def wall_of(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry.wall)


def stories(entries: Iterable[Entry]) -> Iterator[Story]:
    """Every incident, in the order of their openings. Of a name that is used again (a journal that was begun anew) each is one."""
    runs: dict[str, list[Entry]] = {}
    order: list[tuple[Mapping[str, Any] | None, list[Entry]]] = []
    versions: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        if entry.kind == VERSION:
            versions[str(entry.data.get("plan"))] = entry.data
        elif entry.kind == KIND:
            name = str(entry.data.get("incident"))
            if entry.data.get("what") == "opened" or name not in runs:
                runs[name] = []
                order.append((versions.get(str(entry.data.get("plan"))), runs[name]))
            runs[name].append(entry)
    for version, run in order:
        yield _story(version, run)


def find(entries: Iterable[Entry], name: str) -> Story | None:
    """The last incident of this name."""
    return next((story for story in reversed(list(stories(entries))) if story.id == name), None)


def _story(version: Mapping[str, Any] | None, run: list[Entry]) -> Story:
    gaps = []
    first = run[0].data
    if first.get("what") != "opened":
        gaps.append("opened")
    plan = _plan(version)
    if plan is None or (first.get("version") not in (None, plan.version)):
        plan = None
        gaps.append("plan")
    last = next((entry for entry in reversed(run) if "state" in entry.data), run[-1]).data
    recovered, closed = _last(run, "recovered"), _last(run, "closed")
    stages = tuple(_stage(plan, entry.data) for entry in run if entry.data.get("what") == "stage")
    return Story(
        id=str(first["incident"]),
        plan_name=str(first["plan"]),
        plan=plan,
        version=str(first.get("version", "")),
        title=plan.title if plan is not None else Titled(str(first["plan"]), str(first["plan"])),
        is_drill=bool(first.get("drill")),
        time_scale=float(first.get("time_scale", 1.0)),
        cause=str(first.get("cause", "")),
        opened=wall_of(run[0]),
        last=wall_of(run[-1]),
        state=str(last.get("state", "")),
        grade=str(last.get("grade", "")),
        found_by=next((stage.by for stage in stages), ""),
        stages=stages,
        steps=tuple(_steps(plan, run).values()),
        told=tuple(_told(entry) for entry in run if entry.data.get("what") == "told"),
        said=tuple(saying for entry in run for saying in _said(entry)),
        snapshots=tuple(_snapshots(run)),
        entries=tuple(run),
        recovered=wall_of(recovered) if recovered else None,
        recovered_seconds=_after(recovered.data) if recovered else None,
        recovered_by=str(recovered.data.get("by", "")) if recovered else "",
        closed=wall_of(closed) if closed else None,
        closed_seconds=_after(closed.data) if closed else None,
        closed_by=str(closed.data.get("by", "")) if closed else "",
        closed_why=str(closed.data.get("reason", "")) if closed else "",
        gaps=tuple(gaps),
    )


def _plan(version: Mapping[str, Any] | None) -> Plan | None:
    try:
        return None if version is None else version_from_plain(version)
    except UNREADABLE:
        return None


def _last(run: list[Entry], what: str) -> Entry | None:
    return next((entry for entry in reversed(run) if entry.data.get("what") == what), None)


def _after(data: Mapping[str, Any]) -> float:
    return float(data.get("after_seconds", 0.0))


def _stage(plan: Plan | None, data: Mapping[str, Any]) -> StageStory:
    name = str(data.get("stage"))
    title = next((stage.title for stage in plan.stages if stage.id == name), None) if plan is not None else None
    return StageStory(name, title or Titled(name, name), str(data.get("grade", "")), _after(data), str(data.get("by", "")))


def _steps(plan: Plan | None, run: list[Entry]) -> dict[str, StepStory]:
    found: dict[str, StepStory] = {}
    for entry in run:
        data, what, name = entry.data, entry.data.get("what"), str(entry.data.get("step", ""))
        if what == "begun":
            planned = plan.step(name) if plan is not None else None
            title = planned.title if planned is not None else _title_in(str(data.get("text", name)), name)
            roles, within = tuple(map(str, data.get("roles", ()))), data.get("within_seconds")
            state = StepState.BEGUN if within is None else StepState.OPEN
            found[name] = StepStory(name, title, str(data.get("do", "")), roles, _after(data), within, state)
        elif what == "late" and name in found:
            found[name] = _changed(found[name], is_late=True)
        elif what == "recovered" and plan is not None and plan.recovery.review_role:
            roles, within = (plan.recovery.review_role,), plan.recovery.review_within_seconds
            found[REVIEW] = StepStory(REVIEW, _REVIEW_TITLE, "task", roles, _after(data), within, StepState.OPEN)
        elif what == "step":
            begun = found.get(name) or StepStory(
                name, _REVIEW_TITLE if name == REVIEW else Titled(name, name), "", (), _after(data), None, StepState.OPEN
            )
            words = {key: str(data.get(key, "")) for key in ("by", "said", "answer")}
            found[name] = _changed(begun, state=StepState(data["step_state"]), ended_seconds=_after(data), **words)
    return found


def _changed(step: StepStory, **fields: Any) -> StepStory:
    return StepStory(**({name: getattr(step, name) for name in StepStory.__slots__} | fields))


def _title_in(text: str, name: str) -> Titled:
    zh, slash, en = text.removeprefix(f"{name}: ").partition(" / ")
    return Titled(zh, en if slash else zh)


def _told(entry: Entry) -> ToldStory:
    data = entry.data
    return ToldStory(
        wall_of(entry),
        _after(data),
        str(data.get("role", "")),
        str(data.get("person", "")),
        str(data.get("channel", "")),
        data.get("is_delivered"),
        str(data.get("reason", "")),
        str(data.get("notice", "")),
    )


def _said(entry: Entry) -> Iterator[Saying]:
    data, wall = entry.data, wall_of(entry)
    by = str(data.get("by", ""))
    match data.get("what"):
        case "note":
            yield Saying(wall, by, str(data.get("item", "")), str(data.get("said", data.get("text", ""))))
        case "said":
            fields = data.get("fields") or {"": data.get("text", "")}
            yield from (Saying(wall, by, str(key), str(text)) for key, text in fields.items())
        case "ack" | "override" | "report" | "grade" | "approved":
            yield Saying(wall, by, "", str(data.get("text", "")))
        case "step" if by not in ("", "silence", "cti-daemon"):
            words = ": ".join(str(data[key]) for key in ("step", "answer", "said") if data.get(key))
            yield Saying(wall, by, "", words)
        case _:
            pass


def _snapshots(run: list[Entry]) -> Iterator[Snapshot]:
    for entry in run:
        data = entry.data
        if data.get("what") == "figures":
            yield Snapshot(str(data.get("moment")), _after(data), MappingProxyType(dict(data.get("figures", {}))))
