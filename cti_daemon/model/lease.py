"""The words of the lease: what stands in the edge's two registers, and what the core is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Claim:
    """What stands in the register `CTI_LEASE`. `nonce` belongs to one single write; `term` counts the claims, for people."""

    holder: str
    term: int
    nonce: str
    stop_after_seconds: float
    """The holder's own setting: whoever claims after it waits for longer."""
    is_free: bool = False
    """Given up by its holder, which has stopped acting."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What stands in the register `CTI_PULSE`: the claim with this nonce has a living owner, and what it wants its heir to know."""

    nonce: str
    count: int
    notes: Mapping[str, Any] = field(default_factory=dict)


class Origin(StrEnum):
    """Who held the lease before, as far as it changes what may be gone on with."""

    SAME = "same"  # this very claim: renewed late, and nobody else had it meanwhile
    OWN = "own"  # a former claim of ours: the journal's last word is the last word
    OTHER = "other"  # the other daemon, or nobody knows


@dataclass(frozen=True, slots=True)
class LeaseTaken:
    """We act from now on. `before`: who held it, empty when nobody knows. `notes`: that one's last ones, `notes_age_seconds` ago."""

    term: int
    nonce: str
    origin: Origin
    before: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    notes_age_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """We must not act any more. `to`: who has claimed it; empty: the edge did not answer in time."""

    term: int
    to: str = ""


LeaseEvent = LeaseTaken | LeaseLost
