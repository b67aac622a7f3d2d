"""What Prometheus reads. Gauges are made from the picture of the site at the moment of the scrape; what happens between two
scrapes is counted here. What is not known has no sample."""

import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from cti_daemon import __version__
from cti_daemon.model.reasons import Mode, NodeState
from cti_daemon.model.settings import Settings
from cti_daemon.model.views import SiteView
from cti_daemon.shell.journal import Journal
from cti_daemon.wire.mqtt_topics import VERBS
from cti_daemon.wire.site_json import seats_by_state

# The edges are the promises' own figures (F1-F4), so that each promise is one ratio of two buckets.
FAILOVER_BUCKETS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.0, 1.2, 1.5, 2.0, 5.0, 10.0)
ACTION_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
WRITE_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0)
LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)

MOST_SERIES = 100
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")

_COUNTERS = {
    "failovers": ("cti_failovers", "Failovers, by reason and how they ended", ("reason", "result")),
    "diverts": ("cti_diverts", "Times new calls were diverted from a suspected node", ("reason",)),
    "rescued_calls": ("cti_rescued_calls", "Callers' legs redirected off a dead node, by outcome", ("result",)),
    "security_events": ("cti_security_events", "Blocks that could not be proved genuine, dropped", ("node", "kind")),
}


class Metrics:
    """The registry of one daemon. `view` is called in the thread that calls `render`: the loop's."""

    def __init__(self, settings: Settings, view: Callable[[], SiteView]) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_SiteCollector(view))
        build = Gauge("cti_build_info", "What runs; always 1", ("version", "python"), registry=self._registry)
        build.labels(__version__, platform.python_version()).set(1)
        self._connected = Gauge("cti_ami_connected", "1 while an AMI session is logged in", ("node", "path"), registry=self._registry)
        self._events = Counter("cti_ami_events", "AMI events believed and read", ("node",), registry=self._registry)
        self._actions = Histogram(
            "cti_ami_action_seconds",
            "Time from sending an AMI action to its answer or deadline",
            ("action", "result"),
            buckets=ACTION_BUCKETS,
            registry=self._registry,
        )
        self._detection = Histogram(
            "cti_failover_detection_seconds",
            "From the last sign of life of the failed node to the verdict",
            buckets=FAILOVER_BUCKETS,
            registry=self._registry,
        )
        self._reroute = Histogram(
            "cti_failover_reroute_seconds",
            "From the verdict to the answer to the last redirect",
            buckets=FAILOVER_BUCKETS,
            registry=self._registry,
        )
        self._commands = Counter("cti_mqtt_commands", "Commands, by what was answered", ("verb", "result"), registry=self._registry)
        self._lag = Histogram(
            "cti_event_loop_lag_seconds", "How late the loop's own timer ran", buckets=LAG_BUCKETS, registry=self._registry
        )
        self._writes = Histogram("cti_journal_write_seconds", "Time of one durable commit", buckets=WRITE_BUCKETS, registry=self._registry)
        for node in settings.node:
            self._events.labels(node.name)
            for path in ("a", "b"):
                self._connected.labels(node.name, path).set(0)

    def set_link(self, node: str, path: str, *, connected: bool) -> None:
        self._connected.labels(node, path).set(connected)

    def count_events(self, node: str, count: int = 1) -> None:
        self._events.labels(node).inc(count)

    def observe_action(self, action: str, result: str, seconds: float) -> None:
        self._actions.labels(action, result).observe(seconds)

    def observe_detection(self, seconds: float) -> None:
        self._detection.observe(seconds)

    def observe_reroute(self, seconds: float) -> None:
        self._reroute.observe(seconds)

    def observe_loop_lag(self, seconds: float) -> None:
        self._lag.observe(seconds)

    def count_command(self, verb: str, result: str) -> None:
        """`verb` comes from outside: one that does not exist is counted as `other`."""
        self._commands.labels(verb if verb in VERBS else "other", result).inc()

    def watch_journal(self, journal: Journal) -> None:
        """Export this journal's counts and the time of its commits. Call once."""
        journal.observe_write = self._writes.observe
        self._registry.register(_JournalCollector(journal))

    def render(self) -> bytes:
        """The page in Prometheus' text format. For the loop's thread."""
        return generate_latest(self._registry)


class _JournalCollector(Collector):
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    @override
    def collect(self) -> Iterable[Metric]:
        stats = self._journal.stats
        yield CounterMetricFamily("cti_journal_entries", "Entries made durable", value=stats.entries)
        yield CounterMetricFamily("cti_journal_errors", "Writes the disk refused", value=stats.errors)
        yield CounterMetricFamily("cti_journal_lost", "Entries given up because memory is bounded too", value=stats.lost)
        yield GaugeMetricFamily("cti_journal_backlog", "Entries that are not durable yet", value=stats.backlog)


class _SiteCollector(Collector):
    def __init__(self, view: Callable[[], SiteView]) -> None:
        self._view = view

    @override
    def collect(self) -> Iterable[Metric]:
        view = self._view()
        yield from _routing(view)
        yield from _nodes(view)
        yield from _queues(view)
        for key, (name, text, labels) in _COUNTERS.items():
            counter = CounterMetricFamily(name, text, labels=labels)
            for values, count in _closed(view.counters.get(key, {})).items():
                counter.add_metric(values, count)
            yield counter


def _closed(counts: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], int]:
    """The same counts with a bounded set of labels. A forger chooses the kind of the block he forges: what is not a plain word, and
    what comes after the first MOST_SERIES, is counted under `other`."""
    closed: dict[tuple[str, ...], int] = {}
    for values, count in counts.items():
        labels = tuple(v if _WORD.fullmatch(v) else "other" for v in map(str, values))
        if labels not in closed and len(closed) >= MOST_SERIES:
            labels = (*labels[:-1], "other")
        closed[labels] = closed.get(labels, 0) + count
    return closed


def _routing(view: SiteView) -> Iterable[Metric]:
    mode = GaugeMetricFamily("cti_mode", "1 for the mode the site is in", labels=["mode"])
    _one_of(mode, (), [m.value for m in Mode], view.mode.value)
    yield mode
    serving = GaugeMetricFamily("cti_serving", "1 for the node that new callers are sent to", labels=["node"])
    if view.serving is not None:
        _one_of(serving, (), [n.name for n in view.nodes], view.serving)
    yield serving
    yield GaugeMetricFamily("cti_epoch", "Term of the present routing decision", value=view.epoch)


def _nodes(view: SiteView) -> Iterable[Metric]:
    states = GaugeMetricFamily("cti_node_state", "1 for the state the node is judged to be in", labels=["node", "state"])
    ages = GaugeMetricFamily("cti_node_evidence_age_seconds", "Since this evidence was last good", labels=["node", "evidence"])
    calls = GaugeMetricFamily("cti_calls", "Callers' legs on the edges, by the node that serves them", labels=["node", "state"])
    for node in view.nodes:
        _one_of(states, (node.name,), [s.value for s in NodeState], node.state.value)
        for evidence in node.evidence:
            if evidence.age_seconds is not None:
                ages.add_metric([node.name, evidence.evidence], evidence.age_seconds)
        for state, count in node.legs.items():
            calls.add_metric([node.name, state.value], count)
    yield from (states, ages, calls)


def _queues(view: SiteView) -> Iterable[Metric]:
    waiting = GaugeMetricFamily("cti_queue_waiting", "Callers waiting on the serving node", labels=["queue"])
    longest = GaugeMetricFamily("cti_queue_longest_wait_seconds", "Wait of the caller who waits longest", labels=["queue"])
    seats = GaugeMetricFamily("cti_seats", "Seats of a queue, by state", labels=["queue", "state"])
    for queue in view.queues:
        if queue.waiting is not None:
            waiting.add_metric([queue.name], queue.waiting)
        if queue.longest_wait_seconds is not None:
            longest.add_metric([queue.name], queue.longest_wait_seconds)
        for state, count in (seats_by_state(queue) or {}).items():
            seats.add_metric([queue.name, state], count)
    yield from (waiting, longest, seats)


def _one_of(family: GaugeMetricFamily, labels: Sequence[str], states: Iterable[str], now: str) -> None:
    """One series a state, 1 for the present one."""
    for state in states:
        family.add_metric([*labels, state], float(state == now))
