"""Errands of orders: tickets in the register's thread; plans on trial and reports by our own command line, in a process of its own, so that
neither the loop nor its interpreter's lock is held by them. One process at a time; whoever comes when several wait is told so."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cti_daemon.model.errands import Errand, ErrandDone
from cti_daemon.model.events import Event
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.shell import log
from cti_daemon.shell.child import end
from cti_daemon.shell.cli_options import EX_CONFIG, EX_DATAERR, EX_NOINPUT, EX_USAGE
from cti_daemon.wire.mqtt_payload import RefusedError, encode
from cti_daemon.wire.paper_forms import pages

MOST_ANSWER_BYTES = 200 * 1024
"""Of the data, as JSON: with the rest of the packet below the 256 KiB that the broker takes."""
MOST_READ_BYTES = 2 * MOST_ANSWER_BYTES
MOST_AT_ONCE = 5
PROCESS_SECONDS = 60.0
TICKET_SECONDS = 10.0
MOST_COMPLAINT = 1000
_CODES = {EX_NOINPUT: "wrong_target", EX_DATAERR: "malformed", EX_USAGE: "malformed"}
"""Exit codes by which the asker is wrong, not we."""

Spawn = Callable[[Coroutine[Any, Any, None], str], None]
Said = tuple[str, dict[str, Any]]
Tickets = Callable[[object, str, Mapping[str, Any]], Awaitable[Said]]
"""`TicketDesk.do`, without its ciphers, whose memory a site without a register keeps."""


class _FailedError(Exception):
    """What was tried, and why nothing came of it."""


class _Ended(NamedTuple):
    code: int
    said: str
    complaint: str


class Errands:
    """`tickets`: None where the register cannot be used. `config`: the configuration's file. `post` is told what came of each."""

    def __init__(self, site: str, config: Path, tickets: Tickets | None, post: Callable[[Event], None], spawn: Spawn) -> None:
        self._site, self._config, self._tickets, self._post, self._spawn = site, config, tickets, post, spawn
        self._under_way = 0
        self._turn = asyncio.Lock()
        self._log = log.get("errands")

    def take(self, errands: list[Errand]) -> None:
        for errand in errands:
            self._spawn(self._carry_out(errand), f"errand-{errand.verb}")

    async def _carry_out(self, errand: Errand) -> None:
        asked = (errand.user, errand.command_id)
        try:
            message, data = _fitting(errand, *await self._do(errand))
        except RefusedError as refused:
            status = CommandStatus.ERROR if refused.code == "failed" else CommandStatus.REJECTED
            done = ErrandDone(*asked, status, refused.code, refused.message)
        except _FailedError as fault:
            done = ErrandDone(*asked, CommandStatus.ERROR, "failed", str(fault))
        except Exception as fault:  # noqa: BLE001 - whoever asked is told, whatever it is
            self._log.exception("an errand failed", verb=errand.verb)
            done = ErrandDone(*asked, CommandStatus.ERROR, "failed", f"the daemon failed at it: {type(fault).__name__}; its log has more")
        else:
            done = ErrandDone(*asked, CommandStatus.OK, "done", message, data)
        self._post(done)

    async def _do(self, errand: Errand) -> Said:
        if errand.verb.startswith("ticket-"):
            return await self._ticket(errand)
        if self._under_way >= MOST_AT_ONCE:
            raise RefusedError("too_many", f"{self._under_way} reports or trials of plans are under way; ask again in a moment")
        self._under_way += 1
        try:
            async with self._turn:
                return await self._beside(errand)
        finally:
            self._under_way -= 1

    # --- tickets ------------------------------------------------------------------------------------------------------

    async def _ticket(self, errand: Errand) -> Said:
        if self._tickets is None:
            raise _FailedError("the register cannot be used: its key ring is missing or faulty")
        try:
            async with asyncio.timeout(TICKET_SECONDS):
                message, data = await self._tickets(errand.verb.removeprefix("ticket-"), errand.user, errand.args)
        except TimeoutError:
            raise _FailedError(f"the register was not heard within {TICKET_SECONDS:g} s: look with ticket-reconcile what holds") from None
        if errand.verb == "ticket-print":
            data = data | {"html": pages(self._site, range(data["first"], data["first"] + data["count"]))}
        return message, data

    # --- by the command line --------------------------------------------------------------------------------------------

    async def _beside(self, errand: Errand) -> Said:
        args = errand.args
        trace = "\n".join(args["trace"]) + "\n" if errand.verb == "plan-test" else ""
        ended = await self._run(errand, trace)
        if errand.verb == "plan-check" and ended.code in {0, EX_CONFIG}:
            lines = [*ended.complaint.splitlines(), *ended.said.splitlines()]
            return lines[-1] if lines else "well", {"is_well": ended.code == 0, "lines": lines}
        if ended.code != 0:
            why = ended.complaint.strip()[-MOST_COMPLAINT:] or f"ended with exit code {ended.code}"
            if ended.code in _CODES:
                raise RefusedError(_CODES[ended.code], why.replace("/dev/stdin: ", ""))
            raise _FailedError(why)
        if errand.verb == "report":
            is_json = args.get("format") == "json" and (args["kind"] != "drill" or "name" in args)
            return f"{args['kind']} report", {"report": json.loads(ended.said) if is_json else ended.said}
        lines = ended.said.splitlines()
        return f"{len(lines)} lines", {"lines": lines}

    async def _run(self, errand: Errand, told: str) -> _Ended:
        """In time, and no longer than may be answered; else it is ended. Raises RefusedError, _FailedError."""
        pipe = asyncio.subprocess.PIPE
        words = ("-P", "-m", "cti_daemon.shell.errand_child", *_words(errand, self._config))
        environment = {**os.environ, "PYTHONUTF8": "1"}
        try:
            child = await asyncio.create_subprocess_exec(
                sys.executable, *words, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
            )
        except OSError as error:
            raise _FailedError(f"no process for it: {error.strerror}") from None
        if child.stdin is None or child.stdout is None or child.stderr is None:
            raise _FailedError("no pipes to its process")
        try:
            async with asyncio.timeout(PROCESS_SECONDS):
                child.stdin.write(told.encode())  # at most what a request holds: a pipe takes it
                child.stdin.close()
                said, complaint = await asyncio.gather(_read(child.stdout), _read(child.stderr))
                if len(said) > MOST_READ_BYTES:
                    raise _too_large(errand, f"more than {MOST_READ_BYTES} bytes")
                code = await child.wait()
        except TimeoutError:
            raise _FailedError(f"not done within {PROCESS_SECONDS:g} s; {_instead(errand)}") from None
        finally:
            await end(child)
        return _Ended(code, said.decode(errors="replace"), complaint.decode(errors="replace"))


async def _read(stream: asyncio.StreamReader) -> bytes:
    """To its end, or a byte more than is answered."""
    try:
        return await stream.readexactly(MOST_READ_BYTES + 1)
    except asyncio.IncompleteReadError as ended:
        return ended.partial


def _words(errand: Errand, config: Path) -> Iterator[str]:
    args = errand.args
    yield from ("report", args["kind"]) if errand.verb == "report" else errand.verb.split("-")
    yield from ("--config", str(config))
    for option in ("days", "language", "format"):
        if option in args:
            yield from (f"--{option}", str(args[option]))
    yield "--"
    if errand.verb == "plan-test":
        yield "/dev/stdin"
    elif "name" in args:
        yield args["name"]


def _fitting(errand: Errand, message: str, data: dict[str, Any]) -> Said:
    """What an answer can hold. Raises RefusedError."""
    size = len(encode(data))
    if size > MOST_ANSWER_BYTES:
        raise _too_large(errand, f"{size} bytes")
    return message, data


def _too_large(errand: Errand, size: str) -> RefusedError:
    return RefusedError("too_large", f"the answer has {size}, and {MOST_ANSWER_BYTES} go into one; {_instead(errand)}")


def _instead(errand: Errand) -> str:
    words = [*errand.verb.split("-"), *(str(errand.args[key]) for key in ("kind", "name") if key in errand.args)]
    return f"the daemon's machine does it: cti-daemon {' '.join(words)}"
