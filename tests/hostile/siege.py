"""Sends hostile messages through a real broker and keeps every answer. What became of the site its owner must look at."""

# ruff: noqa: ASYNC110 - what is waited for is seen from outside

import asyncio
import contextlib
import json
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.hostile.messages import Fate, Message

SETTLE_SECONDS = 60.0


@dataclass
class Siege:
    """As a context: everybody is logged in. `passwords` names who there is; None where the broker asks for none."""

    base: str
    port: int
    passwords: Mapping[str, str | None]
    sent: list[Message] = field(default_factory=list)
    answers: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    """By the number of the message in `sent`."""
    stray: list[str] = field(default_factory=list)
    """Topics on which something came that answers no message of ours."""

    def __post_init__(self) -> None:
        self._open = contextlib.AsyncExitStack()
        self._clients: dict[str, aiomqtt.Client] = {}
        self._readers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        for user, password in self.passwords.items():
            client = aiomqtt.Client(
                "127.0.0.1",
                self.port,
                username=user,
                password=password,
                protocol=aiomqtt.ProtocolVersion.V5,
                socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            )
            await self._open.enter_async_context(client)
            await client.subscribe(f"{self.base}/response/{user}/#", qos=1)
            self._clients[user] = client
            self._readers.append(asyncio.create_task(self._read(client)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        await self._open.aclose()

    async def _read(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            correlation = getattr(message.properties, "CorrelationData", None)
            if correlation is None:
                self.stray.append(str(message.topic))
            else:
                self.answers.setdefault(int(correlation), []).append(json.loads(bytes(message.payload)))

    async def send(self, messages: Sequence[Message], *, in_a_rush: bool = False) -> None:
        """All of them, each user's in order, all users at once. Unless `in_a_rush`, a user sends his next one when he has his answer."""
        by_user: dict[str, list[tuple[int, Message]]] = {}
        for message in messages:
            by_user.setdefault(message.by, []).append((len(self.sent), message))
            self.sent.append(message)
        await asyncio.gather(*(self._send_of(user, mine, in_a_rush=in_a_rush) for user, mine in by_user.items()))

    async def _send_of(self, user: str, messages: Sequence[tuple[int, Message]], *, in_a_rush: bool) -> None:
        for number, message in messages:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.CorrelationData = str(number).encode()
            properties.UserProperty = ("role", "admin")
            if message.answer_to:
                properties.ResponseTopic = message.answer_to
            topic = f"{self.base}/request/{message.below}"
            client = self._clients[user]
            await client.publish(topic, message.payload, qos=message.qos, retain=message.is_retained, properties=properties)
            if message.fate is Fate.ANSWERED and not in_a_rush:
                await self.until(lambda number=number: number in self.answers)  # type: ignore[misc]

    async def ask(self, user: str, verb: str, **body: Any) -> dict[str, Any]:
        """One request as it should be; its answer."""
        number = len(self.sent)
        await self.send([Message("honest", user, verb, json.dumps(body).encode())])
        await self.until(lambda: number in self.answers)
        return self.answers[number][0]

    async def until(self, holds: Callable[[], object]) -> None:
        """Raises AssertionError with those that wait for an answer."""
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                while not holds():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"not within {SETTLE_SECONDS:g} s; unanswered: {self.unanswered()[:10]}") from None

    # --- what became of them ------------------------------------------------------------------------------------------

    def unanswered(self) -> list[Message]:
        """Those that must have an answer and have none."""
        return [m for number, m in enumerate(self.sent) if m.fate is Fate.ANSWERED and number not in self.answers]

    def reached(self) -> int:
        """How many the daemon must have counted: all but what the broker keeps to itself."""
        return sum(message.fate is not Fate.STOPPED for message in self.sent)

    def carried_out(self) -> list[tuple[Message, dict[str, Any]]]:
        """Hostile messages whose answer says that something was done, or was told to somebody who must not know."""
        return [
            (message, answer)
            for number, message in enumerate(self.sent)
            if message.kind != "honest"
            for answer in self.answers.get(number, ())
            if answer["status"] not in {"rejected", "duplicate"}
        ]

    def table(self) -> dict[str, dict[str, int]]:
        """Kind of message -> code of the answer -> how many."""
        found: dict[str, Counter[str]] = {}
        for number, message in enumerate(self.sent):
            answers = self.answers.get(number)
            code = answers[0]["code"] if answers else f"({message.fate.value})"
            found.setdefault(message.kind, Counter())[code] += 1
        return {kind: dict(sorted(codes.items())) for kind, codes in sorted(found.items())}
