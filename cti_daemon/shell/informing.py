"""Tells callers of the register what has happened to them: apology, wording, expected time, over the gateways that people are told by,
or by telephone.

A level: ordered again after a restart, whoever was told is not told again, and the outcome counts him. Who was claimed and whose end
is not known counts as unknown, not as failed: to hear it twice is worse than to wonder."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping

from cti_daemon.model.contacts import VOICE
from cti_daemon.model.effects import Record
from cti_daemon.model.plan_effects import Carried, InformCallers
from cti_daemon.model.register import Harm, Row
from cti_daemon.policy.reaching import TryResult
from cti_daemon.shell import log
from cti_daemon.shell.call_out import CallOutLines
from cti_daemon.shell.informed_file import BEGUN
from cti_daemon.shell.journal import Journal, Stored
from cti_daemon.shell.notice_sender import Message, Sent, address_in, send
from cti_daemon.shell.privacy import masked
from cti_daemon.shell.register import Register, RegisterError
from cti_daemon.shell.register_keys import LostKeyError, TornError

AT_ONCE = 4
ATTEMPT_SECONDS = 30.0
HARMS = (Harm.LOST, Harm.HUNG_UP, Harm.ASKED)
"""Who talked to an emergency seat has been told."""
_TOLD, _FAILED, _UNKNOWN, _NO_NUMBER = "told", "failed", "unknown", "no_number"
_WORDS = {_TOLD: "told", _FAILED: "not reached", _UNKNOWN: "not known whether told", _NO_NUMBER: "without a number"}
_RESULTS = {TryResult.DELIVERED: _TOLD, TryResult.UNKNOWN: _UNKNOWN, TryResult.FAILED: _FAILED}


class Informing:
    """`lines`: telephones, where [call_out] is configured. `post` takes the outcome."""

    def __init__(
        self,
        register: Register,
        journal: Journal,
        gateways: Mapping[str, str],
        lines: CallOutLines | None,
        post: Callable[[Carried], None],
    ) -> None:
        self._register, self._journal, self._gateways, self._lines, self._post = register, journal, gateways, lines, post
        self._room = asyncio.Semaphore(AT_ONCE)
        self._running: set[str] = set()
        self._log = log.get("informing")

    async def inform(self, order: InformCallers) -> None:
        """Until everybody was told or given up; the outcome is posted."""
        if order.order in self._running:
            return
        self._running.add(order.order)
        try:
            is_done, said = await self._inform(order)
        except RegisterError as fault:
            is_done, said = False, str(fault)
        finally:
            self._running.discard(order.order)
        self._post(Carried(order.order, is_done, said))

    async def _inform(self, order: InformCallers) -> tuple[bool, str]:
        since_wall = time.time() - order.since_seconds
        rows = [
            row for row in await self._register.ask(lambda file: file.rows()) if row.harmed.harm in HARMS and row.harmed_wall >= since_wall
        ]
        if not rows:
            return True, "nobody is in the register"
        known = await self._register.ask(lambda file: file.informed.told(order.incident, order.about.value))
        fresh = [row.row for row in rows if row.has_number and row.caller not in known]
        entry = Record("privacy", {"user": "cti-daemon", "do": "inform", "rows": fresh, "reason": order.order})
        if fresh and await self._journal.append(entry) is not Stored.DURABLE:
            return False, "the journal does not take the entry about whose numbers are read"
        found = Counter(await asyncio.gather(*(self._tell(order, row) for row in rows)))
        said = ", ".join(f"{found[kind]} {word}" for kind, word in _WORDS.items() if found[kind])
        return found[_FAILED] == 0 or found[_TOLD] > 0, f"of {len(rows)}: {said}"

    async def _tell(self, order: InformCallers, row: Row) -> str:
        """What became of one caller."""
        if not row.has_number or not row.caller:
            return _NO_NUMBER
        async with self._room:
            about, wall = order.about.value, time.time()
            held = await self._register.ask(lambda file: file.informed.claim(order.incident, about, row.caller, row.row, wall))
            if held is not None:
                return _UNKNOWN if held == BEGUN else held
            via, result = await self._try(order, row)
            await self._register.ask(lambda file: file.informed.settle(order.incident, about, row.caller, via, result))
        facts = {"row": row.row, "incident": order.incident, "about": about, "via": via, "result": result}
        await self._journal.append(Record("informed", facts))
        return result

    async def _try(self, order: InformCallers, row: Row) -> tuple[str, str]:
        """Over the first way that takes it. One that perhaps took it ends the search."""
        try:
            number = await self._register.ask(lambda file: file.number(row.row))
        except (LostKeyError, TornError) as fault:
            self._log.error("a caller's number is lost", row=row.row, fault=str(fault))
            return "", _NO_NUMBER
        sent = Sent(TryResult.FAILED, "no way to tell him")
        for via in order.by:
            sent = await self._carry(via, number or "", order)
            if sent.result is not TryResult.FAILED:
                return via, _RESULTS[sent.result]
            self._log.warning("a caller could not be told this way", row=row.row, channel=via, reason=masked(sent.reason))
        return "", _FAILED

    async def _carry(self, via: str, number: str, order: InformCallers) -> Sent:
        if via == VOICE:
            if self._lines is None:
                return Sent(TryResult.FAILED, "[call_out] is not configured")
            return await self._lines.inform(number, f"{order.incident}/{order.about.value}/{number}")
        if url := self._gateways.get(via):
            scale = f"\ntime_scale = {order.time_scale:g}" if order.time_scale != 1.0 else ""
            return await send(address_in(url, number), Message(order.title, order.text + scale), ATTEMPT_SECONDS)
        return Sent(TryResult.FAILED, f"there is no gateway {via}")
