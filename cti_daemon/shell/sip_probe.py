"""Our own OPTIONS to every node over both control networks, on connected sockets: a closed port answers with ECONNREFUSED at once."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import cast

from typing_extensions import override

from cti_daemon.model.events import SipAlive, SipRefused
from cti_daemon.model.ids import PATHS, NodeName, PathName
from cti_daemon.model.settings import Settings
from cti_daemon.shell import log
from cti_daemon.shell.pulse import Pulse
from cti_daemon.wire.sip_options import Question, encode_options, read_answer

_log = log.get("sip")

_PHASES = {"a": 0.25, "b": 0.75}  # between the heartbeats of the AMI links
_MOST_QUESTIONS = 64
_REOPEN_SECONDS = 1.0

Post = Callable[[SipAlive | SipRefused], None]


class SipProbe(asyncio.DatagramProtocol):
    """One node over one network. The socket is opened anew when the network was away."""

    def __init__(self, node: NodeName, path: PathName, address: str, every_seconds: float, post: Post) -> None:
        self.node, self.path, self.address = node, path, address
        self._post = post
        self._pulse = Pulse(every_seconds, _PHASES.get(path, 0.0), self._on_beat)
        self._transport: asyncio.DatagramTransport | None = None
        self._local = ""
        self._call_id = secrets.token_hex(16)
        self._count = 0
        self._asked: OrderedDict[str, Question] = OrderedDict()
        self.sent = self.answered = self.strange = 0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        host, _, port = self.address.rpartition(":")
        self._pulse.start()
        try:
            while True:
                if not self.is_open:
                    try:
                        await loop.create_datagram_endpoint(lambda: self, remote_addr=(host, int(port)))
                    except OSError as fault:
                        _log.debug("no socket for the probe", node=self.node, path=self.path, fault=str(fault))
                await asyncio.sleep(_REOPEN_SECONDS)
        finally:
            self._pulse.stop()
            if self._transport is not None:
                self._transport.close()

    def probe(self) -> None:
        """One question now, besides those of the clock."""
        if self._transport is None or self._transport.is_closing():
            return
        self._count += 1
        question = Question(self._call_id, self._count, secrets.token_hex(16))
        self._asked[question.branch] = question
        if len(self._asked) > _MOST_QUESTIONS:
            self._asked.popitem(last=False)
        self.sent += 1
        self._transport.sendto(encode_options(question, self.address, self._local))

    def set_interval(self, seconds: float) -> None:
        self._pulse.set_seconds(seconds)

    def _on_beat(self, _late_seconds: float) -> None:
        self.probe()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self._local = f"{host}:{port}"

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        """Any status shows that the SIP stack lives, even 401; but only in answer to a question of ours."""
        answer = read_answer(data)
        if answer is None or self._asked.get(answer[1].branch) != answer[1]:
            self.strange += 1
            return
        del self._asked[answer[1].branch]
        self.answered += 1
        self._post(SipAlive(self.node, self.path))

    @override
    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, ConnectionRefusedError):
            self._post(SipRefused(self.node, self.path))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None


class SipProbes:
    """All nodes of the site over both networks. `run()` until cancelled."""

    def __init__(self, settings: Settings, post: Post) -> None:
        every_seconds = settings.detection.heartbeat
        self.probes: dict[tuple[NodeName, PathName], SipProbe] = {
            (NodeName(node.name), path): SipProbe(NodeName(node.name), path, node.sip.of(path), every_seconds, post)
            for node in settings.node
            for path in PATHS
        }

    async def run(self) -> None:
        tasks = [asyncio.create_task(probe.run(), name=f"sip-{node}-{path}") for (node, path), probe in self.probes.items()]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def probe_now(self, node: NodeName) -> None:
        for path in PATHS:
            self.probes[node, path].probe()

    def set_interval(self, node: NodeName, seconds: float) -> None:
        for path in PATHS:
            self.probes[node, path].set_interval(seconds)
