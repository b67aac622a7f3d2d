"""Dashboards are code: the files are what the code makes, in two languages, and ask for nothing that does not exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dashboards.__main__ import FOLDER, PAGES, files
from dashboards.drawing import spelled
from dashboards.words import Language
from tests.config.exported import everything_exported
from tests.shell.conftest import Picture

ROOT = Path(__file__).parents[2]
RULES = (ROOT / "config/prometheus/cti-daemon.rules.yml").read_text()
OF_PROMETHEUS = {"up", "ALERTS", "scrape_duration_seconds"}
PANELS = [(page.uid, panel) for page in PAGES for row in page.rows for panel in row.panels]


def boards() -> list[Any]:
    return [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*/*.json"))]


def test_the_files_are_what_the_code_makes() -> None:
    wanted = files()
    assert set(FOLDER.glob("*/*.json")) == set(wanted), "run: make dashboards"
    assert [path.name for path, text in wanted.items() if path.read_text() != text] == [], "run: make dashboards"


def test_there_are_six_in_each_language() -> None:
    assert {page.title.en for page in PAGES} == {
        "Operations (wallboard)",
        "Queues and KPIs",
        "Failover timeline",
        "Emergency plans",
        "Nodes and links",
        "Daemon",
    }
    assert sorted(board["uid"] for board in boards()) == sorted(f"{page.uid}-{language}" for page in PAGES for language in Language)


def test_every_metric_that_is_asked_for_is_exported_or_recorded(tmp_path: Path) -> None:
    exported = everything_exported(Picture(), tmp_path)
    known = exported | set(re.findall(r"record: (\S+)", RULES)) | OF_PROMETHEUS
    for uid, panel in PANELS:
        for query in panel.queries:
            asked = set(re.findall(r"([A-Za-z_:]\w*(?::\w+)*)\{", query.expr))
            assert asked, query.expr
            unknown = {name for name in asked if name not in known and re.sub(r"_(bucket|sum|count)$", "", name) not in known}
            assert not unknown, f"{uid}: {panel.title.en}: {unknown}"


@pytest.mark.parametrize("formula", ["answered_and_abandoned", "with_short_abandons", "asterisk", "asterisk_2"])
def test_every_service_level_states_its_formula(formula: str) -> None:
    titles = [panel.title for _, panel in PANELS for query in panel.queries if f'formula="{formula}"' in query.expr]
    assert titles
    assert all("=" in title.en and "=" in title.zh and "/" in title.en for title in titles)


@pytest.mark.parametrize("word", ["ASA", "Connect rate 接通率", "Abandonment rate", "Occupancy", "Mean talk time"])
def test_every_key_figure_states_its_formula(word: str) -> None:
    """ "KPI panel names state the formula"."""
    titles = [panel.title for _, panel in PANELS if panel.title.en.startswith(word)]
    assert titles
    assert all("=" in title.en and "=" in title.zh for title in titles)


def test_chinese_is_chinese_and_english_is_english() -> None:
    for _, panel in PANELS:
        for words in (panel.title, panel.about):
            assert re.search(r"[\u4e00-\u9fff]", words.zh) or words.zh == "AMI", words.zh
        assert not re.search(r"[\u4e00-\u9fff]", panel.title.en.replace("接通率", "")), panel.title.en


@pytest.mark.parametrize("board", boards(), ids=lambda board: board["uid"])
def test_a_board_is_whole(board: dict[str, Any]) -> None:
    """What Grafana wants of each: no panel over another, an id of its own, a source that is a variable, queries that are filled in."""
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
        for target in panel.get("targets", []):
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert "{@" not in target["expr"]
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "instance", "queue"]


def test_selectors_are_spelled() -> None:
    assert spelled('a{@} / b{@q, le="1"}') == 'a{instance=~"$instance"} / b{instance=~"$instance", queue=~"$queue", le="1"}'
