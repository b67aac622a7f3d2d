"""Single numbers, states over time, tables and heat maps."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lab import svg
from lab.board import Filled
from lab.chart_frame import LEGEND, Frame, clock, legend, named, spelled, valued


def stat(filled: Filled, frame: Frame) -> Iterator[str]:
    shown = [(name, one.points[-1][1]) for answer in filled.answers for name, one in zip(answer.names, answer.series, strict=True)]
    by_name = filled.panel["options"].get("textMode") == "name"
    each = frame.width / len(shown)
    for index, (name, value) in enumerate(shown):
        text, ink = named(filled, name) if by_name else valued(filled, value)
        x = frame.x + index * each
        yield svg.box(x, frame.y, each - 4, frame.height, ink, radius=3)
        small = svg.fitted(name, each - 12, 11) if len(shown) > 1 and not by_name else ""
        size = min(30.0, frame.height / 2.2, 1.7 * each / max(1.0, svg.measured(text)))
        yield svg.words(x + each / 2 - 2, frame.y + frame.height / 2 + size / 3, text, size=size, fill="#fff", anchor="middle", weight=600)
        if small:
            yield svg.words(x + each / 2 - 2, frame.y + 14, small, size=11, fill="#fff", anchor="middle")


def timeline(filled: Filled, frame: Frame) -> Iterator[str]:
    rows = [(name, one) for answer in filled.answers for name, one in zip(answer.names, answer.series, strict=True)]
    plot = Frame(frame.x + 92, frame.y, frame.width - 96, frame.height - LEGEND - 20, frame.began_wall, frame.ended_wall)
    tall = plot.height / len(rows)
    for index, (name, one) in enumerate(rows):
        y = plot.y + index * tall
        yield svg.words(plot.x - 6, y + tall / 2 + 4, svg.fitted(name, 84, 11), size=11, anchor="end")
        for began, ended, value in _stretches(one.points):
            text, ink = valued(filled, value)
            x, width = plot.at(began), plot.at(min(ended, plot.ended_wall)) - plot.at(began)
            yield svg.box(x, y + 2, width, tall - 4, ink, about=text)
            if width > 9 * len(text):
                yield svg.words(x + width / 2, y + tall / 2 + 4, text, size=11, fill="#111217", anchor="middle", weight=600)
    yield from clock(plot, plot.y + plot.height + 13)
    options = [found for mapping in filled.panel["fieldConfig"]["defaults"]["mappings"] for found in mapping["options"].values()]
    ordered = sorted(options, key=lambda found: found["index"])
    yield from legend([(found["text"], svg.colour(found["color"])) for found in ordered], frame)


def _stretches(points: list[tuple[float, float]]) -> Iterator[tuple[float, float, float]]:
    """Begin, end and value of each time in which the value stayed."""
    began, value = points[0]
    before = began
    for at, now in points[1:]:
        if now != value or at - before > 5:
            yield began, at if at - before <= 5 else before, value
            began, value = at, now
        before = at
    yield began, before + 1, value


def table(filled: Filled, frame: Frame) -> Iterator[str]:
    head, rows = _rows(filled)
    each = frame.width / len(head)
    for index, title in enumerate(head):
        x = frame.x + index * each + 4
        yield svg.words(x, frame.y + 12, svg.fitted(title, each - 8, 11), size=11, fill="#6e9fff", weight=600)
        for number, row in enumerate(rows[: int((frame.height - 18) / 20)]):
            yield svg.words(x, frame.y + 32 + 20 * number, svg.fitted(row[index], each - 8, 12))
    for number in range(min(len(rows), int((frame.height - 18) / 20))):
        y = frame.y + 18 + 20 * number
        yield svg.stroke([(frame.x, y), (frame.x + frame.width, y)], svg.RULE, width=1)


def _rows(filled: Filled) -> tuple[list[str], list[list[str]]]:
    """Titles and rows, after the panel's own transformations."""
    done = {transformation["id"]: transformation["options"] for transformation in filled.panel["transformations"]}
    words = {
        value: found["text"]
        for mapping in filled.panel["fieldConfig"]["defaults"].get("mappings", [])
        for value, found in mapping["options"].items()
    }
    names, hidden = done["organize"]["renameByName"], done["organize"]["excludeByName"]
    units = {o["matcher"]["options"]: o["properties"][0]["value"] for o in filled.panel["fieldConfig"]["overrides"]}
    if "joinByField" in done:
        by = done["joinByField"]["byField"]
        titles = [names[f"Value #{chr(ord('A') + index)}"] for index in range(len(filled.answers))]
        columns = [{one.labels.get(by, ""): one.points[-1][1] for one in answer.series} for answer in filled.answers]
        keys = sorted({key for column in columns for key in column})
        cells = [
            [
                words.get(key, key),
                *(spelled(c[key], units.get(t, "short")) if key in c else "" for t, c in zip(titles, columns, strict=True)),
            ]
            for key in keys
        ]
        return [names.get(by, by), *titles], cells
    series = filled.answers[0].series
    labels = sorted({label for one in series for label in one.labels if not hidden.get(label)})
    value = [] if hidden.get("Value") else [names.get("Value", "Value")]
    texts = [[words.get(one.labels.get(label, ""), one.labels.get(label, "")) for label in labels] for one in series]
    rows = [[*text, *([spelled(one.points[-1][1], "short")] if value else [])] for text, one in zip(texts, series, strict=True)]
    return [*(names.get(label, label) for label in labels), *value], sorted(rows)


def heatmap(filled: Filled, frame: Frame) -> Iterator[str]:
    """Cumulative buckets, each less the one below it."""
    buckets = sorted(
        ((float(one.labels["le"]), dict(one.points)) for answer in filled.answers for one in answer.series), key=lambda bucket: bucket[0]
    )
    plot = Frame(frame.x + 44, frame.y, frame.width - 48, frame.height - 20, frame.began_wall, frame.ended_wall)
    tall = plot.height / len(buckets)
    cells: list[tuple[float, int, float]] = []
    below: dict[float, float] = {}
    for index, (_, points) in enumerate(buckets):
        cells += [(at, index, value - below.get(at, 0.0)) for at, value in points.items()]
        below = points
    most = max((count for _, _, count in cells), default=0.0)
    width = plot.width / max(1.0, plot.ended_wall - plot.began_wall)
    for at, index, count in cells:
        if count > 0.01 * most > 0:
            heat = 0.15 + 0.85 * count / most
            y = plot.y + plot.height - (index + 1) * tall
            yield f'<g fill-opacity="{heat:.2f}">{svg.box(plot.at(at), y, width + 0.3, tall, "#ff9830")}</g>'
    for index, (edge, _) in enumerate(buckets):
        if index % 3 == 0:
            text = "∞" if math.isinf(edge) else spelled(edge, "s")
            yield svg.words(plot.x - 5, plot.y + plot.height - index * tall - 2, text, size=10, fill=svg.FAINT, anchor="end")
    yield from clock(plot, plot.y + plot.height + 13)
