"""Where people ask for a caller's number: one right of its own, and an entry in the journal before anything is shown.

Only on the control socket: the kernel proves who asks, and no broker ever holds the answer. The number that somebody is asked for, or is
corrected to, stands in no entry and in no log line; the row does."""

from collections.abc import Callable, Coroutine
from typing import Any

from cti_daemon.model.effects import Answer, Record
from cti_daemon.model.events import Command
from cti_daemon.model.register import Row, RowState
from cti_daemon.model.settings import Settings
from cti_daemon.shell.journal import Journal, Stored
from cti_daemon.shell.privacy import without_numbers
from cti_daemon.shell.register import Register, RegisterError
from cti_daemon.shell.register_keys import LostKeyError, TornError, digits_of
from cti_daemon.wire.mqtt_payload import RefusedError
from cti_daemon.wire.register_rows import as_data

VERB = "privacy"
"""The right in `[[role]]`."""
DEEDS = ("list", "find", "show", "correct", "erase", "rotate")
_LEAST_DIGITS = 3


class RegisterDesk:
    def __init__(self, settings: Settings, register: Register, journal: Journal, wall: Callable[[], float]) -> None:
        self._settings = settings
        self._register = register
        self._journal = journal
        self._wall = wall
        self.tell: Callable[[Row], None] = lambda _row: None
        """Is given each row that a person has changed."""
        self._deeds: dict[str, Callable[[Command], Coroutine[Any, Any, tuple[str, dict[str, Any]]]]] = {
            "list": self._list,
            "find": self._find,
            "show": self._show,
            "correct": self._correct,
            "erase": self._erase,
            "rotate": self._rotate,
        }

    async def take(self, command: Command) -> Answer:
        """Carry it out and answer. Raises RefusedError."""
        try:
            message, data = await self._carry_out(command)
        except RegisterError as fault:
            raise RefusedError("failed", str(fault), command.id) from None
        except (LostKeyError, TornError) as fault:
            raise RefusedError("lost", f"the number is lost: {fault}", command.id) from None
        except RefusedError as refused:
            refused.request_id = command.id
            raise
        return Answer(command.id, command.user, VERB, "ok", "done", message, 0, data)

    async def _carry_out(self, command: Command) -> tuple[str, dict[str, Any]]:
        if not any(command.user in role.users and VERB in role.verbs for role in self._settings.role):
            raise RefusedError("not_allowed", f"user {command.user!r} has no role that allows {VERB!r}")
        if command.age_seconds > command.expires_in_seconds:
            raise RefusedError("expired", "it waited somewhere for too long; send it again")
        do = command.args.get("do")
        if do not in self._deeds:
            raise RefusedError("malformed", f'what? args {{"do": …}}, one of {", ".join(DEEDS)}')
        if do not in {"list", "rotate"} and not command.reason.strip():
            raise RefusedError("malformed", f"why? {do} needs a reason: it is written down with your name")
        return await self._deeds[do](command)

    async def _list(self, command: Command) -> tuple[str, dict[str, Any]]:
        state = command.args.get("state")
        if state is not None and state not in set(RowState):
            raise RefusedError("malformed", f"state must be one of {', '.join(RowState)}")
        rows = await self._register.ask(lambda file: file.rows(RowState(state) if state else None))
        return f"{len(rows)} rows", {"rows": [as_data(row) for row in rows]}

    async def _find(self, command: Command) -> tuple[str, dict[str, Any]]:
        number = _number_in(command)
        rows = await self._register.ask(lambda file: file.find(number))
        await self._write_down(command, [row.row for row in rows])
        return f"{len(rows)} rows of this number", {"rows": [as_data(row) for row in rows]}

    async def _show(self, command: Command) -> tuple[str, dict[str, Any]]:
        row = await self._row_in(command)
        await self._write_down(command, [row.row])
        number = await self._register.ask(lambda file: file.number(row.row))
        if number is None:
            return f"row {row.row} has no number: never known, or erased", {"row": as_data(row)}
        return f"row {row.row}: {number}", {"row": as_data(row), "number": number}

    async def _correct(self, command: Command) -> tuple[str, dict[str, Any]]:
        row, number = await self._row_in(command), _number_in(command)
        await self._write_down(command, [row.row])
        wall = self._wall()
        await self._register.ask(lambda file: file.correct(row.row, number, wall))
        await self._tell([row.row])
        return f"row {row.row} is corrected", {}

    async def _erase(self, command: Command) -> tuple[str, dict[str, Any]]:
        if "number" in command.args:
            number = _number_in(command)
            rows = [row.row for row in await self._register.ask(lambda file: file.find(number))]
        else:
            rows = [(await self._row_in(command)).row]
        await self._write_down(command, rows)
        wall = self._wall()
        await self._register.ask(lambda file: file.erase(rows, wall))
        await self._tell(rows)
        return f"the number is erased in {len(rows)} rows", {"rows": rows}

    async def _rotate(self, command: Command) -> tuple[str, dict[str, Any]]:
        await self._write_down(command, [])
        anew, lost = await self._register.ask(lambda file: file.rotate())
        told = f"{anew} numbers are sealed with the key that writes now"
        if lost:
            told += f"; {lost} cannot be opened: their key is not in the ring, or they were changed"
        return told, {"sealed_anew": anew, "lost": lost}

    async def _tell(self, rows: list[int]) -> None:
        for changed in await self._register.ask(lambda file: [file.get(row) for row in rows]):
            if changed is not None:
                self.tell(changed)

    async def _write_down(self, command: Command, rows: list[int]) -> None:
        """Who, what, which rows, why; before anything is shown. Raises RefusedError when the journal does not take it."""
        reason = without_numbers(Command(command.id, VERB, command.user, reason=command.reason)).reason
        entry = Record(VERB, {"user": command.user, "do": command.args["do"], "rows": rows, "reason": reason})
        if await self._journal.append(entry) is not Stored.DURABLE:
            raise RefusedError("no_record", "the journal does not take the entry about this access, so nothing is shown or changed")

    async def _row_in(self, command: Command) -> Row:
        number = command.args.get("row")
        if not isinstance(number, int) or isinstance(number, bool):
            raise RefusedError("malformed", 'which row? args {"row": N}, as list shows it')
        row = await self._register.ask(lambda file: file.get(number))
        if row is None:
            raise RefusedError("wrong_target", f"there is no row {number}")
        return row


def _number_in(command: Command) -> str:
    number = command.args.get("number")
    if not isinstance(number, str) or len(digits_of(number)) < _LEAST_DIGITS or len(number) > 64:
        raise RefusedError("malformed", f'which number? args {{"number": "…"}}, at least {_LEAST_DIGITS} digits')
    return number
