"""Decisions and verdicts in words: what people are told, what the journal keeps."""

from collections.abc import Mapping
from typing import Any

from cti_daemon.model.effects import Effect, Record, Report
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Mode, Reason, Verdict
from cti_daemon.policy.candidate import Candidate
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.health import Health
from cti_daemon.policy.modes import OF_VERDICT, ORDERS, WAYS_BACK
from cti_daemon.policy.order_verbs import tell_span
from cti_daemon.state.orders import Order


def routing_facts(
    before: Routing, decided: Routing, candidates: Mapping[NodeName, Candidate], proof: Mapping[str, Any], judged: Health
) -> dict[str, Any]:
    """`judged` and `proof` are of the node that served before."""
    return {
        "id": decided.epoch,
        "epoch": decided.epoch,
        "mode": decided.mode.value,
        "serving": decided.serving,
        "diverted_from": decided.diverted_from,
        "reason": decided.reason.value,
        "cause": decided.cause.value,
        "from": before.serving,
        "was_mode": before.mode.value,
        "silent_seconds": round(judged.facts.silent_seconds, 4),
        "verdict": judged.verdict.value,
        "links": {p: c.value for p, c in judged.facts.links.items()},
        "sip": {p: c.value for p, c in judged.facts.sip.items()},
        "edge": judged.facts.edge.value,
        "proof": dict(proof),
        "choices": {
            c.name: {
                "verdict": c.health.verdict.value,
                "proven": c.is_proven,
                "reachable_seats": c.reachable_seats,
                "in_maintenance": c.in_maintenance,
            }
            for c in candidates.values()
        },
    }


def is_counted_as_failover(decided: Routing) -> bool:
    """Failover, switchover and failback are three things."""
    return decided.reason not in WAYS_BACK and decided.reason is not Reason.SWITCHOVER


def tell_routing(before: Routing, decided: Routing, judged: Health, facts: dict[str, Any]) -> Report:
    change = f"{before.serving} -> {decided.serving}"
    reason = decided.reason
    if decided.serving == before.serving:
        return _tell_same_server(decided, judged, facts)
    if reason is Reason.SEATS_OUT:
        return Report(
            "failover", "critical", f"failover: {change} (seats_out: no seat is reachable or logged in on {before.serving})", facts
        )
    if reason is Reason.EMERGENCY_ON:
        return Report("emergency", "warning", f"emergency seats: {change} (emergency_on)", facts)
    if reason is Reason.SWITCHOVER:
        return Report("switchover", "info", f"switchover: {change}; calls in progress stay", facts)
    if reason in WAYS_BACK:
        return Report("failback", "info", f"failback: {change} ({reason.value}); calls in progress stay", facts)
    if reason in ORDERS:
        return Report("failover", "info", f"failover: {change} ({reason.value})", facts)
    doubt = f"; {decided.serving} is in doubt itself, new calls pass it by" if decided.diverted_from else ""
    return Report("failover", "critical", f"failover: {change} ({reason.value}: {judged.why}){doubt}", facts)


def _tell_same_server(decided: Routing, judged: Health, facts: dict[str, Any]) -> Report:
    if decided.reason is Reason.EMERGENCY_ON:
        return Report("emergency", "warning", f"emergency seats: {decided.serving} goes on serving, by a person's order", facts)
    if decided.diverted_from is not None:
        return Report("divert", "warning", f"new calls pass by {decided.serving}: {judged.why}", facts)
    return Report("divert", "info", f"the divert ended: {decided.serving} answers again", facts)


def tell_verdict(node: NodeName, before: Health | None, after: Health, proof: dict[str, Any], *, in_maintenance: bool) -> list[Effect]:
    told: list[Effect] = []
    if before is None or before.verdict is not after.verdict:
        was = before.verdict.value if before else "unknown"
        facts = {"node": node, "was": was, "in_maintenance": in_maintenance, **proof}
        severity = "critical" if after.is_condemned else "info" if after.verdict is Verdict.HEALTHY else "warning"
        note = " (in maintenance)" if in_maintenance else ""
        text = f"{node}: {was} -> {after.verdict.value}{note}: {after.why}"
        told.append(Record("verdict", facts, is_awaited=False))
        told.append(Report("verdict", "info" if in_maintenance else severity, text, facts))
    lost = set(after.degraded_paths) - set(before.degraded_paths if before else ())
    back = set(before.degraded_paths if before else ()) - set(after.degraded_paths)
    for path in sorted(lost):
        text = f"{node}: control network {path} lost; the other one carries everything"
        told.append(Report("path", "info" if in_maintenance else "warning", text, {"node": node, "path": path, "lost": True}))
    for path in sorted(back) if after.verdict is Verdict.HEALTHY else ():
        text = f"{node}: control network {path} is back"
        told.append(Report("path", "info", text, {"node": node, "path": path, "lost": False}))
    return told


def status(routing: Routing, health: Mapping[NodeName, Health], *, is_paused: bool) -> dict[str, Any]:
    """The answer to `status`."""
    mode = Mode.PAUSED if is_paused else routing.mode
    nodes = {name: judged.verdict.value for name, judged in health.items()}
    return {"mode": mode.value, "serving": routing.serving, "reason": routing.reason.value, "nodes": nodes}


def tell_order(node: NodeName | None, order: Order | None, verdict: Verdict | None) -> Report:
    """`node` None: the pause of all automation. `order` None: it is over."""
    facts: dict[str, Any] = {"node": node} if node is not None else {}
    if order is not None:
        span = tell_span(order.until_at - order.since_at)
        facts |= {"user": order.user, "reason": order.reason, "seconds": order.until_at - order.since_at}
        if node is None:
            return Report("pause", "warning", f"automation is paused for {span} by {order.user}: nodes are judged, nothing is done", facts)
        return Report("maintenance", "info", f"{node} is in maintenance for {span}, by {order.user}", facts)
    if node is None:
        return Report("pause", "info", "automation acts again, upon what holds now", facts)
    well = verdict in (Verdict.HEALTHY, Verdict.PROBE_BROKEN)
    now = verdict.value if verdict else "unknown"
    return Report("maintenance", "info" if well else "warning", f"the maintenance of {node} is over; it is {now}", facts | {"verdict": now})


class Withheld:
    """What would be done, and is not, while automation is paused: told and written down once for each thing."""

    def __init__(self) -> None:
        self._told: tuple[Mode, NodeName, NodeName | None, Reason] | None = None
        self.text: str | None = None

    def hold(self, standing: Routing, wanted: Routing, judged: Health, out: list[Effect]) -> None:
        if wanted is standing:
            if self.text is not None:
                out.append(Report("withheld", "info", f"no longer called for: {self.text}", {}))
            self.clear()
            return
        key = (wanted.mode, wanted.serving, wanted.diverted_from, wanted.reason)
        if key == self._told:
            return
        self._told = key
        if wanted.serving != standing.serving:
            self.text = f"{standing.serving} -> {wanted.serving} ({wanted.reason.value})"
        elif wanted.diverted_from is not None:
            self.text = f"a divert past {wanted.diverted_from} ({wanted.reason.value})"
        else:
            self.text = f"the end of the divert past {standing.diverted_from}"
        facts = {"serving": wanted.serving, "mode": wanted.mode.value, "reason": wanted.reason.value, "why": judged.why}
        severity = "critical" if wanted.reason in OF_VERDICT.values() else "warning"
        out.append(Record("withheld", {"epoch": standing.epoch, "from": standing.serving, **facts}))
        out.append(Report("withheld", severity, f"automation is paused, so this is not done: {self.text}: {judged.why}", facts))

    def clear(self) -> None:
        self._told = self.text = None
