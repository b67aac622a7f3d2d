"""Round trips of orders over the lab's broker, beside the broker's bare echo, and how soon an order moves new calls (as root, with
the lab)."""

import json
import socket
import time
import uuid
from collections.abc import Callable
from statistics import median
from typing import Any

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from lab import bench, daemon, network, secret
from lab.ami import Ami
from lab.deadline import LabError
from lab.layout import CTI, EDGE, HOTLINE, MQTT_PORT, PBX_A, PBX_B, Size
from lab.trial import start_daemon

ROUNDS = 200
PACE_SECONDS = 0.11
"""Below what one user may ask in the long run."""
MOVES = 10
_BASE = f"cti/v1/{HOTLINE}"
_PATIENCE_SECONDS = 5.0


def run(say: Callable[[str], None]) -> dict[str, Any]:
    bench.up(Size(seats=20), say)
    try:
        start_daemon()
        engineer, floor = _Console("alice"), _Console("cti-daemon")
        say("orders: round trips")
        answers: list[float] = []
        echoes: list[float] = []
        for _ in range(ROUNDS):
            answers.append(engineer.ask("status")[1])
            echoes.append(floor.echo())
            time.sleep(PACE_SECONDS)
        say("orders: moves")
        moves = [_move(engineer, (PBX_B, PBX_A)[number % 2].name) for number in range(MOVES)]
    finally:
        daemon.stop()
        bench.down()
    return {"bare_echo_ms": _spread(echoes), "round_trip_ms": _spread(answers), "failover_to_new_route_ms": _spread(moves)}


def _spread(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(1000 * value for value in seconds)
    p99 = ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]
    return {"n": len(ordered), "median": round(median(ordered), 2), "p99": round(p99, 2), "most": round(ordered[-1], 2)}


def _move(engineer: "_Console", target: str) -> float:
    """Seconds from the confirmed order until the edge sends new calls to `target`."""
    args = {"to": target, "force": True}
    token = engineer.ask("failover", dry_run=True, args=args)[0]["data"]["confirm"]
    with Ami(EDGE) as edge:
        began_at = time.perf_counter()
        answer, _ = engineer.ask("failover", confirm=token, args=args)
        while not edge.get("CTI_ROUTE").startswith(target):
            if time.perf_counter() - began_at > _PATIENCE_SECONDS:
                raise LabError(f"the edge was not given {target}: {answer}")
        return time.perf_counter() - began_at


class _Console:
    """One client that stays connected, as a console does."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        self._client.username_pw_set(user, secret.read(f"mqtt-{user}"))
        self._client.on_message = self._take
        self._got: list[dict[str, Any]] = []
        with network.entered(CTI.namespace):
            self._client.connect("127.0.0.1", MQTT_PORT)
        own = self._client.socket()
        if isinstance(own, socket.socket):
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.subscribe(f"{_BASE}/response/{self._user}/#")
        self._settle()

    def ask(self, verb: str, **body: object) -> tuple[dict[str, Any], float]:
        """The answer, and the seconds that it took."""
        request = {"id": uuid.uuid4().hex, "issued_at": time.time(), "expires_in": 30, **body}
        return self._exchange(f"{_BASE}/request/{self._user}/{verb}", f"{_BASE}/response/{self._user}/{verb}", request)

    def echo(self) -> float:
        """Seconds of a message to ourselves, for the one user who may both write and read there: what broker and client take."""
        topic = f"{_BASE}/response/{self._user}/echo"
        return self._exchange(topic, topic, {})[1]

    def _exchange(self, topic: str, response: str, body: dict[str, object]) -> tuple[dict[str, Any], float]:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
        properties.ResponseTopic = response
        self._got.clear()
        began_at = time.perf_counter()
        self._client.publish(topic, json.dumps(body), qos=1, properties=properties)
        while not self._got:
            self._turn(began_at)
        return self._got[0], time.perf_counter() - began_at

    def _turn(self, began_at: float) -> None:
        if self._client.loop(0.5) != MQTT_ERR_SUCCESS or time.perf_counter() - began_at > _PATIENCE_SECONDS:
            raise LabError("the broker did not bring an answer")

    def _settle(self) -> None:
        """Until the subscription is there."""
        until_at = time.perf_counter() + 1.0
        while time.perf_counter() < until_at:
            self._turn(time.perf_counter())

    def _take(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self._got.append(json.loads(message.payload))
