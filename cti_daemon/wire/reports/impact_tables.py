"""Whom it struck, as tables: callers, queues, and the figures before, during and after."""

from collections.abc import Mapping

from cti_daemon.model.document import Block, Fields, Grid, Paragraph, Words
from cti_daemon.model.incidents import Titled
from cti_daemon.model.register import Harm, RowState
from cti_daemon.wire.reports import labels
from cti_daemon.wire.reports.impact import Impact
from cti_daemon.wire.reports.labels import UNKNOWN, Clock, count, mixed, share, share_of, span
from cti_daemon.wire.reports.story import Snapshot, Story

_IN_TIME = Titled("* 及时接通 ÷（接通 + 放弃）", "* in time of (answered + abandoned)")
_MOMENTS = {
    "before": Titled("之前", "before"),
    "opened": Titled("开始", "opening"),
    "recovered": Titled("恢复", "recovery"),
    "closed": Titled("关闭", "close"),
}


def blocks_of(impact: Impact, story: Story, clock: Clock) -> list[Block]:
    blocks: list[Block] = [callers(impact, story)]
    if impact.rescues:
        blocks.append(rescues(impact, clock))
    if impact.queues:
        blocks += [Paragraph(Titled("排队情况（开始至恢复）", "Queues, from opening to recovery")), queues(impact), Paragraph(_IN_TIME)]
    if story.snapshots:
        blocks += [Paragraph(Titled("之前、期间、之后", "Before, during, after")), moments(story)]
    return blocks


def callers(impact: Impact, story: Story) -> Fields:
    opened = next((s for s in story.snapshots if s.moment == "opened"), None)
    in_progress = opened.figures.get("calls") if opened is not None else None
    rows: list[tuple[Words, Words]] = [
        (Titled("开始时的通话数", "calls in progress at the opening"), count(in_progress)),
        (Titled("受影响节点上的通话数", "calls on servers that were left"), str(impact.legs)),
        (Titled("其中保住", "of these kept"), str(impact.moved)),
        (Titled("中断的客户", "callers lost"), count(impact.of_harm(Harm.LOST))),
        (Titled("恢复后挂断的客户", "callers kept who then hung up"), count(impact.of_harm(Harm.HUNG_UP))),
        (Titled("应急座席受理的客户", "callers served by emergency seats"), count(impact.of_harm(Harm.EMERGENCY))),
        (Titled("回访已接通", "called back and reached"), count(impact.reached)),
        (Titled("已自行来电并受理", "rang in themselves and were served"), count(impact.rang_in)),
        (Titled("尚待回访", "still to be called back"), count(impact.waiting_for_us)),
    ]
    return Fields((*rows, *_recorded(impact), *_informed(impact)))


def _recorded(impact: Impact) -> list[tuple[Words, Words]]:
    """Nothing, where no recording was cut."""
    if not impact.cuts:
        return []
    gaps = [cut.seconds for cut in impact.cuts if cut.seconds is not None]
    return [
        (Titled("中断的录音", "recordings interrupted"), str(len(impact.cuts))),
        (Titled("未恢复的录音", "of these not gone on"), str(len(impact.cuts) - len(gaps))),
        (Titled("最长录音缺口", "longest gap"), f"{max(gaps):.1f} s" if gaps else UNKNOWN),
    ]


def _informed(impact: Impact) -> list[tuple[Words, Words]]:
    names = {
        "told": Titled("已告知客户（人次）", "callers told"),
        "failed": Titled("未能告知（人次）", "callers not reached to be told"),
        "unknown": Titled("是否告知不详（人次）", "not known whether told"),
        "no_number": Titled("无号码未告知（人次）", "not told for want of a number"),
    }
    return [(names.get(result, result), str(n)) for result, n in impact.informed]


def rescues(impact: Impact, clock: Clock) -> Grid:
    head = (
        Titled("时间", "time"),
        Titled("离开节点", "node left"),
        Titled("通话", "calls"),
        Titled("保住", "kept"),
        Titled("用时", "took"),
        Titled("各项结果", "results"),
    )
    rows = tuple(
        (
            clock.tell(rescue.wall),
            rescue.node,
            str(rescue.legs),
            str(rescue.moved),
            f"{rescue.seconds:.3f} s",
            ", ".join(f"{word} {n}" for word, n in rescue.results) or "–",
        )
        for rescue in impact.rescues
    )
    return Grid(head, rows, (22, 18, 10, 10, 14, 26), numbers=frozenset({2, 3, 4}))


def queues(impact: Impact) -> Grid:
    head = (
        Titled("队列", "queue"),
        Titled("呼入", "offered"),
        Titled("接通", "answered"),
        Titled("及时接通", "in time"),
        Titled("及时率*", "in time*"),
        Titled("放弃", "abandoned"),
        Titled("短时放弃", "short"),
        Titled("超时、转出", "left"),
        Titled("末尾排队", "waiting at end"),
        Titled("最长等待", "longest wait"),
    )
    rows: list[tuple[Words, ...]] = []
    for course in impact.queues:
        held = course.counts
        answered, abandoned = held["answered"], held["abandoned"]
        base = None if answered is None or abandoned is None else answered + abandoned
        timeout, overflowed = held["timeout"], held["overflowed"]
        left = None if timeout is None or overflowed is None else timeout + overflowed
        rows.append(
            (
                course.queue,
                count(held["offered"]),
                count(answered),
                count(held["in_time"]),
                share_of(held["in_time"], base),
                count(abandoned),
                count(held["short_abandoned"]),
                count(left),
                count(course.waiting),
                span(course.longest_wait_seconds),
            )
        )
    return Grid(head, tuple(rows), (18, 9, 9, 9, 10, 9, 8, 9, 9, 11), numbers=frozenset(range(1, 10)))


def moments(story: Story) -> Grid:
    head = (
        Titled("时刻", "moment"),
        Titled("起算", "after"),
        Titled("通话数", "calls"),
        Titled("队列", "queue"),
        Titled("排队", "waiting"),
        Titled("最长等待", "longest wait"),
        Titled("服务水平", "service level"),
        Titled("接通率", "connect rate"),
    )
    rows = tuple(row for snapshot in story.snapshots for row in _moment(snapshot, story))
    return Grid(head, rows, (18, 13, 9, 18, 9, 12, 11, 10), numbers=frozenset({2, 4, 5, 6, 7}))


def _moment(snapshot: Snapshot, story: Story) -> list[tuple[Words, ...]]:
    name: Words = _MOMENTS.get(snapshot.moment, snapshot.moment)
    if snapshot.moment.startswith("stage:"):
        wanted = snapshot.moment.removeprefix("stage:")
        name = next((stage.title for stage in story.stages if stage.id == wanted), wanted)
    calls = count(snapshot.figures.get("calls"))
    found = dict(snapshot.figures.get("queues", {})) or {"–": {}}
    rows: list[tuple[Words, ...]] = []
    for queue, held in sorted(found.items()):
        level, rate = share(held.get("service_level")), share(held.get("connect_rate"))
        waits = (count(held.get("waiting")), span(held.get("longest_wait_seconds")))
        rows.append((name, labels.after(snapshot.after_seconds), calls, queue, *waits, level, rate))
    return rows


def affected_grid(impact: Impact, clock: Clock, numbers: Mapping[int, str] | None) -> Grid:
    """Without numbers, unless they were asked for: a row of the register names its caller."""
    head: list[Words] = [
        Titled("登记号", "row"),
        Titled("时间", "time"),
        Titled("情形", "what happened"),
        Titled("当时", "was"),
        Titled("节点", "node"),
        Titled("回访", "call-back"),
        Titled("次数", "tries"),
    ]
    widths = [9, 20, 16, 10, 12, 25, 8]
    if numbers is not None:
        head.append(Titled("电话号码", "number"))
        widths = [8, 18, 13, 9, 10, 20, 7, 15]
    rows = []
    for row in impact.affected:
        state: Words = labels.ROW_STATES[row.state] if row.state is not None else UNKNOWN
        if row.harm is Harm.EMERGENCY and row.state is RowState.CLOSED and not row.result:
            state = Titled("已受理", "served")
        result = mixed(state, f": {row.result}" if row.result else "")
        was: Words = labels.WAS.get(row.was, row.was)
        cells = [str(row.row), clock.tell(row.wall), labels.HARMS[row.harm], was, row.node, result, str(row.attempts)]
        rows.append((*cells, *([] if numbers is None else [numbers.get(row.row, "–")])))
    return Grid(tuple(head), tuple(rows), tuple(widths), numbers=frozenset({0, 6}))
