"""The picture of the site as Prometheus reads it. Names and labels are those of the interface; what is not known has no sample.

No label ever holds a caller, a call or a channel: nodes, queues and states are closed sets, and what a forger can write into a
block's kind is bounded here."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import TypeAlias

from cti_daemon.model.drills import DrillKind, SeatResult
from cti_daemon.model.reasons import Mode, NodeState, Reason, Result
from cti_daemon.model.recording import RecordingView
from cti_daemon.model.views import Distribution, QueueKpiView, QueueView, SiteView, WindowView
from cti_daemon.wire import drill_metrics, incident_metrics
from cti_daemon.wire.exposition import Family, Kind, LabelValues
from cti_daemon.wire.site_json import seats_by_state, window_name

Samples: TypeAlias = Iterable[tuple[LabelValues, float | Distribution]]

MOST_SERIES = 100
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")

_COUNTERS = {
    "failovers": ("cti_failovers_total", "Failovers, by reason and how they ended", ("reason", "result")),
    "planned_moves": ("cti_planned_moves_total", "Switchovers and failbacks, by reason and how they ended", ("reason", "result")),
    "diverts": ("cti_diverts_total", "Times new calls were diverted from a suspected node", ("reason",)),
    "rescued_calls": ("cti_rescued_calls_total", "Callers' legs redirected off a dead node, by outcome", ("result",)),
    "stale_calls": ("cti_stale_calls_total", "Calls ended on a node that came back, whose callers had been moved", ("node", "result")),
    "drills": ("cti_drills_total", "Drills that have ended, by how", ("kind", "how")),
    "seat_tests": ("cti_drill_seat_tests_total", "Test calls of drills to emergency seats, by what came of them", ("result",)),
    "callbacks": (
        "cti_callbacks_total",
        "Attempts to call affected callers back, and rows that are closed, by what came of them",
        ("outcome",),
    ),
    "fault_marks": ("cti_fault_marks_total", "Calls that an agent marked by the feature code: the caller reports a fault", ("kind",)),
    "outside_offers": (
        "cti_outside_seat_offers_total",
        "Callers offered to emergency seats that are outside numbers, by what came of it",
        ("seat", "outcome"),
    ),
    "survey_answers": (
        "cti_survey_answers_total",
        "Callers who were asked how satisfied they are, by queue and grade; none: asked, and no key",
        ("queue", "grade"),
    ),
    "security_events": ("cti_security_events_total", "Blocks that could not be proved genuine, dropped", ("node", "kind")),
}

_FROM_ZERO: dict[str, dict[tuple[str, ...], int]] = {
    "failovers": {
        (reason.value, Result.DONE.value): 0
        for reason in (
            Reason.NODE_DEAD,
            Reason.NODE_DEAD_SILENT,
            Reason.NODE_HUNG,
            Reason.EDGE_CANNOT_REACH,
            Reason.SEATS_OUT,
            Reason.COMMAND,
        )
    },
    "diverts": {(reason.value,): 0 for reason in (Reason.EVERY_PATH_SILENT, Reason.SIP_SILENT)},
    "fault_marks": {("network",): 0},
    "drills": {(kind.value, how): 0 for kind in DrillKind for how in ("done", "stopped", "over", "aborted")},
    "seat_tests": {(result.value,): 0 for result in SeatResult},
    "rescued_calls": {(result.value,): 0 for result in Result},
}
"""That none has happened yet is known; and a counter that begins with 1 would hide its first rise from Prometheus."""


def families(view: SiteView) -> Iterator[Family]:
    """Every metric of the site, also those without a sample: a dashboard can then tell *none* from *not exported*."""
    yield from _routing(view)
    yield from drill_metrics.families(view)
    yield from _nodes(view)
    yield from _queues_now(view)
    yield from _queues_counted(view)
    yield from _queues_in_windows(view)
    if view.incidents is not None:
        yield from incident_metrics.families(view.incidents)
    if view.recording is not None:
        yield from _recordings(view.recording)
    for key, (name, text, labels) in _COUNTERS.items():
        counts = _FROM_ZERO.get(key, {}) | view.counters.get(key, {})
        yield Family(name, Kind.COUNTER, text, labels, closed(counts).items())


def closed(counts: Mapping[tuple[str, ...], int]) -> dict[tuple[str, ...], int]:
    """The same counts with a bounded set of labels. A forger chooses the kind of the block he forges: what is not a plain word, and
    what comes after the first MOST_SERIES, is counted under `other`."""
    bounded: dict[tuple[str, ...], int] = {}
    for values, count in counts.items():
        labels = tuple(v if _WORD.fullmatch(v) else "other" for v in map(str, values))
        if labels not in bounded and len(bounded) >= MOST_SERIES:
            labels = (*labels[:-1], "other")
        bounded[labels] = bounded.get(labels, 0) + count
    return bounded


def _gauge(name: str, text: str, labels: tuple[str, ...], samples: Samples) -> Family:
    return Family(name, Kind.GAUGE, text, labels, samples)


def _routing(view: SiteView) -> Iterator[Family]:
    yield _gauge("cti_mode", "1 for the mode the site is in", ("mode",), _one_of((), Mode, view.mode.value))
    routing = (sample for sample in _one_of((), Mode, view.routing_mode.value) if sample[0] != (Mode.PAUSED.value,))
    yield _gauge("cti_routing_mode", "1 for the routing's own mode, also while automation is paused", ("mode",), routing)
    withheld = [((), int(view.withheld is not None))]
    yield _gauge("cti_withheld", "1 while something would be done if automation were not paused", (), withheld)
    serving = (((n.name,), int(n.name == view.serving)) for n in view.nodes) if view.serving is not None else ()
    yield _gauge("cti_serving", "1 for the node that new callers are sent to", ("node",), serving)
    yield _gauge("cti_epoch", "Term of the present routing decision", (), [((), view.epoch)])
    yield _gauge("cti_legs_to_rescue", "Callers' legs that a failover in progress still has to move", (), [((), view.legs_to_rescue)])


def _nodes(view: SiteView) -> Iterator[Family]:
    states = (sample for node in view.nodes for sample in _one_of((node.name,), NodeState, node.state.value))
    yield _gauge("cti_node_state", "1 for the state the node is judged to be in", ("node", "state"), states)
    proven = (((node.name,), int(node.proven)) for node in view.nodes if node.role.value != "edge")
    yield _gauge("cti_node_proven", "1 while new callers may be sent to this node", ("node",), proven)
    ages = (
        ((node.name, evidence.evidence), evidence.age_seconds)
        for node in view.nodes
        for evidence in node.evidence
        if evidence.age_seconds is not None
    )
    yield _gauge("cti_node_evidence_age_seconds", "Since this evidence was last good", ("node", "evidence"), ages)
    legs = (((node.name, state.value), count) for node in view.nodes for state, count in node.legs.items())
    yield _gauge("cti_edge_legs", "Callers' legs on the edges, by the node that serves them", ("node", "state"), legs)
    calls = ((tuple(key), count) for key, count in view.calls.items())
    yield _gauge("cti_calls", "Calls, by the node that serves them and what they do", ("node", "state"), calls)
    differences = (((node,), count) for node, count in view.mirror_difference.items())
    yield _gauge("cti_seat_mirror_difference", "Queue memberships on this node that are not as they should be", ("node",), differences)


def _recordings(view: RecordingView) -> Iterator[Family]:
    recorded = (((node,), count) for node, count in view.recorded.items())
    yield _gauge("cti_calls_recorded", "Callers who talk to a seat and are recorded", ("node",), recorded)
    missing = (((node,), count) for node, count in view.missing.items())
    yield _gauge("cti_calls_unrecorded", "Callers who talk to a seat and are not recorded, though they should be", ("node",), missing)
    gaps = [((), Distribution(view.edges, view.gaps, view.gap_sum_seconds))]
    text = "Interruption of recordings that a dead server cut and that went on elsewhere"
    yield Family("cti_recording_gap_seconds", Kind.HISTOGRAM, text, (), gaps)


def _queues_now(view: SiteView) -> Iterator[Family]:
    waiting = (((q.name,), q.waiting) for q in view.queues if q.waiting is not None)
    yield _gauge("cti_queue_waiting", "Callers waiting on the serving node", ("queue",), waiting)
    longest = (((q.name,), q.longest_wait_seconds) for q in view.queues if q.longest_wait_seconds is not None)
    yield _gauge("cti_queue_longest_wait_seconds", "Wait of the caller who waits longest", ("queue",), longest)
    seats = (((q.name, state), count) for q in view.queues for state, count in (seats_by_state(q) or {}).items())
    yield _gauge("cti_seats", "Seats of a queue, by state", ("queue", "state"), seats)


def _queues_counted(view: SiteView) -> Iterator[Family]:
    """Since the counters began; they run on through a failover."""
    known = [(q, q.kpi) for q in view.queues if q.kpi is not None]
    offered = (((q.name,), kpi.offered) for q, kpi in known)
    yield Family("cti_queue_offered_total", Kind.COUNTER, "Callers who came to the queue", ("queue",), offered)
    outcomes = (((q.name, outcome), count) for q, kpi in known for outcome, count in kpi.outcomes.items())
    yield Family("cti_queue_calls_total", Kind.COUNTER, "Callers of the queue, by what became of them", ("queue", "outcome"), outcomes)
    yield _histogram("cti_queue_answer_seconds", "Wait of callers who were answered", known, lambda kpi: kpi.answer)
    yield _histogram("cti_queue_abandon_seconds", "Wait of callers who hung up before an answer", known, lambda kpi: kpi.abandon)
    yield _histogram("cti_talk_seconds", "Time that caller and agent talked", known, lambda kpi: kpi.talk)


def _histogram(name: str, text: str, known: list[tuple[QueueView, QueueKpiView]], part: Callable[[QueueKpiView], Distribution]) -> Family:
    return Family(name, Kind.HISTOGRAM, text, ("queue",), (((q.name,), part(kpi)) for q, kpi in known))


def _queues_in_windows(view: SiteView) -> Iterator[Family]:
    """The service level under its fixed name is that of the shortest window; every window is beside it, by name."""
    kpis = [(q.name, q.kpi.windows) for q in view.queues if q.kpi is not None]
    shortest = [(name, min(windows, key=lambda w: w.seconds)) for name, windows in kpis if windows]
    level = "Share of callers answered in time, by formula"
    yield _gauge(
        "cti_queue_service_level_ratio",
        f"{level}, over the shortest window",
        ("queue", "formula"),
        (((name, formula), ratio) for name, window in shortest for formula, ratio in window.service_level.items() if ratio is not None),
    )
    every = [(name, window) for name, windows in kpis for window in windows]
    yield _gauge(
        "cti_queue_service_level_window_ratio",
        level,
        ("queue", "formula", "window"),
        (
            ((name, formula, window_name(window.seconds)), ratio)
            for name, window in every
            for formula, ratio in window.service_level.items()
            if ratio is not None
        ),
    )
    for metric, text, part in _OF_A_WINDOW:
        samples = (((name, window_name(window.seconds)), value) for name, window in every for value in [part(window)] if value is not None)
        yield _gauge(metric, text, ("queue", "window"), samples)


_OF_A_WINDOW: tuple[tuple[str, str, Callable[[WindowView], float | None]], ...] = (
    ("cti_queue_asa_seconds", "Mean wait of the callers answered in the window", lambda w: w.asa_seconds),
    ("cti_queue_abandonment_ratio", "Abandoned of offered in the window", lambda w: w.abandonment_ratio),
    ("cti_queue_connect_ratio", "Answered of offered in the window", lambda w: w.connect_ratio),
    ("cti_queue_occupancy_ratio", "Share of the seats' time spent with callers in the window", lambda w: w.occupancy_ratio),
)


def _one_of(labels: tuple[str, ...], states: type[StrEnum], now: str) -> Iterator[tuple[LabelValues, float]]:
    """One series a state, 1 for the present one."""
    return (((*labels, state.value), int(state.value == now)) for state in states)
