"""Test calls by the machine: each edge calls each server over each control network, and hears whether it is answered with a voice.

A session of its own beside the daemon's: an order that waits for an answer must not stand before a rescue. Needs the write class
`originate` on the edges, as call-backs do. No seat rings, and no caller hears of it (dialplan/cti-edge.conf, cti-path)."""

import asyncio
import secrets as randomness
from collections.abc import Callable, Iterator
from itertools import count
from typing import NamedTuple

from typing_extensions import override

from cti_daemon.model.ids import PATHS
from cti_daemon.model.plan_effects import Carried, TestCalls
from cti_daemon.model.reasons import Result, Role
from cti_daemon.model.settings import Node, Settings
from cti_daemon.shell import log
from cti_daemon.shell.ami.life import LifeFailedError
from cti_daemon.shell.doctor.visit import Visit, visit
from cti_daemon.shell.secret_files import Secrets

RING_SECONDS = 3.0
HEARD_WITHIN_SECONDS = 6.0
LOOK_SECONDS = 0.2
LEAST_PACKETS = 10
"""Of a second and a half of voice: 50 a second where nothing is lost."""
TRIES = 2
SLOTS = 32


class Path(NamedTuple):
    edge: Node
    server: Node
    path: str

    @override
    def __str__(self) -> str:
        return f"{self.edge.name} → {self.server.name} over {self.path}"


class PathCalls:
    def __init__(self, settings: Settings, secrets: Secrets, post: Callable[[Carried], None]) -> None:
        self._settings, self._secrets, self._post = settings, secrets, post
        self._slots: Iterator[int] = count()
        self._running: set[str] = set()
        self._log = log.get("test-calls")

    async def call(self, order: TestCalls) -> None:
        """Every path, one after the other; the outcome is posted."""
        if order.order in self._running:
            return
        self._running.add(order.order)
        try:
            servers = [node for node in self._settings.node if node.name in order.nodes]
            faults: list[str] = []
            paths = 0
            for edge in self._settings.nodes(Role.EDGE):
                mine = [Path(edge, server, path) for server in servers for path in PATHS]
                paths += len(mine)
                faults += await self._call_from(edge, mine)
        finally:
            self._running.discard(order.order)
        said = f"{paths - len(faults)} of {paths} paths answer" + (f"; {'; '.join(faults)}" if faults else "")
        self._log.info("test calls", order=order.order, said=said)
        self._post(Carried(order.order, not faults, said))

    async def _call_from(self, edge: Node, paths: list[Path]) -> list[str]:
        """What is wrong with each of these paths that is not well."""
        why = ""
        for own in PATHS:
            try:
                async with visit(edge, own, self._secrets.of(edge.name)) as guest:
                    found = [await self._try(guest, path) for path in paths]
                    return [f"{path}: {fault}" for path, fault in zip(paths, found, strict=True) if fault]
            except LifeFailedError as failed:
                why = f"{edge.name} takes no order over {own}: {failed}"
        return [f"{path}: {why}" for path in paths]

    async def _try(self, guest: Visit, path: Path) -> str:
        """Empty: it was answered, and heard."""
        fault = ""
        for _ in range(TRIES):
            fault = await self._once(guest, path)
            if not fault:
                break
        return fault

    async def _once(self, guest: Visit, path: Path) -> str:
        name, slot = randomness.token_hex(8), next(self._slots) % SLOTS + 1
        ordered = await guest.do(**order(path, name, slot))
        if ordered.result is not Result.DONE:
            return f"the edge refuses to call: {ordered.message or ordered.result.value}"
        until = asyncio.get_running_loop().time() + HEARD_WITHIN_SECONDS
        while asyncio.get_running_loop().time() < until:
            await asyncio.sleep(LOOK_SECONDS)
            whose, _, packets = (await guest.get(f"CTI_PATH_{slot}")).partition(":")
            if whose == name:
                heard = int(packets) if packets.isdigit() else 0
                return "" if heard >= LEAST_PACKETS else f"answered, and {heard} packets of voice were heard"
        return "not answered"


def order(path: Path, name: str, slot: int) -> dict[str, str]:
    """The AMI action. `Async`: the answer is read from the line's variable."""
    return {
        "Action": "Originate",
        "Channel": f"PJSIP/{path.server.name}/sip:cti-test@{path.server.sip.of(path.path)}",
        "Context": "cti-path",
        "Exten": "s",
        "Priority": "1",
        "Timeout": f"{RING_SECONDS * 1000:.0f}",
        "Async": "true",
        "Variable": f"CTI_PATH_CALL={name},CTI_SLOT={slot}",
    }
