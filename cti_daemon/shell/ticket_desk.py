"""Paper tickets in people's hands: print numbered forms, enter what was written on them, and see what is missing or double. On the
control socket with the verb `ticket` in `[[role]]`, over MQTT with `ticket-print`, `ticket-enter`, `ticket-reconcile`; each print and each
entry is in the journal."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from cti_daemon.model.effects import Answer, Record
from cti_daemon.model.errand_verbs import SYSTEM_PATTERN
from cti_daemon.model.events import Command
from cti_daemon.model.settings import Settings
from cti_daemon.shell.journal import Journal
from cti_daemon.shell.register import Register, RegisterError
from cti_daemon.wire.mqtt_payload import RefusedError

TICKET = "ticket"
"""The right in `[[role]]`."""
MOST_FORMS = 1000
_SYSTEM = re.compile(SYSTEM_PATTERN)


class TicketDesk:
    def __init__(self, settings: Settings, register: Register, journal: Journal, wall: Callable[[], float]) -> None:
        self._settings, self._register, self._journal, self._wall = settings, register, journal, wall

    async def take(self, command: Command) -> Answer:
        """Carry it out and answer. Raises RefusedError."""
        try:
            message, data = await self._carry_out(command)
        except RefusedError as refused:
            refused.request_id = command.id
            raise
        return Answer(command.id, command.user, TICKET, "ok", "done", message, 0, data)

    async def _carry_out(self, command: Command) -> tuple[str, dict[str, Any]]:
        if not any(command.user in role.users and TICKET in role.verbs for role in self._settings.role):
            raise RefusedError("not_allowed", f"user {command.user!r} has no role that allows {TICKET!r}")
        return await self.do(command.args.get("do"), command.user, command.args)

    async def do(self, deed: object, user: str, args: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """For a user who may: what is said about it, and its data. Raises RefusedError; `failed`: the register cannot be used."""
        try:
            return await self._do(deed, user, args)
        except RegisterError as fault:
            raise RefusedError("failed", str(fault)) from None

    async def _do(self, deed: object, user: str, args: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        match deed:
            case "print":
                return await self._print(user, args)
            case "enter":
                return await self._enter(user, args)
            case "reconcile":
                found = await self._register.ask(lambda file: file.tickets.reconcile())
                return f"{found.entered} of {found.printed} printed tickets are entered", asdict(found)
            case _:
                raise RefusedError("malformed", 'what? args {"do": …}, one of print, enter, reconcile')

    async def _print(self, user: str, args: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        count, wall = _whole(args, "count", MOST_FORMS), self._wall()
        first = await self._register.ask(lambda file: file.tickets.print_series(count, user, wall))
        await self._journal.append(Record(TICKET, {"user": user, "do": "print", "first": first, "count": count}))
        return f"forms {first} to {first + count - 1}", {"first": first, "count": count}

    async def _enter(self, user: str, args: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        paper, system, wall = _whole(args, "paper", 10**9), args.get("system"), self._wall()
        row = _whole(args, "row", 2**53) if "row" in args else None
        if not isinstance(system, str) or not _SYSTEM.fullmatch(system):
            raise RefusedError("malformed", 'which ticket in the system? args {"system": "…"}: letters, digits, _ . / -, at most 40')
        if row is not None and await self._register.ask(lambda file: file.get(row)) is None:
            raise RefusedError("wrong_target", f"there is no row {row}")
        await self._register.ask(lambda file: file.tickets.enter(paper, system, row, user, wall))
        await self._journal.append(Record(TICKET, {"user": user, "do": "enter", "paper": paper, "system": system, "row": row}))
        return f"paper {paper} is {system}", {}


def _whole(args: Mapping[str, Any], key: str, most: int) -> int:
    value = args.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise RefusedError("malformed", f"{key} must be a whole number from 1 to {most}")
    return value
