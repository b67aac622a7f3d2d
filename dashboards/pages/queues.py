"""Queues and their key figures. Each title says its formula."""

from __future__ import annotations

from dashboards.pages.operations import OUTCOMES, SEAT_STATES
from dashboards.words import GREEN, RED, YELLOW, Look, Page, Panel, Query, Row, Words

RATIO_STEPS = ((None, RED), (0.7, YELLOW), (0.8, GREEN))


def _level(formula: str, title: Words, about: Words) -> Panel:
    query = Query(f'cti_queue_service_level_window_ratio{{@q, formula="{formula}"}}', "{{queue}} {{window}}")
    return Panel(title, Look.LINES, (query,), about, unit="percentunit", most=1, steps=RATIO_STEPS)


_SERVICE_LEVEL = Row(
    Words("Service level", "服务水平"),
    (
        _level(
            "answered_and_abandoned",
            Words("Service level = answered in time / (answered + abandoned)", "服务水平 = 时限内接通 / (接通 + 放弃)"),
            Words("Short abandons stand apart: the next panel has them.", "短时放弃另计, 见下一面板。"),
        ),
        _level(
            "with_short_abandons",
            Words(
                "Service level, short abandons counted = answered in time / (answered + abandoned + short abandons)",
                "服务水平 (含短时放弃) = 时限内接通 / (接通 + 放弃 + 短时放弃)",
            ),
            Words("The same when nobody is left out.", "不剔除任何来电的口径。"),
        ),
        _level(
            "asterisk",
            Words("Asterisk's ServicelevelPerf = answered in time / answered", "Asterisk ServicelevelPerf = 时限内接通 / 接通"),
            Words("As `queue show` prints it. Whoever gave up is not in it.", "与 queue show 一致; 不含放弃者。"),
        ),
        _level(
            "asterisk_2",
            Words(
                "Asterisk's ServicelevelPerf2 = (answered in time + abandoned in time) / (answered + all abandoned)",
                "Asterisk ServicelevelPerf2 = (时限内接通 + 时限内放弃) / (接通 + 全部放弃)",
            ),
            Words("Whoever gives up quickly makes it better.", "快速放弃会抬高该值。"),
        ),
    ),
)

_WAITS = Row(
    Words("Waits", "等待"),
    (
        Panel(
            Words("ASA = mean wait of the callers answered in the window", "ASA 平均应答速度 = 窗口内已接通来电的平均等待"),
            Look.LINES,
            (Query("cti_queue_asa_seconds{@q}", "{{queue}} {{window}}"),),
            Words("Not Asterisk's Holdtime, which is an exponential average.", "不是 Asterisk 的 Holdtime (指数平均)。"),
            unit="s",
        ),
        Panel(
            Words("Wait until answered: 50 % and 90 % waited no longer, last 15 min", "接通前等待: 50% 与 90% 分位, 最近 15 分钟"),
            Look.LINES,
            (
                Query("cti:queue_answer_seconds:p50_15m{@q}", "{{queue}} 50 %"),
                Query("cti:queue_answer_seconds:p90_15m{@q}", "{{queue}} 90 %"),
            ),
            Words("From the histogram, so it is exact at its edges and an estimate between them.", "由直方图估算, 在边界处精确。"),
            unit="s",
        ),
        Panel(
            Words("How long answered callers had waited", "已接通来电的等待分布"),
            Look.HEATMAP,
            (Query("sum by (le) (increase(cti_queue_answer_seconds_bucket{@q}[1m]))"),),
            Words("Callers a minute in each range of waiting.", "每分钟各等待区间的来电数。"),
        ),
        Panel(
            Words("How long callers waited who then gave up", "放弃来电的等待分布"),
            Look.HEATMAP,
            (Query("sum by (le) (increase(cti_queue_abandon_seconds_bucket{@q}[1m]))"),),
            Words("Callers a minute in each range of waiting.", "每分钟各等待区间的来电数。"),
        ),
    ),
)

_CALLERS = Row(
    Words("Callers", "来电"),
    (
        Panel(
            Words("Connect rate 接通率 = answered / all who have left the queue", "接通率 = 接通 / 已离开队列的全部来电"),
            Look.LINES,
            (Query("cti_queue_connect_ratio{@q}", "{{queue}} {{window}}"),),
            Words("Abandoned, short abandons, time-outs and overflow are in the lower part.", "分母含放弃、短时放弃、超时与溢出。"),
            unit="percentunit",
            most=1,
            steps=RATIO_STEPS,
        ),
        Panel(
            Words("Abandonment rate = abandoned / (answered + abandoned)", "放弃率 = 放弃 / (接通 + 放弃)"),
            Look.LINES,
            (Query("cti_queue_abandonment_ratio{@q}", "{{queue}} {{window}}"),),
            Words("Short abandons stand apart, in the panel of outcomes.", "短时放弃另计, 见来电结果面板。"),
            unit="percentunit",
            most=1,
        ),
        Panel(
            Words("Callers offered and what became of them, 5 minutes", "每 5 分钟呼入与结果"),
            Look.BARS,
            (Query("sum by (outcome) (increase(cti_queue_calls_total{@q}[5m]))", "{{outcome}}"),),
            Words(
                "The counters run on through a failover: a queue is one series whichever node serves it.",
                "切换不清零: 无论由哪个节点承载, 队列只有一条序列。",
            ),
            meanings=OUTCOMES,
        ),
        Panel(
            Words("Callers offered, an hour at this pace", "呼入量 (折算每小时)"),
            Look.LINES,
            (Query("3600 * rate(cti_queue_offered_total{@q}[5m])", "{{queue}}"),),
            Words("Mean of the last 5 minutes.", "最近 5 分钟平均。"),
        ),
    ),
)

_SEATS = Row(
    Words("Seats", "座席"),
    (
        Panel(
            Words("Occupancy = time with a caller or in wrap-up / time on duty", "利用率 = (通话 + 话后处理) 时间 / 在岗时间"),
            Look.LINES,
            (Query("cti_queue_occupancy_ratio{@q}", "{{queue}} {{window}}"),),
            Words("On duty: logged in, reachable and not paused.", "在岗: 已登录、话机在线、未示忙。"),
            unit="percentunit",
            most=1,
        ),
        Panel(
            Words(
                "Mean talk time = talk seconds / conversations that ended, last 15 min",
                "平均通话时长 = 通话秒数 / 已结束通话, 最近 15 分钟",
            ),
            Look.LINES,
            (Query("rate(cti_talk_seconds_sum{@q}[15m]) / (rate(cti_talk_seconds_count{@q}[15m]) > 0)", "{{queue}}"),),
            Words("Empty while no conversation has ended.", "期间无通话结束则为空。"),
            unit="s",
        ),
        Panel(
            Words("Seats, by state", "座席状态"),
            Look.STACKED,
            (Query("sum by (state) (cti_seats{@q})", "{{state}}"),),
            Words("Of the chosen queues; choose one to count each seat once.", "所选队列; 只选一个队列时每个座席只计一次。"),
            meanings=SEAT_STATES,
        ),
        Panel(
            Words("Seats on duty, by queue", "在岗座席 (按队列)"),
            Look.LINES,
            (Query("cti:seats_on_duty{@q}", "{{queue}}"),),
            Words("Free, ringing, talking or in wrap-up.", "空闲、振铃、通话或话后处理。"),
        ),
    ),
)

PAGE = Page(
    "cti-queues",
    Words("Queues and KPIs", "队列与指标"),
    Words("Every figure with its formula, over 15 minutes, an hour and a day.", "每项指标均注明公式, 窗口为 15 分钟、1 小时与 1 天。"),
    (_SERVICE_LEVEL, _WAITS, _CALLERS, _SEATS),
    span="now-3h",
    refresh="10s",
)
