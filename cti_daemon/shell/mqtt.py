"""The bridge to the broker, MQTT 5: retained states out, reports and answers out, requests in.

A broker that is away, frozen or slow never holds the daemon up: what goes out waits in a bounded queue, says `late` when it
has waited, and the connection is made anew with a jittered, growing pause."""

import asyncio
import contextlib
import random
import socket
import ssl
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from cti_daemon import __version__
from cti_daemon.model.effects import Answer, Report
from cti_daemon.model.events import Command
from cti_daemon.model.settings import Mqtt, Settings
from cti_daemon.model.views import SiteView
from cti_daemon.shell import log
from cti_daemon.shell.mqtt_intake import straight_to
from cti_daemon.shell.mqtt_requests import Reply, Requests
from cti_daemon.shell.mqtt_states import RetainedStates
from cti_daemon.wire.mqtt_payload import MOST_BYTES, encode, report_body, without_data
from cti_daemon.wire.mqtt_topics import Topics
from cti_daemon.wire.verb_schema import schemas

MOST_WAITING = 1000
MOST_PACKET = 256 * 1024
MOST_TRIES = 3
"""So many connections may end while a long answer is sent; then it goes without its data, lest this broker never hear of us again."""
LATE_SECONDS = 1.0
STATES_EVERY_SECONDS = 0.2
STATES_AT_LEAST_EVERY_SECONDS = 1.0
ANSWER_SECONDS = 3.0
KEEPALIVE_SECONDS = 5
STOP_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
_RETAIN_NOTHING_OLD = 2
NO_DELAY = (
    # 88 ms a round trip without, 1.3 ms with
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, KEEPALIVE_SECONDS * 1000),
)


@dataclass(frozen=True, slots=True)
class _Outgoing:
    topic: str
    body: dict[str, Any] | bytes
    correlation: bytes | None
    queued_at: float


def _nothing(*_: str) -> None:
    """For hooks that nobody listens to."""


class MqttBridge:
    """`post` takes each command that was asked for; `count_command` is told verb and result, `refused` user, verb and code of what
    was turned away before the core saw it. All are called on the loop."""

    def __init__(
        self,
        settings: Settings,
        password: str | None,
        post: Callable[[Command], None],
        view: Callable[[], SiteView],
        *,
        tls: ssl.SSLContext | None = None,
        count_command: Callable[[str, str], None] = _nothing,
        refused: Callable[[str, str, str], None] = _nothing,
        may_act: Callable[[], bool] | None = None,
    ) -> None:
        self._may_act = may_act
        self._role_changed = asyncio.Event()
        self._settings = settings
        self._password = password
        self._tls = tls
        self._view = view
        self._topics = Topics(settings.site.name, settings.site.daemon)
        self._requests = Requests(self._topics, post, lambda: view().epoch, count_command, refused)
        self._waiting: deque[_Outgoing] = deque()
        self._tried: tuple[_Outgoing, int] | None = None
        self._something_waits = asyncio.Event()
        self._states_changed = asyncio.Event()
        self._ending = asyncio.Event()
        self.dropped = 0  # since the start; what waits is bounded
        self._log = log.get("mqtt")
        self._repeats = log.Repeats(self._log)
        self.is_connected = False

    @property
    def backlog(self) -> int:
        """Reports and answers that the broker has not taken yet."""
        return len(self._waiting)

    # --- what the daemon says: never waits, never raises --------------------------------------------------------------

    def report(self, report: Report) -> None:
        """Publish under `events/<kind>`."""
        if self._is_standing_by:
            return
        body = report_body(report, datetime.now(UTC).isoformat(timespec="milliseconds"))
        self._queue(self._topics.event(report.kind), body)

    def answer(self, answer: Answer) -> None:
        """Send to the response topic of the request it answers."""
        self._reply(self._requests.reply(answer))

    def state_changed(self) -> None:
        """The picture of the site may have changed: compare and publish soon."""
        self._states_changed.set()

    def role_changed(self) -> None:
        """Of a pair: who acts has changed. We say so, and take requests and tell states, or do neither."""
        self._role_changed.set()

    @property
    def _is_standing_by(self) -> bool:
        return self._may_act is not None and not self._may_act()

    # --- the connection -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep a connection until cancelled; then say goodbye, for STOP_SECONDS at most. Ends at once when the site has no broker."""
        mqtt = self._settings.mqtt
        if mqtt is None:
            return
        # Told by an event and not by cancellation: `asyncio.wait_for` of Python 3.11, which aiomqtt waits with, swallows a
        # cancellation that comes together with what it waits for.
        self._ending.clear()
        keeper = asyncio.create_task(self._keep_connected(mqtt), name="mqtt-connection")
        try:
            await asyncio.wait({keeper})
        finally:
            self._ending.set()
            await asyncio.wait({keeper}, timeout=STOP_SECONDS)
            keeper.cancel()
            self.is_connected = False
        await keeper  # it ends by itself only by a fault of ours

    async def _keep_connected(self, mqtt: Mqtt) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                await self._connection(mqtt)
            except (aiomqtt.MqttError, OSError) as error:
                self._repeats.failed("broker", "broker is not reached", broker=f"{mqtt.host}:{mqtt.port}", fault=str(error))
            finally:
                self.is_connected = False
            if time.monotonic() - began > LONGEST_PAUSE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause * random.uniform(0.5, 1.5)):  # noqa: S311 - spread, not secrecy
                    await self._ending.wait()
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _connection(self, mqtt: Mqtt) -> None:
        """One connection's life. Raises MqttError or OSError when it ends by itself."""
        session = uuid.uuid4().hex
        self._role_changed.clear()
        stands_by = self._is_standing_by
        async with self._client(mqtt, session) as client:
            state = "standby" if stands_by else "online"
            await client.publish(self._topics.daemon_state, encode(self._presence(state, session)), qos=1, retain=True)
            if not stands_by:
                await self._subscribe(client)
            self.is_connected = True
            self._repeats.well("broker", "broker is reached again", broker=f"{mqtt.host}:{mqtt.port}")
            await self._talk(client, stands_by=stands_by)
            if self._ending.is_set():
                await self._say_farewell(client, session)

    async def _talk(self, client: aiomqtt.Client, *, stands_by: bool) -> None:
        """Until we are to end, who acts has changed, or the connection fails."""
        tasks = [
            asyncio.create_task(self._watch(client), name="mqtt-watch"),
            asyncio.create_task(self._until_ending(), name="mqtt-ending"),
        ]
        if self._may_act is not None:
            tasks.append(asyncio.create_task(self._until_role_changes(), name="mqtt-role"))
        if not stands_by:
            tasks.append(asyncio.create_task(self._send_waiting(client), name="mqtt-send"))
            tasks.append(asyncio.create_task(self._send_states(client), name="mqtt-states"))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _until_ending(self) -> None:
        await self._ending.wait()

    async def _until_role_changes(self) -> None:
        await self._role_changed.wait()

    def _client(self, mqtt: Mqtt, session: str) -> aiomqtt.Client:
        limits = _properties(PacketTypes.CONNECT)
        limits.MaximumPacketSize = MOST_PACKET
        return aiomqtt.Client(
            mqtt.host,
            mqtt.port,
            # without a password the name is still said: the broker's ACL may know it
            username=mqtt.username,
            password=self._password,
            tls_context=self._tls,
            # one name for all connections of this daemon: the broker ends the old one, and sends its will, before the new one is on
            identifier=f"cti-daemon-{self._settings.site.name}-{self._settings.site.daemon}",
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            will=aiomqtt.Will(self._topics.daemon_state, encode(self._presence("lost", session)), qos=1, retain=True),
            timeout=ANSWER_SECONDS,
            keepalive=KEEPALIVE_SECONDS,
            queue_type=straight_to(self._take),
            properties=limits,
            socket_options=NO_DELAY,
        )

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        codes = await client.subscribe(
            self._topics.requests,
            options=SubscribeOptions(qos=1, retainAsPublished=True, retainHandling=_RETAIN_NOTHING_OLD),
        )
        if any(getattr(code, "is_failure", False) for code in codes):
            self._log.error("broker lets us read no requests: commands will not arrive", topic=self._topics.requests)

    async def _say_farewell(self, client: aiomqtt.Client, session: str) -> None:
        """Send what waits and say that we stopped: a clean end sends no will."""
        while self._waiting:
            await self._send_first(client)
        await client.publish(self._topics.daemon_state, encode(self._presence("stopped", session)), qos=1, retain=True)

    def _take(self, message: aiomqtt.Message) -> None:
        if self._is_standing_by:
            return  # it was sent to us when we acted; who acts now has it too
        refusal = self._requests.take(message)
        if refusal is not None:
            self._reply(refusal)

    async def _watch(self, client: aiomqtt.Client) -> None:
        """Raises MqttError when the connection is lost; messages have gone another way."""
        async for _ in client.messages:
            raise AssertionError("a message waits in a queue that takes none")

    async def _send_waiting(self, client: aiomqtt.Client) -> None:
        while True:
            while self._waiting:
                await self._send_first(client)
                _heed_cancel()
            self._repeats.well("queue", "the waiting reports are sent", dropped=self.dropped)
            self._something_waits.clear()
            await self._something_waits.wait()

    async def _send_first(self, client: aiomqtt.Client) -> None:
        """Send the oldest; it leaves the queue when the broker has it."""
        first = self._waiting[0]
        late = time.monotonic() - first.queued_at > LATE_SECONDS
        body = first.body if isinstance(first.body, bytes) else encode({**first.body, "late": True} if late else first.body)
        tries = 1 + (self._tried[1] if self._tried is not None and self._tried[0] is first else 0)
        self._tried = first, tries
        if tries > MOST_TRIES and len(body) > MOST_BYTES:
            body = without_data(body)
        properties = _properties(PacketTypes.PUBLISH)
        if first.correlation is not None:
            properties.CorrelationData = first.correlation
        await client.publish(first.topic, body, qos=1, properties=properties)
        if self._waiting and self._waiting[0] is first:  # the queue may have overflowed meanwhile
            self._waiting.popleft()

    async def _send_states(self, client: aiomqtt.Client) -> None:
        for verb, schema in schemas(self._settings):
            await client.publish(self._topics.schema(verb), encode(schema), qos=1, retain=True)
            _heed_cancel()
        states = RetainedStates(self._settings, self._view)
        while True:
            self._states_changed.clear()
            if self._is_standing_by:
                return
            for state in states.changes():
                properties = _properties(PacketTypes.PUBLISH)
                if state.expiry_seconds is not None:
                    properties.MessageExpiryInterval = state.expiry_seconds
                await client.publish(state.topic, state.body, qos=1, retain=True, properties=properties)
                _heed_cancel()
            await asyncio.sleep(STATES_EVERY_SECONDS)
            if states.has_more:
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STATES_AT_LEAST_EVERY_SECONDS):
                    await self._states_changed.wait()

    # --- the queue ----------------------------------------------------------------------------------------------------

    def _reply(self, reply: Reply) -> None:
        self._queue(reply.to.topic, reply.body, reply.to.correlation)

    def _queue(self, topic: str, body: dict[str, Any] | bytes, correlation: bytes | None = None) -> None:
        if self._settings.mqtt is None:
            return
        self._waiting.append(_Outgoing(topic, body, correlation, time.monotonic()))
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self.dropped += 1
            self._repeats.failed("queue", "reports are dropped, oldest first: the broker takes none", waiting=MOST_WAITING)
        self._something_waits.set()

    def _presence(self, state: str, session: str) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return {"state": state, "daemon": self._settings.site.daemon, "session": session, "version": __version__, "since": now}


def _heed_cancel() -> None:
    """Raise a cancellation that `asyncio.wait_for` has swallowed (see `run`)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]
