"""Shapes for a picture: just enough SVG, as text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from html import escape

PAPER, PANEL, RULE, INK, FAINT = "#111217", "#181b1f", "#2c3235", "#d8d9da", "#8e8e8e"
FONT = "Inter, 'Helvetica Neue', 'Noto Sans', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif"

_NAMED = {
    "green": "#73bf69",
    "yellow": "#fade2a",
    "orange": "#ff9830",
    "red": "#f2495c",
    "purple": "#b877d9",
    "blue": "#5794f2",
    "light-blue": "#8ab8ff",
    "light-green": "#96d98d",
    "text": "#8e8e8e",
}
PALETTE = ("#73bf69", "#fade2a", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#96d98d", "#ffb357", "#ff7383")


def colour(name: str) -> str:
    """Return a colour of Grafana's as a number."""
    return _NAMED.get(name, name)


def box(x: float, y: float, width: float, height: float, fill: str, *, about: str = "", radius: float = 0) -> str:
    """Return a filled rectangle; `about` is shown when it is pointed at."""
    told = f"<title>{escape(about)}</title>" if about else ""
    size = f'width="{max(0.0, width):.1f}" height="{max(0.0, height):.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} rx="{radius:g}" fill="{fill}">{told}</rect>'


def words(x: float, y: float, text: str, *, size: float = 12, fill: str = INK, anchor: str = "start", weight: int = 400) -> str:
    """Return text on its base line; `anchor` is start, middle or end."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="{size:g}" fill="{fill}" font-weight="{weight}">{escape(text)}</text>'


def stroke(points: Sequence[tuple[float, float]], ink: str, *, width: float = 1.5, dashed: bool = False) -> str:
    """Return a line through the points."""
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    return f'<polyline points="{_path(points)}" fill="none" stroke="{ink}" stroke-width="{width:g}"{dashes}/>'


def area(points: Sequence[tuple[float, float]], ink: str, opacity: float) -> str:
    """Return a filled shape."""
    return f'<polygon points="{_path(points)}" fill="{ink}" fill-opacity="{opacity:g}"/>'


def page(width: float, height: float, parts: Sequence[str], about: str) -> str:
    """Return the whole file."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-family="{escape(FONT)}">'
    return "\n".join([head, f"<title>{escape(about)}</title>", box(0, 0, width, height, PAPER), *parts, "</svg>", ""])


def measured(text: str) -> float:
    """Return about how many Latin letters wide the text is."""
    return sum(1.8 if unicodedata.east_asian_width(sign) in "WF" else 1.0 for sign in text)


def fitted(text: str, width: float, size: float) -> str:
    """Return the text, cut to about so many pixels."""
    room = width / (0.62 * size)
    if measured(text) <= room:
        return text
    while text and measured(text) > room - 1:
        text = text[:-1]
    return f"{text}…"


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
