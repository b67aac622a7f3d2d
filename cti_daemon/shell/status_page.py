"""Reads `/status` of a running daemon, for the commands that show it."""

import json
import urllib.error
import urllib.request
from typing import Any

ANSWER_SECONDS = 3.0


class SilentError(Exception):
    """Nobody answers there, or somebody else does; the text says why."""


def fetch(address: str) -> dict[str, Any]:
    """The picture of the site. Raises SilentError."""
    try:
        return _read(f"{address.rstrip('/')}/status")
    except (OSError, ValueError) as error:
        raise SilentError(str(error.reason if isinstance(error, urllib.error.URLError) else error)) from error


def _read(url: str) -> dict[str, Any]:
    if not url.startswith(("http://", "https://")):
        raise ValueError("the address must begin with http:// or https://")
    # no proxy: the daemon is on this host or on a control network
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=ANSWER_SECONDS) as answer:
        body = json.load(answer)
    if not isinstance(body, dict) or "nodes" not in body:
        raise ValueError("something else than cti-daemon answers there")
    return body
