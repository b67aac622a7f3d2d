"""Our own OPTIONS on connected sockets: answers are signs of life, a closed port says so at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest
from typing_extensions import override

from cti_daemon.model.events import SipAlive, SipRefused
from cti_daemon.model.ids import NodeName, PathName
from cti_daemon.shell.sip_probe import SipProbe

NODE, PATH = NodeName("pbx-a"), PathName("a")
ALIVE, REFUSED = SipAlive(NODE, PATH), SipRefused(NODE, PATH)


class Responder(asyncio.DatagramProtocol):
    """A SIP stack as far as OPTIONS goes."""

    def __init__(self) -> None:
        self.transport: asyncio.DatagramTransport | None = None
        self.asked: list[bytes] = []
        self.forge = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        self.asked.append(data)
        _, _, headers = data.partition(b"\r\n")
        if self.forge:
            headers = headers.replace(b"branch=z9hG4bK", b"branch=z9hG4bK0")
        assert self.transport is not None
        self.transport.sendto(b"SIP/2.0 401 Unauthorized\r\n" + headers, addr)  # type: ignore[arg-type]

    @property
    def port(self) -> int:
        assert self.transport is not None
        return int(self.transport.get_extra_info("sockname")[1])


@pytest.fixture
async def responder() -> AsyncIterator[Responder]:
    made = Responder()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: made, local_addr=("127.0.0.1", 0))
    yield made
    transport.close()


class Heard:
    """What a probe posts, and a way to wait for it."""

    def __init__(self) -> None:
        self.events: list[SipAlive | SipRefused] = []
        self._more = asyncio.Event()

    def post(self, event: SipAlive | SipRefused) -> None:
        self.events.append(event)
        self._more.set()

    async def until(self, holds: Callable[[], object]) -> None:
        """Looked at after each event and now and then."""
        async with asyncio.timeout(10):
            while not holds():
                self._more.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await self._more.wait()


def probing(port: int, every_seconds: float = 0.02) -> tuple[SipProbe, Heard, "asyncio.Task[None]"]:
    heard = Heard()
    probe = SipProbe(NODE, PATH, f"127.0.0.1:{port}", every_seconds, heard.post)
    return probe, heard, asyncio.create_task(probe.run())


async def end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_any_answer_to_our_question_is_a_sign_of_life(responder: Responder) -> None:
    """Even 401 shows that the SIP stack lives."""
    probe, heard, task = probing(responder.port)
    await heard.until(lambda: len(heard.events) >= 3)
    assert set(heard.events) == {ALIVE}
    assert probe.answered >= 3
    await end(task)


async def test_an_answer_to_another_question_is_none(responder: Responder) -> None:
    responder.forge = True
    probe, heard, task = probing(responder.port)
    await heard.until(lambda: probe.strange >= 3)
    assert heard.events == []
    await end(task)


async def test_a_closed_port_refuses_at_once_and_life_may_return(responder: Responder) -> None:
    port = responder.port
    assert responder.transport is not None
    _, heard, task = probing(port)
    await heard.until(lambda: ALIVE in heard.events)
    responder.transport.close()
    await heard.until(lambda: REFUSED in heard.events)
    heard.events.clear()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Responder, local_addr=("127.0.0.1", port))
    await heard.until(lambda: ALIVE in heard.events)
    transport.close()
    await end(task)


async def test_probe_now_and_faster(responder: Responder) -> None:
    probe, heard, task = probing(responder.port, every_seconds=3600.0)
    await heard.until(lambda: probe.is_open)
    probe.probe()
    await heard.until(lambda: heard.events == [ALIVE])
    probe.set_interval(0.01)
    await heard.until(lambda: len(heard.events) > 5)
    await end(task)
