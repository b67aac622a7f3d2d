"""The broker: does it let us in, is it quick, and does its ACL prove who asks?"""

import asyncio
import ssl
import time
import uuid
from statistics import median

import aiomqtt

from cti_daemon.model.settings import Mqtt, Settings
from cti_daemon.shell.doctor.finding import Finding, fault, judged, warning
from cti_daemon.shell.mqtt import NO_DELAY
from cti_daemon.wire.mqtt_topics import Topics

ROUND_TRIPS = 9
SLOW_SECONDS = 0.03
"""With Nagle on either end a round trip takes 40 ms and more, without it about one."""
ANSWER_SECONDS = 3.0
_LET_IN = "is it up, and are host, port, user and password of [mqtt] right? The ACL of config/mosquitto/cti.acl must know the user"


async def questions(settings: Settings, password: str | None, tls: ssl.SSLContext | None) -> list[Finding]:
    """As the daemon's own user, beside the daemon, under another client name."""
    mqtt = settings.mqtt
    if mqtt is None:
        return []
    subject = f"{mqtt.host}:{mqtt.port}"
    try:
        async with _client(mqtt, mqtt.username, password, tls) as client:
            found = await _ask(client, Topics(settings.site.name, settings.site.daemon), mqtt.username, subject)
    except (aiomqtt.MqttError, OSError, TimeoutError) as error:
        return [fault("broker", subject, f"does not let us in: {error}", _LET_IN)]
    return [*found, await _anonymous(mqtt, tls, subject)]


def _client(mqtt: Mqtt, username: str | None, password: str | None, tls: ssl.SSLContext | None) -> aiomqtt.Client:
    return aiomqtt.Client(
        mqtt.host,
        mqtt.port,
        username=username,
        password=password,
        tls_context=tls,
        identifier=f"cti-doctor-{uuid.uuid4().hex[:12]}",
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=ANSWER_SECONDS,
        socket_options=NO_DELAY,
    )


async def _ask(client: aiomqtt.Client, topics: Topics, username: str, subject: str) -> list[Finding]:
    times: list[float] = []
    own = topics.response(username, "doctor")  # the one place where the daemon's user may both write and read
    denied = fault(
        "broker acl", subject, f"the daemon's user may not use {topics.base}/…", "install config/mosquitto/cti.acl, with its user"
    )
    for topic in (own, topics.requests):
        if any(getattr(code, "is_failure", False) for code in await client.subscribe(topic, qos=1)):
            return [denied]
    for number in range(ROUND_TRIPS):
        began = time.perf_counter()
        await client.publish(own, str(number), qos=1)
        if not await _comes_back(client, own):
            return [denied]
        times.append(time.perf_counter() - began)
    slow = warning("broker latency", subject, f"a round trip takes {1000 * median(times):.0f} ms", "mosquitto.conf: set_tcp_nodelay true")
    schema = topics.schema(f"doctor-{uuid.uuid4().hex[:12]}")  # not retained: nobody who comes later sees it
    await client.subscribe(schema, qos=1)
    await client.publish(schema, b"{}", qos=1)
    await client.publish(own, "end", qos=1)
    no_schemas = warning(
        "broker schemas",
        subject,
        f"what is allowed there cannot be looked up: {topics.schema('<verb>')} cannot be written by the daemon, or not be read",
        "acl: `topic write cti/v1/+/schema/+` for the daemon's user, `pattern read cti/v1/+/schema/+` for all (config/mosquitto/cti.acl)",
    )
    is_schema_seen = await _comes_back(client, schema, end=own)
    if is_schema_seen:
        await _comes_back(client, own)
    stranger = f"{topics.base}/request/doctor-{uuid.uuid4().hex[:12]}/status"
    await client.publish(stranger, b"{}", qos=1)
    await client.publish(own, "end", qos=1)
    forged = fault(
        "broker acl",
        subject,
        "lets one user write commands in the name of another: no command is proved",
        "acl: only `pattern write cti/v1/+/request/%u/#` may allow writing below request/",
    )
    return [
        judged(median(times) < SLOW_SECONDS, slow, f"a round trip takes {1000 * median(times):.1f} ms"),
        judged(is_schema_seen, no_schemas, "the schemas of commands can be written and read"),
        judged(not await _comes_back(client, stranger, end=own), forged, "a command proves who sent it"),
    ]


async def _comes_back(client: aiomqtt.Client, topic: str, end: str = "") -> bool:
    """Does a message on `topic` arrive, before one on `end` and in time?"""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            async for message in client.messages:
                if str(message.topic) in {topic, end}:
                    return str(message.topic) == topic
    except TimeoutError:
        return False
    return False


async def _anonymous(mqtt: Mqtt, tls: ssl.SSLContext | None, subject: str) -> Finding:
    """Somebody without a name must not get in: then a topic would prove nobody. (With TLS our certificate may be the name.)"""
    try:
        async with _client(mqtt, None, None, tls):
            let_in = tls is None
    except (aiomqtt.MqttError, OSError):
        let_in = False
    bad = fault("broker identity", subject, "lets in whoever comes, without name or password", "mosquitto.conf: allow_anonymous false")
    return judged(not let_in, bad, "lets nobody in without a name")
