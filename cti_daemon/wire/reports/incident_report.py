"""The report of an incident: the prompt one, with the seven items of D7, and the closing one, with analysis and rectification."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cti_daemon.model.document import Blank, Block, Document, Fields, Grid, Paragraph, Section, Words
from cti_daemon.model.incidents import Titled
from cti_daemon.model.report_items import ITEM_TITLES, ReportItem
from cti_daemon.wire.reports import labels
from cti_daemon.wire.reports.centre import Centre
from cti_daemon.wire.reports.impact import Impact
from cti_daemon.wire.reports.impact_tables import affected_grid, blocks_of
from cti_daemon.wire.reports.labels import UNKNOWN, Clock, mixed, who
from cti_daemon.wire.reports.step_tables import steps_grid, told_grid
from cti_daemon.wire.reports.story import Saying, Story
from cti_daemon.wire.reports.timeline import timeline

_NOT_WRITTEN = Titled("尚未填写", "not written yet")
_ROW_OF_NOTES = (Titled("时间", "time"), Titled("填写人", "by"), Titled("内容", "words"))


class Stand(StrEnum):
    """Which report of an incident."""

    PROMPT = "prompt"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Material:
    """`numbers`: callers' numbers by row of the register, where somebody with the right has asked for them."""

    story: Story
    impact: Impact
    centre: Centre
    numbers: Mapping[int, str] | None = None


def report(material: Material, stand: Stand) -> Document:
    story = material.story
    kind = Titled("快报", "prompt report") if stand is Stand.PROMPT else Titled("总结报告", "closing report")
    drill = Titled("（演练）", " (DRILL)") if story.is_drill else ""
    title = mixed(Titled("突发事件", "Incident, "), kind, drill, Titled("：", ": "), story.title)
    sections = _prompt(material) if stand is Stand.PROMPT else _closing(material)
    return Document(title, tuple(marks(material, stand)), tuple(sections), material.centre.foot)


def marks(material: Material, stand: Stand | None = None) -> Iterable[Words]:
    story = material.story
    if story.is_drill:
        yield Titled("演练：未影响真实通话", "DRILL: live calls were left alone")
    if story.time_scale != 1.0:
        shown = f"time_scale = {story.time_scale:g}"
        yield mixed(Titled("预案时限已按比例缩短：", "The times of the plan were shortened: "), shown)
    if stand is Stand.CLOSING and story.closed is None:
        yield Titled("事件尚未关闭，本报告不是最终报告", "The incident is not closed: this is not the last word")
    if "opened" in story.gaps:
        yield Titled("日志缺少本事件的开头", "The journal lacks the beginning of this incident")
    if "plan" in story.gaps:
        yield Titled("日志中没有可读的预案文本，名称以编号代替", "The journal has no plan text that can be read: names are ids")
    if material.numbers is not None:
        yield Titled(
            "含客户电话号码：仅限授权人员，用后销毁", "With callers' numbers: for those with the right only, to be destroyed after use"
        )


# --- prompt -----------------------------------------------------------------------------------------------------------


def _prompt(material: Material) -> list[Section]:
    story, clock = material.story, material.centre.clock
    sections: list[tuple[Titled, list[Block]]] = [
        (Titled("单位名称、地点、时间", "Centre, place, time"), [_head(material)]),
        (Titled("事件类别", "Kind"), [_kind(story), *notes(story, clock, ReportItem.KIND)]),
        (Titled("影响", "Impact"), [*blocks_of(material.impact, story, clock), *_callers(material)]),
        (Titled("控制程度", "Degree of control"), [_control(story), *notes(story, clock, ReportItem.CONTROL)]),
        (
            Titled("已采取的措施", "Measures taken"),
            [steps_grid(story), told_grid(story, clock), *notes(story, clock, ReportItem.MEASURES)],
        ),
        (
            Titled("发展趋势、可能的损失、拟采取的措施", "Development, possible loss, further measures"),
            _always(story, clock, (ReportItem.DEVELOPMENT, ReportItem.LOSS, ReportItem.FURTHER)),
        ),
        (Titled("其他", "Other"), _always(story, clock, (ReportItem.OTHER,))),
    ]
    numbered = [Section(mixed(f"{n}. ", title), tuple(blocks)) for n, (title, blocks) in enumerate(sections, 1)]
    return [*numbered, _changes(story, clock), Section(Titled("时间线", "Timeline"), (timeline(story, material.impact.routes, clock),))]


def _head(material: Material) -> Fields:
    story, centre = material.story, material.centre
    return Fields(
        (
            (Titled("单位", "centre"), centre.name),
            (Titled("地点", "place"), centre.place or UNKNOWN),
            (Titled("站点", "site"), centre.site),
            (Titled("事件编号", "incident"), story.id),
            (Titled("发生时间", "began"), centre.clock.tell(story.opened)),
            (Titled("发现方式", "found by"), who(story.found_by)),
            (Titled("恢复时间", "recovered"), centre.clock.tell(story.recovered) if story.recovered else Titled("未恢复", "not yet")),
            (Titled("历时", "lasted"), _lasted(story)),
            (Titled("报告时间", "reported"), centre.clock.tell(centre.made)),
        )
    )


def _lasted(story: Story) -> Words:
    if story.recovered_seconds is not None:
        return labels.span(story.recovered_seconds)
    if story.closed_seconds is not None:
        return labels.span(story.closed_seconds)
    return mixed(Titled("至少 ", "at least "), labels.span((story.last - story.opened).total_seconds()))


def _kind(story: Story) -> Fields:
    rows = ", ".join(story.plan.rows) if story.plan is not None else ""
    plan = f"{story.plan_name} {story.version}" + (f" [{rows}]" if rows else "")
    return Fields(
        (
            (Titled("预案", "plan"), mixed(story.title, f" ({plan})")),
            (Titled("批准人", "plan approved by"), story.plan.approved_by if story.plan is not None else UNKNOWN),
            (Titled("触发", "cause of opening"), story.cause or UNKNOWN),
            (Titled("最高级别", "highest grade"), labels.grade(min((stage.grade for stage in story.stages), default=story.grade))),
            (labels.SAID_FIELDS["cause_class"], story.newest("cause_class") or UNKNOWN),
        )
    )


def _control(story: Story) -> Fields:
    last = story.stages[-1] if story.stages else None
    return Fields(
        (
            (Titled("状态", "state"), labels.state(story.state)),
            (Titled("当前级别", "grade now"), labels.grade(story.grade)),
            (Titled("最后进入的阶段", "last stage"), last.title if last is not None else UNKNOWN),
            *((labels.SAID_FIELDS[key], story.newest(key) or UNKNOWN) for key in ("eta", "wording", "vendor_case")),
        )
    )


def _callers(material: Material) -> list[Block]:
    return [affected_grid(material.impact, material.centre.clock, material.numbers)] if material.impact.affected else []


# --- what people wrote --------------------------------------------------------------------------------------------------


def notes(story: Story, clock: Clock, item: ReportItem) -> list[Block]:
    """All that was written for an item, oldest first; nothing when nothing was."""
    found = [saying for saying in story.said if saying.key == item]
    return [_said_grid(found, clock)] if found else []


def _always(story: Story, clock: Clock, items: tuple[ReportItem, ...]) -> list[Block]:
    blocks: list[Block] = []
    for item in items:
        blocks += [Paragraph(mixed(ITEM_TITLES[item], Titled("：", ":"))), *(notes(story, clock, item) or [Paragraph(_NOT_WRITTEN)])]
    return blocks


def _said_grid(found: list[Saying], clock: Clock) -> Grid:
    return Grid(_ROW_OF_NOTES, tuple((clock.tell(s.wall), who(s.by), s.text) for s in found), (20, 14, 66))


def _changes(story: Story, clock: Clock) -> Section:
    """Appended to only: what was said before stays, with who said it."""
    head = (*_ROW_OF_NOTES[:2], Titled("栏目", "item"), _ROW_OF_NOTES[2])
    rows = tuple(
        (clock.tell(s.wall), who(s.by), labels.SAID_FIELDS.get(s.key, labels.item(s.key) if s.key else Titled("记录", "remark")), s.text)
        for s in story.said
    )
    explained = Titled("只增不改，每项注明填写人。", "Only ever added to; each with its author.")
    return Section(Titled("填报记录", "What people reported"), (Paragraph(explained), Grid(head, rows, (20, 14, 16, 50))))


# --- closing ------------------------------------------------------------------------------------------------------------


def _closing(material: Material) -> list[Section]:
    story, clock = material.story, material.centre.clock
    ended = Fields(
        (
            (Titled("关闭时间", "closed"), clock.tell(story.closed) if story.closed else Titled("未关闭", "not yet")),
            (Titled("关闭人", "closed by"), who(story.closed_by) if story.closed else UNKNOWN),
            (Titled("关闭说明", "why"), story.closed_why or UNKNOWN),
        )
    )
    found = [saying for saying in story.said if saying.key == ReportItem.RECTIFICATION]
    return [
        Section(Titled("一、基本情况", "1. Basic facts"), (_head(material), _kind(story), _control(story), ended)),
        Section(Titled("二、影响", "2. Impact"), (*blocks_of(material.impact, story, clock), *_callers(material))),
        Section(Titled("三、原因", "3. Cause"), tuple(_always(story, clock, (ReportItem.CAUSE,)))),
        Section(
            Titled("四、经过", "4. Course"),
            (*notes(story, clock, ReportItem.COURSE), timeline(story, material.impact.routes, clock)),
        ),
        Section(
            Titled("五、处置与通知", "5. What was done, who was told"),
            (steps_grid(story), told_grid(story, clock), *notes(story, clock, ReportItem.MEASURES)),
        ),
        Section(Titled("六、分析", "6. Analysis"), tuple(_always(story, clock, (ReportItem.ANALYSIS, ReportItem.LOSS)))),
        rectification(found, clock, Titled("七、整改清单", "7. Rectification list")),
        _changes(story, clock),
        Section(Titled("签字", "Signatures"), (Blank(Titled("填报人", "written by")), Blank(Titled("审核人", "checked by")))),
    ]


def rectification(found: list[Saying], clock: Clock, title: Titled) -> Section:
    """What is to be put right; who does it until when is written by hand, unless the words say so."""
    head = (
        Titled("序号", "no."),
        Titled("整改内容", "what is to be put right"),
        Titled("提出人、时间", "by, time"),
        Titled("责任人", "in charge"),
        Titled("完成期限", "until"),
        Titled("结果", "result"),
    )
    rows = tuple(
        (str(n), saying.text, mixed(who(saying.by), "\n", clock.tell(saying.wall)), "", "", "") for n, saying in enumerate(found, 1)
    )
    return Section(title, (Grid(head, rows, (6, 42, 18, 12, 12, 10), empty=_NOT_WRITTEN),))
