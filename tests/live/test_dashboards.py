""" "Every query is run by a test against a real Prometheus that has scraped the lab, and returns data"; the rules judge there too."""

import pytest

from lab import board, prometheus, show
from tests.live.conftest import say

pytestmark = [pytest.mark.lab, pytest.mark.timeout(400)]


def test_every_query_of_every_dashboard_returns_data() -> None:
    empty: list[str] = []
    fired: list[prometheus.Series] = []

    def ask(began_wall: float, ended_wall: float) -> None:
        for path in board.paths("en"):
            for panel in board.fill(path, began_wall, ended_wall, step_seconds=5).panels:
                empty.extend(f"{path.stem}: {panel.title}: {answer.expression}" for answer in panel.answers if not answer.series)
        fired.extend(prometheus.over('ALERTS{alertstate="firing"}', began_wall, ended_wall, 1.0))

    with show.site_at_work(say):
        show.play(say, ask)
    assert empty == []
    alerts = {one.labels["alertname"] for one in fired}
    assert {"CtiNodeDown", "CtiFailedOver", "CtiSecurityEvents", "CtiIncidentGrave", "CtiTaskOverdue"} <= alerts, alerts
