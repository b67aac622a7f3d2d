"""Where messages to people end in the lab and in tests: a mail server and a webhook that keep what they get, and can be in a bad mood.

`python -m lab.sinks MAIL_PORT HOOK_PORT FILE` writes each message as a JSON line; FILE with the suffix `.ready` appears when both
listen."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Self

from aiohttp import web
from typing_extensions import override


class Mood(Enum):
    """What a sink does with who comes."""

    TAKE = "take"
    REFUSE = "refuse"
    HANG = "hang"
    """It lets people in and never says a word."""
    SLOW = "slow"
    """It takes the message after a second."""


@dataclass(frozen=True, slots=True)
class Got:
    """One message that arrived."""

    to: str
    title: str
    text: str
    wall: float = field(default_factory=time.time)


class Sink(ABC):
    """A server on the loopback; `got` has what arrived, in order, and `visits` how often somebody came."""

    def __init__(self, mood: Mood = Mood.TAKE, told: Callable[[Got], None] = lambda _: None) -> None:
        self.mood = mood
        self.got: list[Got] = []
        self.visits = 0
        self.port = 0
        self._told = told
        self._over = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @abstractmethod
    async def start(self, port: int) -> None:
        """Listen; 0: at any port."""

    @abstractmethod
    async def stop(self) -> None:
        """Let nobody in any more."""

    async def _receive(self, message: Got) -> None:
        if self.mood is Mood.SLOW:
            await asyncio.sleep(1.0)
        self.got.append(message)
        self._told(message)


class MailSink(Sink):
    """SMTP, as much of it as a sender needs."""

    @override
    async def start(self, port: int) -> None:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    @override
    async def stop(self) -> None:
        self._over.set()
        self._server.close()
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        try:
            if self.mood is Mood.HANG:
                await self._over.wait()
                return
            await self._serve(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 sink ESMTP")
        people: list[str] = []
        while line := (await reader.readline()).decode(errors="replace").strip():
            word = line[:4].upper()
            if word in {"EHLO", "HELO"}:
                await say("250-sink")
                await say("250-8BITMIME")
                await say("250-AUTH PLAIN")
                await say("250 SMTPUTF8")
            elif word == "AUTH":
                await say("235 welcome")
            elif word == "RCPT":
                if self.mood is Mood.REFUSE:
                    await say("550 5.1.1 no such mailbox")
                    continue
                people.append(line.partition(":")[2].strip(" <>"))
                await say("250 ok")
            elif word == "DATA":
                await say("354 go on")
                raw = (await reader.readuntil(b"\r\n.\r\n")).removesuffix(b"\r\n.\r\n")
                await self._receive(_mail(people, raw.replace(b"\r\n..", b"\r\n.")))
                people = []
                await say("250 taken")
            elif word == "QUIT":
                await say("221 bye")
                return
            else:
                await say("250 ok")


def _mail(people: list[str], raw: bytes) -> Got:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    return Got(",".join(people), str(message["Subject"]), str(body.get_content()) if body is not None else "")


class HookSink(Sink):
    """A webhook that gets JSON; `to` is the query's."""

    @override
    async def start(self, port: int) -> None:
        app = web.Application()
        app.router.add_post("/{tail:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.port = int(self._runner.addresses[0][1])

    @override
    async def stop(self) -> None:
        self._over.set()
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.visits += 1
        if self.mood is Mood.HANG:
            await self._over.wait()
        if self.mood is Mood.REFUSE:
            return web.Response(status=403)
        told = await request.json()
        to = request.query.get("to") or request.path.rpartition("/")[2]
        await self._receive(Got(to, str(told.get("title", "")), str(told.get("message", ""))))
        return web.json_response({"errcode": 0})


async def _run(mail_port: int, hook_port: int, path: Path) -> None:
    def keep(got: Got) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"to": got.to, "title": got.title, "text": got.text, "wall": got.wall}, ensure_ascii=False) + "\n")

    mail, hook = MailSink(told=keep), HookSink(told=keep)
    starts: list[Awaitable[None]] = [mail.start(mail_port), hook.start(hook_port)]
    await asyncio.gather(*starts)
    path.with_suffix(".ready").touch()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
