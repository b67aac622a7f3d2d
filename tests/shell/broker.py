"""A real Mosquitto on a free loopback port, that can be stopped, frozen and started again."""

import asyncio
import contextlib
import json
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

ACL = """\
user cti-daemon
topic readwrite cti/v1/#
topic write reply/#
user watcher
topic read cti/v1/#
topic read reply/#
user engineer-1
topic read cti/v1/#
topic read reply/#
user vandal
topic readwrite #
pattern write cti/v1/+/request/%u/#
"""


class Broker:
    """`start` and `stop` may be called any number of times; the port stays."""

    def __init__(self, folder: Path, acl: str = ACL, *, listener: str = "allow_anonymous true\n") -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/sbin:/bin")
        assert program is not None
        (folder / "acl").write_text(acl)
        conf = folder / "mosquitto.conf"
        conf.write_text(
            f"listener {self.port} 127.0.0.1\n{listener}acl_file {folder / 'acl'}\nset_tcp_nodelay true\n"
            "persistence false\nlog_dest none\nuser root\n"
        )
        self._command = [program, "-c", str(conf)]
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    await writer.wait_closed()
                    return
                await asyncio.sleep(0.02)

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None


@dataclass
class Watcher:
    """A client that keeps all it has seen, in order."""

    client: aiomqtt.Client
    seen: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    correlations: list[bytes | None] = field(default_factory=list)
    retained: list[str] = field(default_factory=list)

    async def read(self) -> None:
        async for message in self.client.messages:
            self.seen.append((str(message.topic), json.loads(bytes(message.payload))))
            self.correlations.append(getattr(message.properties, "CorrelationData", None))
            if message.retain:
                self.retained.append(str(message.topic))

    def of(self, topic: str) -> list[dict[str, Any]]:
        return [body for seen, body in self.seen if seen.endswith(topic)]


@contextlib.asynccontextmanager
async def watching(broker: Broker, *topics: str, user: str = "watcher") -> AsyncIterator[Watcher]:
    async with aiomqtt.Client("127.0.0.1", broker.port, username=user, protocol=aiomqtt.ProtocolVersion.V5) as client:
        watcher = Watcher(client)
        for topic in topics:
            await client.subscribe(topic, qos=1)
        task = asyncio.create_task(watcher.read())
        try:
            yield watcher
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, aiomqtt.MqttError):
                await task


def response_to(topic: str, correlation: bytes) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ResponseTopic = topic
    properties.CorrelationData = correlation
    return properties
