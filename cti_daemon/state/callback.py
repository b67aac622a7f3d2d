"""Rows of the register that are not closed, as the core holds them."""

from dataclasses import dataclass

from cti_daemon.model.ids import CallToken
from cti_daemon.model.register import CallerKey, Harm, RowNumber, RowState


@dataclass(slots=True)
class Attempt:
    token: CallToken
    until_at: float
    effect_id: int | None = None
    is_answered: bool = False


@dataclass(slots=True)
class Task:
    """One row that is not closed. `rang`: the call by which he rang in himself."""

    row: RowNumber
    token: CallToken
    harm: Harm
    caller: CallerKey
    has_number: bool
    state: RowState
    attempts: int
    since_at: float
    due_at: float
    result: str
    by: str
    attempt: Attempt | None = None
    rang: CallToken | None = None


@dataclass(frozen=True, slots=True)
class CallbackChange:
    """A person's word: how the row stands from now on; not to be called for `rest_seconds`."""

    row: RowNumber
    state: RowState
    result: str
    rest_seconds: float
