"""A dashboard as a picture: about what Grafana draws, from the same file and the same answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lab import chart_cells, chart_lines, svg
from lab.board import Board, Filled
from lab.chart_frame import Frame

COLUMN, LINE, MARGIN, HEAD, TITLE = 50.0, 31.0, 4.0, 52.0, 24.0


def draw(board: Board, note: str) -> str:
    """Return the dashboard as an SVG file."""
    bottom = max(filled.panel["gridPos"]["y"] + filled.panel["gridPos"]["h"] for filled in board.panels)
    parts = [svg.words(12, 24, board.title, size=18, weight=600), svg.words(12, 43, note, size=11, fill=svg.FAINT)]
    for filled in board.panels:
        parts += _panel(filled, board)
    return svg.page(24 * COLUMN, HEAD + bottom * LINE + 8, parts, board.title)


def _panel(filled: Filled, board: Board) -> Iterator[str]:
    at = filled.panel["gridPos"]
    x, y = at["x"] * COLUMN + MARGIN, HEAD + at["y"] * LINE + MARGIN
    width, height = at["w"] * COLUMN - 2 * MARGIN, at["h"] * LINE - 2 * MARGIN
    if filled.kind == "row":
        yield svg.words(x + 4, y + 17, filled.title, size=14, weight=600)
        return
    yield svg.box(x, y, width, height, svg.PANEL, about=filled.panel.get("description", ""), radius=3)
    yield svg.words(x + 8, y + 17, svg.fitted(filled.title, width - 16, 12), size=12, weight=600)
    frame = Frame(x + 8, y + TITLE, width - 16, height - TITLE - 8, board.began_wall, board.ended_wall)
    if not any(answer.series for answer in filled.answers):
        told = filled.panel["fieldConfig"]["defaults"].get("noValue", "")
        yield svg.words(x + width / 2, y + height / 2 + 6, told, size=14, fill=svg.FAINT, anchor="middle")
        return
    yield from _KINDS[filled.kind](filled, frame)


_KINDS: dict[str, Callable[[Filled, Frame], Iterator[str]]] = {
    "stat": chart_cells.stat,
    "timeseries": chart_lines.timeseries,
    "state-timeline": chart_cells.timeline,
    "table": chart_cells.table,
    "heatmap": chart_cells.heatmap,
}


def kinds() -> set[str]:
    """Return the kinds of panel that can be drawn."""
    return set(_KINDS)
