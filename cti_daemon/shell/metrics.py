"""What Prometheus reads. Gauges are made from the picture of the site at the moment of the scrape; what happens between two
scrapes is counted here. What is not known has no sample.

The page is written in pieces, and the loop runs between them: a scrape of ten thousand series must not keep a verdict waiting."""

import asyncio
import platform
from collections.abc import Callable, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector

from cti_daemon import __version__
from cti_daemon.model.register import RowState
from cti_daemon.model.settings import Settings
from cti_daemon.model.verbs import VERBS
from cti_daemon.model.views import SiteView
from cti_daemon.shell.instruments import Tally, Timing
from cti_daemon.shell.journal import Journal
from cti_daemon.shell.mqtt import MqttBridge
from cti_daemon.wire import site_metrics
from cti_daemon.wire.exposition import Family, Kind, Writer

# The edges are the promises' own figures (F1-F4), so that each promise is one ratio of two buckets.
FAILOVER_BUCKETS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.0, 1.2, 1.5, 2.0, 5.0, 10.0)
ACTION_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
WRITE_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0)
LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Kept(Protocol):
    """What is counted of a register."""

    counts: dict[str, int]
    lost: int

    @property
    def backlog(self) -> int: ...


class Metrics:
    """The metrics of one daemon. `view` is called once a page, in the loop's thread."""

    def __init__(self, settings: Settings, view: Callable[[], SiteView]) -> None:
        self._view = view
        self._writer = Writer()
        self._journal: Journal | None = None
        self._register: Kept | None = None
        self._mqtt: MqttBridge | None = None
        self._more: list[Callable[[], Iterator[Family]]] = []
        self._process = ProcessCollector(registry=CollectorRegistry())
        self._build = Tally("cti_build_info", Kind.GAUGE, "What runs; always 1", ("version", "python"))
        self._build.set(__version__, platform.python_version(), to=1)
        self._in_time = Tally("cti_queue_service_level_seconds", Kind.GAUGE, "Configured: a caller is answered in time", ("queue",))
        self._connected = Tally("cti_ami_connected", Kind.GAUGE, "1 while an AMI session is logged in", ("node", "path"))
        self._events = Tally("cti_ami_events_total", Kind.COUNTER, "AMI events believed and read", ("node",))
        self._actions = Timing(
            "cti_ami_action_seconds", "Time from sending an AMI action to its answer or deadline", ACTION_BUCKETS, ("action", "result")
        )
        self._detection = Timing(
            "cti_failover_detection_seconds", "From the last sign of life of the failed node to the verdict", FAILOVER_BUCKETS
        )
        self._reroute = Timing("cti_failover_reroute_seconds", "From the verdict to the answer to the last redirect", FAILOVER_BUCKETS)
        self._commands = Tally("cti_mqtt_commands_total", Kind.COUNTER, "Commands, by what was answered", ("verb", "result"))
        self._lag = Timing("cti_event_loop_lag_seconds", "How late the loop's own timer ran", LAG_BUCKETS)
        self._writes = Timing("cti_journal_write_seconds", "Time of one durable commit", WRITE_BUCKETS)
        for node in settings.node:
            self._events.add(node.name, count=0)
            for path in ("a", "b"):
                self._connected.set(node.name, path, to=0)
        for queue in settings.queue:
            self._in_time.set(queue.name, to=queue.service_level_seconds)

    def set_link(self, node: str, path: str, *, connected: bool) -> None:
        self._connected.set(node, path, to=int(connected))

    def count_events(self, node: str, count: int = 1) -> None:
        self._events.add(node, count=count)

    def observe_action(self, action: str, result: str, seconds: float) -> None:
        self._actions.observe(seconds, action, result)

    def observe_detection(self, seconds: float) -> None:
        self._detection.observe(seconds)

    def observe_reroute(self, seconds: float) -> None:
        self._reroute.observe(seconds)

    def observe_loop_lag(self, seconds: float) -> None:
        self._lag.observe(seconds)

    def count_command(self, verb: str, result: str) -> None:
        """`verb` comes from outside: one that does not exist is counted as `other`."""
        self._commands.add(verb if verb in VERBS else "other", result)

    def watch_journal(self, journal: Journal) -> None:
        """Export this journal's counts and the time of its commits. Call once."""
        journal.observe_write = self._writes.observe
        self._journal = journal

    def watch_register(self, register: Kept) -> None:
        """Export how the register stands. Call once."""
        self._register = register

    def watch_mqtt(self, bridge: MqttBridge) -> None:
        """Export what waits for the broker. For sites that have one."""
        self._mqtt = bridge

    def add(self, families: Callable[[], Iterator[Family]]) -> None:
        """More families, of a part that not every site has."""
        self._more.append(families)

    async def page(self) -> bytes:
        """The page in Prometheus' text format. Between two pieces everything else has its turn; all of the site is from one moment."""
        text: list[str] = []
        for piece in self.pieces():
            text.append(piece)
            await asyncio.sleep(0)
        return "".join(text).encode(errors="replace")

    def pieces(self) -> Iterator[str]:
        """The page, a piece at a time."""
        return self._writer.pieces(self._families())

    def _families(self) -> Iterator[Family]:
        view = self._view()
        yield self._build.family()
        yield from site_metrics.families(view)
        yield self._in_time.family()
        for tally in (self._connected, self._events, self._commands):
            yield tally.family()
        for timing in (self._actions, self._detection, self._reroute, self._lag, self._writes):
            yield timing.family()
        for families in self._more:
            yield from families()
        yield from self._of_journal()
        if self._register is not None:
            yield from self._of_register(self._register)
        yield from self._of_mqtt()
        yield from self._of_process()

    @staticmethod
    def _of_register(register: Kept) -> Iterator[Family]:
        rows = [((state.value,), register.counts.get(state.value, 0)) for state in RowState]
        yield Family("cti_register_rows", Kind.GAUGE, "Affected callers in the register, by how they stand", ("state",), rows)
        yield Family("cti_register_backlog", Kind.GAUGE, "Entries that are not durable yet", (), [((), register.backlog)])
        yield Family("cti_register_lost_total", Kind.COUNTER, "Entries given up because memory is bounded too", (), [((), register.lost)])

    def _of_journal(self) -> Iterator[Family]:
        if self._journal is None:
            return
        stats = self._journal.stats
        yield Family("cti_journal_entries_total", Kind.COUNTER, "Entries made durable", (), [((), stats.entries)])
        yield Family("cti_journal_errors_total", Kind.COUNTER, "Writes the disk refused", (), [((), stats.errors)])
        yield Family("cti_journal_lost_total", Kind.COUNTER, "Entries given up because memory is bounded too", (), [((), stats.lost)])
        yield Family("cti_journal_damaged", Kind.GAUGE, "1: it was damaged when we started", (), [((), int(stats.was_damaged))])
        yield Family("cti_journal_backlog", Kind.GAUGE, "Entries that are not durable yet", (), [((), stats.backlog)])

    def _of_mqtt(self) -> Iterator[Family]:
        if self._mqtt is None:
            return
        yield Family("cti_mqtt_connected", Kind.GAUGE, "1 while the broker has us", (), [((), int(self._mqtt.is_connected))])
        yield Family("cti_mqtt_backlog", Kind.GAUGE, "Reports that wait for the broker", (), [((), self._mqtt.backlog)])
        yield Family("cti_mqtt_dropped_total", Kind.COUNTER, "Reports given up, oldest first", (), [((), self._mqtt.dropped)])

    def _of_process(self) -> Iterator[Family]:
        for metric in self._process.collect():
            kind = Kind(metric.type)
            name = metric.name + ("_total" if kind is Kind.COUNTER else "")
            yield Family(name, kind, metric.documentation, (), [((), sample.value) for sample in metric.samples])
