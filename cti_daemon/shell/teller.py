"""Tells people and machines what the core reports: log, metrics, MQTT."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from cti_daemon.model.effects import Answer, Report
from cti_daemon.policy.modes import CONDEMNATIONS
from cti_daemon.shell import log
from cti_daemon.shell.metrics import Metrics

_DETECTED = frozenset(reason.value for reason in CONDEMNATIONS)


class Listener(Protocol):
    """Whoever else wants reports and answers (the MQTT bridge)."""

    def report(self, report: Report) -> None: ...

    def answer(self, answer: Answer) -> None: ...

    def state_changed(self) -> None: ...


class Teller:
    """`answer_here` takes the answer to somebody on this machine, and says whether it was one."""

    def __init__(self, metrics: Metrics, listeners: Iterable[Listener], answer_here: Callable[[Answer], bool]) -> None:
        self._metrics = metrics
        self._answer_here = answer_here
        self._listeners = tuple(listeners)
        self._log = log.get("site")
        self._repeats = log.Repeats(self._log)

    def report(self, reports: list[Report]) -> None:
        for report in reports:
            self._write(report)
            self._measure(report)
            for listener in self._listeners:
                listener.report(report)
        for listener in self._listeners:
            listener.state_changed()

    def answer(self, answers: list[Answer]) -> None:
        """Each answer to whoever asked."""
        for answer in answers:
            if not self._answer_here(answer):
                for listener in self._listeners:
                    listener.answer(answer)

    def _write(self, report: Report) -> None:
        fields: dict[str, Any] = {"event_kind": report.kind, **report.data}
        if report.kind == "security":  # a forger may send swarms: the first is loud, the repeats are counted in the metrics
            self._repeats.failed(report.text, report.text, **fields)
        elif report.severity == "critical":
            self._log.critical(report.text, **fields)
        elif report.severity == "warning":
            self._log.warning(report.text, **fields)
        else:
            self._log.info(report.text, **fields)

    def _measure(self, report: Report) -> None:
        if report.kind == "failover" and report.data["reason"] in _DETECTED:
            self._metrics.observe_detection(float(report.data["silent_seconds"]))
        elif report.kind == "rescue":
            self._metrics.observe_reroute(float(report.data["seconds"]))
