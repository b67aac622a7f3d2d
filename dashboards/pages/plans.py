"""The written emergency plans at work: what is in force, who is waited for, which callers are still to be called back, and whether
drills and backups are done in their time. For the shift leader and whoever leads an incident."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from cti_daemon.model.plan_tables import ROLES
from dashboards.words import BLUE, GREEN, GREY, NOTHING, ORANGE, PURPLE, RED, YELLOW, Look, Meaning, Page, Panel, Query, Row, Words

FOLDER = Path(__file__).resolve().parents[2] / "config" / "plans"


def _titles() -> Iterator[tuple[str, dict[str, str]]]:
    """Name and title of each plan that is shipped; a site's own is shown by its name."""
    for path in sorted(FOLDER.glob("*.toml")):
        yield path.stem, tomllib.loads(path.read_text())["title"]


_OPEN = 'state=~"detected|notified|assessed|responding"'
GRADES = (
    Meaning("P1", Words("P1: service lost", "P1 服务中断"), RED),
    Meaning("P2", Words("P2: business limited", "P2 业务受限"), ORANGE),
    Meaning("P3", Words("P3: fault, service runs", "P3 故障, 业务正常"), YELLOW),
    Meaning("P4", Words("P4: question, check", "P4 咨询、检查"), BLUE),
)
STATES = (
    Meaning("detected", Words("detected", "发现"), RED),
    Meaning("notified", Words("notified", "已通知"), ORANGE),
    Meaning("assessed", Words("assessed", "已评估"), YELLOW),
    Meaning("responding", Words("responding", "响应中"), BLUE),
    Meaning("recovered", Words("recovered", "已恢复"), GREEN),
    Meaning("reviewed", Words("reviewed", "已总结"), PURPLE),
)
PLANS = tuple(Meaning(name, Words(title["en"], title["zh"]), GREY) for name, title in _titles())
TURNS = tuple(Meaning(role, Words(title.en, title.zh), GREY) for role, title in ROLES.items())
CLOCKS = (Meaning("due", Words("within their time", "未到期"), BLUE), Meaning("late", Words("overdue", "已超时"), RED))
ROWS = (
    Meaning("open", Words("to be called back", "待回访"), ORANGE),
    Meaning("calling", Words("being called", "回拨中"), "light-blue"),
    Meaning("rang_in", Words("on the line themselves", "客户已来电"), BLUE),
    Meaning("taken", Words("taken by a person", "人工跟进"), YELLOW),
    Meaning("closed", Words("closed", "已办结"), GREEN),
)
OUTCOMES = (
    Meaning("reached", Words("reached", "已接通"), GREEN),
    Meaning("not_reached", Words("not reached", "未接通"), ORANGE),
    Meaning("hung_up", Words("hung up before a seat", "等待座席时挂断"), YELLOW),
    Meaning("rang_in", Words("rang in themselves", "客户自行来电"), BLUE),
    Meaning("refused", Words("the edge takes none", "线路拒绝"), RED),
    Meaning("no_number", Words("no number", "无号码"), GREY),
    Meaning("closed_by_people", Words("closed by people", "人工办结"), PURPLE),
)
NOTICES = (
    Meaning("delivered", Words("taken by the channel", "渠道已接收"), GREEN),
    Meaning("failed", Words("not taken: the next channel", "失败, 换下一渠道"), RED),
    Meaning("unknown", Words("not known", "未知"), GREY),
)
SEAT_TESTS = (
    Meaning("answered", Words("answered", "已应答"), GREEN),
    Meaning("silent", Words("silent", "无人应答"), RED),
    Meaning("declined", Words("declined", "拒接"), ORANGE),
    Meaning("busy", Words("busy", "通话中"), YELLOW),
    Meaning("unreachable", Words("unreachable", "话机离线"), PURPLE),
    Meaning("refused", Words("the node took no order", "节点拒绝"), GREY),
    Meaning("not_called", Words("not called", "未呼叫"), BLUE),
)

_NOW = Row(
    Words("Now", "现在"),
    (
        Panel(
            Words("Not over, by grade", "未恢复的事件 (按等级)"),
            Look.NUMBER,
            (Query(f"sum by (grade) (cti_incidents{{@, {_OPEN}}})", "{{grade}}"),),
            Words("Drills are not counted. What to do: cti-daemon incident list.", "不含演练。处置: cti-daemon incident list。"),
            width=6,
            height=5,
            steps=((None, GREEN), (1, ORANGE)),
            if_none=NOTHING,
        ),
        Panel(
            Words("Tasks overdue", "超时的任务与决策"),
            Look.NUMBER,
            (Query('sum(cti_incident_clocks{@, state="late"})'),),
            Words("And questions. Whoever is named in the plan for this case has been told.", "已按预案通知超时后的责任人。"),
            width=4,
            height=5,
            steps=((None, GREEN), (1, RED)),
            if_none=NOTHING,
        ),
        Panel(
            Words("Tasks in their time", "未到期的任务与决策"),
            Look.NUMBER,
            (Query('sum(cti_incident_clocks{@, state="due"})'),),
            Words("And questions. They wait for a person: below, by plan and by role.", "等待人员完成, 明细见下方 (按预案、按岗位)。"),
            width=4,
            height=5,
            if_none=NOTHING,
        ),
        Panel(
            Words("Waits for approval", "待批准启动的预案"),
            Look.NUMBER,
            (Query("cti_incidents_unapproved{@}"),),
            Words("approve INCIDENT. What saves calls waits for nobody.", "approve 事件号。挽救通话的动作无需批准。"),
            width=4,
            height=5,
            steps=((None, GREEN), (1, ORANGE)),
        ),
        Panel(
            Words("To call back", "待回访的客户"),
            Look.NUMBER,
            (Query('cti_register_rows{@, state="open"}'),),
            Words("Lost, or hung up after an interruption. cti-daemon callback-list.", "中断时丢失或随后挂断。cti-daemon callback-list。"),
            width=3,
            height=5,
            steps=((None, GREEN), (1, ORANGE)),
        ),
        Panel(
            Words("Drill now", "演练进行中"),
            Look.NUMBER,
            (Query("sum(cti_drill{@})"),),
            Words("On the live site: test calls only.", "实网演练, 仅测试呼叫。"),
            width=3,
            height=5,
            meanings=(Meaning(0, Words("no", "否"), GREEN), Meaning(1, Words("YES", "是"), PURPLE)),
        ),
    ),
)

_INCIDENTS = Row(
    Words("Incidents", "事件"),
    (
        Panel(
            Words("Incidents, by plan", "事件 (按预案)"),
            Look.TABLE,
            (Query('sum by (plan, grade, state) (cti_incidents{@, state!="closed"})', Words("incidents", "事件数")),),
            Words(
                "States: detected, notified, assessed, responding, recovered, reviewed.",
                "状态: 发现、已通知、已评估、响应中、已恢复、已总结。",
            ),
            width=10,
            height=8,
            meanings=(*PLANS, *STATES),
            if_none=NOTHING,
        ),
        Panel(
            Words("Not over, by grade, over time", "未恢复事件 (按等级)"),
            Look.STACKED,
            (Query(f"sum by (grade) (cti_incidents{{@, {_OPEN}}})", "{{grade}}"),),
            Words(
                "P1 service lost, P2 business limited, P3 fault while service runs, P4 question.",
                "P1 中断, P2 受限, P3 故障不影响业务, P4 咨询。",
            ),
            width=7,
            meanings=GRADES,
            if_none=NOTHING,
        ),
        Panel(
            Words("Not closed, by state", "未关闭事件 (按状态)"),
            Look.STACKED,
            (Query('sum by (state) (cti_incidents{@, state!="closed"})', "{{state}}"),),
            Words(
                "detected for long: nobody was reached. notified for long: nobody has answered.",
                "长期“发现”: 无人被通知到; 长期“已通知”: 无人响应。",
            ),
            width=7,
            meanings=STATES,
            if_none=NOTHING,
        ),
    ),
)

_CLOCKS = Row(
    Words("Clocks and tasks", "时限与任务"),
    (
        Panel(
            Words("Clocks, by plan", "时限 (按预案)"),
            Look.TABLE,
            (
                Query("max by (plan) (cti_incident_age_seconds{@})", Words("lasts for", "已持续"), "dtdurations"),
                Query('sum by (plan) (cti_incident_clocks{@, state="due"})', Words("in time", "未到期")),
                Query("min by (plan) (cti_incident_clock_due_seconds{@})", Words("next due in", "最近到期"), "dtdurations"),
                Query('sum by (plan) (cti_incident_clocks{@, state="late"})', Words("overdue", "已超时")),
                Query("max by (plan) (cti_incident_clock_overdue_seconds{@})", Words("longest for", "最长超时"), "dtdurations"),
            ),
            Words("An empty field: none. Reviews after recovery are counted too.", "空白: 无。含恢复后的总结任务。"),
            width=14,
            height=8,
            joined_by="plan",
            meanings=PLANS,
            if_none=NOTHING,
        ),
        Panel(
            Words("Whose turn it is, by role", "待办 (按岗位)"),
            Look.TABLE,
            (
                Query('sum by (role) (cti_incident_tasks{@, state="due"})', Words("within their time", "未到期")),
                Query('sum by (role) (cti_incident_tasks{@, state="late"})', Words("overdue", "已超时")),
            ),
            Words("Done by task-done or answer, with name and proof.", "用 task-done 或 answer 完成, 记录姓名与凭据。"),
            width=10,
            height=8,
            joined_by="role",
            meanings=TURNS,
            if_none=NOTHING,
        ),
        Panel(
            Words("Tasks and questions that wait", "等待中的任务与决策"),
            Look.STACKED,
            (Query("sum by (state) (cti_incident_clocks{@})", "{{state}}"),),
            Words("Red: past their time.", "红色: 已超过时限。"),
            meanings=CLOCKS,
            if_none=NOTHING,
        ),
        Panel(
            Words("Messages to people, 10 minutes, by how the channel took them", "10 分钟内的通知 (按渠道结果)"),
            Look.BARS,
            (Query('sum by (result) (increase(cti_notices_total{@, drill="false"}[10m]))', "{{result}}"),),
            Words(
                "One try each; drills apart. A failed one is followed by the next channel, then the deputy.",
                "每次尝试计一次, 不含演练。失败后换渠道, 再通知副职。",
            ),
            meanings=NOTICES,
            if_none=NOTHING,
        ),
    ),
)

_CALLERS = Row(
    Words("Affected callers", "受影响客户"),
    (
        Panel(
            Words("Callers in the register, by how they stand", "登记册中的客户 (按状态)"),
            Look.STACKED,
            (Query('sum by (state) (cti_register_rows{@, state!="closed"})', "{{state}}"),),
            Words("Each caller once, however often it struck him. Closed ones are not shown.", "同一客户只计一次, 不含已办结。"),
            width=8,
            meanings=ROWS,
        ),
        Panel(
            Words("Call-backs, 10 minutes, by what came of them", "10 分钟内的回拨结果"),
            Look.BARS,
            (Query("sum by (outcome) (increase(cti_callbacks_total{@}[10m]))", "{{outcome}}"),),
            Words("Attempts, and rows that were closed.", "含回拨尝试与办结。"),
            width=8,
            meanings=OUTCOMES,
        ),
        Panel(
            Words("Register: not on disk yet, given up", "登记册未落盘与丢弃的条目"),
            Look.LINES,
            (
                Query("cti_register_backlog{@}", Words("not on disk", "未落盘")),
                Query("increase(cti_register_lost_total{@}[10m])", Words("given up, 10 min", "10 分钟内丢弃")),
            ),
            Words("Above 0 for 30 s: CtiRegisterBehind.", "持续 30 秒大于 0: CtiRegisterBehind。"),
            width=8,
        ),
    ),
)

_DRILLS = Row(
    Words("Drills", "演练"),
    (
        Panel(
            Words("Planned drills", "计划的演练"),
            Look.TABLE,
            (
                Query("max by (drill) (cti_drill_next_seconds{@})", Words("next in", "距下次"), "dtdurations"),
                Query("max by (drill) (cti_drill_due_seconds{@})", Words("due for", "到期已久"), "dtdurations"),
                Query("max by (drill) (cti_drill_overdue{@})", Words("overdue", "已逾期")),
            ),
            Words(
                "[[drill]] of the configuration. cti-daemon drill-schedule says when each was held, and why it was refused.",
                "配置中的 [[drill]]。何时完成、为何被拒: cti-daemon drill-schedule。",
            ),
            width=10,
            height=7,
            joined_by="drill",
            if_none=NOTHING,
        ),
        Panel(
            Words("Drills ended since the start", "启动以来结束的演练 (种类 / 方式)"),
            Look.TABLE,
            (Query("sum by (kind, how) (cti_drills_total{@})", Words("drills", "次数")),),
            Words(
                "done: to its end. stopped by a person, over by time, aborted for something real.",
                "done 完成, stopped 人工结束, over 到时, aborted 因真实事件中止。",
            ),
            width=5,
            height=7,
        ),
        Panel(
            Words("Drills of plans, by state", "预案演练 (按状态)"),
            Look.STACKED,
            (Query("sum by (state) (cti_incident_drills{@})", "{{state}}"),),
            Words("Marked in every message; live calls are left alone.", "所有消息均标明演练, 不影响真实通话。"),
            width=4,
            height=7,
            meanings=STATES,
            if_none=NOTHING,
        ),
        Panel(
            Words("Emergency seats tested, 7 days", "7 天内检测的应急座席"),
            Look.BARS,
            (Query("sum by (result) (increase(cti_drill_seat_tests_total{@}[7d]))", "{{result}}"),),
            Words("Each by a test call of a drill (B3).", "演练中逐席测试呼叫 (B3)。"),
            width=5,
            height=7,
            meanings=SEAT_TESTS,
        ),
    ),
)

_BACKUPS = Row(
    Words("Backups and reviews", "备份与预案评审"),
    (
        Panel(
            Words("Newest backup", "最近一次日志备份"),
            Look.NUMBER,
            (Query("time() - cti_backup_last_timestamp_seconds{@}"),),
            Words("Age; each was tried by putting it back. A week at most (F2).", "距今; 每份均经恢复验证。最长一周 (F2)。"),
            unit="dtdurations",
            width=6,
            height=5,
            steps=((None, GREEN), (2 * 86_400, YELLOW), (7 * 86_400, RED)),
            if_none=Words("none yet", "尚无"),
        ),
        Panel(
            Words("Due in", "距下次备份与恢复演练"),
            Look.NUMBER,
            (
                Query("cti_backup_due_timestamp_seconds{@} - time()", Words("backup", "备份")),
                Query("cti_restore_drill_due_timestamp_seconds{@} - time()", Words("restore drill", "恢复演练")),
            ),
            Words("Below 0: overdue.", "小于 0: 已逾期。"),
            unit="dtdurations",
            width=6,
            height=5,
            steps=((None, RED), (-3600, YELLOW), (0, GREEN)),
        ),
        Panel(
            Words("Backups failed, 24 h", "24 小时内失败的备份与恢复演练"),
            Look.NUMBER,
            (Query("increase(cti_backup_failures_total{@}[1d])"),),
            Words(
                "Restore drills too. The reason: cti-daemon journal backup, cti-daemon journal drill.",
                "原因: cti-daemon journal backup / drill。",
            ),
            width=6,
            height=5,
            steps=((None, GREEN), (1, RED)),
        ),
        Panel(
            Words("The next review of a plan is due in", "距最近一次预案评审"),
            Look.NUMBER,
            (Query("min(cti_plan_review_due_timestamp_seconds{@}) - time()"),),
            Words(
                "review_due of the plan files (E5). Below 0: overdue; cti-daemon doctor names them.",
                "预案文件中的 review_due (E5)。小于 0: 已逾期, cti-daemon doctor 列出。",
            ),
            unit="dtdurations",
            width=6,
            height=5,
            steps=((None, RED), (0, YELLOW), (30 * 86_400, GREEN)),
            if_none=NOTHING,
        ),
    ),
)

PAGE = Page(
    "cti-plans",
    Words("Emergency plans", "应急预案"),
    Words(
        "What is in force, whose turn it is, who is still to be called back, and whether drills and backups are done in their time.",
        "在执行的预案、待办与时限、待回访客户, 以及演练与备份是否按期。",
    ),
    (_NOW, _INCIDENTS, _CLOCKS, _CALLERS, _DRILLS, _BACKUPS),
    span="now-6h",
)
