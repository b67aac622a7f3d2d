"""Prometheus in the daemon's namespace, scraping the daemon every second."""

from __future__ import annotations

import http.client

from lab import network, process
from lab.deadline import wait_until
from lab.layout import CTI, METRICS_PORT, PROMETHEUS_PORT, RUN

NAME = "prometheus"
_FOLDER = RUN / "prometheus"


def render() -> str:
    """Return the configuration."""
    return f"""global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
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


def get(path: str, *, port: int = PROMETHEUS_PORT) -> tuple[int, bytes]:
    """Return status and body of one HTTP request on the daemon's loopback; OSError when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)
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
