"""One panel as Grafana draws it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from grafana_foundation_sdk.builders import common as build_common
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import heatmap, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import heatmap as heatmap_model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.words import Language, Look, Panel, Query, Words

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
DAEMON = 'instance=~"$instance"'
QUEUES = 'queue=~"$queue"'

Drawn: TypeAlias = stat.Panel | timeseries.Panel | statetimeline.Panel | table.Panel | heatmap.Panel


def draw(panel: Panel, language: Language) -> Drawn:
    """Return the panel with its queries, in one language."""
    made = _LOOKS[panel.look](panel, language)
    made = made.title(panel.title.to(language)).description(panel.about.to(language)).datasource(DATASOURCE)
    made = made.span(panel.width).height(panel.height).unit(panel.unit).no_value(panel.if_none.to(language))
    for index, query in enumerate(panel.queries):
        made = made.with_target(_target(panel, query, index, language))
    return made


def spelled(expr: str) -> str:
    """Return PromQL with the selectors of the dashboard's variables."""
    return expr.replace("{@q", f"{{{DAEMON}, {QUEUES}").replace("{@", f"{{{DAEMON}")


def legend(query: Query, language: Language) -> str:
    """Return the name of a series or a column."""
    return query.legend.to(language) if isinstance(query.legend, Words) else query.legend


def _target(panel: Panel, query: Query, index: int, language: Language) -> prometheus.Dataquery:
    made = prometheus.Dataquery().expr(spelled(query.expr)).ref_id(_letter(index)).datasource(DATASOURCE)
    if panel.look is Look.TABLE:
        return made.instant().format(PromQueryFormat.TABLE)
    if panel.look in {Look.NUMBER, Look.NAME}:  # now, and not the last that was known
        return made.instant().legend_format(legend(query, language))
    if panel.look is Look.HEATMAP:
        return made.range().format(PromQueryFormat.HEATMAP).legend_format("{{le}}")
    return made.range().legend_format(legend(query, language))


def _lines(panel: Panel, language: Language) -> timeseries.Panel:
    made = timeseries.Panel().min(0).line_width(2).fill_opacity(8).show_points(common.VisibilityMode.NEVER)
    made = made.span_nulls(span_nulls=False).legend(_legend())  # a gap is a gap: what was not known is not drawn
    made = made.tooltip(build_common.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    if panel.most is not None:
        made = made.max(panel.most)
    if panel.is_logarithmic:
        scale = build_common.ScaleDistributionConfig().type(common.ScaleDistribution.LOG).log(10)
        made = made.min(0.01).scale_distribution(scale)
    if panel.steps:
        lines = build_common.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        made = made.thresholds(_steps(panel)).thresholds_style(lines)
    for meaning in panel.meanings:
        made = made.override_by_name(str(meaning.of), _named(meaning.words, meaning.colour, language))
    return made


def _stacked(panel: Panel, language: Language) -> timeseries.Panel:
    stacking = build_common.StackingConfig().mode(common.StackingMode.NORMAL).group("A")
    return _lines(panel, language).fill_opacity(60).line_width(1).stacking(stacking)


def _bars(panel: Panel, language: Language) -> timeseries.Panel:
    return _stacked(panel, language).draw_style(common.GraphDrawStyle.BARS).fill_opacity(80)


def _number(panel: Panel, language: Language) -> stat.Panel:
    made = _stat(panel).text_mode(common.BigValueTextMode.AUTO)
    if panel.meanings:
        made = made.mappings([_mapping(panel, language)])
    return made


def _name(panel: Panel, language: Language) -> stat.Panel:
    made = _stat(panel).text_mode(common.BigValueTextMode.NAME)
    for meaning in panel.meanings:
        made = made.override_by_name(str(meaning.of), _named(meaning.words, meaning.colour, language))
    return made


def _stat(panel: Panel) -> stat.Panel:
    reduce = build_common.ReduceDataOptions().calcs(["lastNotNull"])
    made = stat.Panel().reduce_options(reduce).graph_mode(common.BigValueGraphMode.NONE).color_mode(common.BigValueColorMode.BACKGROUND)
    return made.thresholds(_steps(panel)).color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))


def _timeline(panel: Panel, language: Language) -> statetimeline.Panel:
    made = statetimeline.Panel().mappings([_mapping(panel, language)]).merge_values(merge_values=True).row_height(0.8).legend(_legend())
    return made.show_value(common.VisibilityMode.AUTO).color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))


def _table(panel: Panel, language: Language) -> table.Panel:
    """Rows by one label, a column for each query, by its legend; or one query whose labels are the columns."""
    hidden = dict.fromkeys(("Time", *(f"Time {n}" for n in range(1, len(panel.queries) + 1)), "__name__", "instance", "job"), True)
    names = {label: words.to(language) for label, words in _LABELS.items()}
    names |= {f"Value #{_letter(n)}": legend(query, language) for n, query in enumerate(panel.queries) if query.legend}
    made = table.Panel().filterable(filterable=False)
    if panel.meanings:
        made = made.mappings([_mapping(panel, language)])
    if panel.joined_by:
        joined = model.DataTransformerConfig("joinByField", options={"byField": panel.joined_by, "mode": "outer"})
        made = made.with_transformation(joined)
    else:
        names |= {"Value": legend(panel.queries[0], language)} if panel.queries[0].legend else {}
        hidden |= {} if panel.queries[0].legend else {"Value": True}
    made = made.with_transformation(model.DataTransformerConfig("organize", options={"excludeByName": hidden, "renameByName": names}))
    for query in panel.queries:
        if query.unit:
            made = made.override_by_name(legend(query, language), [model.DynamicConfigValue("unit", query.unit)])
    return made


def _heatmap(_panel: Panel, _language: Language) -> heatmap.Panel:
    colour = heatmap.HeatmapColorOptions().mode(heatmap_model.HeatmapColorMode.SCHEME).scheme("Oranges").steps(64)
    return heatmap.Panel().calculate(calculate=False).color(colour).y_axis(heatmap.YAxisConfig().unit("s"))


_LABELS = {
    "alertname": Words("alert", "告警"),
    "severity": Words("for", "级别"),
    "node": Words("node", "节点"),
    "queue": Words("queue", "队列"),
    "path": Words("network", "网络"),
    "plan": Words("plan", "预案"),
    "role": Words("role", "岗位"),
    "grade": Words("grade", "等级"),
    "state": Words("state", "状态"),
    "drill": Words("drill", "演练"),
    "kind": Words("kind", "种类"),
    "how": Words("how", "方式"),
    "reason": Words("reason", "原因"),
    "result": Words("result", "结果"),
}
"""Titles of a table's columns that hold labels."""

_LOOKS: dict[Look, Callable[[Panel, Language], Drawn]] = {
    Look.LINES: _lines,
    Look.STACKED: _stacked,
    Look.BARS: _bars,
    Look.NUMBER: _number,
    Look.NAME: _name,
    Look.TIMELINE: _timeline,
    Look.TABLE: _table,
    Look.HEATMAP: _heatmap,
}


def _letter(index: int) -> str:
    return chr(ord("A") + index)


def _legend() -> build_common.VizLegendOptions:
    shown = build_common.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST).placement(common.LegendPlacement.BOTTOM)
    return shown.show_legend(show_legend=True)


def _steps(panel: Panel) -> build.ThresholdsConfig:
    steps = [model.Threshold(value=value, color=colour) for value, colour in panel.steps or ((None, "blue"),)]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def _mapping(panel: Panel, language: Language) -> model.ValueMap:
    return model.ValueMap(
        {
            f"{meaning.of:g}" if isinstance(meaning.of, float | int) else meaning.of: model.ValueMappingResult(
                text=meaning.words.to(language), color=meaning.colour, index=index
            )
            for index, meaning in enumerate(panel.meanings)
        }
    )


def _named(words: Words, colour: str, language: Language) -> list[model.DynamicConfigValue]:
    fixed = {"mode": "fixed", "fixedColor": colour}
    return [model.DynamicConfigValue("displayName", words.to(language)), model.DynamicConfigValue("color", fixed)]
