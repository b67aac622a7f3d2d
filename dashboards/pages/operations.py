"""The wallboard: what a shift leader looks at, and the first page of whoever is woken."""

from __future__ import annotations

from dashboards.words import GREEN, GREY, MODES, NOTHING, ORANGE, RED, YELLOW, Look, Meaning, Page, Panel, Query, Row, Words

SEAT_STATES = (
    Meaning("available", Words("free", "空闲"), GREEN),
    Meaning("ringing", Words("ringing", "振铃"), "light-blue"),
    Meaning("in_call", Words("talking", "通话"), "blue"),
    Meaning("wrap_up", Words("wrap-up", "话后处理"), "purple"),
    Meaning("paused", Words("paused", "示忙"), YELLOW),
    Meaning("unreachable", Words("unreachable", "话机离线"), RED),
    Meaning("unknown", Words("not known", "未知"), GREY),
)
CALL_STATES = (
    Meaning("talking", Words("talking", "通话"), "blue"),
    Meaning("waiting", Words("waiting", "排队"), ORANGE),
    Meaning("ringing", Words("ringing", "振铃"), "light-blue"),
    Meaning("held", Words("on hold", "保持"), YELLOW),
    Meaning("parked", Words("parked", "驻留"), "purple"),
    Meaning("transferring", Words("being transferred", "转接中"), "light-green"),
)
OUTCOMES = (
    Meaning("answered", Words("answered", "接通"), GREEN),
    Meaning("abandoned", Words("abandoned", "放弃"), RED),
    Meaning("short_abandoned", Words("short abandon", "短时放弃"), ORANGE),
    Meaning("timeout", Words("timed out", "超时"), "purple"),
    Meaning("overflowed", Words("overflowed", "溢出"), "light-blue"),
    Meaning("rescued", Words("rescued: waits on at another node", "救援: 在另一节点继续排队"), "blue"),
)

_NOW = Row(
    Words("Now", "现在"),
    (
        Panel(
            Words("Mode", "运行模式"),
            Look.NAME,
            (Query("cti_mode{@} == 1", "{{mode}}"),),
            Words("Red: the hotline runs on what is left. See Failover timeline.", "红色: 热线正由备用资源承载, 见“切换时间线”。"),
            width=4,
            height=5,
            meanings=MODES,
        ),
        Panel(
            Words("New callers go to", "新来电去向"),
            Look.NAME,
            (Query("cti_serving{@} == 1", "{{node}}"),),
            Words("The media server that serves.", "当前提供服务的媒体服务器。"),
            width=4,
            height=5,
        ),
        Panel(
            Words("Callers waiting", "排队人数"),
            Look.NUMBER,
            (Query("sum(cti_queue_waiting{@q})"),),
            Words("In all chosen queues.", "所选队列合计。"),
            width=4,
            height=5,
            steps=((None, GREEN), (1, YELLOW), (10, ORANGE), (30, RED)),
        ),
        Panel(
            Words("Longest wait now", "当前最长等待"),
            Look.NUMBER,
            (Query("max(cti_queue_longest_wait_seconds{@q})"),),
            Words("Counted from the first join: a rescue does not set it back.", "从首次进入队列起算, 切换不清零。"),
            unit="s",
            width=4,
            height=5,
            steps=((None, GREEN), (15, YELLOW), (60, ORANGE), (180, RED)),
        ),
        Panel(
            Words("Callers talking", "通话人数"),
            Look.NUMBER,
            (Query('sum(cti_calls{@, state=~"talking|held"})'),),
            Words("On hold included.", "含保持。"),
            width=4,
            height=5,
        ),
        Panel(
            Words("Free seats, by queue", "空闲座席 (按队列)"),
            Look.NUMBER,
            (Query('sum by (queue) (cti_seats{@q, state="available"})', "{{queue}}"),),
            Words("A seat in two queues counts in both.", "属于两个队列的座席在两处各计一次。"),
            width=4,
            height=5,
            steps=((None, RED), (1, YELLOW), (3, GREEN)),
        ),
    ),
)

_FIGURES = Row(
    Words("Each queue", "各队列"),
    (
        Panel(
            Words(
                "Queues: service level = answered in time / (answered + abandoned); ASA = mean wait of answered callers",
                "队列: 服务水平 = 时限内接通 / (接通 + 放弃); ASA = 已接通来电的平均等待",
            ),
            Look.TABLE,
            (
                Query("max by (queue) (cti_queue_waiting{@q})", Words("waiting", "排队")),
                Query("max by (queue) (cti_queue_longest_wait_seconds{@q})", Words("longest wait", "最长等待"), "s"),
                Query(
                    'max by (queue) (cti_queue_service_level_window_ratio{@q, formula="answered_and_abandoned", window="15m"})',
                    Words("service level, 15 min", "服务水平 15 分钟"),
                    "percentunit",
                ),
                Query(
                    'max by (queue) (cti_queue_service_level_window_ratio{@q, formula="answered_and_abandoned", window="1d"})',
                    Words("service level, 24 h", "服务水平 24 小时"),
                    "percentunit",
                ),
                Query('max by (queue) (cti_queue_asa_seconds{@q, window="15m"})', Words("ASA, 15 min", "ASA 15 分钟"), "s"),
                Query(
                    'max by (queue) (cti_queue_connect_ratio{@q, window="1d"})',
                    Words("connect rate, 24 h", "接通率 24 小时"),
                    "percentunit",
                ),
                Query("max by (queue) (cti_queue_offered_total{@q})", Words("offered since the start", "累计呼入")),
            ),
            Words("An empty field is not known, or a ratio over nothing.", "空白表示未知, 或分母为零。"),
            width=24,
            height=6,
            joined_by="queue",
        ),
    ),
)

_LAST_HOUR = Row(
    Words("The last hour", "最近一小时"),
    (
        Panel(
            Words("Callers waiting", "排队人数"),
            Look.LINES,
            (Query("cti_queue_waiting{@q}", "{{queue}}"),),
            Words("A gap: not known.", "断线: 未知。"),
        ),
        Panel(
            Words("Seats, by state", "座席状态"),
            Look.STACKED,
            (Query("sum by (state) (cti_seats{@q})", "{{state}}"),),
            Words("Of the chosen queues; choose one to count each seat once.", "所选队列; 只选一个队列时每个座席只计一次。"),
            meanings=SEAT_STATES,
        ),
        Panel(
            Words("Calls, by what they do", "通话状态"),
            Look.STACKED,
            (Query("sum by (state) (cti_calls{@})", "{{state}}"),),
            Words("One call seen on two nodes is one call.", "同一通话在两个节点可见只计一次。"),
            meanings=CALL_STATES,
        ),
        Panel(
            Words("What became of callers, a minute", "每分钟来电结果"),
            Look.BARS,
            (Query("sum by (outcome) (increase(cti_queue_calls_total{@q}[1m]))", "{{outcome}}"),),
            Words("By the minute in which they left the queue.", "按离开队列的分钟统计。"),
            meanings=OUTCOMES,
        ),
    ),
)

_WRONG = Row(
    Words("What is wrong", "异常"),
    (
        Panel(
            Words("Alerts that fire", "正在触发的告警"),
            Look.TABLE,
            (Query('max by (alertname, severity, node, queue, path) (ALERTS{alertstate="firing", alertname=~"Cti.*"})'),),
            Words("Each has its section in docs/operations.md.", "处置步骤见 docs/operations.md 对应章节。"),
            width=24,
            height=6,
            if_none=NOTHING,
        ),
    ),
)

PAGE = Page(
    "cti-operations",
    Words("Operations (wallboard)", "运行总览 (大屏)"),
    Words("Who serves, who waits, who is free, and what is wrong.", "谁在服务、谁在等待、谁空闲、有何异常。"),
    (_NOW, _FIGURES, _LAST_HOUR, _WRONG),
)
