"""The record of a drill with the fields that D7 asks for (时间、内容、人员、评估), and pass or fail against the plan's own times."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cti_daemon.model.document import Blank, Block, Document, Fields, Grid, Section, Words
from cti_daemon.model.incidents import StepState, Titled
from cti_daemon.model.report_items import ReportItem
from cti_daemon.wire.journal_record import Entry
from cti_daemon.wire.reports import labels
from cti_daemon.wire.reports.centre import Centre
from cti_daemon.wire.reports.incident_report import notes, rectification
from cti_daemon.wire.reports.labels import UNKNOWN, count, listed, mixed, role, span, who
from cti_daemon.wire.reports.story import Saying, Story, wall_of

KINDS = frozenset({"drill", "restore_drill", "restore_drill_failed"})
_EVALUATIONS = {
    "passed": Titled("合格", "passed"),
    "failed": Titled("不合格", "failed"),
    "aborted": Titled("中止", "aborted"),
    "no test call was made": Titled("未进行测试呼叫", "no test call was made"),
}
_HOW = {
    "done": Titled("完成", "done"),
    "stopped": Titled("人工终止", "stopped by a person"),
    "over": Titled("到时结束", "its time was over"),
    "aborted": Titled("中止", "aborted"),
    "overtaken": Titled("被真实切换中断", "overtaken by a real failover"),
}
_RESULTS = {
    "answered": Titled("已接听", "answered"),
    "silent": Titled("无人接听", "silent"),
    "declined": Titled("拒接", "declined"),
    "busy": Titled("忙", "busy"),
    "unreachable": Titled("不可达", "unreachable"),
    "refused": Titled("节点拒绝", "refused by the node"),
    "not_called": Titled("未呼叫", "not called"),
}
_RESTORED = Titled("日志备份恢复演练", "restore drill of the journal")
_SEATS = Titled("应急座席演练", "drill of the emergency seats")


@dataclass(frozen=True, slots=True)
class DrillStory:
    """`ended` None: it is under way, or its end was never written."""

    id: str
    kind: str
    content: Titled
    began: datetime
    ended: datetime | None
    evaluation: str
    data: Mapping[str, Any]


def drills(entries: Iterable[Entry]) -> list[DrillStory]:
    """By the last word on each, in the order of their beginnings. A refused one was none."""
    found: dict[str, DrillStory] = {}
    current = ""
    for entry in entries:
        if entry.kind == "drill" and entry.data.get("state") != "refused":
            if entry.data.get("state") == "began" or not current:
                current = f"{entry.data.get('kind')}@{entry.seq}"
            told = _drill(entry, str(entry.data.get("id") or current))
            found[told.id] = told
        elif entry.kind in KINDS - {"drill"}:
            told = _restore(entry)
            found[told.id] = told
    return sorted(found.values(), key=lambda drill: drill.began)


def _drill(entry: Entry, name: str) -> DrillStory:
    data, wall = entry.data, wall_of(entry)
    content = data.get("content")
    title = Titled(str(content["zh"]), str(content["en"])) if isinstance(content, Mapping) else _SEATS
    began = wall - timedelta(seconds=float(data.get("ran_seconds", 0.0)))
    ended = wall if data.get("state") == "ended" else None
    return DrillStory(name, str(data.get("kind", "")), title, began, ended, str(data.get("evaluation", "")), data)


def _restore(entry: Entry) -> DrillStory:
    data, wall = entry.data, wall_of(entry)
    evaluation = "failed" if entry.kind.endswith("failed") else str(data.get("evaluation", "")).partition(":")[0]
    return DrillStory(f"restore@{entry.seq}", "restore", _RESTORED, wall, wall, evaluation, data)


def evaluated(drill: DrillStory) -> Words:
    return _EVALUATIONS.get(drill.evaluation, drill.evaluation or (UNKNOWN if drill.ended else Titled("进行中", "under way")))


def report(drill: DrillStory, story: Story | None, centre: Centre) -> Document:
    """`story`: the incident of a plan's drill."""
    title = mixed(Titled("演练记录：", "Record of a drill: "), drill.content)
    marks: list[Words] = [] if drill.ended else [Titled("演练尚未结束", "The drill is not over")]
    if story is not None and story.time_scale != 1.0:
        marks.append(
            mixed(Titled("预案时限已按比例缩短：", "The times of the plan were shortened: "), f"time_scale = {story.time_scale:g}")
        )
    sections = (
        Section(Titled("一、时间", "1. Time"), (_time(drill, centre),)),
        Section(Titled("二、内容", "2. Content"), (_content(drill, centre),)),
        Section(Titled("三、人员", "3. Participants"), tuple(_people(drill, story, centre))),
        Section(Titled("四、过程", "4. Course"), tuple(_course(drill))),
        Section(Titled("五、评估", "5. Evaluation"), tuple(_evaluation(drill, story, centre))),
        _revision(drill, story, centre),
        Section(Titled("签字", "Signatures"), (Blank(Titled("记录人", "written by")), Blank(Titled("负责人", "in charge")))),
    )
    return Document(title, tuple(marks), sections, centre.foot)


def _time(drill: DrillStory, centre: Centre) -> Fields:
    data, clock = drill.data, centre.clock
    lasted = None if drill.ended is None else (drill.ended - drill.began).total_seconds()
    return Fields(
        (
            (Titled("单位", "centre"), centre.name),
            (Titled("地点", "place"), centre.place or UNKNOWN),
            (Titled("演练编号", "drill"), drill.id),
            (Titled("开始", "began"), clock.tell(drill.began)),
            (Titled("结束", "ended"), clock.tell(drill.ended)),
            (Titled("历时", "lasted"), span(data.get("took_ms", 0) / 1000 if drill.kind == "restore" else lasted)),
            (Titled("发起", "begun by"), _begun_by(data)),
            (Titled("结束方式", "how it ended"), mixed(_HOW.get(str(data.get("how")), str(data.get("how") or "–")), _why(data))),
        )
    )


def _begun_by(data: Mapping[str, Any]) -> Words:
    user = str(data.get("user", ""))
    by: Words = Titled("按计划", "schedule") if user == "schedule" else who(user or "cti-daemon")
    return mixed(by, f": {data['reason']}" if data.get("reason") else "")


def _why(data: Mapping[str, Any]) -> str:
    return f": {data['why']}" if data.get("why") else ""


def _content(drill: DrillStory, centre: Centre) -> Fields:
    data = drill.data
    rows: list[tuple[Words, Words]] = [(Titled("内容", "content"), drill.content)]
    if isinstance(data.get("content"), str):
        rows.append((Titled("做法", "how"), str(data["content"])))
    names = (("drill", Titled("演练计划", "schedule's name")), ("plan", Titled("预案", "plan")), ("version", Titled("预案版本", "version")))
    rows += [(label, str(data[key])) for key, label in (*names, ("target", Titled("目标节点", "target"))) if data.get(key)]
    live = data.get("live_calls")
    if isinstance(live, Mapping):
        rows.append((Titled("真实通话最多", "live calls, at most"), count(live.get("most"))))
        limit: Words = Titled("不限", "as many as will") if live.get("limit") is None else count(live["limit"])
        rows.append((Titled("允许的真实通话数", "live calls allowed"), limit))
    rows.append((Titled("站点", "site"), centre.site))
    return Fields(tuple(rows))


def _people(drill: DrillStory, story: Story | None, centre: Centre) -> list[Block]:
    head = (Titled("角色", "role"), Titled("人员", "people"), Titled("是否通知到", "told"))
    rows: list[tuple[Words, ...]] = []
    for one in drill.data.get("participants", ()):
        if isinstance(one, Mapping):
            told = {True: Titled("是", "yes"), False: Titled("否", "NO")}.get(one.get("told"), UNKNOWN)  # type: ignore[arg-type]
            rows.append((role(str(one.get("role", ""))), listed([str(name) for name in one.get("people", ())]), told))
        else:
            rows.append(("–", str(one), "–"))
    empty = Titled("未登记参加人员", "no participants are recorded")
    return [Grid(head, tuple(rows), (34, 46, 20), empty=empty), *_notes(story, centre, ReportItem.PARTICIPANTS)]


def _notes(story: Story | None, centre: Centre, item: ReportItem) -> list[Block]:
    return [] if story is None else notes(story, centre.clock, item)


def _course(drill: DrillStory) -> list[Block]:
    data = drill.data
    blocks: list[Block] = []
    if "calls" in data and drill.kind != "plan":
        shown: tuple[tuple[Words, Words], ...] = (
            (Titled("测试呼叫", "test calls"), count(data.get("calls"))),
            (Titled("其中接听", "of these answered"), count(data.get("answered"))),
            (Titled("接听的座席", "seats that answered"), ", ".join(map(str, data.get("seats", ()))) or labels.NOBODY),
        )
        blocks.append(Fields(shown))
    if data.get("seat_calls"):
        head = (Titled("座席", "seat"), Titled("结果", "result"), Titled("用时", "after"), Titled("次数", "tries"), Titled("说明", "why"))
        rows = tuple(_seat(call) for call in data["seat_calls"])
        blocks.append(Grid(head, rows, (24, 20, 14, 10, 32), numbers=frozenset({2, 3})))
    if data.get("times"):
        parts = (
            Titled("步骤", "step"),
            Titled("角色", "role"),
            Titled("时限", "limit"),
            Titled("用时", "took"),
            Titled("按时", "in time"),
            Titled("完成人", "by"),
        )
        blocks.append(Grid(parts, tuple(_step_time(time) for time in data["times"]), (34, 18, 12, 12, 10, 14)))
    if data.get("steps"):
        fired = (Titled("步骤", "step"), Titled("类型", "kind"), Titled("结果", "outcome"), Titled("说明", "words"))
        blocks.append(Grid(fired, tuple(_step(step) for step in data["steps"]), (40, 14, 14, 32)))
    return blocks or [Fields(((Titled("结果", "result"), str(data.get("evaluation") or data.get("why") or "–")),))]


def _seat(call: Mapping[str, Any]) -> tuple[Words, ...]:
    result = str(call.get("result", ""))
    seconds = call.get("seconds")
    after = f"{float(seconds):.1f} s" if isinstance(seconds, int | float) else "–"
    return (str(call.get("seat", "")), _RESULTS.get(result, result), after, count(call.get("attempts")), str(call.get("why") or ""))


def _title(step: Mapping[str, Any]) -> Words:
    title = step.get("title")
    return Titled(str(title["zh"]), str(title["en"])) if isinstance(title, Mapping) else str(title or step.get("step", ""))


def _step_time(time: Mapping[str, Any]) -> tuple[Words, ...]:
    kept = {True: Titled("是", "yes"), False: Titled("否", "NO")}.get(time.get("kept"), UNKNOWN)  # type: ignore[arg-type]
    took = time.get("took_seconds")
    done: Words = Titled("未完成", "not done") if took is None else span(took)
    roles = listed([role(name) for name in str(time.get("role") or "").split(", ") if name])
    return (_title(time), roles, span(time.get("allowed_seconds")), done, kept, who(str(time.get("by") or "")))


def _step(step: Mapping[str, Any]) -> tuple[Words, ...]:
    state = str(step.get("state", ""))
    known: Words = labels.STEP_STATES[StepState(state)] if state in set(StepState) else state
    return (_title(step), labels.of_action(str(step.get("do", ""))), known, str(step.get("said") or ""))


def _evaluation(drill: DrillStory, story: Story | None, centre: Centre) -> list[Block]:
    times = [time for time in drill.data.get("times", ()) if isinstance(time, Mapping)]
    rows: list[tuple[Words, Words]] = [(Titled("结论", "result"), evaluated(drill))]
    if times:
        kept = sum(time.get("kept") is True for time in times)
        rows.append((Titled("按时完成的步骤", "steps in time"), f"{kept} / {len(times)}"))
    return [Fields(tuple(rows)), *_notes(story, centre, ReportItem.EVALUATION)]


def _revision(drill: DrillStory, story: Story | None, centre: Centre) -> Section:
    """Findings are tasks for the revision of the plan (E5), and so is what people noted as such."""
    at = drill.ended or drill.began
    found = [Saying(at, "cti-daemon", "", str(finding)) for finding in drill.data.get("findings", ())]
    if story is not None:
        found += [saying for saying in story.said if saying.key == ReportItem.REVISION]
    return rectification(found, centre.clock, Titled("六、预案修订任务", "6. Revision tasks opened"))
