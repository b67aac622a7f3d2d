"""Pages made into Grafana's JSON, with Grafana's own builders."""

from __future__ import annotations

import json
from itertools import count

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from dashboards.drawing import DATASOURCE, draw, spelled
from dashboards.words import Language, Page, Row, Words

TAG = "cti-daemon"
COLUMNS = 24

_ALL = Words("all", "全部")
_DAEMON_VARIABLE = Words("daemon", "守护进程")
_QUEUE_VARIABLE = Words("queue", "队列")
_SOURCE_VARIABLE = Words("source", "数据源")
_ROUTING = Words("the routing changed", "路由变更")


def to_json(page: Page, language: Language) -> str:
    """Return one dashboard as its file holds it."""
    made = build.Dashboard(page.title.to(language)).uid(f"{page.uid}-{language.value}").description(page.about.to(language))
    made = made.tags([TAG, language.value]).refresh(page.refresh).time(page.span, "now").timezone("browser")
    made = made.tooltip(model.DashboardCursorSync.CROSSHAIR).readonly()
    link = build.DashboardLink(TAG).type(model.DashboardLinkType.DASHBOARDS).tags([TAG, language.value])
    made = made.link(link.keep_time(keep_time=True).include_vars(include_vars=True))
    for variable in _variables(language):
        made = made.with_variable(variable)
    made = made.annotation(_routing_changes(language))
    ids = count(1)
    for row in page.rows:
        _measure(row)
        made = made.with_row(build.Row(row.title.to(language)).id(next(ids)))
        for panel in row.panels:
            made = made.with_panel(draw(panel, language).id(next(ids)))
    plain = json.loads(JSONEncoder(sort_keys=True).encode(made.build()))
    return json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _variables(language: Language) -> list[build.DatasourceVariable | build.QueryVariable]:
    source = build.DatasourceVariable("datasource").label(_SOURCE_VARIABLE.to(language)).type("prometheus")
    daemon = build.QueryVariable("instance").label(_DAEMON_VARIABLE.to(language)).datasource(DATASOURCE)
    daemon = daemon.query("label_values(cti_build_info, instance)").refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
    queue = build.QueryVariable("queue").label(_QUEUE_VARIABLE.to(language)).datasource(DATASOURCE)
    queue = queue.query("label_values(cti_queue_service_level_seconds, queue)").refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
    queue = queue.multi(multi=True).include_all(include_all=True).all_value(".+")
    queue = queue.current(model.VariableOption(text=_ALL.to(language), value="$__all", selected=True))
    return [source, daemon, queue]


def _routing_changes(language: Language) -> build.AnnotationQuery:
    made = build.AnnotationQuery().name(_ROUTING.to(language)).datasource(DATASOURCE).enable(enable=True).icon_color("red")
    return made.expr(spelled("changes(cti_epoch{@}[1m]) > 0"))


def _measure(row: Row) -> None:
    total = sum(panel.width for panel in row.panels)
    if total % COLUMNS:
        raise ValueError(f"{row.title.en}: widths add up to {total}, not to whole lines of {COLUMNS}")
