"""Claims and pulses as the text of a global variable of the edge. One line of AMI, so at most MOST_TEXT signs of ASCII."""

import json
import re
from collections.abc import Mapping
from typing import Any

from cti_daemon.model.lease import Claim, Pulse

MOST_TEXT = 900
"""An Asterisk reads at most 1024 signs of a line."""
_CLAIM = re.compile(r"([A-Za-z0-9_.-]{1,63})/(\d{1,9})/([A-Za-z0-9-]{1,40})/(\d{1,4}(?:\.\d{1,6})?)(/free)?")
_PULSE = re.compile(r"([A-Za-z0-9-]{1,40})/(\d{1,12})/(\{.*\})", re.DOTALL)


def claim_text(claim: Claim) -> str:
    return f"{claim.holder}/{claim.term}/{claim.nonce}/{claim.stop_after_seconds:g}{'/free' if claim.is_free else ''}"


def read_claim(text: str) -> Claim | None:
    """None for an empty register, and for whatever no daemon has written: it is nobody's."""
    found = _CLAIM.fullmatch(text)
    if found is None:
        return None
    holder, term, nonce, seconds, free = found.groups()
    return Claim(holder, int(term), nonce, float(seconds), is_free=free is not None)


def pulse_text(nonce: str, count: int, notes: Mapping[str, Any]) -> str:
    """Of notes that are too long the last ones are left out, and `cut` says so."""
    kept = dict(notes)
    while True:
        text = f"{nonce}/{count}/{json.dumps(kept, separators=(',', ':'))}"
        left = [key for key in kept if key != "cut"]
        if len(text) <= MOST_TEXT or not left:
            return text
        del kept[left[-1]]
        kept["cut"] = True


def read_pulse(text: str) -> Pulse | None:
    """None when it is none, or nobody can read its notes."""
    found = _PULSE.fullmatch(text)
    if found is None:
        return None
    try:
        notes = json.loads(found[3])
    except ValueError:
        return None
    return Pulse(found[1], int(found[2]), notes)
