"""The course of an incident, line by line: when, how long after its opening, what, and by whom."""

from collections.abc import Iterable

from cti_daemon.model.document import Grid, Words
from cti_daemon.model.incidents import IncidentState, StepState, Titled
from cti_daemon.wire.journal_record import Entry
from cti_daemon.wire.reports import labels
from cti_daemon.wire.reports.labels import Clock, listed, mixed, role, who
from cti_daemon.wire.reports.story import StepStory, Story, wall_of

HEAD = (Titled("时间", "time"), Titled("起算", "after"), Titled("事项", "what"), Titled("何人", "who"))
WIDTHS = (19, 11, 52, 18)
_ANSWERS = {
    "yes": Titled("能来", "comes"),
    "no": Titled("不能来", "cannot come"),
    "silent": Titled("无答复", "no answer"),
    "unreachable": Titled("联系不上", "not reached"),
}


def timeline(story: Story, others: Iterable[Entry], clock: Clock) -> Grid:
    """`others`: what the site itself did meanwhile."""
    steps = {step.id: step for step in story.steps}
    stages = {stage.id: stage.title for stage in story.stages}
    own = [entry for entry in story.entries if entry.data.get("what") != "figures"]
    rows: list[tuple[Words, ...]] = []
    for entry in sorted([*own, *others], key=lambda entry: entry.seq):
        wall = wall_of(entry)
        if entry.kind == "incident":
            after = float(entry.data.get("after_seconds", 0.0))
            what, by = _own(entry.data, steps, stages, story), _by(entry.data)
        else:
            after = (wall - story.opened).total_seconds()
            what, by = _of_site(entry), labels.DAEMON
        rows.append((clock.tell(wall), labels.after(after), what, by))
    return Grid(HEAD, tuple(rows), WIDTHS)


def _by(data: dict[str, object]) -> Words:
    if data.get("what") in ("told", "summoned", "deputy"):
        return mixed(role(str(data.get("role", ""))), f" {data['person']}" if data.get("person") else "")
    if data.get("what") == "begun":
        return listed([role(str(name)) for name in _names(data.get("roles"))], labels.AUTOMATIC)
    return who(str(data.get("by", "")))


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list | tuple) else []


def _own(data: dict[str, object], steps: dict[str, StepStory], stages: dict[str, Titled], story: Story) -> Words:
    """In both languages where the words are ours; what is not known here stands as the journal has it."""
    text, what = str(data.get("text", "")), data.get("what")
    step = steps.get(str(data.get("step", "")))
    match what:
        case "opened":
            return mixed(Titled("发现：", "detected: "), str(data.get("cause") or text))
        case "state":
            return mixed(Titled("状态：", "state: "), labels.STATES[IncidentState(str(data["state"]))])
        case "stage":
            title = stages.get(str(data.get("stage")), str(data.get("stage")))
            grade = next((label for key, label in labels.GRADES.items() if key == data.get("grade")), str(data.get("grade")))
            return mixed(Titled("进入阶段：", "stage: "), title, Titled("，", ", "), grade)
        case "begun" if step is not None:
            within = data.get("within_seconds")
            limit = f" ≤ {labels.span(float(within))}" if isinstance(within, int | float) else ""
            return mixed(labels.of_action(step.do), Titled("：", ": "), step.title, limit)
        case "step" if step is not None:
            words = [str(data[key]) for key in ("answer", "said") if data.get(key)]
            state = labels.STEP_STATES[StepState(str(data["step_state"]))]
            return mixed(step.title, Titled("：", ": "), state, f" ({'; '.join(words)})" if words else "")
        case "late" if step is not None:
            return mixed(Titled("超时：", "overdue: "), step.title)
        case "deputy":
            return Titled("未确认，通知替代人员", "not acknowledged: the deputy is told")
        case "told" if "channel" in data:
            return mixed(_told(data), Titled("；", "; "), story.about(str(data.get("notice", ""))))
        case "summoned" if data.get("answer"):
            return mixed(Titled("召集答复：", "called in: "), _ANSWERS.get(str(data["answer"]), str(data["answer"])))
        case _:
            return _spoken(data, text)


def _told(data: dict[str, object]) -> Words:
    if data.get("is_delivered"):
        return mixed(Titled("已通知，方式 ", "told by "), str(data["channel"]))
    channel = str(data["channel"]) or Titled("任何方式", "any channel")
    return mixed(Titled("未能通知，方式 ", "NOT told by "), channel, Titled("：", ": "), str(data.get("reason", "")))


_ALWAYS = {
    "unapproved": Titled("审批人与替代人员均未答复，继续等待", "neither approver nor deputy has answered: it goes on waiting"),
    "resumed": Titled("守护进程重启，计时继续", "the daemon was restarted; all clocks go on"),
    "well": Titled("情况正常，开始观察", "well: under observation"),
    "relapse": Titled("情况反复，重新观察", "not well any more: the observation begins anew"),
}
_WITH_REASON = {
    "ack": Titled("受理", "looks after it"),
    "approved": Titled("批准启动", "the start is approved"),
    "recovered": Titled("恢复", "recovered"),
}


def _spoken(data: dict[str, object], text: str) -> Words:
    """Words that people and the end of an incident left."""
    what = str(data.get("what"))
    if what in _ALWAYS:
        return _ALWAYS[what]
    if what in _WITH_REASON:
        return mixed(_WITH_REASON[what], _reason(text))
    match what:
        case "closed":
            return mixed(Titled("关闭：", "closed: "), str(data.get("reason", text)))
        case "note":
            item = labels.item(str(data.get("item", "")))
            return mixed(Titled("记录", "remark"), *((" (", item, ")") if item else ()), ": ", str(data.get("said", text)))
        case "said" if isinstance(data.get("fields"), dict):
            fields: dict[str, object] = data["fields"]  # type: ignore[assignment]
            return listed([mixed(labels.SAID_FIELDS.get(key, key), Titled("：", ": "), str(word)) for key, word in fields.items()])
        case "arrived":
            return mixed(str(data.get("person", "")), Titled(" 到达", " has arrived"))
        case "grade":
            return mixed(Titled("定级：", "grade: "), labels.grade(str(data.get("grade"))), _reason(text))
        case "facts":
            found = data.get("facts")
            facts = found.items() if isinstance(found, dict) else ()
            return mixed(Titled("指标快照：", "facts: "), ", ".join(f"{name} = {_value(value)}" for name, value in facts))
        case _:
            return text


def _reason(text: str) -> str:
    """What was said with it."""
    return f": {text.partition(': ')[2]}" if ": " in text else ""


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _of_site(entry: Entry) -> Words:
    data = entry.data
    left, serving = str(data.get("from", "")), str(data.get("serving", data.get("to", "")))
    match entry.kind:
        case "rerouted":
            seconds = f"{float(data.get('seconds', 0.0)):.3f} s"
            return mixed(Titled("各接入点的新呼叫均转至 ", "every edge sends new calls to "), serving, f" ({seconds})")
        case "failover_done":
            moved = int(data.get("results", {}).get("done", 0))
            told = f"{moved} / {int(data.get('legs', 0))}, {float(data.get('seconds', 0.0)):.3f} s"
            return mixed(Titled("转移通话，原在 ", "callers moved off "), left, f": {told}")
        case _:
            if left != serving:
                return mixed(Titled("切换：", "decision: "), f"{left} → {serving} ({data.get('reason', '')})")
            passed = data.get("diverted_from")
            if passed:
                return mixed(Titled("新呼叫绕开 ", "new calls pass by "), f"{passed} ({data.get('reason', '')})")
            return mixed(Titled("服务节点：", "serves: "), f"{serving} ({data.get('reason', '')})")
