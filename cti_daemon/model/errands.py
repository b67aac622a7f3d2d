"""Work of an order that takes a while, or a file: the shell does it beside the loop, and says what came of it."""

from dataclasses import dataclass, field
from typing import Any

from cti_daemon.model.reasons import CommandStatus


@dataclass(frozen=True, slots=True)
class Errand:
    """Wanted: do this once, for this order of this user. The answer comes as `ErrandDone`, within a deadline of the shell's own."""

    user: str
    command_id: str
    verb: str
    args: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ErrandDone:
    """Seen: what came of it, as the asker is told it."""

    user: str
    command_id: str
    status: CommandStatus
    code: str
    message: str
    data: dict[str, Any] = field(default_factory=dict)
