"""Waiting for a condition, never for a while."""

from __future__ import annotations

import time
from collections.abc import Callable


class LabError(RuntimeError):
    """Something the lab needed did not happen; the text says what, for a person."""


def wait_until(
    what: str,
    condition: Callable[[], bool],
    seconds: float,
    *,
    every_seconds: float = 0.05,
    evidence: Callable[[], str] | None = None,
) -> float:
    """Return the seconds waited until `condition` held; LabError (with `evidence`) after `seconds`."""
    began_at = time.monotonic()
    while True:
        if condition():
            return time.monotonic() - began_at
        if time.monotonic() - began_at > seconds:
            detail = f": {evidence()}" if evidence is not None else ""
            raise LabError(f"waited {seconds:g} s in vain for {what}{detail}")
        time.sleep(every_seconds)
