"""5-facts.md, panoramisk 1.4: each fault shown on the original class, then shut out in ours."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from panoramisk import Manager
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from typing_extensions import override

from cti_daemon.model.reasons import Result
from cti_daemon.shell.ami.one_life import EveryAction, OneLife
from tests.shell.ami.conftest import Watched
from tests.shell.ami.fake_node import FakeNode, FakeSession

Watch = Callable[..., Watched]


class Wire(asyncio.Transport):
    """What the original would have written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    @override
    def write(self, data: Any) -> None:
        self.written += bytes(data)

    @override
    def close(self) -> None:
        pass


def original() -> tuple[Any, Any, Wire]:
    """A panoramisk Manager with its own protocol, connected to nowhere."""
    manager = Manager(loop=asyncio.get_running_loop())
    protocol = AMIProtocol()
    wire = Wire()
    protocol.connection_made(wire)
    protocol.factory = manager
    protocol.encoding = "utf8"
    manager.protocol = protocol
    return manager, protocol, wire


def answer(action: Any, *lines: str) -> bytes:
    return ("\r\n".join(("Response: Success", f"ActionID: {action.id}", *lines)) + "\r\n\r\n").encode()


async def test_queue_add_is_answered(fake: FakeNode, watch: Watch) -> None:
    """`QueueAdd` without explicit `as_list=False` never resolves: the end of an answer is guessed from English."""
    _, protocol, _ = original()
    action = Action({"Action": "QueueAdd", "Queue": "hotline", "Interface": "PJSIP/seat9"})
    future = protocol.send(action, as_list=None)
    protocol.data_received(answer(action, "Message: Added interface to queue"))
    assert not future.done()

    async def added(session: FakeSession, asked: dict[str, str]) -> None:
        session.reply(asked, "Success", "Message: Added interface to queue")

    fake.handlers["QueueAdd"] = added
    watched = watch()
    await watched.until_both_up()
    reply = await watched.links.act({"Action": "QueueAdd", "Queue": "hotline", "Interface": "PJSIP/seat9"}, 5.0)
    assert (reply.result, reply.message) == (Result.DONE, "Added interface to queue")


async def test_originate_does_not_raise_inside_the_reader(fake: FakeNode, watch: Watch) -> None:
    """`Originate` without `Async` raises inside `data_received`."""
    _, protocol, _ = original()
    action = Action({"Action": "Originate", "Channel": "Local/1@x"})
    protocol.send(action, as_list=None)
    with pytest.raises(KeyError):
        protocol.data_received(answer(action, "Message: Originate successfully queued"))

    async def queued(session: FakeSession, asked: dict[str, str]) -> None:
        session.reply(asked, "Success", "Message: Originate successfully queued")

    fake.handlers["Originate"] = queued
    watched = watch()
    await watched.until_both_up()
    assert (await watched.links.act({"Action": "Originate", "Channel": "Local/1@x"}, 5.0)).result is Result.DONE


async def test_unanswered_actions_are_not_sent_again(watch: Watch) -> None:
    """Unanswered actions are re-sent after reconnect. See also `test_nothing_is_replayed_after_a_reconnect`."""
    manager, protocol, _ = original()
    protocol.send({"Action": "Redirect", "Channel": "PJSIP/x-1"})
    protocol.close()
    assert [action["Action"] for action in manager.awaiting_actions] == ["Redirect"]

    ours = OneLife("127.0.0.1", 1, asyncio.Protocol)
    ours.awaiting_actions.append("Redirect")
    await ours.send_awaiting_actions()
    assert not ours.awaiting_actions
    assert "redirect" in EveryAction()


async def test_no_reconnect_and_no_ping_behind_our_back(fake: FakeNode) -> None:
    """It reconnects on its own clock, and pings without ever looking at the answer."""
    manager, protocol, wire = original()
    manager.ping()
    manager.pinger.cancel()
    assert b"Action: Ping" in wire.written
    protocol.responses.clear()

    ours = OneLife("127.0.0.1", fake.port, _Mute)
    await ours.connect()
    await asyncio.sleep(0)
    assert ours.pinger is None
    ours.ping()
    ours.connection_lost(None)
    with pytest.raises(RuntimeError, match="one life"):
        await ours.connect()
    ours.protocol.transport.abort()


class _Mute(asyncio.Protocol):
    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def close(self) -> None:
        pass


async def test_a_refused_connection_is_told_not_retried_in_silence() -> None:
    """The original swallows the error and tries again later; whoever awaits us is told at once."""
    ours = OneLife("127.0.0.1", 1, asyncio.Protocol)
    with pytest.raises(ConnectionRefusedError):
        await ours.connect()


async def test_a_value_cannot_inject_a_second_action(fake: FakeNode, watch: Watch) -> None:
    """CR/LF in a value injects a second action."""
    _, protocol, wire = original()
    evil = "x\r\n\r\nAction: Hangup\r\nChannel: PJSIP/victim"
    protocol.send({"Action": "Getvar", "Variable": evil})
    assert wire.written.count(b"\r\nAction: ") + wire.written.startswith(b"Action: ") == 2
    protocol.responses.clear()

    watched = watch()
    await watched.until_both_up()
    reply = await watched.links.act({"Action": "Getvar", "Variable": evil}, 5.0)
    assert reply.result is Result.FAILED
    assert not [a for a in fake.actions if a["Action"] == "Hangup"]


async def test_a_character_cut_by_a_tcp_boundary_is_whole(fake: FakeNode, watch: Watch) -> None:
    """A UTF-8 character cut by a TCP boundary is lost."""
    _, protocol, _ = original()
    action = Action({"Action": "Getvar", "Variable": "X"})
    future = protocol.send(action, as_list=False)
    data = answer(action, "Value: 王丽")
    cut = data.index("丽".encode()) + 1
    protocol.data_received(data[:cut])
    protocol.data_received(data[cut:])
    assert future.result()["Value"] == "王"

    async def chopped(session: FakeSession, asked: dict[str, str]) -> None:
        for byte in f"Response: Success\r\nActionID: {asked['ActionID']}\r\nVariable: X\r\nValue: 王丽\r\n\r\n".encode():
            session.send(bytes([byte]))
            await session.writer.drain()
            await asyncio.sleep(0)

    fake.handlers["Getvar"] = chopped
    watched = watch()
    await watched.until_both_up()
    assert (await watched.links.act({"Action": "Getvar", "Variable": "X"}, 5.0)).value == "王丽"


async def test_a_failed_login_is_heard() -> None:
    """Failed login is silent: the original sets a flag and stays connected. Ours: `test_a_denied_login_is_said_each_time…`."""
    manager, protocol, _ = original()
    login = Action({"Action": "Login", "Username": "cti", "Secret": "wrong"})
    future = protocol.send(login)
    future.add_done_callback(manager.login)
    protocol.data_received(answer(login, "Message: Authentication failed").replace(b"Success", b"Error"))
    await future
    await asyncio.sleep(0)
    assert manager.authenticated is False
    manager.pinger.cancel()
