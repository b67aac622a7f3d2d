"""A short visit to one Asterisk, over one control network, with the daemon's own account and proof."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cti_daemon.model.events import QueuesListed
from cti_daemon.model.ids import NodeName, PathName
from cti_daemon.model.reasons import Loss, Result
from cti_daemon.model.settings import Node
from cti_daemon.shell.ami.life import Door, Life, Patience
from cti_daemon.shell.ami.session import ListItems
from cti_daemon.shell.secret_files import NodeSecrets
from cti_daemon.wire.ami_list import ListRefused, queue_answer, read_queues
from cti_daemon.wire.ami_message import Reply
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.ami_stream import Tally

ANSWER_SECONDS = 3.0
HEARTBEAT_SECONDS = 1.0


@dataclass(slots=True)
class _Ears:
    """What was heard beside what was asked."""

    refused: list[str] = field(default_factory=list)

    def life_heard(self, _life: Life, _kind: bytes, _block: bytes, *, is_mark: bool) -> None:
        """Kinds are counted by the tally."""

    def life_refused(self, _life: Life, kind: str, why: str) -> None:
        self.refused.append(f"{kind}: {why}")

    def life_beats(self, _life: Life) -> None:
        """That one came back is known by `Life.open`."""

    def life_ended(self, _life: Life, loss: Loss) -> None:
        """Told by the error of whoever asks."""


class Visit:
    """A session that is logged in. Answers that do not come are a Reply UNKNOWN."""

    def __init__(self, node: Node, path: PathName, secrets: NodeSecrets) -> None:
        self.node = node
        host, _, port = node.control.of(path).rpartition(":")
        name = NodeName(node.name)
        door = Door(name, path, host, int(port), node.username, secrets.password)
        self.tally = Tally()
        self._ears = _Ears()
        proof = Proof(secrets.system_name)
        self._life = Life(
            door, proof=proof, tally=self.tally, witness=self._ears, patience=Patience(silent=2.0), heartbeat_seconds=HEARTBEAT_SECONDS
        )
        self.opened_seconds = 0.0

    @property
    def refused(self) -> list[str]:
        return self._ears.refused

    async def open(self) -> None:
        """Raises LifeFailedError (shell/ami/life.py)."""
        began = time.monotonic()
        await self._life.open()
        self.opened_seconds = time.monotonic() - began

    def close(self) -> None:
        self._life.close(Loss.CLOSED)

    async def do(self, **fields: str) -> Reply:
        try:
            return await asyncio.wait_for(self._life.session.send(fields), ANSWER_SECONDS)
        except TimeoutError:
            return Reply(Result.UNKNOWN, "no answer in time")

    async def get(self, variable: str) -> str:
        """A global variable or function; empty when there is none."""
        return (await self.do(Action="Getvar", Variable=variable)).value

    async def queues(self) -> QueuesListed | str:
        """The queues, or why they are not believed."""
        done: asyncio.Future[ListItems | ListRefused] = asyncio.get_running_loop().create_future()
        self._life.session.collect({"Action": "QueueStatus"}, queue_answer, done.set_result)
        try:
            items = await asyncio.wait_for(done, ANSWER_SECONDS)
        except TimeoutError:
            return "no answer in time"
        return items.why if isinstance(items, ListRefused) else read_queues(items, NodeName(self.node.name))


@asynccontextmanager
async def visit(node: Node, path: PathName, secrets: NodeSecrets) -> AsyncIterator[Visit]:
    """Raises LifeFailedError when nobody lets us in."""
    guest = Visit(node, path, secrets)
    await guest.open()
    try:
        yield guest
    finally:
        guest.close()
