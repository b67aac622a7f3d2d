"""A6: the quarterly report (每月故障分类, 重复出现的优先) and the report of an inspection with its five items."""

from collections import Counter
from datetime import datetime
from statistics import fmean

from cti_daemon.model.document import Blank, Block, Document, Fields, Grid, Paragraph, Section, Words
from cti_daemon.model.incidents import Grade, Titled
from cti_daemon.model.reasons import SurveyGrade
from cti_daemon.model.register import Harm
from cti_daemon.model.report_items import ITEM_TITLES, ReportItem
from cti_daemon.wire.reports import drill_report, labels
from cti_daemon.wire.reports.centre import Centre
from cti_daemon.wire.reports.impact_tables import rescues
from cti_daemon.wire.reports.labels import UNKNOWN, count, mixed, share, span, who
from cti_daemon.wire.reports.period import SURVEY_GRADES, Period
from cti_daemon.wire.reports.story import Story

_GRADES: tuple[str, ...] = tuple(grade.value for grade in Grade)
_SCORES = {grade: 5 - n for n, grade in enumerate(grade for grade in SurveyGrade if grade is not SurveyGrade.NONE)}
_OF_WHOM = Titled("* （非常满意 + 满意）÷ 给出评价的人数；5 分最好", "* (very satisfied + satisfied) of those who gave a grade; 5 is best")
_NOT_OVER = Titled("本期尚未结束", "The period is not over yet")


def quarterly(period: Period, name: str, centre: Centre) -> Document:
    sections = (
        Section(Titled("一、每月故障分类", "1. Faults by month, kind and grade"), (_span_of(period, centre), _monthly(period, centre))),
        Section(Titled("二、重复出现的原因", "2. Causes, repeated ones first"), (_causes(period, centre),)),
        Section(Titled("三、故障清单", "3. The faults"), (_list_of(period.incidents, centre),)),
        Section(Titled("四、受影响的客户", "4. Callers affected"), tuple(_struck(period, centre))),
        Section(Titled("五、客户满意度", "5. Satisfaction of callers"), (_satisfaction(period), Paragraph(_OF_WHOM))),
        Section(Titled("六、演练与备份", "6. Drills and backups"), (_drills(period, centre), _backups(period))),
        Section(Titled("七、整改", "7. Rectification"), (_noted(period, centre, ReportItem.RECTIFICATION),)),
    )
    return Document(mixed(Titled("季度报告：", "Quarterly report: "), name), _marks(period, centre), sections, centre.foot)


def inspection(period: Period, centre: Centre) -> Document:
    """性能、优化、升级、已排除的故障、新需求."""
    verdicts = tuple((node, verdict, str(n)) for (node, verdict), n in sorted(period.verdicts.items()))
    judged = Grid(
        (Titled("节点", "node"), Titled("判定", "verdict"), Titled("次数", "times")),
        verdicts,
        (40, 40, 20),
        Titled("没有节点判定", "no verdict on any node"),
        frozenset({2}),
    )
    cleared = tuple(each for each in period.incidents if each.recovered is not None)
    left = tuple(each for each in period.incidents if each.recovered is None)
    sections = (
        Section(Titled("一、性能", "1. Performance"), (_span_of(period, centre), *_struck(period, centre), judged)),
        Section(Titled("二、优化", "2. Optimisation"), (_noted(period, centre, ReportItem.OPTIMISATION),)),
        Section(Titled("三、升级", "3. Upgrade"), (_noted(period, centre, ReportItem.UPGRADE),)),
        Section(
            Titled("四、已排除的故障", "4. Faults cleared"),
            (_list_of(cleared, centre), Paragraph(Titled("未排除的故障", "Not cleared")), _list_of(left, centre)),
        ),
        Section(Titled("五、新需求", "5. New needs"), (_noted(period, centre, ReportItem.NEED),)),
        Section(Titled("签字", "Signatures"), (Blank(Titled("巡检人", "inspected by")), Blank(Titled("负责人", "in charge")))),
    )
    return Document(Titled("巡检报告", "Report of an inspection"), _marks(period, centre), sections, centre.foot)


def _marks(period: Period, centre: Centre) -> tuple[Words, ...]:
    scales = sorted({each.time_scale for each in period.incidents} - {1.0})
    shown = ", ".join(f"time_scale = {scale:g}" for scale in scales)
    early: tuple[Words, ...] = (_NOT_OVER,) if centre.made < period.until else ()
    if centre.since is not None and centre.since > period.since:
        begins = centre.clock.tell(centre.since)
        early = (
            *early,
            mixed(Titled("日志始于 ", "The journal begins at "), begins, Titled("，此前不详", ": what was before is not known")),
        )
    if period.lost:
        early = (*early, Titled(f"日志有缺口：{period.lost} 条未写入", f"The journal has gaps: {period.lost} entries were not written"))
    return (*early, *((mixed(Titled("部分预案时限已缩短：", "Times of plans were shortened: "), shown),) if scales else ()))


def _span_of(period: Period, centre: Centre) -> Fields:
    clock = centre.clock
    return Fields(
        (
            (Titled("单位", "centre"), centre.name),
            (Titled("期间", "period"), mixed(clock.tell(period.since), " – ", clock.tell(period.until))),
            (Titled("故障数", "faults"), str(len(period.incidents))),
        )
    )


def kind_of(story: Story) -> Words:
    """The class of cause that people gave; else the plan."""
    return story.newest("cause_class") or story.title


def highest(story: Story) -> str:
    return min((stage.grade for stage in story.stages), default=story.grade)


def _monthly(period: Period, centre: Centre) -> Grid:
    head: tuple[Words, ...] = (Titled("月份", "month"), Titled("类别", "kind"), *_GRADES, Titled("合计", "sum"))
    counts: dict[tuple[str, Words], Counter[str]] = {}
    for each in period.incidents:
        month = f"{centre.clock.local(each.opened):%Y-%m}"
        counts.setdefault((month, kind_of(each)), Counter())[highest(each)] += 1
    rows: list[tuple[Words, ...]] = []
    for (month, kind), held in sorted(counts.items(), key=lambda item: (item[0][0], -item[1].total())):
        rows.append((month, kind, *(str(held[grade]) for grade in _GRADES), str(held.total())))
    if rows:
        sums = Counter(highest(each) for each in period.incidents)
        rows.append((Titled("合计", "sum"), "", *(str(sums[grade]) for grade in _GRADES), str(sums.total())))
    empty = Titled("本期无故障", "no fault in this period")
    return Grid(head, tuple(rows), (14, 42, 9, 9, 9, 9, 10), empty=empty, numbers=frozenset(range(2, 7)))


def _causes(period: Period, centre: Centre) -> Grid:
    head = (
        Titled("原因", "cause"),
        Titled("次数", "times"),
        Titled("重复", "repeated"),
        Titled("最高级别", "highest grade"),
        Titled("累计历时", "lasted in all"),
        Titled("最近一次", "last"),
    )
    found: dict[Words, list[Story]] = {}
    for each in period.incidents:
        found.setdefault(kind_of(each), []).append(each)
    rows: list[tuple[Words, ...]] = []
    for kind, those in sorted(found.items(), key=lambda item: (-len(item[1]), highest(item[1][0]))):
        known = [each.recovered_seconds for each in those if each.recovered_seconds is not None]
        lasted = mixed("" if len(known) == len(those) else Titled("至少 ", "at least "), span(sum(known)))
        again: Words = Titled("是", "yes") if len(those) > 1 else Titled("否", "no")
        rows.append((kind, str(len(those)), again, min(map(highest, those)), lasted, centre.clock.tell(those[-1].opened)))
    return Grid(head, tuple(rows), (32, 9, 10, 13, 16, 20), numbers=frozenset({1}))


def _list_of(found: tuple[Story, ...], centre: Centre) -> Grid:
    head = (
        Titled("编号", "incident"),
        Titled("开始", "began"),
        Titled("历时", "lasted"),
        Titled("级别", "grade"),
        Titled("类别", "kind"),
        Titled("触发", "cause of opening"),
        Titled("状态", "state"),
    )
    rows = tuple(
        (
            each.id,
            centre.clock.tell(each.opened),
            span(each.recovered_seconds) if each.recovered_seconds is not None else Titled("未恢复", "not yet"),
            highest(each),
            kind_of(each),
            each.cause,
            labels.state(each.state),
        )
        for each in found
    )
    return Grid(head, rows, (18, 20, 11, 7, 18, 17, 9))


def _struck(period: Period, centre: Centre) -> list[Block]:
    impact = period.impact
    rows: tuple[tuple[Words, Words], ...] = (
        (Titled("受影响节点上的通话数", "calls on servers that were left"), str(impact.legs)),
        (Titled("其中保住", "of these kept"), str(impact.moved)),
        (Titled("中断的客户", "callers lost"), count(impact.of_harm(Harm.LOST))),
        (Titled("恢复后挂断的客户", "callers kept who then hung up"), count(impact.of_harm(Harm.HUNG_UP))),
        (Titled("应急座席受理的客户", "callers served by emergency seats"), count(impact.of_harm(Harm.EMERGENCY))),
        (Titled("回访已接通", "called back and reached"), count(impact.reached)),
        (Titled("已自行来电并受理", "rang in themselves and were served"), count(impact.rang_in)),
        (Titled("尚待回访", "still to be called back"), count(impact.waiting_for_us)),
    )
    return [Fields(rows), *([rescues(impact, centre.clock)] if impact.rescues else [])]


def _satisfaction(period: Period) -> Grid:
    """Means over those who gave a grade: 5 is best."""
    head = (Titled("月份", "month"), *SURVEY_GRADES.values(), Titled("平均分", "mean"), Titled("满意率*", "satisfied*"))
    rows: list[tuple[Words, ...]] = []
    for month in sorted({month for month, _ in period.answers}):
        held = {grade: period.answers[month, grade] for grade in SURVEY_GRADES}
        scores = [score for grade, score in _SCORES.items() for _ in range(held[grade])]
        good = held[SurveyGrade.VERY_SATISFIED] + held[SurveyGrade.SATISFIED]
        mean: Words = f"{fmean(scores):.2f}" if scores else UNKNOWN
        rows.append((month, *(str(n) for n in held.values()), mean, share(good / len(scores)) if scores else UNKNOWN))
    empty = Titled("本期没有满意度调查", "no caller was asked in this period")
    return Grid(head, tuple(rows), (14, 11, 11, 11, 11, 13, 9, 10, 12), empty=empty, numbers=frozenset(range(1, 9)))


def _drills(period: Period, centre: Centre) -> Grid:
    head = (Titled("编号", "drill"), Titled("开始", "began"), Titled("内容", "content"), Titled("评估", "evaluation"))
    rows = tuple((drill.id, centre.clock.tell(drill.began), drill.content, drill_report.evaluated(drill)) for drill in period.drills)
    return Grid(head, rows, (24, 22, 34, 20), empty=Titled("本期没有演练", "no drill in this period"))


def _backups(period: Period) -> Fields:
    return Fields(
        (
            (Titled("已验证的备份", "verified backups"), str(period.backups["backup"])),
            (Titled("失败的备份", "failed backups"), str(period.backups["backup_failed"])),
        )
    )


def _noted(period: Period, centre: Centre, item: ReportItem) -> Grid:
    head = (Titled("时间", "time"), Titled("填写人", "by"), ITEM_TITLES[item])
    found = tuple((centre.clock.tell(note.wall), who(note.by), note.text) for note in period.notes if note.key == item)
    return Grid(head, found, (22, 14, 64), empty=Titled("未填写", "not written"))


def quarter_of(text: str, centre: Centre) -> tuple[datetime, datetime] | None:
    """`2026Q4`: its first instant and the first after it, in the site's time; None: that is no quarter."""
    year, letter, number = text.upper().partition("Q")
    if letter != "Q" or not (len(year) == 4 and year.isascii() and year.isdigit()) or number not in ("1", "2", "3", "4") or year == "0000":
        return None
    first = 3 * int(number) - 2
    since = datetime(int(year), first, 1, tzinfo=centre.zone)
    until = datetime(int(year) + (first == 10), (first + 2) % 12 + 1, 1, tzinfo=centre.zone)
    return since, until
