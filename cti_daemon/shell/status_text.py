"""The picture of the site as a table for 80 columns, made from what `/status` gives."""

from typing import Any

from cti_daemon.wire.site_json import window_seconds

WIDTH = 80
_UNKNOWN = "?"

MODES = {
    "normal": "normal",
    "diverted": "DIVERTED: new calls pass by a suspected node",
    "failed_over": "FAILED OVER",
    "emergency": "EMERGENCY SEATS",
    "paused": "AUTOMATION PAUSED",
}
MARKS = {"healthy": " ", "suspect": "?", "down": "!", "unknown": "?", "maintenance": "~"}


def table(status: dict[str, Any]) -> str:
    """Lines of at most 80 columns. What is not known is shown as `?`, never as 0."""
    lines = [*_site(status), "", *_nodes(status["nodes"]), "", *_queues(status["queues"])]
    counters = _counters(status["counters"])
    if counters:
        lines += ["", *counters]
    return "\n".join(line.rstrip()[:WIDTH] for line in lines)


def _site(status: dict[str, Any]) -> list[str]:
    head = f"{status['site']}   {MODES.get(status['mode'], status['mode'])}"
    when = f"{status['now'][11:19]} UTC"
    since = span(status["since_seconds"])
    lines = [
        f"{head:<{WIDTH - len(when)}}{when}",
        f"serving  {status['serving'] or _UNKNOWN}   since {since}, reason {status['reason']}, epoch {status['epoch']}",
        f"route    {' > '.join(status['route']) or _UNKNOWN}",
    ]
    pair = status.get("pair")
    if pair is not None and pair["role"] == "standby":
        lines.insert(1, f"STANDS BY for {pair['peer']}: it sees all this and does nothing")
    elif pair is not None:
        lines.append(f"acts; {pair['peer']} is to stand by")
    if status["pause"]:
        lines.append(f"PAUSED by {status['pause']['user']}, ends in {span(status['pause']['ends_in_seconds'])}: nothing is done by itself")
    if status["withheld"]:
        lines.append(f"  it would do: {status['withheld']}")
    if status["drill"]:
        drill = status["drill"]
        lines.append(f"drill    {drill['text']}; ends in {span(drill['ends_in_seconds'])}")
    if status["diverted_from"]:
        lines.append(f"diverted from {status['diverted_from']}")
    if status["failover_in_progress"]:
        lines.append(f"failover in progress: {status['legs_to_rescue']} callers still to be moved")
    return lines


def _nodes(nodes: list[dict[str, Any]]) -> list[str]:
    lines = [f"  {'NODE':<11}{'ROLE':<10}{'VERDICT':<18}{'FOR':<7}{'LINK':<6}{'SIP':<6}{'EDGE':<6}TALK WAIT RING"]
    for node in nodes:
        evidence = "".join(f"{evidence_pair(node, kind):<6}" for kind in ("link", "sip", "edge"))
        lines.append(
            f"{MARKS.get(node['state'], '?')} {node['node']:<10.10} {node['role']:<10}{node['verdict']:<18}"
            f"{span(node['since_seconds']):<7}{evidence}{_callers(node)}"
        )
        lines += [f"    control network {path} lost" for path in node["degraded_paths"]]
        if node["maintenance"]:
            order = node["maintenance"]
            lines.append(f"    in maintenance by {order['user']}, ends in {span(order['ends_in_seconds'])}")
    return lines


def evidence_pair(node: dict[str, Any], kind: str) -> str:
    """Networks A and B as two signs: `ok/--` is A well and B lost."""
    signs = {"ok": "ok", "late": "..", "lost": "--", "refused": "xx"}
    found = [node["evidence"].get(f"{kind}_{path}") for path in ("a", "b")]
    text = "/".join(_UNKNOWN if f is None else signs.get(f["condition"], _UNKNOWN) for f in found)
    return "" if found == [None, None] else text


def _callers(node: dict[str, Any]) -> str:
    if node["role"] == "edge":
        return ""
    return "".join(f"{node['callers'].get(state, 0):>4} " for state in ("talking", "waiting", "ringing"))


def _queues(queues: list[dict[str, Any]]) -> list[str]:
    lines = [f"  {'QUEUE':<14}{'ON':<12}{'WAITING':<9}{'LONGEST':<9}SEATS"]
    for queue in queues:
        waiting = _UNKNOWN if queue["waiting"] is None else str(queue["waiting"])
        longest = _UNKNOWN if queue["longest_wait_seconds"] is None else span(queue["longest_wait_seconds"])
        if queue["waiting"] == 0:
            longest = "-"
        seats = queue["seats"]
        shown = _UNKNOWN if seats is None else ", ".join(f"{n} {state}" for state, n in seats.items() if n) or "none"
        lines.append(f"  {queue['queue']:<13.13} {queue['node'] or _UNKNOWN:<11.11} {waiting:<9}{longest:<9}{shown}")
        lines += [
            f"    {name:<5}{_window(window)}"
            for name, window in sorted((queue["windows"] or {}).items(), key=lambda w: window_seconds(w[0]))
        ]
    return lines


def _window(window: dict[str, Any]) -> str:
    outcomes = ", ".join(f"{count} {outcome.removesuffix('_abandoned')}" for outcome, count in window["outcomes"].items() if count)
    level = percent(next(iter(window["service_level"].values()), None))
    return f"SL {level}, ASA {span(window['asa_seconds'])}; of {window['offered']}: {outcomes or 'none ended'}"


def _counters(counters: dict[str, list[dict[str, Any]]]) -> list[str]:
    return [
        f"{name.replace('_', ' ')}: " + ", ".join(f"{c['count']} {'/'.join(c['labels'])}" for c in counts)
        for name, counts in counters.items()
        if counts
    ]


def percent(ratio: float | None) -> str:
    return _UNKNOWN if ratio is None else f"{100 * ratio:.0f}%"


def span(seconds: float | None) -> str:
    """A duration in its two largest units: `4.2s`, `3m20s`, `2h05m`, `9d04h`."""
    if seconds is None:
        return _UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}h{minutes:02d}m"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours:02d}h"
