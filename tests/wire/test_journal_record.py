"""The journal's lines are chained: a line changed or taken out later is seen."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti_daemon.model.reasons import Reason
from cti_daemon.wire.journal_record import GENESIS, Entry, canonical, chained, first_break

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DATA = st.dictionaries(st.text(), JSON, max_size=4)


def chain(datas: list[dict[str, Any]]) -> list[Entry]:
    entries, previous = [], GENESIS
    for seq, data in enumerate(datas, 1):
        bound = chained(Entry(f"u{seq}", "route", "2026-01-01T00:00:00Z", float(seq), "boot", data), seq, previous)
        previous = bound.hash
        entries.append(bound)
    return entries


@given(DATA)
def test_one_value_has_one_spelling_that_survives_the_disk(data: dict[str, Any]) -> None:
    assert canonical(json.loads(canonical(data))) == canonical(data)


@pytest.mark.slow
@given(st.lists(DATA, min_size=1, max_size=5))
def test_an_untouched_chain_holds(datas: list[dict[str, Any]]) -> None:
    assert first_break(GENESIS, chain(datas)) is None


@pytest.mark.slow
@given(st.lists(DATA, min_size=2, max_size=5), st.data())
def test_a_changed_or_missing_line_is_seen(datas: list[dict[str, Any]], draw: st.DataObject) -> None:
    entries = chain(datas)
    at = draw.draw(st.integers(0, len(entries) - 1))
    changed = [*entries[:at], replace(entries[at], data={"changed": True, **entries[at].data, "by": "hand"}), *entries[at + 1 :]]
    assert first_break(GENESIS, changed) == entries[at].seq
    if at < len(entries) - 1:
        assert first_break(GENESIS, entries[:at] + entries[at + 1 :]) == entries[at + 1].seq


def test_words_of_the_house_are_written_as_they_read() -> None:
    assert canonical({"reason": Reason.NODE_DEAD, "route": ("pbx-b", "emg"), "lost": frozenset({"b", "a"})}) == (
        '{"lost":["a","b"],"reason":"node_dead","route":["pbx-b","emg"]}'
    )
