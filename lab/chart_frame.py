"""What the kinds of panel have in common: a place, a clock below it, a legend, and how values are called and coloured."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

from lab import svg
from lab.board import Filled

LEGEND = 18.0


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a panel may draw, and which span of time its width is."""

    x: float
    y: float
    width: float
    height: float
    began_wall: float
    ended_wall: float

    def at(self, wall: float) -> float:
        """Return the place of an instant."""
        return self.x + self.width * (wall - self.began_wall) / (self.ended_wall - self.began_wall)

    def up(self, share: float) -> float:
        """Return the place of a value, as a share of the highest one."""
        return self.y + self.height * (1 - min(1.0, max(0.0, share)))


def named(filled: Filled, name: str) -> tuple[str, str]:
    """What a series is called for people, and its colour."""
    text, ink = name, ""
    for override in filled.panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == name:
            for found in override["properties"]:
                if found["id"] == "displayName":
                    text = found["value"]
                elif found["id"] == "color":
                    ink = svg.colour(found["value"]["fixedColor"])
    return text, ink or svg.colour("blue")


def valued(filled: Filled, value: float) -> tuple[str, str]:
    """What a value is called for people, and its colour."""
    defaults = filled.panel["fieldConfig"]["defaults"]
    for mapping in defaults.get("mappings", []):
        found = mapping["options"].get(f"{value:g}")
        if found:
            return found["text"], svg.colour(found["color"])
    ink = svg.colour("blue")
    for step in defaults.get("thresholds", {}).get("steps", []):
        if step["value"] is None or value >= step["value"]:
            ink = svg.colour(step["color"])
    return spelled(value, defaults.get("unit", "short")), ink


def spelled(value: float, unit: str) -> str:
    """Return a number as Grafana writes it, about."""
    if math.isnan(value):
        return "–"
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "bytes":
        return f"{value / 2**20:.3g} MiB"
    if unit == "dtdurations":
        return _duration(int(value))
    if unit == "s":
        return f"{1000 * value:.3g} ms" if 0 < abs(value) < 1 else f"{value:.3g} s"
    return f"{value:.3g}" if value < 1000 else f"{value / 1000:.3g} k"


def _duration(seconds: int) -> str:
    if seconds < 0:
        return f"-{_duration(-seconds)}"
    for unit, longer, name, smaller in ((86_400, 3600, "d", "h"), (3600, 60, "h", "min"), (60, 1, "min", "s")):
        if seconds >= unit:
            return f"{seconds // unit} {name} {seconds % unit // longer} {smaller}"
    return f"{seconds} s"


def clock(plot: Frame, y: float) -> Iterator[str]:
    span = plot.ended_wall - plot.began_wall
    every = next((seconds for seconds in (5, 10, 15, 30, 60, 120, 300, 600) if span / seconds <= plot.width / 60), 900)
    at = math.ceil(plot.began_wall / every) * every
    while at <= plot.ended_wall:
        yield svg.words(plot.at(at), y, time.strftime("%H:%M:%S", time.gmtime(at)), size=10, fill=svg.FAINT, anchor="middle")
        at += every


def legend(entries: list[tuple[str, str]], frame: Frame) -> Iterator[str]:
    x, y = frame.x + 4, frame.y + frame.height - 4
    for name, ink in dict(entries).items():
        width = 28 + 6.8 * svg.measured(name)
        if x + width > frame.x + frame.width:
            yield svg.words(x, y, "…", size=11, fill=svg.FAINT)
            return
        yield svg.box(x, y - 8, 12, 4, ink)
        yield svg.words(x + 16, y, name, size=11, fill=svg.FAINT)
        x += width
