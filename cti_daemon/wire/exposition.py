"""Prometheus' text format 0.0.4, byte for byte as prometheus_client writes it, some fifteen times as fast: name and escaped labels
of a series are spelled once and kept. Written in pieces, so that whoever writes a large page can do other things between them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from math import inf, isfinite, isnan
from typing import TypeAlias

from cti_daemon.model.views import Distribution

LabelValues: TypeAlias = tuple[str, ...]

SERIES_A_PIECE = 500
MOST_HEADS = 50_000
"""Spellings kept. Label sets are closed, so this is never reached; if it were, all are forgotten and memory stays bounded."""

_WHOLE = tuple(f"{n}.0\n" for n in range(1024))


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. `name` as it is written, a counter's with `_total`; a name has always the same labels. `samples` are read once,
    lazily: a histogram's are Distributions, all others' are numbers."""

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...]
    samples: Iterable[tuple[LabelValues, float | Distribution]]


class Writer:
    """Remembers the spelling of every series it has written."""

    def __init__(self) -> None:
        self._heads: dict[str, dict[LabelValues, str]] = {}
        self._histograms: dict[tuple[str, LabelValues], _Histogram] = {}
        self._kept = 0

    def pieces(self, families: Iterable[Family], series_a_piece: int = SERIES_A_PIECE) -> Iterator[str]:
        """The page, in pieces of about so many series (a histogram is not cut)."""
        lines: list[str] = []
        for family in families:
            lines.append(f"# HELP {family.name} {_escaped_help(family.text)}\n# TYPE {family.name} {family.kind.value}\n")
            heads = self._heads.setdefault(family.name, {})
            for values, value in family.samples:
                if isinstance(value, Distribution):
                    self._write_distribution(lines, family, values, value)
                else:
                    head = heads.get(values)
                    if head is None:
                        self._make_room(1)
                        head = heads[values] = _head(family.name, family.labels, values)
                    lines.append(head + number(value))
                if len(lines) >= series_a_piece:
                    yield "".join(lines)
                    lines.clear()
        yield "".join(lines)

    def _write_distribution(self, lines: list[str], family: Family, values: LabelValues, value: Distribution) -> None:
        """Buckets are cumulative on the page. One that has not changed is not spelled again."""
        known = self._histograms.get((family.name, values))
        if known is None or known.value.edges != value.edges:
            self._make_room(len(value.counts) + 2)
            known = _Histogram(_histogram_heads(family, values, value.edges), value)
            self._histograms[(family.name, values)] = known
        elif known.value == value:
            lines += known.lines
            return
        totals = list(accumulate(value.counts))
        known.value = value
        known.lines = [head + number(total) for head, total in zip(known.heads, (*totals, totals[-1], value.sum_seconds), strict=True)]
        lines += known.lines

    def _make_room(self, spellings: int) -> None:
        if self._kept + spellings > MOST_HEADS:
            for known in self._heads.values():
                known.clear()
            self._histograms.clear()
            self._kept = 0
        self._kept += spellings


@dataclass(slots=True)
class _Histogram:
    """What was last written of one series of a histogram."""

    heads: tuple[str, ...]
    value: Distribution
    lines: list[str] = field(default_factory=list)


def number(value: float) -> str:
    """A value and its line's end, as Go prints it."""
    if type(value) is int and 0 <= value < len(_WHOLE):
        return _WHOLE[value]
    return f"{_go(float(value))}\n"


def _go(value: float) -> str:
    if not isfinite(value):
        return "NaN" if isnan(value) else "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if value >= 1e6 and (point := text.find(".")) > 6:  # Go turns to exponents sooner than Python
        digits = f"{text[0]}.{text[1:point]}{text[point + 1 :]}".rstrip("0.")
        return f"{digits}e+{point - 1:02d}"
    return text


def _histogram_heads(family: Family, values: LabelValues, edges: tuple[float, ...]) -> tuple[str, ...]:
    """One for each bucket, then count and sum."""
    labels = (*family.labels, "le")
    buckets = [_head(f"{family.name}_bucket", labels, (*values, _go(float(edge)))) for edge in (*edges, inf)]
    return (*buckets, _head(f"{family.name}_count", family.labels, values), _head(f"{family.name}_sum", family.labels, values))


def _head(name: str, labels: Sequence[str], values: LabelValues) -> str:
    """All of a line but its value."""
    if not labels:
        return f"{name} "
    pairs = [f'{label}="{_escaped(value)}"' for label, value in sorted(zip(labels, values, strict=True))]
    return f"{name}{{{','.join(pairs)}}} "


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _escaped_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
