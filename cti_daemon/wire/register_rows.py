"""A row of the register as plain data, for whoever asks for it: everything but the number."""

from datetime import UTC, datetime
from typing import Any

from cti_daemon.model.register import Row


def as_data(row: Row) -> dict[str, Any]:
    harmed, progress = row.harmed, row.progress
    return {
        "row": row.row,
        "harm": harmed.harm.value,
        "was": harmed.was,
        "node": harmed.node,
        "queue": harmed.queue,
        "at": _instant(row.harmed_wall),
        "times": row.times,
        "state": progress.state.value,
        "attempts": progress.attempts,
        "next": _instant(progress.next_wall) if progress.next_wall else None,
        "result": progress.result,
        "by": progress.by,
        "has_number": row.has_number,
        "call": harmed.token,
    }


def _instant(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="seconds")
