"""A Grafana dashboard of config/grafana with the data that a Prometheus has for it: every query asked as Grafana would ask it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import prometheus
from lab.layout import REPOSITORY
from lab.prometheus import Series

FOLDER = REPOSITORY / "config/grafana"
_VARIABLES = {"$instance": ".+", "$queue": ".+"}


@dataclass(frozen=True, slots=True)
class Answered:
    """One query and what came back; `names` are the series' names as the panel's legend spells them."""

    expression: str
    series: list[Series]
    names: list[str]


@dataclass(frozen=True, slots=True)
class Filled:
    """One panel as the file has it, and the answers to its queries."""

    panel: dict[str, Any]
    answers: list[Answered] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The panel's own."""
        return str(self.panel["title"])

    @property
    def kind(self) -> str:
        """Grafana's word for how it is drawn."""
        return str(self.panel["type"])


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard, and of which span of time its data are."""

    title: str
    panels: list[Filled]
    began_wall: float
    ended_wall: float


def paths(language: str) -> list[Path]:
    """Return the files of one language."""
    return sorted((FOLDER / language).glob("*.json"))


def fill(path: Path, began_wall: float, ended_wall: float, step_seconds: float = 1.0) -> Board:
    """Ask every query of one dashboard, as of the last scrape that was answered. LabError when Prometheus refuses one."""
    board = json.loads(path.read_text())
    now_wall = prometheus.last_scraped(began_wall, ended_wall)
    panels: list[Filled] = []
    for panel in board["panels"]:
        answers: list[Answered] = []
        for target in panel.get("targets", []):
            expression = spelled(target["expr"])
            if target.get("instant"):
                series = prometheus.instant(expression, now_wall)
            else:
                series = prometheus.over(expression, began_wall, ended_wall, step_seconds)
            answers.append(Answered(expression, series, list(_names(series, target.get("legendFormat", "")))))
        panels.append(Filled(panel, answers))
    return Board(board["title"], panels, began_wall, ended_wall)


def spelled(expression: str) -> str:
    """Return the expression with everything chosen."""
    for variable, chosen in _VARIABLES.items():
        expression = expression.replace(variable, chosen)
    return expression


def _names(series: list[Series], legend: str) -> Iterator[str]:
    for one in series:
        labels = one.labels
        if legend:
            yield re.sub(r"{{\s*(\w+)\s*}}", lambda found, labels=labels: labels.get(found[1], ""), legend)  # type: ignore[misc]
        else:
            yield ", ".join(value for label, value in sorted(labels.items()) if label not in {"__name__", "instance", "job"})
