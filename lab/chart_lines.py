"""Values over time as lines, stacked areas or bars."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from lab import svg
from lab.board import Filled
from lab.chart_frame import LEGEND, Frame, clock, legend, named, spelled

LOWEST = 0.01
"""Where a logarithmic axis begins."""


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    ink: str
    points: dict[float, float]


def timeseries(filled: Filled, frame: Frame) -> Iterator[str]:
    lines = list(_lines(filled))
    custom = filled.panel["fieldConfig"]["defaults"]["custom"]
    is_stacked = custom.get("stacking", {}).get("mode") == "normal"
    instants = sorted({at for line in lines for at in line.points})
    floors = dict.fromkeys(instants, 0.0)
    tops: list[dict[float, float]] = []
    for line in lines:
        top = {at: floors[at] + value for at, value in line.points.items() if not math.isnan(value)} if is_stacked else line.points
        tops.append(top)
        if is_stacked:
            floors = {at: top.get(at, floor) for at, floor in floors.items()}
    defaults = filled.panel["fieldConfig"]["defaults"]
    highest = defaults.get("max") or _round_up(max((value for top in tops for value in top.values() if not math.isnan(value)), default=1.0))
    plot = Frame(frame.x + 44, frame.y + 4, frame.width - 48, frame.height - LEGEND - 22, frame.began_wall, frame.ended_wall)
    if custom.get("scaleDistribution", {}).get("type") == "log":
        yield from _logarithmic(plot, lines, highest, defaults.get("unit", "short"))
        yield from legend([(line.name, line.ink) for line in lines], frame)
        return
    yield from _axes(plot, highest, defaults.get("unit", "short"))
    for line, top in reversed(list(zip(lines, tops, strict=True))):
        if custom.get("drawStyle") == "bars":
            yield from (_bar(plot, at, value / highest, line.ink) for at, value in top.items() if value > 0)
        else:
            yield from _strokes(plot, top, highest, line.ink, filled=is_stacked)
    yield from legend([(line.name, line.ink) for line in lines], frame)


def _lines(filled: Filled) -> Iterator[_Line]:
    count = 0
    for answer in filled.answers:
        for name, one in zip(answer.names, answer.series, strict=True):
            text, ink = named(filled, name)
            yield _Line(text, ink if text != name or ink != svg.colour("blue") else svg.PALETTE[count % len(svg.PALETTE)], dict(one.points))
            count += 1


def _strokes(plot: Frame, points: dict[float, float], highest: float, ink: str, *, filled: bool) -> Iterator[str]:
    """A line for each stretch without a gap: what was not known is not drawn."""
    stretch: list[tuple[float, float]] = []
    before = 0.0
    for at in [*sorted(points), math.inf]:
        gone = at == math.inf or math.isnan(points[at]) or (stretch and at - before > 5 * _step(plot))
        if gone and stretch:
            if filled:
                yield svg.area([*stretch, (stretch[-1][0], plot.up(0)), (stretch[0][0], plot.up(0))], ink, 0.85)
            yield svg.stroke(stretch if len(stretch) > 1 else [*stretch, (stretch[0][0] + 2, stretch[0][1])], ink)
            stretch = []
        if at != math.inf and not math.isnan(points[at]):
            stretch.append((plot.at(at), plot.up(points[at] / highest)))
            before = at


def _step(plot: Frame) -> float:
    return max(1.0, (plot.ended_wall - plot.began_wall) / 300)


def _logarithmic(plot: Frame, lines: list[_Line], highest: float, unit: str) -> Iterator[str]:
    decades = math.ceil(math.log10(highest / LOWEST))
    for decade in range(decades + 1):
        y = plot.up(decade / decades)
        yield svg.stroke([(plot.x, y), (plot.x + plot.width, y)], svg.RULE, width=1)
        yield svg.words(plot.x - 5, y + 4, spelled(LOWEST * 10**decade, unit), size=10, fill=svg.FAINT, anchor="end")
    yield from clock(plot, plot.y + plot.height + 13)
    for line in lines:
        shares = {at: math.log10(max(LOWEST, value) / LOWEST) / decades for at, value in line.points.items()}
        yield from _strokes(plot, shares, 1.0, line.ink, filled=False)


def _bar(plot: Frame, at: float, share: float, ink: str) -> str:
    width = max(1.0, plot.width / max(1.0, plot.ended_wall - plot.began_wall))
    return svg.box(plot.at(at) - width / 2, plot.up(share), width + 0.3, plot.up(0) - plot.up(share), ink)


def _axes(plot: Frame, highest: float, unit: str) -> Iterator[str]:
    for share in (0.0, 0.5, 1.0):
        y = plot.up(share)
        yield svg.stroke([(plot.x, y), (plot.x + plot.width, y)], svg.RULE, width=1)
        yield svg.words(plot.x - 5, y + 4, spelled(share * highest, unit), size=10, fill=svg.FAINT, anchor="end")
    yield from clock(plot, plot.y + plot.height + 13)


def _round_up(value: float) -> float:
    if value <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(step * size for step in (1, 2, 2.5, 5, 10) if step * size >= value)
