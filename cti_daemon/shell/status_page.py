"""Reads the pages of a running daemon, for the commands that show them."""

import json
import urllib.error
import urllib.request
from typing import Any

ANSWER_SECONDS = 3.0


class SilentError(Exception):
    """Nobody answers there, or somebody else does; the text says why."""


def fetch(address: str) -> dict[str, Any]:
    """The picture of the site. Raises SilentError."""
    return _read(f"{address.rstrip('/')}/status", "nodes")


def readiness(address: str) -> dict[str, bool]:
    """Each check of `/readyz`, and whether it holds. Raises SilentError."""
    checks: dict[str, bool] = _read(f"{address.rstrip('/')}/readyz", "checks")["checks"]
    return checks


def _read(url: str, must_have: str) -> dict[str, Any]:
    if not url.startswith(("http://", "https://")):
        raise SilentError("the address must begin with http:// or https://")
    # no proxy: the daemon is on this host or on a control network
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        try:
            answer = opener.open(url, timeout=ANSWER_SECONDS)
        except urllib.error.HTTPError as error:
            answer = error  # 503 is what a daemon that is not ready says, with the same body
        with answer:
            body = json.load(answer)
    except (OSError, ValueError) as error:
        raise SilentError(str(error.reason if isinstance(error, urllib.error.URLError) else error)) from error
    if not isinstance(body, dict) or must_have not in body:
        raise SilentError("something else than cti-daemon answers there")
    return body
