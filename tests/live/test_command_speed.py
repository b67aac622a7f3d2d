""" "Round trip of a command p50 <= 5 ms on the lab's broker with nodelay; `failover` by command moves new calls <= 250 ms." """

# ruff: noqa: ASYNC110 - a test waits for what it sees from outside
import asyncio
import json
import socket
import statistics
import time
import uuid
from typing import Any

import aiomqtt
import pytest

from lab import network, secret
from lab.ami import Ami
from lab.layout import CTI, EDGE, HOTLINE, MQTT_PORT, PBX_B

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]
BASE = f"cti/v1/{HOTLINE}"
ROUND_TRIP_SECONDS = 0.005
QUIET_ECHO_SECONDS = 0.0005
"""Median of the bare echo when nothing else runs on the lab's two cores; a slower one says that the machine is not ours alone."""
MOVES_WITHIN_SECONDS = 0.25
TRIES = 25
"""Fewer than one user may ask at once."""


class Engineer:
    """One open connection of alice, as a console has it."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client

    async def ask(self, verb: str, **body: Any) -> tuple[float, dict[str, Any]]:
        """Seconds from the request to its answer, and the answer."""
        request = {"id": uuid.uuid4().hex, "issued_at": time.time(), **body}
        began = time.perf_counter()
        await self._client.publish(f"{BASE}/request/alice/{verb}", json.dumps(request), qos=1)
        async with asyncio.timeout(10):
            async for message in self._client.messages:
                answer: dict[str, Any] = json.loads(bytes(message.payload))
                if answer["id"] == request["id"]:
                    return time.perf_counter() - began, answer
        raise AssertionError("the connection ended")


def test_commands_are_quick(site: None) -> None:
    with network.entered(CTI.namespace):
        asyncio.run(_measure())


async def _measure() -> None:
    async with _client("cti-daemon") as client:
        bare = await _echo(client)
    slowness = max(1.0, bare / QUIET_ECHO_SECONDS)
    print(f"bare echo of the broker: median {1000 * bare:.2f} ms, so {slowness:.1f} times that of a quiet machine")
    async with _client("alice") as client:
        await client.subscribe(f"{BASE}/response/alice/#", qos=1)
        alice = Engineer(client)
        assert await _time(alice, "status", {}) <= ROUND_TRIP_SECONDS * slowness
        await asyncio.sleep(TRIES / 10)  # what one user may ask comes back at ten a second
        await _time(alice, "seat-pause", {"seat": "seat1"}, "seat-unpause")  # it waits for both media servers: told, no promise
        await asyncio.sleep(TRIES / 10)
        seconds = await _fail_over(alice)
        print(f"failover by command: the edge sends new calls elsewhere after {1000 * seconds:.1f} ms")
        assert seconds <= MOVES_WITHIN_SECONDS


def _client(user: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1",
        MQTT_PORT,
        username=user,
        password=secret.read(f"mqtt-{user}"),
        protocol=aiomqtt.ProtocolVersion.V5,
        socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
    )


async def _echo(client: aiomqtt.Client) -> float:
    """Median seconds of a message to the broker and back, at QoS 1, where its sender may both write and read."""
    own = f"{BASE}/response/cti-daemon/echo"
    await client.subscribe(own, qos=1)
    messages = aiter(client.messages)
    taken: list[float] = []
    for number in range(TRIES):
        began = time.perf_counter()
        await client.publish(own, str(number), qos=1)
        await anext(messages)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


async def _time(alice: Engineer, verb: str, args: dict[str, Any], turn: str = "") -> float:
    """Median seconds of TRIES round trips; with `turn` every second one is that verb."""
    taken: list[float] = []
    for number in range(TRIES):
        seconds, answer = await alice.ask(turn if turn and number % 2 else verb, args=args)
        assert answer["status"] == "ok", answer
        taken.append(seconds)
    print(f"{verb}: median {1000 * statistics.median(taken):.2f} ms, worst of {TRIES} {1000 * max(taken):.2f} ms")
    return statistics.median(taken)


async def _fail_over(alice: Engineer) -> float:
    """Seconds from the confirmed order to the edge's new route, by the edge's own word."""
    _, plan = await alice.ask("failover", dry_run=True)
    with Ami(EDGE) as edge:
        began = time.perf_counter()
        asking = asyncio.create_task(alice.ask("failover", confirm=plan["data"]["confirm"]))
        await asyncio.sleep(0)
        while not edge.get("CTI_ROUTE").startswith(PBX_B.name):
            await asyncio.sleep(0.001)
        seconds = time.perf_counter() - began
    _, answer = await asking
    assert answer["status"] == "accepted"
    return seconds
