"""The journal in words: why something was decided, on which evidence, by which rule, and what was done then.

A decision's number is its epoch; a verdict's is `v` and the number of its journal entry."""

from collections.abc import Iterable, Iterator
from typing import Any

from cti_daemon.wire.journal_record import Entry

DECISIONS = frozenset({"route", "failover_intent"})
KINDS = DECISIONS | {"verdict", "rerouted", "failover_done", "command", "orders", "withheld", "stale_calls", "drill", "incident"}
"""What is read of a journal."""
TURNS = frozenset({"opened", "stage", "override", "grade", "approved", "unapproved", "late", "deputy", "recovered", "relapse", "closed"})
"""What of an incident is told in the history of the site; the journal has every step."""
LEADS_BEFORE = 20
"""Verdicts that are shown as having led to a decision, at most."""


def explain(entries: Iterable[Entry], wanted: str) -> str | None:
    """`entries` oldest first, of KINDS. None when nothing has that number. Of decisions with one number (a journal that was begun
    anew) the last one is meant."""
    kept = list(entries)
    if wanted.startswith("v"):
        found = next((e for e in reversed(kept) if e.kind == "verdict" and f"v{e.seq}" == wanted), None)
        return None if found is None else "\n".join(_verdict(found))
    at = next((n for n in reversed(range(len(kept))) if kept[n].kind in DECISIONS and str(kept[n].data.get("epoch")) == wanted), None)
    return None if at is None else "\n".join(_decision(kept, at))


def history(entries: Iterable[Entry]) -> Iterator[str]:
    """A line for each thing that was decided, ordered or withheld, and each verdict that condemns or acquits."""
    for entry in entries:
        line = _line(entry)
        if line is not None:
            yield f"{_time(entry)}  {line}"


# --- one decision -----------------------------------------------------------------------------------------------------


def _decision(entries: list[Entry], at: int) -> Iterator[str]:
    entry = entries[at]
    data = entry.data
    left, serving = data.get("from"), data.get("serving")
    yield f"decision {data.get('epoch')}, {_time(entry)}: {_change(data)}"
    yield f"  mode     {data.get('was_mode', '?')} -> {data.get('mode', '?')}"
    yield f"  reason   {data.get('reason', '?')}"
    order = _order_of(entries, at)
    if order is not None:
        yield f"  order    {_command(order.data)}"
    yield from _proof(f"evidence about {left} at that moment", data.get("proof", {}))
    choices = data.get("choices", {})
    if choices:
        yield "who could serve"
    for name, choice in choices.items():
        mark = "  <- serves" if name == serving else "  (new calls pass it by)" if name == data.get("diverted_from") else ""
        yield f"  {name:<10} {_choice(choice)}{mark}"
    led = _led_to(entries, at, str(left))
    if led:
        yield "what led to it"
        for verdict in led:
            yield f"  {_time(verdict)}  v{verdict.seq}: {_verdict_line(verdict.data)}"
    yield "what was done"
    done = list(_done(entries, at))
    yield from done or ["  nothing more stands in the journal"]


def _change(data: dict[str, Any]) -> str:
    left, serving, passed_by = data.get("from"), data.get("serving"), data.get("diverted_from")
    if left != serving:
        return f"{left} -> {serving}" + (f", new calls pass {passed_by} by" if passed_by else "")
    return f"new calls pass {passed_by} by" if passed_by else f"{serving} serves"


def _order_of(entries: list[Entry], at: int) -> Entry | None:
    """The command that was written in the same breath."""
    before = entries[at - 1] if at else None
    is_order = before is not None and before.kind == "command" and before.data.get("code") == "accepted"
    return before if is_order and entries[at].data.get("reason") in _ORDERS.get(str(before and before.data.get("verb")), ()) else None


_ORDERS = {
    "failover": ("command",),
    "switchover": ("switchover",),
    "failback": ("failback",),
    "emergency-on": ("emergency_on",),
    "emergency-off": ("emergency_off",),
}


def _led_to(entries: list[Entry], at: int, node: str) -> list[Entry]:
    """The node's verdicts since the decision before, the one of the same batch (which stands behind it) included."""
    found: list[Entry] = []
    for entry in reversed(entries[:at]):
        if entry.kind in DECISIONS:
            break
        if entry.kind == "verdict" and entry.data.get("node") == node:
            found.append(entry)
    found = found[:LEADS_BEFORE][::-1]
    for entry in entries[at + 1 :]:
        if entry.monotonic > entries[at].monotonic + 0.05 or entry.boot_id != entries[at].boot_id:
            break
        if entry.kind == "verdict" and entry.data.get("node") == node:
            found.append(entry)
    return found


def _done(entries: list[Entry], at: int) -> Iterator[str]:
    epoch = entries[at].data.get("epoch")
    for entry in entries[at + 1 :]:
        data = entry.data
        if entry.kind == "rerouted" and data.get("epoch") == epoch:
            yield f"  {_time(entry)}  every edge sent new calls to {data.get('to')}, {data.get('seconds')} s after the decision"
        elif entry.kind == "failover_done" and data.get("epoch") == epoch:
            results = ", ".join(f"{n} {result}" for result, n in data.get("results", {}).items()) or "nobody had to be moved"
            yield f"  {_time(entry)}  callers' legs moved off {data.get('from')}: {results}; {data.get('seconds')} s"
        elif entry.kind == "stale_calls":
            yield f"  {_time(entry)}  {data.get('calls')} stale calls on {data.get('node')} were ended"
        elif entry.kind in DECISIONS:
            yield f"  {_time(entry)}  followed by decision {data.get('epoch')}: {_change(data)} ({data.get('reason')})"
            return


# --- one verdict ------------------------------------------------------------------------------------------------------


def _verdict(entry: Entry) -> Iterator[str]:
    yield f"verdict v{entry.seq}, {_time(entry)}: {_verdict_line(entry.data)}"
    yield from _proof("evidence at that moment", entry.data)


def _proof(title: str, proof: dict[str, Any]) -> Iterator[str]:
    pieces = proof.get("evidence", {})
    if not pieces:
        return
    yield title
    yield f"  {proof.get('verdict')}, by {proof.get('rule')}: {proof.get('why')}"
    for name, piece in pieces.items():
        age = piece.get("age_seconds")
        yield f"  {name:<8} {piece.get('condition'):<8} {'never good' if age is None else f'last good {age} s before'}"
    yield f"  silent on every path for {proof.get('silent_seconds')} s; the edge's word: {proof.get('edge')}"


def _verdict_line(data: dict[str, Any]) -> str:
    note = " (in maintenance)" if data.get("in_maintenance") else ""
    return f"{data.get('node')}: {data.get('was')} -> {data.get('verdict')}{note}, by {data.get('rule')}: {data.get('why')}"


def _choice(choice: dict[str, Any]) -> str:
    seats = choice.get("reachable_seats")
    told = "seats not known" if seats is None else f"{seats} seats can be reached"
    proven = "proven" if choice.get("proven") else "not proven"
    return f"{choice.get('verdict'):<18} {proven:<10} {told}" + (", in maintenance" if choice.get("in_maintenance") else "")


# --- lines ------------------------------------------------------------------------------------------------------------


def _line(entry: Entry) -> str | None:
    data = entry.data
    if entry.kind in DECISIONS:
        return f"{data.get('epoch')!s:>6}  {_change(data)} ({data.get('reason')})"
    if entry.kind == "verdict":
        return f"{f'v{entry.seq}':>6}  {_verdict_line(data)}"
    if entry.kind == "command":
        return f"        {_command(data)}: {data.get('code')}"
    if entry.kind == "drill":
        return _drill(data)
    if entry.kind == "incident":
        drill = "DRILL " if data.get("drill") else ""
        return f"        {drill}{data.get('incident')}: {data.get('text')}" if data.get("what") in TURNS else None
    if entry.kind == "withheld":
        return f"        withheld: {data.get('from')} -> {data.get('serving')} ({data.get('reason')}): {data.get('why')}"
    return None


def _drill(data: dict[str, Any]) -> str:
    head = f"        drill {data.get('plan') or data.get('kind')} of {data.get('user')}: {data.get('how') or data.get('state')}"
    if data.get("state") == "refused":
        return f"{head}: {data.get('why')}"
    shown = f"{data.get('answered')} of {data.get('calls')} test calls answered"
    seats = data.get("seat_calls") or []
    if seats:
        shown = f"{sum(seat.get('result') == 'answered' for seat in seats)} of {len(seats)} seats answered"
    return f"{head}, {shown}" + (f": {data['evaluation']}" if data.get("evaluation") else "")


def _command(data: dict[str, Any]) -> str:
    why = f" ({data.get('reason')})" if data.get("reason") else ""
    return f"{data.get('user')}: {data.get('verb')}{' dry run' if data.get('dry_run') else ''}{why}"


def _time(entry: Entry) -> str:
    """Wall time to the millisecond."""
    return entry.wall[:23].replace("T", " ")
