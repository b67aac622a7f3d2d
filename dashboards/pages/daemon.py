"""The daemon itself."""

from __future__ import annotations

from dashboards.words import GREEN, NOTHING, RED, YELLOW, Look, Meaning, Page, Panel, Query, Row, Words

_UP = (Meaning(0, Words("does not answer", "无应答"), RED), Meaning(1, Words("runs", "运行中"), GREEN))

_NOW = Row(
    Words("Now", "现在"),
    (
        Panel(
            Words("Answers Prometheus", "抓取状态"),
            Look.NUMBER,
            (Query("up{@}"),),
            Words(
                "Without it nobody moves the callers in progress when a media server dies.",
                "守护进程停止时, 媒体服务器故障将无人转移通话。",
            ),
            width=6,
            height=4,
            meanings=_UP,
        ),
        Panel(
            Words("Version", "版本"),
            Look.NAME,
            (Query("cti_build_info{@}", "{{version}}"),),
            Words("What runs.", "当前运行版本。"),
            width=6,
            height=4,
        ),
        Panel(
            Words("Running for", "已运行"),
            Look.NUMBER,
            (Query("time() - process_start_time_seconds{@}"),),
            Words("Since its process started.", "自进程启动。"),
            unit="dtdurations",
            width=6,
            height=4,
        ),
        Panel(
            Words("Journal entries not on disk yet", "未落盘的日志条目"),
            Look.NUMBER,
            (Query("cti_journal_backlog{@}"),),
            Words(
                "Above 0 for 30 s: CtiJournalBehind. Do not restart the daemon then.", "持续 30 秒大于 0: CtiJournalBehind, 此时勿重启。"
            ),
            width=6,
            height=4,
            steps=((None, GREEN), (1, YELLOW), (100, RED)),
        ),
    ),
)

_LOOP = Row(
    Words("Its loop", "事件循环"),
    (
        Panel(
            Words("How late the loop ran: 50 % and 99 %, last 5 min", "循环延迟 50% 与 99% 分位, 最近 5 分钟"),
            Look.LINES,
            (
                Query("histogram_quantile(0.5, rate(cti_event_loop_lag_seconds_bucket{@}[5m]))", "50 %"),
                Query("cti:event_loop_lag_seconds:p99_5m{@}", "99 %"),
            ),
            Words("Above 0.15 s the daemon takes its own pause out of every judgement.", "超过 0.15 秒时, 自身停顿会从判定中扣除。"),
            unit="s",
        ),
        Panel(
            Words("Beats later than 0.1 s, a minute", "每分钟延迟超过 0.1 秒的次数"),
            Look.BARS,
            (
                Query(
                    "increase(cti_event_loop_lag_seconds_count{@}[1m]) - ignoring (le) "
                    'increase(cti_event_loop_lag_seconds_bucket{@, le="0.1"}[1m])',
                    Words("late beats", "延迟次数"),
                ),
            ),
            Words("A starved observer convicts nobody: give it CPU.", "观察者缺少 CPU 时不会判定任何节点。"),
        ),
    ),
)

_WORK = Row(
    Words("Its work", "工作负载"),
    (
        Panel(
            Words("Durable journal commits: 99 % were faster, last 5 min", "日志提交 99% 分位, 最近 5 分钟"),
            Look.LINES,
            (Query("histogram_quantile(0.99, rate(cti_journal_write_seconds_bucket{@}[5m]))", "99 %"),),
            Words("A failover's intent is on disk before the first redirect leaves.", "切换意图先落盘, 后发出重定向。"),
            unit="s",
        ),
        Panel(
            Words("Journal entries, refused writes and entries given up, a minute", "每分钟日志条目、写入失败与丢弃"),
            Look.LINES,
            (
                Query("increase(cti_journal_entries_total{@}[1m])", Words("entries", "条目")),
                Query("increase(cti_journal_errors_total{@}[1m])", Words("refused writes", "写入失败")),
                Query("increase(cti_journal_lost_total{@}[1m])", Words("given up", "丢弃")),
            ),
            Words("Refused: disk full, read-only or gone.", "写入失败: 磁盘满、只读或丢失。"),
        ),
        Panel(
            Words("Reports that wait for the broker, and those given up", "等待代理的报告与丢弃的报告"),
            Look.LINES,
            (
                Query("cti_mqtt_backlog{@}", Words("waiting", "等待")),
                Query("increase(cti_mqtt_dropped_total{@}[1m])", Words("given up", "丢弃")),
            ),
            Words(
                "A broker that is away or frozen keeps nothing else waiting: at most 1000 reports, then the oldest go.",
                "代理离线或冻结不影响其他工作: 最多等待 1000 条, 超出后丢弃最旧的。",
            ),
        ),
        Panel(
            Words("Commands over MQTT, by verb and answer, 10 minutes", "10 分钟内 MQTT 指令 (动词 / 应答)"),
            Look.BARS,
            (Query("sum by (verb, result) (increase(cti_mqtt_commands_total{@}[10m]))", "{{verb}} {{result}}"),),
            Words("Rejected ones are in the journal with their reason.", "被拒指令及原因见日志。"),
            if_none=NOTHING,
        ),
    ),
)

_MACHINE = Row(
    Words("What it costs", "资源占用"),
    (
        Panel(
            Words("CPU = seconds of CPU a second", "CPU = 每秒占用的 CPU 秒数"),
            Look.LINES,
            (Query("rate(process_cpu_seconds_total{@}[1m])", Words("cores", "核")),),
            Words("Promise: 1 % of a core for 10 calls a second.", "承诺: 每秒 10 个呼叫占 1% 单核。"),
            unit="percentunit",
            width=6,
        ),
        Panel(
            Words("Memory", "内存"),
            Look.LINES,
            (Query("process_resident_memory_bytes{@}", Words("resident", "常驻")),),
            Words("Promise: 80 MB with 10,000 calls and 2,000 seats.", "承诺: 1 万通话、2 千座席时 80 MB。"),
            unit="bytes",
            width=6,
        ),
        Panel(
            Words("Open files and sockets", "打开的文件与套接字"),
            Look.LINES,
            (Query("process_open_fds{@}", Words("open", "打开")), Query("process_max_fds{@}", Words("limit", "上限"))),
            Words("Two AMI sessions and two SIP sockets a node, and few others.", "每节点两个 AMI 会话、两个 SIP 套接字。"),
            width=6,
        ),
        Panel(
            Words("A scrape", "一次抓取"),
            Look.LINES,
            (Query("scrape_duration_seconds{@}", Words("time", "用时")),),
            Words("The page is written in pieces, so that it keeps no verdict waiting.", "分段生成, 不阻塞判定。"),
            unit="s",
            width=6,
        ),
    ),
)

PAGE = Page(
    "cti-daemon",
    Words("Daemon", "守护进程"),
    Words("Is the guard itself well?", "守护进程自身是否健康?"),
    (_NOW, _LOOP, _WORK, _MACHINE),
)
