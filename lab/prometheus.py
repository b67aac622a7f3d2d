"""Prometheus in the daemon's namespace, scraping the daemon every second and judging by the repository's own rules."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from dataclasses import dataclass
from typing import Any

from lab import network, process
from lab.deadline import LabError, wait_until
from lab.layout import CTI, METRICS_PORT, PROMETHEUS_PORT, REPOSITORY, RUN

NAME = "prometheus"
QUERY_SECONDS = 30.0
RULES = REPOSITORY / "config/prometheus/cti-daemon.rules.yml"
_FOLDER = RUN / "prometheus"


def render() -> str:
    """Return the configuration."""
    return f"""global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
rule_files: ["{RULES}"]
scrape_configs:
  - job_name: cti-daemon
    static_configs:
      - targets: ["127.0.0.1:{METRICS_PORT}"]
"""


def write_configuration() -> None:
    """Write the configuration."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    (_FOLDER / "prometheus.yml").write_text(render())


def start() -> None:
    """Start Prometheus; returns at once."""
    words = [
        "prometheus",
        f"--config.file={_FOLDER / 'prometheus.yml'}",
        f"--storage.tsdb.path={_FOLDER / 'data'}",
        f"--web.listen-address=127.0.0.1:{PROMETHEUS_PORT}",
        "--log.level=warn",
    ]
    process.start(NAME, CTI, words, log=_FOLDER / "log")


def is_ready() -> bool:
    """Say whether Prometheus is ready to be asked."""
    try:
        return get("/-/ready")[0] == 200
    except OSError:
        return False


def get(path: str, *, port: int = PROMETHEUS_PORT, seconds: float = 2.0) -> tuple[int, bytes]:
    """Return status and body of one HTTP request on the daemon's loopback; OSError when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        with network.entered(CTI.namespace):
            connection.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_ready(seconds: float = 15.0) -> None:
    """Return when Prometheus is ready."""
    wait_until("Prometheus to be ready", is_ready, seconds)


@dataclass(frozen=True, slots=True)
class Series:
    """What one series of an answer is called, and its values: wall instant and number."""

    labels: dict[str, str]
    points: list[tuple[float, float]]


def instant(expression: str, at_wall: float) -> list[Series]:
    """Return what PromQL says of one moment. LabError when Prometheus refuses the expression."""
    found = _ask("query", query=expression, time=at_wall)
    return [Series(item["metric"], [(float(item["value"][0]), float(item["value"][1]))]) for item in found]


def over(expression: str, began_wall: float, ended_wall: float, step_seconds: float) -> list[Series]:
    """Return what PromQL says of a span of time. LabError when Prometheus refuses the expression."""
    found = _ask("query_range", query=expression, start=began_wall, end=ended_wall, step=step_seconds)
    return [Series(item["metric"], [(float(at), float(value)) for at, value in item["values"]]) for item in found]


def last_scraped(began_wall: float, ended_wall: float) -> float:
    """Return the last instant at which the daemon's figures are fresh: on a busy machine a scrape may fail, and then all are gone."""
    answered = over('up{job="cti-daemon"} == 1', began_wall, ended_wall, 1.0)
    if not answered:
        raise LabError("Prometheus has not scraped the daemon once")
    return answered[0].points[-1][0]


def _ask(verb: str, **parts: object) -> list[dict[str, Any]]:
    status, body = get(f"/api/v1/{verb}?{urllib.parse.urlencode(parts)}", seconds=QUERY_SECONDS)
    answer = json.loads(body)
    if status != 200 or answer["status"] != "success":
        raise LabError(f"Prometheus refuses {parts['query']}: {answer.get('error', status)}")
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found
