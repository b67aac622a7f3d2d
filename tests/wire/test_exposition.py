"""The page's text is what prometheus_client would write for the same samples, byte for byte; and it is written in pieces."""

from dataclasses import replace
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

from cti_daemon.model.views import Distribution
from cti_daemon.wire.exposition import Family, Kind, Writer, number

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
VALUES = st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.booleans())
EDGES = st.lists(st.floats(0, 1e9, allow_subnormal=False), min_size=1, max_size=6, unique=True).map(sorted)


@st.composite
def numbers(draw: st.DrawFn) -> Family:
    labels = tuple(draw(st.lists(st.sampled_from(["queue", "node", "state", "Zone", "a_b"]), max_size=3, unique=True)))
    kind = draw(st.sampled_from([Kind.COUNTER, Kind.GAUGE]))
    values = draw(st.dictionaries(st.tuples(*[TEXTS] * len(labels)), VALUES, max_size=8))
    return Family("cti_thing_total" if kind is Kind.COUNTER else "cti_thing", kind, draw(TEXTS), labels, list(values.items()))


@st.composite
def histograms(draw: st.DrawFn) -> Family:
    labels = tuple(draw(st.lists(st.sampled_from(["queue", "node", "aa", "zz"]), max_size=2, unique=True)))
    edges = tuple(draw(EDGES))
    counts = st.lists(st.integers(0, 10**12), min_size=len(edges) + 1, max_size=len(edges) + 1).map(tuple)
    made = st.builds(Distribution, edges=st.just(edges), counts=counts, sum_seconds=st.floats(0, 1e12))
    values = draw(st.dictionaries(st.tuples(*[TEXTS] * len(labels)), made, max_size=4))
    return Family("cti_wait_seconds", Kind.HISTOGRAM, draw(TEXTS), labels, list(values.items()))


def by_prometheus_client(families: list[Family]) -> str:
    class Collector:
        def collect(self) -> list[Metric]:
            return [as_metric(family) for family in families]

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    return generate_latest(registry).decode()


def as_metric(family: Family) -> Metric:
    if family.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(family.name, family.text, labels=family.labels)
        for labels, value in family.samples:
            assert isinstance(value, Distribution)
            edges = [*map(floatToGoString, value.edges), "+Inf"]
            histogram.add_metric(labels, list(zip(edges, accumulate(value.counts), strict=True)), value.sum_seconds)
        return histogram
    kind: Any = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
    metric: Metric = kind(family.name, family.text, labels=family.labels)
    for labels, value in family.samples:
        metric.add_metric(labels, value)  # type: ignore[attr-defined]
    return metric


def with_a_name_each(families: list[Family]) -> list[Family]:
    """A name has one set of labels."""
    ending = {Kind.COUNTER: "_total", Kind.GAUGE: "", Kind.HISTOGRAM: "_seconds"}
    return [replace(family, name=f"cti_{number}{ending[family.kind]}") for number, family in enumerate(families)]


@pytest.mark.slow
@given(st.lists(st.one_of(numbers(), histograms()), max_size=5).map(with_a_name_each))
@example([Family("cti_thing", Kind.GAUGE, 'a "b" \\ \n', ("node",), [(('\\"\n',), 1e21), (("",), -0.0), (("x",), 1234567.0)])])
def test_the_text_is_that_of_prometheus_client(families: list[Family]) -> None:
    writer = Writer()
    wanted = by_prometheus_client(families)
    assert "".join(writer.pieces(families)) == wanted
    assert "".join(writer.pieces(families)) == wanted  # and again, from what it has kept


@given(st.one_of(st.floats(), st.integers(-(10**30), 10**30)))
def test_a_number_is_written_as_go_writes_it(value: float) -> None:
    assert number(value) == f"{floatToGoString(value)}\n"  # type: ignore[no-untyped-call]


@pytest.mark.slow
@given(numbers(), st.integers(1, 5))
def test_the_page_is_the_same_in_pieces_of_any_size(family: Family, size: int) -> None:
    assert "".join(Writer().pieces([family] * 3, size)) == "".join(Writer().pieces([family] * 3))


def test_a_piece_has_no_more_series_than_wanted() -> None:
    family = Family("cti_thing", Kind.GAUGE, "", ("n",), [((str(n),), n) for n in range(10_000)])
    pieces = list(Writer().pieces([family], 500))
    assert max(piece.count("\n") for piece in pieces) <= 502
    assert sum(piece.count("\n") for piece in pieces) == 10_002


def test_samples_are_read_no_earlier_than_they_are_written() -> None:
    """A large family is not listed in one go before its first piece."""
    read: list[int] = []

    def samples() -> Any:
        for n in range(1000):
            read.append(n)
            yield (str(n),), n

    next(Writer().pieces([Family("cti_thing", Kind.GAUGE, "", ("n",), samples())], 10))
    assert len(read) < 20
