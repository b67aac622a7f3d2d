"""Nodes and the links to them, for network engineers."""

from __future__ import annotations

from dashboards.words import GREEN, NODE_STATE, NODE_STATES, NOTHING, RED, Look, Meaning, Page, Panel, Query, Row, Words

_LINK = (Meaning(0, Words("lost", "断开"), RED), Meaning(1, Words("connected", "已连接"), GREEN))
_PROVEN = (Meaning(0, Words("not eligible", "不可用"), RED), Meaning(1, Words("may serve", "可服务"), GREEN))

_NODES = Row(
    Words("Nodes", "节点"),
    (
        Panel(
            Words("State", "状态"),
            Look.TIMELINE,
            (Query(NODE_STATE, "{{node}}"),),
            Words("As the daemon judges it.", "守护进程的判定。"),
            height=7,
            meanings=NODE_STATES,
        ),
        Panel(
            Words("May new callers be sent there?", "能否承接新来电"),
            Look.TIMELINE,
            (Query("cti_node_proven{@}", "{{node}}"),),
            Words(
                "Healthy, heard by the edge, and a seat can be reached. A standby that is not eligible is no spare.",
                "健康、边缘网关可达、且有座席可用。不可用的备机等于没有备机。",
            ),
            height=7,
            meanings=_PROVEN,
        ),
    ),
)

_LINKS = Row(
    Words("Two control networks", "双控制网络"),
    (
        Panel(
            Words("AMI sessions, by node and network", "AMI 会话 (节点 / 网络)"),
            Look.TIMELINE,
            (Query("cti_ami_connected{@}", "{{node}} {{path}}"),),
            Words("The loss of one network is no failover and costs no call.", "失去一个网络不触发切换, 也不损失来电。"),
            height=9,
            meanings=_LINK,
        ),
        Panel(
            Words("Age of each piece of evidence", "各项证据的时效"),
            Look.LINES,
            (Query("cti_node_evidence_age_seconds{@}", "{{node}} {{evidence}}"),),
            Words("Of the healthy: below 0.3 s for link and sip.", "健康时 link 与 sip 低于 0.3 秒。"),
            unit="s",
            is_logarithmic=True,
            height=9,
        ),
    ),
)

_AMI = Row(
    Words("AMI", "AMI"),
    (
        Panel(
            Words("Events read, a second", "每秒事件"),
            Look.LINES,
            (Query("rate(cti_ami_events_total{@}[30s])", "{{node}}"),),
            Words("What the filters of manager.conf let through and was believed.", "经过滤且可信的事件。"),
            width=8,
        ),
        Panel(
            Words("Time to an action's answer: 99 % were faster, last 5 min", "动作应答时间 99% 分位, 最近 5 分钟"),
            Look.LINES,
            (Query("histogram_quantile(0.99, sum by (action, le) (rate(cti_ami_action_seconds_bucket{@}[5m])))", "{{action}}"),),
            Words("Redirect during a rescue: some 0.1 s for a hundred callers.", "救援时 Redirect: 百路约 0.1 秒。"),
            unit="s",
            width=8,
        ),
        Panel(
            Words("Actions, by how they ended, a minute", "每分钟动作 (按结果)"),
            Look.BARS,
            (Query("sum by (action, result) (increase(cti_ami_action_seconds_count{@}[1m]))", "{{action}} {{result}}"),),
            Words("unknown: the answer was lost, the node is asked before anything is repeated.", "unknown: 应答丢失, 先询问再重复。"),
            width=8,
        ),
    ),
)

_TRUST = Row(
    Words("Trust and mirror", "可信与镜像"),
    (
        Panel(
            Words("Memberships that differ from the serving node's", "与服务节点不一致的队列成员"),
            Look.LINES,
            (Query("cti_seat_mirror_difference{@}", "{{node}}"),),
            Words(
                "0: the standby has everybody's login, pause and penalty. A gap: cannot be told.",
                "0: 备机已有全部登录、示忙与优先级。断线: 无法判断。",
            ),
        ),
        Panel(
            Words("AMI blocks that were not believed, 10 minutes", "10 分钟内不可信的 AMI 报文"),
            Look.BARS,
            (Query("sum by (node, kind) (increase(cti_security_events_total{@}[10m]))", "{{node}} {{kind}}"),),
            Words(
                "Somebody writes line ends into a number, or an upgrade changed the events.", "有人在号码中写入换行, 或升级改变了事件格式。"
            ),
            if_none=NOTHING,
        ),
    ),
)

PAGE = Page(
    "cti-nodes",
    Words("Nodes and links", "节点与链路"),
    Words("Every node over both control networks.", "双控制网络下的各节点。"),
    (_NODES, _LINKS, _AMI, _TRUST),
)
