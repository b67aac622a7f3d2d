"""What is counted between two scrapes. For the loop's thread only, so without locks; read by Prometheus as families."""

from bisect import bisect_left
from collections.abc import Iterator

from cti_daemon.model.views import Distribution
from cti_daemon.wire.exposition import Family, Kind, LabelValues


class Tally:
    """A counter, or a gauge that is set, for each set of label values."""

    def __init__(self, name: str, kind: Kind, text: str, labels: tuple[str, ...] = ()) -> None:
        self._values: dict[LabelValues, float] = {}
        self._family = (name, kind, text, labels)

    def add(self, *values: str, count: float = 1) -> None:
        self._values[values] = self._values.get(values, 0) + count

    def set(self, *values: str, to: float) -> None:
        self._values[values] = to

    def family(self) -> Family:
        return Family(*self._family, list(self._values.items()))


class Timing:
    """A histogram of seconds for each set of label values; `edges` rise."""

    def __init__(self, name: str, text: str, edges: tuple[float, ...], labels: tuple[str, ...] = ()) -> None:
        self._name, self._text, self._labels = name, text, labels
        self._edges = edges
        self._held: dict[LabelValues, tuple[list[int], list[float]]] = {}
        if not labels:  # a series that is known before anything happened: its first value is a rise
            self._of(())

    def observe(self, seconds: float, *values: str) -> None:
        counts, total = self._of(values)
        counts[bisect_left(self._edges, seconds)] += 1
        total[0] += seconds

    def family(self) -> Family:
        return Family(self._name, Kind.HISTOGRAM, self._text, self._labels, list(self._read()))

    def _of(self, values: LabelValues) -> tuple[list[int], list[float]]:
        held = self._held.get(values)
        if held is None:
            held = self._held[values] = ([0] * (len(self._edges) + 1), [0.0])
        return held

    def _read(self) -> Iterator[tuple[LabelValues, Distribution]]:
        for values, (counts, total) in self._held.items():
            yield values, Distribution(self._edges, tuple(counts), total[0])
