"""A fake node and links to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest

from cti_daemon.model.events import Event
from cti_daemon.model.fields import Secret
from cti_daemon.model.reasons import Role
from cti_daemon.model.settings import Detection, Node, Paths
from cti_daemon.shell.ami.life import Patience
from cti_daemon.shell.ami.node_links import NodeLinks
from tests.shell.ami.fake_node import SECRET, FakeNode
from tests.wire.streams import NODE_SYSTEM

E = TypeVar("E")

CALM = Patience(connect=10, banner=10, login=10, boot=0.05, silent=30, stood=0, first_retry=0.01, last_retry=0.05, denied_retry=0.05)
"""Nothing but what a test does ends a link, however slow the machine is; tried again at once."""


class Watched:
    """Links to one fake node, and everything they post."""

    def __init__(self, fake: FakeNode, role: Role, patience: Patience = CALM, heartbeat: float = 0.2) -> None:
        self.fake = fake
        self.events: list[Event] = []
        self._changed = asyncio.Event()
        address = f"127.0.0.1:{fake.port}"
        node = Node(
            name="pbx-a",
            role=role,
            control=Paths(a=address, b=f"localhost:{fake.port}"),
            sip=Paths(a="127.0.0.1:5060", b="127.0.0.2:5060"),
            username="cti",
            secret=Secret(file="-"),
            system_name=Secret(file="-"),
        )
        detection = Detection(heartbeat=heartbeat, suspect_after=2 * heartbeat, dead_after=5 * heartbeat)
        self.links = NodeLinks(node, secret=SECRET, system_name=NODE_SYSTEM, detection=detection, post=self._post, patience=patience)
        self.task = asyncio.create_task(self.links.run())

    def _post(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, holds: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait for a condition; looked at after each event and now and then."""
        async with asyncio.timeout(seconds):
            while not holds():
                self._changed.clear()
                try:
                    async with asyncio.timeout(0.02):
                        await self._changed.wait()
                except TimeoutError:
                    continue

    async def until_both_up(self) -> None:
        await self.until(lambda: all(link.is_up and link.alive_at for link in self.links.links.values()))

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def fake() -> AsyncIterator[FakeNode]:
    node = FakeNode()
    await node.start()
    yield node
    await node.stop()


@pytest.fixture
async def watch(fake: FakeNode) -> AsyncIterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def make(role: Role = Role.EDGE, **how: object) -> Watched:
        made.append(Watched(fake, role, **how))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for watched in made:
        await watched.stop()
