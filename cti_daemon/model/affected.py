"""What the core wants done about affected callers, and what comes back. No number is in any of it: the shell holds those, by token and by
row."""

from dataclasses import dataclass

from cti_daemon.model.ids import CallToken, ChannelName, NodeName, Uniqueid
from cti_daemon.model.register import CallerKey, Harm, Harmed, RowNumber, RowState

# --- wanted -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskNumber:
    """Read this caller's number from his leg and hold it in memory, until it is forgotten. The answer comes as `CallerKnown`."""

    edge: NodeName
    uniqueid: Uniqueid
    channel: ChannelName
    token: CallToken
    variable: str = "CALLERID(num)"
    """Where it stands; CTI_GIVEN: the number that he has keyed in, on his channel at a media server (`edge` is that one then)."""


@dataclass(frozen=True, slots=True)
class ForgetNumbers:
    """Nothing happened to these callers."""

    tokens: frozenset[CallToken]


@dataclass(frozen=True, slots=True)
class KeepCaller:
    """Write this caller into the register. The answer comes as `RowSeen`, however long the disk takes."""

    harmed: Harmed


@dataclass(frozen=True, slots=True)
class NoteRow:
    """How a row stands from now on. Not before `in_seconds` it is to be called."""

    row: RowNumber
    state: RowState
    attempts: int
    in_seconds: float
    result: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class CallBack:
    """Have `edge` ring the caller of this row; who answers is sent the way of real calls, with this token. `note` is durable before."""

    effect_id: int
    edge: NodeName
    token: CallToken
    note: NoteRow


# --- seen -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallerKnown:
    """Who is on this leg, as a digest."""

    token: CallToken
    caller: CallerKey


@dataclass(frozen=True, slots=True)
class RowSeen:
    """A row as it stands in the register. `ago_seconds`: since it happened; `in_seconds`: not to be called before."""

    row: RowNumber
    token: CallToken
    harm: Harm
    state: RowState
    attempts: int
    in_seconds: float
    ago_seconds: float
    result: str
    by: str
    has_number: bool
    caller: CallerKey


AffectedEffect = AskNumber | ForgetNumbers | KeepCaller | NoteRow | CallBack
AffectedEvent = CallerKnown | RowSeen
