"""The register of affected callers: what a site configures of it, and what a row says without a number.

Numbers are not here: they are sealed in the register's file, and the core knows a caller by his call's token and by `caller`, a digest
that only the holder of the register's key can make."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from cti_daemon.model.fields import Seconds, Secret, Table
from cti_daemon.model.ids import CallToken, NodeName, QueueName

RowNumber = int
CallerKey = str
"""HMAC of a number, in hexadecimal: the same caller has the same one."""


class Register(Table):
    keys: Secret
    """The key ring: lines `ID BASE64` (32 bytes each; the first one writes, all read) and one line `find BASE64`. `cti-daemon privacy
    new-key` draws a line."""
    path: str = "/var/lib/cti-daemon/register.sqlite"
    """The register's file; on a disk of this machine."""
    keep_days: Annotated[float, Field(gt=0, le=3650)] = 90.0
    """So long after the interruption a row is erased, whatever became of it."""


class Harm(StrEnum):
    """What happened to a caller."""

    LOST = "lost"  # talking, waiting or ringing when the server or the edge died, and not kept
    HUNG_UP = "hung_up"  # kept, and hung up soon after the interruption
    EMERGENCY = "emergency"  # handled on an emergency seat
    ASKED = "asked"  # waited, and left his number to be called back


class RowState(StrEnum):
    """What is to be done about a row."""

    OPEN = "open"  # to be called back
    CALLING = "calling"
    RANG_IN = "rang_in"  # he is on the line himself
    TAKEN = "taken"  # a person looks after it
    CLOSED = "closed"


class CallbackSettings(Table):
    dial: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+/[^\s,;]*\{number\}[^\s,;]*$", max_length=200)]
    """The channel by which the edge rings a caller, with `{number}` in it: PJSIP/{number}@carrier."""
    caller_id: Annotated[str, Field(pattern=r"^[0-9+]{1,32}$")] | None = None
    """The number that he sees; else the trunk's own."""
    lines: Annotated[int, Field(ge=1, le=200)] = 2
    """So many calls back at once, at most."""
    spare_seats: Annotated[int, Field(ge=0, le=10_000)] = 1
    """So many free seats are left to those who ring in."""
    attempts: Annotated[int, Field(ge=1, le=20)] = 3
    """So often somebody is tried; then he is left to people."""
    retry_seconds: Seconds = 600.0
    """Between two tries."""
    ring_seconds: Annotated[float, Field(ge=5, le=120)] = 25.0
    """So long his telephone rings."""
    harms: tuple[Literal[Harm.LOST, Harm.HUNG_UP, Harm.ASKED], ...] = (Harm.LOST, Harm.HUNG_UP, Harm.ASKED)
    """Who is called by itself; the others wait for people."""


@dataclass(frozen=True, slots=True)
class Harmed:
    """A caller whom something happened to. `was`: talking, waiting or ringing at that moment; `ago_seconds`: how long ago that was."""

    token: CallToken
    harm: Harm
    was: str
    node: NodeName
    edge: NodeName
    state: RowState
    queue: QueueName | None = None
    ago_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How a row stands. `next_wall`: not before this instant (seconds since 1970)."""

    state: RowState
    attempts: int = 0
    next_wall: float = 0.0
    result: str = ""
    by: str = ""
    """Who took, postponed or closed it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the register. `has_number` is false where it was never known or was erased; `times`: how often something happened to this
    caller while the row was open."""

    row: RowNumber
    harmed: Harmed
    progress: Progress
    harmed_wall: float
    changed_wall: float
    has_number: bool
    caller: CallerKey
    times: int = 1
