"""Conditions of a plan file: one fact against one value, or all or any of several; no code, no expressions."""

from collections.abc import Mapping
from typing import Any

from cti_daemon.model.incidents import Combination, Comparison, Condition, Group, Test
from cti_daemon.model.plan_tables import EXTERNAL, FACTS, FactKind, fact_named, plain, value_fault
from cti_daemon.wire.plan_reader import Table, unknown

MOST_DEPTH = 4
_EXAMPLE = '{ fact = "queue.waiting", is = ">=", value = 1, for = "15m" }, or { all = [ … ] }, { any = [ … ] }'
_OF_WORDS = frozenset({Comparison.EQUAL, Comparison.UNLIKE})


def read_condition(table: Table | None, depth: int = 1) -> Condition | None:
    """None: there is none, or it is faulty; then the fault is told."""
    if table is None:
        return None
    kinds = [key for key in ("fact", "all", "any") if table.has(key)]
    if len(kinds) != 1:
        table.fault("", f"must have exactly one of fact, all, any: {_EXAMPLE}")
        return None
    holds: Mapping[str, Any] = {
        "for_seconds": table.span("for", 0.0) or 0.0,
        "clear_for_seconds": table.span("clear_for", 0.0) or 0.0,
        "gap_seconds": table.span("gap", 0.0) or 0.0,
        "is_suppressed_in_maintenance": table.flag("unless_maintenance"),
    }
    condition = _test(table, holds) if kinds == ["fact"] else _group(table, Combination(kinds[0]), holds, depth)
    table.end()
    return condition


def _group(table: Table, combination: Combination, holds: Mapping[str, Any], depth: int) -> Condition | None:
    if depth > MOST_DEPTH:
        table.fault(combination, f"is nested deeper than {MOST_DEPTH}; nobody reads that at night")
        return None
    parts = [read_condition(part, depth + 1) for part in table.tables(combination)]
    return Group(combination, tuple(part for part in parts if part is not None), **holds) if parts else None


def _test(table: Table, holds: Mapping[str, Any]) -> Condition | None:
    name, of = table.text("fact", most=80), table.name("of")
    comparison, value = table.word("is", Comparison, Comparison.EQUAL), table.raw("value", needed="value = …")
    fact = fact_named(name)
    if fact is None:
        table.fault("fact", unknown("fact", name, [*FACTS, f"{EXTERNAL}NAME"]))
        return None
    if of and not fact.per:
        table.fault("of", f"{name} is of the whole site: leave `of` out")
    if value is None:
        return None
    fault = value_fault(fact, value)
    if fault:
        table.fault("value", f"{name} {fault}; found {value!r}"[:400])
        return None
    is_number = not isinstance(value, bool | str)
    if not is_number and comparison not in _OF_WORDS:
        table.fault("is", f'{name} has no order: is = "==" or "!="')
    if fact.kind is FactKind.NUMBER and is_number and abs(value) > 1e12:
        table.fault("value", f"{name} is never as much as {value:g}")
    return Test(name, comparison, plain(value), of, **holds)
