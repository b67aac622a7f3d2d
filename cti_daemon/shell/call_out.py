"""Rings people up over one Asterisk and has them confirm by a key (dialplan/cti-callout.conf).

An AMI account of its own originates: the daemon's own may not, and need not. It opens a session for each call and asks a global variable of
its line how the call stands; the dialplan writes there, the last word when the call has ended. A busy or silent line, a mailbox, a call
whose end is not known: none of them confirms."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from cti_daemon.model.contacts import CallOut
from cti_daemon.model.ids import PATHS
from cti_daemon.model.reasons import Result
from cti_daemon.model.settings import Node, Settings
from cti_daemon.policy.reaching import TryResult
from cti_daemon.shell.ami.life import LifeFailedError
from cti_daemon.shell.doctor.visit import Visit, visit
from cti_daemon.shell.notice_sender import Sent
from cti_daemon.shell.secret_files import NodeSecrets, Secrets

LOOK_SECONDS = 0.5
_NO_DIGIT = re.compile(r"[^0-9*#]")
MARGIN_SECONDS = 5.0
"""For the call's own set-up, and for the last word to arrive."""


class Said(StrEnum):
    """How a call ended, or stands."""

    YES = "yes"
    NO = "no"
    SILENT = "silent"  # answered, by whatever; no key
    ANSWERED = "ANSWERED"  # goes on
    BUSY = "BUSY"
    NO_ANSWER = "NOANSWER"
    UNAVAILABLE = "CHANUNAVAIL"
    CONGESTION = "CONGESTION"
    CANCELLED = "CANCEL"


_WORDS = {
    Said.NO: "said no",
    Said.SILENT: "answered, and pressed no key",
    Said.ANSWERED: "answered, and pressed no key in time",
    Said.BUSY: "busy",
    Said.NO_ANSWER: "did not answer",
    Said.UNAVAILABLE: "the number cannot be dialled",
    Said.CONGESTION: "the line takes no call",
    Said.CANCELLED: "did not answer",
}


class Call(NamedTuple):
    """`name` is this call's own; a second call of the same name is not made by us."""

    name: str
    number: str
    kind: str
    is_drill: bool


async def _nothing() -> None: ...


class CallOutLines:
    """So many calls at once as there are lines; whoever comes first is called first."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        if settings.call_out is None or secrets.call_out is None:
            raise ValueError("[call_out] is not configured")
        self._call_out: CallOut = settings.call_out
        node = next(node for node in settings.node if node.name == settings.call_out.node)
        self.node: Node = node.model_copy(update={"username": settings.call_out.username})
        self.secrets = NodeSecrets(secrets.call_out, secrets.of(node.name).system_name)
        self._phones = {person.name: person.phone for person in settings.contact}
        self._free: asyncio.Queue[int] = asyncio.Queue()
        for line in range(1, settings.call_out.lines + 1):
            self._free.put_nowait(line)

    async def tell(self, person: str, call: str, *, is_drill: bool) -> Sent:
        """A notice: delivered when a key confirmed it."""
        said, why = await self.ask(person, call, "notice", is_drill=is_drill)
        return Sent(TryResult.DELIVERED) if said is Said.YES else Sent(TryResult.FAILED, why)

    async def inform(self, number: str, call: str) -> Sent:
        """A caller: told when somebody, or his mailbox, has heard it to the end."""
        digits = _NO_DIGIT.sub("", number)
        if not digits:
            return Sent(TryResult.FAILED, "there is no number")
        line = await self._free.get()
        try:
            said, why = await self._call(line, Call(name_of(call), digits, "inform", is_drill=False))
        finally:
            self._free.put_nowait(line)
        return Sent(TryResult.DELIVERED) if said in {Said.YES, Said.SILENT} else Sent(TryResult.FAILED, why)

    async def ask(
        self, person: str, call: str, kind: str, *, is_drill: bool, begun: Callable[[], Awaitable[None]] = _nothing
    ) -> tuple[Said | None, str]:
        """What he said, and in words; None: he was not called at all. `begun` is awaited when a line is free, before it rings."""
        number = self._phones.get(person)
        if number is None:
            return None, "his phone is not in the contact book"
        line = await self._free.get()
        try:
            await begun()
            return await self._call(line, Call(name_of(call), number, kind, is_drill))
        finally:
            self._free.put_nowait(line)

    async def _call(self, line: int, call: Call) -> tuple[Said | None, str]:
        why = ""
        for path in PATHS:
            try:
                async with visit(self.node, path, self.secrets) as guest:
                    return await self._talk(guest, line, call)
            except LifeFailedError as failed:  # before the order to call was given: the other network may be asked
                why = f"{self.node.name} takes no order over {path}: {failed}"
        return None, why

    async def _talk(self, guest: Visit, line: int, call: Call) -> tuple[Said | None, str]:
        ordered = await guest.do(**order(call, line, self._call_out.ring_seconds))
        if ordered.result is Result.FAILED:
            return None, f"{self.node.name} refuses to call: {ordered.message}"
        until = asyncio.get_running_loop().time() + self._call_out.ring_seconds + self._call_out.answer_seconds + MARGIN_SECONDS
        said: Said | None = None
        while asyncio.get_running_loop().time() < until:
            await asyncio.sleep(LOOK_SECONDS)
            said = read(await guest.get(f"CTI_CALLOUT_{line}"), call.name) or said
            if said is not None and said is not Said.ANSWERED:
                break
        return said, _WORDS.get(said, "confirmed") if said is not None else "nobody knows how the call ended"


def name_of(call: str) -> str:
    return hashlib.sha256(call.encode()).hexdigest()[:16]


def order(call: Call, line: int, ring_seconds: float) -> dict[str, str]:
    """The AMI action. The number is the contact book's, of digits, `*`, `#` (a leading `+` is left out: the dialplan dials digits)."""
    variables: Sequence[str] = (
        f"__CTI_CALLOUT={call.name}",
        f"__CTI_SLOT={line}",
        f"__CTI_RING={ring_seconds:.0f}",
        f"CTI_KIND={call.kind}",
        f"CTI_IS_DRILL={'1' if call.is_drill else ''}",
    )
    return {
        "Action": "Originate",
        "Channel": f"Local/{call.number.lstrip('+')}@cti-callout/n",
        "Context": "cti-confirm",
        "Exten": "s",
        "Priority": "1",
        "Timeout": f"{(ring_seconds + MARGIN_SECONDS) * 1000:.0f}",
        "Async": "true",
        "Variable": ",".join(variables),
    }


def read(told: str, name: str) -> Said | None:
    """What the line's variable says of this call; None: nothing, or another call's word."""
    whose, _, word = told.partition(":")
    return Said(word) if whose == name and word in set(Said) else None
