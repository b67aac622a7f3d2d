"""Our own OPTIONS on connected sockets: answers are signs of life, a closed port says so at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from cti_daemon.model.events import SipAlive, SipRefused
from cti_daemon.model.ids import NodeName, PathName
from cti_daemon.shell.sip_probe import SipProbe


class Responder(asyncio.DatagramProtocol):
    """A SIP stack as far as OPTIONS goes."""

    def __init__(self) -> None:
        self.transport: asyncio.DatagramTransport | None = None
        self.asked: list[bytes] = []
        self.forge = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

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


async def until(events: list[SipAlive | SipRefused], count: int) -> None:
    async with asyncio.timeout(10):
        while len(events) < count:
            await asyncio.sleep(0.005)  # a list has no condition to wait on


async def probing(port: int, every: float = 0.02) -> tuple[SipProbe, list[SipAlive | SipRefused], "asyncio.Task[None]"]:
    events: list[SipAlive | SipRefused] = []
    probe = SipProbe(NodeName("pbx-a"), PathName("a"), f"127.0.0.1:{port}", every, events.append)
    return probe, events, asyncio.create_task(probe.run())


async def end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_any_answer_to_our_question_is_a_sign_of_life(responder: Responder) -> None:
    """Even 401 shows that the SIP stack lives."""
    probe, events, task = await probing(responder.port)
    await until(events, 3)
    assert set(events) == {SipAlive(NodeName("pbx-a"), PathName("a"))}
    assert probe.answered >= 3
    await end(task)


async def test_an_answer_to_another_question_is_none(responder: Responder) -> None:
    responder.forge = True
    probe, events, task = await probing(responder.port)
    async with asyncio.timeout(10):
        while probe.strange < 3:
            await asyncio.sleep(0.005)
    assert events == []
    await end(task)


async def test_a_closed_port_refuses_at_once_and_life_may_return(responder: Responder) -> None:
    port = responder.port
    assert responder.transport is not None
    _, events, task = await probing(port)
    await until(events, 1)
    responder.transport.close()
    async with asyncio.timeout(10):
        while SipRefused(NodeName("pbx-a"), PathName("a")) not in events:
            await asyncio.sleep(0.005)
    again = Responder()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: again, local_addr=("127.0.0.1", port))
    events.clear()
    async with asyncio.timeout(10):
        while SipAlive(NodeName("pbx-a"), PathName("a")) not in events:
            await asyncio.sleep(0.005)
    transport.close()
    await end(task)


async def test_probe_now_and_faster(responder: Responder) -> None:
    probe, events, task = await probing(responder.port, every=3600.0)
    async with asyncio.timeout(10):
        while not events:
            probe.probe()
            await asyncio.sleep(0.005)
    probe.set_interval(0.01)
    await until(events, len(events) + 5)
    await end(task)
