"""The MQTT part of 4-interfaces, against a real Mosquitto with an ACL that proves the user by the topic."""

# ruff: noqa: ASYNC110 - a test waits for what it sees from outside

import asyncio
import contextlib
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from cti_daemon.model.effects import Answer, Report
from cti_daemon.model.events import Command
from cti_daemon.model.settings import Settings
from cti_daemon.model.verbs import VERBS
from cti_daemon.shell import mqtt as mqtt_module
from cti_daemon.shell import mqtt_requests as requests_module
from cti_daemon.shell.mqtt import MqttBridge
from tests.shell.broker import Broker, response_to, watching
from tests.shell.conftest import Picture

pytestmark = pytest.mark.broker

BASE = "cti/v1/95598"
SHIPPED_ACL = Path(__file__).parents[2] / "config" / "mosquitto" / "cti.acl"


class Daemon:
    """The bridge with what stands around it in the daemon."""

    def __init__(self, settings: Settings, picture: Picture) -> None:
        self.commands: list[Command] = []
        self.counted: list[tuple[str, str]] = []
        self.refused: list[tuple[str, str, str]] = []
        self.bridge = MqttBridge(
            settings,
            None,
            self.commands.append,
            picture,
            count_command=lambda verb, result: self.counted.append((verb, result)),
            refused=lambda user, verb, code: self.refused.append((user, verb, code)),
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self.bridge.run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    made = Broker(tmp_path)
    await made.start()
    yield made
    made.stop()


@pytest.fixture
async def daemon(broker: Broker, settings: Settings, picture: Picture) -> AsyncIterator[Daemon]:
    assert settings.mqtt is not None
    at = settings.model_copy(update={"mqtt": settings.mqtt.model_copy(update={"port": broker.port})})
    made = Daemon(at, picture)
    made.start()
    await until(lambda: made.bridge.is_connected)
    yield made
    await made.stop()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


def request(request_id: str = "r-1", **more: Any) -> bytes:
    return json.dumps({"id": request_id, "issued_at": datetime.now(UTC).isoformat(), **more}).encode()


def answer_to(command: Command, status: str = "ok") -> Answer:
    return Answer(command.id, command.user, command.verb, status, "done", "it is done", 1, {"mode": "normal"})


async def ask(broker: Broker, verb: str, payload: bytes, *, user: str = "engineer-1", retain: bool = False, **more: Any) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port, username=user, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.publish(f"{BASE}/request/{user}/{verb}", payload, qos=1, retain=retain, **more)


async def test_states_are_retained_and_say_what_the_site_is(broker: Broker, daemon: Daemon) -> None:
    async with watching(broker, f"{BASE}/#") as early:
        await until(lambda: early.of("/seats/seat2/state"))  # the last to be published
    async with watching(broker, f"{BASE}/#") as late_comer:
        await until(lambda: late_comer.of("/seats/seat2/state"))
        state = late_comer.of("95598/state")[0]
        assert (state["mode"], state["serving"], state["epoch"], state["reason"]) == ("normal", "pbx-a", 1, "start")
        assert state["since"] < state["at"]
        assert late_comer.of("/nodes/edge1/state")[0]["evidence"]["link_b"] == {"condition": "lost", "age_seconds": None}
        assert late_comer.of("/queues/hotline/stats")[0]["seats"]["available"] == 1
        assert late_comer.of("/daemon/cti-1/state")[0]["state"] == "online"
        assert len(late_comer.retained) == len(late_comer.seen)


async def test_what_a_request_may_look_like_is_retained(broker: Broker, daemon: Daemon) -> None:
    """ "Schemas retained at `…/schema/<verb>`"."""
    async with watching(broker, f"{BASE}/#") as early:
        await until(lambda: early.of("/seats/seat2/state"))
    async with watching(broker, f"{BASE}/schema/+") as late_comer:
        await until(lambda: len(late_comer.seen) == len(VERBS))
        assert late_comer.of("/schema/failover")[0]["properties"]["args"]["properties"]["to"]["enum"] == ["pbx-a", "pbx-b", "emg"]
        assert len(late_comer.retained) == len(VERBS)


async def test_a_change_is_published_and_time_that_passes_is_not(broker: Broker, daemon: Daemon, picture: Picture) -> None:
    async with watching(broker, f"{BASE}/#") as watcher:
        await until(lambda: watcher.of("/seats/seat2/state"))
        before = len(watcher.seen)
        for _ in range(5):
            daemon.bridge.state_changed()
            await asyncio.sleep(0.05)
        picture.fail_over()
        daemon.bridge.state_changed()
        await until(lambda: watcher.of("95598/state")[-1]["serving"] == "pbx-b")
        await until(lambda: watcher.of("/nodes/pbx-a/state")[-1]["verdict"] == "dead")
        assert sorted(topic for topic, _ in watcher.seen[before:]) == [f"{BASE}/nodes/pbx-a/state", f"{BASE}/state"]


async def test_a_report_is_an_event_at_once_and_not_retained(broker: Broker, daemon: Daemon) -> None:
    async with watching(broker, f"{BASE}/events/+") as watcher:
        daemon.bridge.report(Report("failover", "critical", "pbx-a is dead", {"epoch": 2, "reason": "node_dead"}))
        await until(lambda: watcher.seen)
        topic, body = watcher.seen[0]
        assert topic == f"{BASE}/events/failover"
        assert (body["kind"], body["severity"], body["data"]["epoch"]) == ("failover", "critical", 2)
        assert "late" not in body
        assert not watcher.retained


async def test_a_command_travels_to_the_core_and_its_answer_back(broker: Broker, daemon: Daemon) -> None:
    """ "MQTT 5 response topic, else …/response/<user>/<verb>"."""
    async with watching(broker, "reply/#", f"{BASE}/response/#") as watcher:
        await ask(broker, "failover", request("r-1", reason="test"), properties=response_to("reply/console/7", b"\x00c7"))
        await ask(broker, "status", request("r-2"))
        await until(lambda: len(daemon.commands) == 2)
        first, second = daemon.commands
        assert (first.user, first.verb, first.reason) == ("engineer-1", "failover", "test")
        assert 0 <= first.age_seconds < 30
        daemon.bridge.answer(answer_to(second))
        daemon.bridge.answer(answer_to(first, "accepted"))
        await until(lambda: len(watcher.seen) == 2)
        assert [topic for topic, _ in watcher.seen] == [f"{BASE}/response/engineer-1/status", "reply/console/7"]
        assert watcher.correlations == [None, b"\x00c7"]
        assert watcher.seen[1][1] == {
            "id": "r-1",
            "status": "accepted",
            "code": "done",
            "message": "it is done",
            "data": {"mode": "normal"},
            "epoch": 1,
        }
        daemon.bridge.answer(answer_to(first, "ok"))  # the outcome, later, to the same address
        await until(lambda: len(watcher.seen) == 3)
        assert watcher.seen[2][0] == "reply/console/7"
        assert daemon.counted == [("status", "ok"), ("failover", "accepted"), ("failover", "ok")]


async def test_a_repeated_request_is_answered_where_it_was_repeated(broker: Broker, daemon: Daemon) -> None:
    async with watching(broker, "reply/#") as watcher:
        for n in (1, 2):
            await ask(broker, "status", request("same"), properties=response_to(f"reply/{n}", str(n).encode()))
        await until(lambda: len(daemon.commands) == 2)
        for command in daemon.commands:
            daemon.bridge.answer(answer_to(command))
        await until(lambda: len(watcher.seen) == 2)
        assert [topic for topic, _ in watcher.seen] == ["reply/1", "reply/2"]
        assert watcher.correlations == [b"1", b"2"]


async def test_a_request_repeated_after_its_answer_is_answered_where_it_was_repeated(broker: Broker, daemon: Daemon) -> None:
    async with watching(broker, "reply/#") as watcher:
        for n in (1, 2, 3):
            await ask(broker, "status", request("same"), properties=response_to(f"reply/{n}", str(n).encode()))
            await until(lambda: len(daemon.commands) > len(watcher.seen))
            daemon.bridge.answer(answer_to(daemon.commands[-1]))
            await until(lambda: len(daemon.commands) == len(watcher.seen))
        assert [topic for topic, _ in watcher.seen] == ["reply/1", "reply/2", "reply/3"]
        assert watcher.correlations == [b"1", b"2", b"3"]


async def test_an_answer_is_led_nowhere_it_does_not_belong(broker: Broker, daemon: Daemon) -> None:
    async with watching(broker, f"{BASE}/#") as watcher:
        await ask(broker, "status", request("r-1"), properties=response_to(f"{BASE}/state", b"x"))
        await until(lambda: daemon.commands)
        daemon.bridge.answer(answer_to(daemon.commands[0]))
        await until(lambda: watcher.of("/response/engineer-1/status"))


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"{", "malformed"),
        (b"x" * 20_000, "too_large"),
        (b'{"id":"r-1","issued_at":"2999-01-01T00:00:00Z"}', "clock_skew"),
        (b'{"id":"r-1","issued_at":"2020-01-01T00:00:00Z","surprise":1}', "unknown_key"),
    ],
)
async def test_what_is_refused_is_answered_with_the_reason_and_counted(broker: Broker, daemon: Daemon, payload: bytes, code: str) -> None:
    async with watching(broker, f"{BASE}/response/#") as watcher:
        await ask(broker, "failover", payload)
        await until(lambda: watcher.seen)
        topic, body = watcher.seen[0]
        assert topic == f"{BASE}/response/engineer-1/failover"
        assert (body["status"], body["code"]) == ("rejected", code)
        assert body["message"]
        assert daemon.commands == []
        assert daemon.counted == [("failover", "rejected")]
        assert daemon.refused == [("engineer-1", "failover", code)]


async def test_a_flood_of_one_user_is_cut_short_and_hinders_nobody_else(
    broker: Broker, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "Rate limit per user": every request is counted, few are answered, the other user's command arrives."""
    monkeypatch.setattr(requests_module, "PER_SECOND", 0.001)
    async with (
        watching(broker, f"{BASE}/response/#") as watcher,
        aiomqtt.Client("127.0.0.1", broker.port, username="engineer-1", protocol=aiomqtt.ProtocolVersion.V5) as flooder,
    ):
        for number in range(500):
            await flooder.publish(f"{BASE}/request/engineer-1/failover", request(f"flood-{number}"), qos=1)
        await ask(broker, "failover", request("other"), user="watcher")
        await until(lambda: [c for c in daemon.commands if c.user == "watcher"])
        await until(lambda: daemon.counted.count(("failover", "rejected")) == 500 - requests_module.BURST)
        assert len([c for c in daemon.commands if c.user == "engineer-1"]) == requests_module.BURST
        await until(lambda: watcher.seen)
        assert {body["code"] for _, body in watcher.seen} == {"too_many"}
        assert len(watcher.seen) == len(daemon.refused) < 20


async def test_a_retained_command_is_refused_and_never_replayed(broker: Broker, daemon: Daemon) -> None:
    """Else a failover of last month would be carried out again at each start."""
    async with watching(broker, f"{BASE}/response/#") as watcher:
        await ask(broker, "failover", request("r-1"), retain=True)
        await until(lambda: watcher.seen)
        assert watcher.seen[0][1]["code"] == "retained"
        await daemon.stop()
        daemon.start()
        await until(lambda: daemon.bridge.is_connected)
        await ask(broker, "status", request("r-2"))
        await until(lambda: daemon.commands)
        assert [c.id for c in daemon.commands] == ["r-2"]
        assert [code for _, _, code in daemon.refused] == ["retained"]


async def test_nobody_speaks_for_another_user(broker: Broker, daemon: Daemon) -> None:
    """ "The broker's ACL (pattern write cti/v1/+/request/%u/#) proves who sent it"."""
    async with aiomqtt.Client("127.0.0.1", broker.port, username="watcher", protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.publish(f"{BASE}/request/engineer-1/failover", request("forged"), qos=1)
        await client.publish(f"{BASE}/request/watcher/status", request("own"), qos=1)
    await until(lambda: daemon.commands)
    assert [(c.id, c.user) for c in daemon.commands] == [("own", "watcher")]


async def test_the_access_list_we_ship_lets_the_daemon_and_the_engineers_work(tmp_path: Path, settings: Settings, picture: Picture) -> None:
    """A denial looks like success to whoever publishes, so a list that is too tight would go unnoticed until it matters."""
    broker = Broker(tmp_path, SHIPPED_ACL.read_text())
    await broker.start()
    assert settings.mqtt is not None
    daemon = Daemon(settings.model_copy(update={"mqtt": settings.mqtt.model_copy(update={"port": broker.port})}), picture)
    daemon.start()
    async with watching(broker, f"{BASE}/#", user="alice") as alice, watching(broker, f"{BASE}/#", user="bob") as bob:
        await until(lambda: alice.of("/queues/hotline/stats") and alice.of("/nodes/pbx-a/state") and alice.of("95598/state"))
        assert alice.of("/daemon/cti-1/state")
        assert len([topic for topic, _ in alice.seen if "/schema/" in topic]) == len(VERBS)
        daemon.bridge.report(Report("failover", "critical", "pbx-a is dead"))
        await until(lambda: alice.of("/events/failover"))
        await ask(broker, "status", request("r-1"), user="alice", properties=response_to(f"{BASE}/response/alice/console", b"1"))
        await until(lambda: daemon.commands)
        daemon.bridge.answer(answer_to(daemon.commands[0]))
        await until(lambda: alice.of("/response/alice/console"))
        await ask(broker, "status", request("r-2"), user="bob")
        await until(lambda: len(daemon.commands) == 2)
        daemon.bridge.answer(answer_to(daemon.commands[1]))
        await until(lambda: bob.of("/response/bob/status"))
        assert not bob.of("/response/alice/console")
    await daemon.stop()
    broker.stop()


async def test_a_broker_that_comes_back_gets_every_state_and_the_reports_it_missed(
    broker: Broker, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_module, "LATE_SECONDS", 0.0)
    broker.stop()
    await until(lambda: not daemon.bridge.is_connected)
    for n in range(mqtt_module.MOST_WAITING + 5):
        daemon.bridge.report(Report("verdict", "info", f"number {n}"))
    await broker.start()
    async with watching(broker, f"{BASE}/#") as watcher:
        await until(lambda: len(watcher.of("/events/verdict")) >= 1 and watcher.of("95598/state"))
        await until(lambda: watcher.of("/events/verdict")[-1]["text"] == f"number {mqtt_module.MOST_WAITING + 4}")
        # the oldest five were given up: memory is bounded. (What was sent before the watcher subscribed it did not see.)
        assert all(body["late"] is True for body in watcher.of("/events/verdict"))
        assert int(watcher.of("/events/verdict")[0]["text"].split()[1]) >= 5


async def test_a_frozen_broker_holds_nobody_up(broker: Broker, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_module, "ANSWER_SECONDS", 0.3)
    await daemon.stop()
    daemon.start()
    await until(lambda: daemon.bridge.is_connected)
    broker.freeze()
    began = time.perf_counter()
    for n in range(5000):
        daemon.bridge.report(Report("verdict", "info", f"number {n}"))
        daemon.bridge.state_changed()
    assert time.perf_counter() - began < 30  # it returned: 5,000 calls with nobody who takes them
    await until(lambda: not daemon.bridge.is_connected)
    await until(lambda: len(list(Path("/proc/self/fd").iterdir())) < 60)
    broker.thaw()
    await until(lambda: daemon.bridge.is_connected)
    daemon.bridge.report(Report("alarm", "warning", "after the thaw"))
    async with watching(broker, f"{BASE}/#") as watcher:
        await until(lambda: watcher.of("/daemon/cti-1/state") and watcher.of("/daemon/cti-1/state")[-1]["state"] == "online")


def our_connection(port: int) -> socket.socket:
    """A second handle of the bridge's socket, known by its options."""
    for entry in Path("/proc/self/fd").iterdir():
        if not os.path.realpath(entry).split("/")[-1].startswith("socket:"):
            continue
        sock = socket.socket(fileno=os.dup(int(entry.name)))
        with contextlib.suppress(OSError):
            if sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 5000 and sock.getpeername()[1] == port:
                return sock
        sock.close()
    raise AssertionError("the bridge has no connection")


async def test_a_killed_daemon_is_lost_and_a_stopped_one_has_stopped(broker: Broker, daemon: Daemon) -> None:
    """ "…/daemon/<name>/state … last will = `lost` with the session id"."""
    async with watching(broker, f"{BASE}/daemon/+/state") as watcher:
        await until(lambda: watcher.seen)
        session = watcher.seen[0][1]["session"]
        ours = our_connection(broker.port)
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        ours.shutdown(socket.SHUT_RDWR)  # as a SIGKILL would: the connection ends and nothing is said
        ours.close()
        await until(lambda: len(watcher.seen) >= 3)
        lost, online = watcher.seen[1][1], watcher.seen[2][1]
        assert (lost["state"], lost["session"]) == ("lost", session)
        assert online["state"] == "online"
        assert online["session"] != session
        await daemon.stop()
        await until(lambda: watcher.seen[-1][1]["state"] == "stopped")
        assert watcher.seen[-1][1]["session"] == online["session"]


async def test_an_answer_that_the_broker_does_not_take_stops_nothing(tmp_path: Path, settings: Settings, picture: Picture) -> None:
    """A report may be longer than a broker's own `max_packet_size`: the asker is told so, and what comes behind it arrives."""
    broker = Broker(tmp_path, listener="allow_anonymous true\nmax_packet_size 40000\n")
    await broker.start()
    assert settings.mqtt is not None
    daemon = Daemon(settings.model_copy(update={"mqtt": settings.mqtt.model_copy(update={"port": broker.port})}), picture)
    daemon.start()
    try:
        await until(lambda: daemon.bridge.is_connected)
        async with watching(broker, f"{BASE}/#") as watcher:
            long = Answer("r-1", "engineer-1", "report", "ok", "done", "incident report", 1, {"report": "故" * 30_000})
            daemon.bridge.answer(long)
            daemon.bridge.report(Report("failover", "critical", "pbx-a is dead"))
            await until(lambda: watcher.of("/events/failover"))
            (answer,) = watcher.of("/response/engineer-1/report")
            assert (answer["id"], answer["status"], answer["code"], answer["data"]) == ("r-1", "ok", "too_large", {})
            assert "ask on the daemon's machine" in answer["message"]
    finally:
        await daemon.stop()
        broker.stop()
