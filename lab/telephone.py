"""One telephone of the lab's bank, by the variables of its dialplan (lab/site.py)."""

from __future__ import annotations

from lab.ami import Ami


def line_of(phones: Ami, seat: str) -> str:
    """Return the channel on which this seat talks, empty when it does not."""
    return phones.get(f"LINE_{seat}").partition("@")[0]
