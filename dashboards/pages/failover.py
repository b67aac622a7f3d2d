"""What happened when a media server died, second by second."""

from __future__ import annotations

from dashboards.words import (
    BLUE,
    GREEN,
    MODES,
    NODE_STATE,
    NODE_STATES,
    NOTHING,
    ORANGE,
    RED,
    YELLOW,
    Look,
    Meaning,
    Page,
    Panel,
    Query,
    Row,
    Words,
)

_MODE_NUMBERS = tuple(Meaning(number, mode.words, mode.colour) for number, mode in enumerate(MODES))
_MODE = "sum by (instance) (" + " or ".join(f'{n} * cti_mode{{@, mode="{mode.of}"}}' for n, mode in enumerate(MODES)) + ")"
_SERVES = (Meaning(0, Words("–", "–"), "text"), Meaning(1, Words("serves", "服务中"), GREEN))
_DRILL = (Meaning(0, Words("–", "–"), "text"), Meaning(1, Words("in force", "进行中"), BLUE))
_RESULTS = (
    Meaning("done", Words("moved", "已转移"), GREEN),
    Meaning("gone", Words("had hung up", "已挂机"), BLUE),
    Meaning("failed", Words("FAILED", "失败"), RED),
    Meaning("unknown", Words("not confirmed", "未确认"), ORANGE),
)

_TIMELINE = Row(
    Words("Timeline", "时间线"),
    (
        Panel(
            Words("Mode of the site", "运行模式"),
            Look.TIMELINE,
            (Query(_MODE, Words("mode", "模式")),),
            Words("The red marks of all panels: the routing changed (cti_epoch).", "各面板红色标记: 路由变更 (cti_epoch)。"),
            width=24,
            height=4,
            meanings=_MODE_NUMBERS,
        ),
        Panel(
            Words("Nodes, as they were judged", "节点判定"),
            Look.TIMELINE,
            (Query(NODE_STATE, "{{node}}"),),
            Words("A verdict needs two networks and two vantage points.", "判定依据两个网络、两个观察点。"),
            width=24,
            height=6,
            meanings=NODE_STATES,
        ),
        Panel(
            Words("New callers are sent to", "新来电去向"),
            Look.TIMELINE,
            (Query('cti_serving{@, node!~"edge.*"}', "{{node}}"),),
            Words("One node serves.", "同一时刻只有一个节点服务。"),
            width=24,
            height=5,
            meanings=_SERVES,
        ),
        Panel(
            Words("Drills", "演练"),
            Look.TIMELINE,
            (Query("cti_drill{@}", "{{kind}}"),),
            Words(
                "While one is in force test calls go another way; real calls do not.",
                "演练进行中: 测试来电改走另一路由, 真实来电不受影响。",
            ),
            width=24,
            height=3,
            meanings=_DRILL,
        ),
        Panel(
            Words("Callers, by the node that serves them", "各节点承载的来电"),
            Look.STACKED,
            (Query("sum by (node) (cti_edge_legs{@})", "{{node}}"),),
            Words(
                "Callers' legs on the edge: a rescue moves them from one colour to the other.",
                "边缘网关上的来电; 救援使其由一种颜色移到另一种。",
            ),
        ),
        Panel(
            Words("Callers still to be moved", "待转移来电"),
            Look.LINES,
            (Query("cti_legs_to_rescue{@}", Words("to be moved", "待转移")),),
            Words("Above 0 for longer than a second or two: CtiRescueIncomplete.", "超过一两秒仍大于 0: 见 CtiRescueIncomplete。"),
        ),
    ),
)

_EVIDENCE = Row(
    Words("What the verdict stood on", "判定依据"),
    (
        Panel(
            Words("Age of each piece of evidence", "各项证据的时效"),
            Look.LINES,
            (Query('cti_node_evidence_age_seconds{@, node!~"edge.*"}', "{{node}} {{evidence}}"),),
            Words(
                "link: AMI heartbeats; sip: our own OPTIONS; edge: what the edge hears. Suspect from 0.3 s, a verdict at 1 s.",
                "link: AMI 心跳; sip: 自发 OPTIONS; edge: 边缘网关所见。0.3 秒起可疑, 1 秒判定。",
            ),
            unit="s",
            is_logarithmic=True,
            width=24,
            height=9,
        ),
    ),
)

_COUNTS = Row(
    Words("Counts, since the daemon started", "计数 (自守护进程启动)"),
    (
        Panel(
            Words("Failovers", "切换次数"),
            Look.TABLE,
            (Query("max by (reason, result) (cti_failovers_total{@} > 0)", Words("times", "次数")),),
            Words("By reason and how they ended.", "按原因与结果。"),
            width=8,
            height=6,
            if_none=NOTHING,
        ),
        Panel(
            Words("Callers moved off a dead node", "救援的来电"),
            Look.NUMBER,
            (Query("sum by (result) (cti_rescued_calls_total{@})", "{{result}}"),),
            Words("Legs redirected by the edge.", "由边缘网关重定向的来电。"),
            width=8,
            height=6,
            if_none=NOTHING,
        ),
        Panel(
            Words("Diverts of new calls on suspicion", "可疑时的新来电分流"),
            Look.TABLE,
            (Query("max by (reason) (cti_diverts_total{@})", Words("times", "次数")),),
            Words("A divert costs nobody anything; many of them mean a flapping node.", "分流不影响任何来电; 频繁分流说明节点抖动。"),
            width=8,
            height=6,
            if_none=NOTHING,
        ),
        Panel(
            Words("Last sign of life → failover, mean", "最后活动 → 切换 (平均)"),
            Look.NUMBER,
            (Query("cti_failover_detection_seconds_sum{@} / (cti_failover_detection_seconds_count{@} > 0)"),),
            Words("Promise: 1.2 s for a silent node, 1.5 s for a hung one.", "承诺: 静默节点 1.2 秒, 挂死节点 1.5 秒。"),
            unit="s",
            width=8,
            height=5,
            steps=((None, GREEN), (1.2, YELLOW), (2, RED)),
            if_none=Words("no failover yet", "尚无切换"),
        ),
        Panel(
            Words("Verdict → last redirect answered, mean", "判定 → 最后一个重定向应答 (平均)"),
            Look.NUMBER,
            (Query("cti_failover_reroute_seconds_sum{@} / (cti_failover_reroute_seconds_count{@} > 0)"),),
            Words("Promise: 0.3 s.", "承诺: 0.3 秒。"),
            unit="s",
            width=8,
            height=5,
            steps=((None, GREEN), (0.3, YELLOW), (1, RED)),
            if_none=Words("no rescue yet", "尚无救援"),
        ),
        Panel(
            Words("Within the promise = verdicts in 1.2 s / all", "达标率 = 1.2 秒内判定 / 全部"),
            Look.NUMBER,
            (Query('cti_failover_detection_seconds_bucket{@, le="1.2"} / ignoring (le) (cti_failover_detection_seconds_count{@} > 0)'),),
            Words("The histogram has an edge at every promise.", "直方图在每项承诺处设有边界。"),
            unit="percentunit",
            width=8,
            height=5,
            steps=((None, RED), (0.99, GREEN)),
            if_none=Words("no failover yet", "尚无切换"),
        ),
    ),
)

PAGE = Page(
    "cti-failover",
    Words("Failover timeline", "切换时间线"),
    Words("What happened, in which order, on what evidence, and whom it touched.", "发生了什么、先后顺序、依据与影响。"),
    (_TIMELINE, _EVIDENCE, _COUNTS),
    span="now-15m",
    refresh="5s",
)
