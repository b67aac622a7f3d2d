"""What the core wants done about affected callers: read their numbers, write rows, ring them up. The only place where a number and a call
meet.

The number of a call is read when the call comes, and held here, in memory, while it lasts and a minute longer; it goes into the register
only when something happens to the caller. (Asked at that moment, as was first meant, an edge that died with the servers could tell
nobody's: docs/design/privacy.md.)"""

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from cti_daemon.model.affected import AskNumber, CallBack, CallerKnown, ForgetNumbers, KeepCaller, NoteRow, RowSeen
from cti_daemon.model.effects import Record
from cti_daemon.model.events import Event, Outcome
from cti_daemon.model.ids import CallToken, NodeName, QueueName
from cti_daemon.model.reasons import Result
from cti_daemon.model.register import CallbackSettings, Progress, Row
from cti_daemon.shell import log
from cti_daemon.shell.ami.node_links import NodeLinks
from cti_daemon.shell.journal import Journal, Stored
from cti_daemon.shell.register import Register, RegisterError
from cti_daemon.shell.register_keys import KeyRing, LostKeyError, TornError

ASK_SECONDS = 0.5
ORDER_SECONDS = 2.0
DURABLE_WITHIN_SECONDS = 2.0
_NUMBER = re.compile(r"[0-9+*#]{1,32}")
_QUEUE = re.compile(r"[0-9A-Za-z_.-]{1,80}")
_NO_NUMBER = re.compile(r"[^0-9+*#]")

Spawn = Callable[[Coroutine[Any, Any, None], str], None]


class RegisterHands:
    """`links` is looked into at each deed, so nodes may come later. `post` takes what is seen."""

    def __init__(
        self,
        register: Register,
        ring: KeyRing,
        journal: Journal,
        callback: CallbackSettings | None,
        links: Mapping[NodeName, NodeLinks],
        post: Callable[[Event], None],
        spawn: Spawn,
    ) -> None:
        self._register, self._ring, self._journal, self._callback = register, ring, journal, callback
        self._links, self._post, self._spawn = links, post, spawn
        self._numbers: dict[CallToken, str] = {}
        self._asking: dict[CallToken, asyncio.Event] = {}
        self._log = log.get("register")

    def doers(self) -> dict[type[Any], Callable[[Any], None]]:
        return {
            AskNumber: self._each("number", self._ask),
            KeepCaller: self._each("keep-caller", self._keep),
            NoteRow: self._each("note-row", self._note),
            CallBack: self._each("call-back", self._call),
            ForgetNumbers: self._forget,
        }

    async def recall(self) -> None:
        """Tell the core every row that is not closed."""
        for row in await self._register.ask(lambda file: file.open_rows()):
            self.tell(row)

    def tell(self, row: Row) -> None:
        """Tell the core how a row stands."""
        self._post(_seen(row))

    def _each(self, name: str, do: Callable[[Any], Coroutine[Any, Any, None]]) -> Callable[[list[Any]], None]:
        def start(effects: list[Any]) -> None:
            for effect in effects:
                if isinstance(effect, AskNumber):
                    self._asking[effect.token] = asyncio.Event()
                self._spawn(do(effect), name)

        return start

    def _forget(self, orders: list[ForgetNumbers]) -> None:
        for order in orders:
            for token in order.tokens:
                self._numbers.pop(token, None)

    async def _ask(self, question: AskNumber) -> None:
        try:
            links = self._links[question.edge]
            ask = {"Action": "Getvar", "Channel": question.channel, "Variable": question.variable}
            reply = await links.act(ask, ASK_SECONDS)
            if reply.result is Result.DONE and _NUMBER.fullmatch(reply.value):
                self._numbers[question.token] = reply.value
        finally:
            self._asking.pop(question.token).set()
        number = self._numbers.get(question.token)
        if number is not None:
            self._post(CallerKnown(question.token, self._ring.digest(number)))

    async def _keep(self, order: KeepCaller) -> None:
        harmed = order.harmed
        asking = self._asking.get(harmed.token)
        if asking is not None:  # he had come a moment before
            await asking.wait()
        try:
            row, is_new = await self._register.keep(harmed, self._numbers.get(harmed.token))
        except RegisterError as fault:
            self._log.error("an affected caller is not in the register", call=harmed.token, harm=harmed.harm.value, fault=str(fault))
            return
        facts = {"row": row.row, "call": harmed.token, "harm": harmed.harm.value, "was": harmed.was, "node": harmed.node, "is_new": is_new}
        self._post(_seen(row))
        await self._journal.append(Record("affected", facts))

    async def _note(self, note: NoteRow) -> None:
        try:
            await self._register.note(note.row, _progress(note))
        except RegisterError as fault:
            self._log.error("how a row of the register stands is not written", row=note.row, fault=str(fault))

    async def _call(self, order: CallBack) -> None:
        result, detail = await self._ring_up(order)
        self._post(Outcome(order.effect_id, result, detail))

    async def _ring_up(self, order: CallBack) -> tuple[Result, str]:
        """The row first, then the entry about the access, then the call."""
        links, settings, row = self._links.get(order.edge), self._callback, order.note.row
        if links is None or settings is None:
            return Result.FAILED, "no edge to call from"
        reason = f"call-back, attempt {order.note.attempts}"
        entry = Record("privacy", {"user": "cti-daemon", "do": "call", "rows": [row], "reason": reason})
        try:
            async with asyncio.timeout(DURABLE_WITHIN_SECONDS):
                await self._register.note(row, _progress(order.note))
                if await self._journal.append(entry) is not Stored.DURABLE:
                    return Result.FAILED, "the journal does not take the entry about it"
                number = await self._register.ask(lambda file: file.number(row))
                held = await self._register.ask(lambda file: file.get(row))
        except (TimeoutError, RegisterError) as fault:
            return Result.FAILED, str(fault) or "the register is slow"
        except (LostKeyError, TornError) as fault:
            return Result.GONE, f"the number is lost: {fault}"
        digits = _NO_NUMBER.sub("", number or "")
        if not digits:
            return Result.GONE, "there is no number"
        queue = held.harmed.queue if held is not None else None
        reply = await links.act(_originate(settings, digits, order.token, queue), ORDER_SECONDS)
        return reply.result, reply.message


def _originate(settings: CallbackSettings, digits: str, token: CallToken, queue: QueueName | None) -> dict[str, str]:
    """`Async`: a session that waits for a telephone would be deaf for so long. He comes to the queue in which he was, where the server that
    serves has it."""
    wish = f",__CTI_QUEUE={queue}" if queue is not None and _QUEUE.fullmatch(queue) else ""
    action = {
        "Action": "Originate",
        "Channel": settings.dial.replace("{number}", digits),
        "Context": "cti-callback",
        "Exten": "s",
        "Priority": "1",
        "Timeout": str(round(settings.ring_seconds * 1000)),
        "Async": "true",
        "Variable": f"CTI_CALL={token},CTI_CALLER={digits}{wish}",
    }
    return action | ({"CallerID": settings.caller_id} if settings.caller_id else {})


def _progress(note: NoteRow) -> Progress:
    next_wall = time.time() + note.in_seconds if note.in_seconds else 0.0
    return Progress(note.state, note.attempts, next_wall, note.result, note.by)


def _seen(row: Row) -> RowSeen:
    now_wall, progress = time.time(), row.progress
    return RowSeen(
        row.row,
        row.harmed.token,
        row.harmed.harm,
        progress.state,
        progress.attempts,
        max(progress.next_wall - now_wall, 0.0),
        max(now_wall - row.harmed_wall, 0.0),
        progress.result,
        progress.by,
        row.has_number,
        row.caller,
    )
