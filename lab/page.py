"""HTTP pages inside the daemon's namespace: the daemon's own, and Prometheus'."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from lab import network
from lab.layout import CTI, METRICS_PORT, PROMETHEUS_PORT


def read(path: str, *, port: int = METRICS_PORT) -> bytes | None:
    """Return the page, or None when nobody answers or the answer is no success."""
    try:
        with network.entered(CTI.namespace), urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=3) as page:
            body: bytes = page.read()
            return body
    except (OSError, urllib.error.HTTPError):
        return None


def status() -> dict[str, Any]:
    """Return the daemon's /status, empty when it does not answer."""
    body = read("/status")
    found: dict[str, Any] = json.loads(body) if body else {}
    return found


def metric(name: str) -> float | None:
    """Return a sample without labels from /metrics; None: there is none."""
    lines = (read("/metrics") or b"").decode().splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith(f"{name} ")), None)


def is_ready() -> bool:
    """Say whether the daemon calls itself ready."""
    return read("/readyz") is not None


def prometheus(expression: str) -> dict[str, float]:
    """Return what Prometheus answers: label values joined by commas → number."""
    body = read("/api/v1/query?" + urllib.parse.urlencode({"query": expression}), port=PROMETHEUS_PORT)
    found = json.loads(body)["data"]["result"] if body else []
    return {
        ",".join(value for label, value in sorted(item["metric"].items()) if label not in {"__name__", "instance", "job"}): float(
            item["value"][1]
        )
        for item in found
    }
