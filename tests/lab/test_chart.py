"""The pictures of the dashboards: drawn from the shipped files, with answers as Prometheus gives them."""

import json
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from lab import board, chart, prometheus
from lab.chart_frame import spelled
from lab.prometheus import Series

BEGAN, ENDED = 1_000_000.0, 1_000_060.0
PATHS = [path for language in ("en", "zh") for path in board.paths(language)]


def labels_of(expression: str) -> dict[str, str]:
    known = {"node": "pbx-a", "queue": "hotline", "state": "healthy", "mode": "normal", "le": "15", "alertname": "CtiNodeDown"}
    return known | {
        "window": "15m",
        "outcome": "answered",
        "evidence": "link_a",
        "path": "a",
        "reason": "node_dead",
        "result": "done",
        "plan": "lines-full",
    }


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One series for everything, with a hole in it and a value that is no number."""

    def over(expression: str, began_wall: float, ended_wall: float, step_seconds: float) -> list[Series]:
        assert "$" not in expression
        points = [(began_wall + n, math.nan if n == 5 else float(n % 3)) for n in range(60) if not 20 < n < 40]
        return [Series(labels_of(expression), points)]

    monkeypatch.setattr(prometheus, "over", over)
    monkeypatch.setattr(prometheus, "instant", lambda expression, at_wall: [Series(labels_of(expression), [(at_wall, 1.0)])])


def text_of(svg: str) -> str:
    return " ".join(element.text or "" for element in ET.fromstring(svg).iter())  # noqa: S314 - our own file


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_dashboard_can_be_drawn(answers: None, path: Path) -> None:
    text = text_of(chart.draw(board.fill(path, BEGAN, ENDED), "a note"))
    assert json.loads(path.read_text())["title"] in text
    assert "a note" in text


def test_a_panel_without_an_answer_says_what_that_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "over", lambda expression, *_: [Series({}, [(ENDED, 1.0)])] if expression.startswith("up{job") else [])
    monkeypatch.setattr(prometheus, "instant", lambda *_: [])
    text = text_of(chart.draw(board.fill(board.FOLDER / "zh/cti-operations.json", BEGAN, ENDED), ""))
    assert "未知" in text
    assert "正常" not in text


def test_a_plan_has_its_title_in_a_table(answers: None) -> None:
    filled = board.fill(board.FOLDER / "zh/cti-plans.json", BEGAN, ENDED)
    assert "坐席线路占满" in text_of(chart.draw(filled, ""))


def test_a_mode_has_its_words(answers: None) -> None:
    filled = board.fill(board.FOLDER / "zh/cti-operations.json", BEGAN, ENDED)
    assert "正常" in text_of(chart.draw(filled, ""))


def test_every_kind_of_panel_that_is_used_can_be_drawn() -> None:
    used = {panel["type"] for path in PATHS for panel in json.loads(path.read_text())["panels"]} - {"row"}
    assert used == chart.kinds()


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.987, "percentunit", "98.7 %"),
        (0.082, "s", "82 ms"),
        (12.34, "s", "12.3 s"),
        (60 * 2**20, "bytes", "60 MiB"),
        (2500.0, "short", "2.5 k"),
        (59.0, "dtdurations", "59 s"),
        (86_340.0, "dtdurations", "23 h 59 min"),
        (-90_000.0, "dtdurations", "-1 d 1 h"),
    ],
)
def test_numbers_read_as_in_grafana(value: float, unit: str, shown: str) -> None:
    assert spelled(value, unit) == shown


def as_answer(value: Any) -> tuple[int, bytes]:
    return 200, json.dumps({"status": "success", "data": {"result": value}}).encode()


def test_an_answer_of_prometheus_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    item = {"metric": {"node": "a"}, "values": [[1, "2"], [2, "NaN"]]}

    def get(path: str, *, seconds: float) -> tuple[int, bytes]:
        asked.append(path)
        return as_answer([item])

    monkeypatch.setattr(prometheus, "get", get)
    (one,) = prometheus.over('up{job="x"}', 1, 2, 1)
    assert asked == ["/api/v1/query_range?query=up%7Bjob%3D%22x%22%7D&start=1&end=2&step=1"]
    assert one.labels == {"node": "a"}
    assert one.points[0] == (1.0, 2.0)
    assert math.isnan(one.points[1][1])
