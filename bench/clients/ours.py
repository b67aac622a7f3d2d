"""Our whole pipeline on one link: bytes → framing → proof → events → runner → engine's state, and the metrics page four times a
second and at the end. What a second (spare) session costs is in the figures of real traffic (`bench.traffic`)."""

import asyncio
import secrets
import tempfile
from pathlib import Path

from typing_extensions import override

from bench import stream
from bench.clients.site import begin, settings_of_sample
from bench.clients.stopwatch import LOGIN, Stopwatch
from cti_daemon.engine import Engine
from cti_daemon.model.ids import NodeName, PathName
from cti_daemon.shell.ami.session import Session
from cti_daemon.shell.journal import Journal
from cti_daemon.shell.metrics import Metrics
from cti_daemon.shell.runner import Runner
from cti_daemon.wire.ami_action import ActionIds
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.ami_stream import Tally
from cti_daemon.wire.one_stream import OneStream

NODE, PATH = NodeName("pbx-a"), PathName("a")
SCRAPE_EVERY_SECONDS = 0.25


class Ears:
    """What `Life` and `NodeLinks` do with a block, without the second link."""

    def __init__(self, one_stream: OneStream) -> None:
        self._stream = one_stream
        self.refused = 0

    def hear(self, kind: bytes, block: bytes) -> None:
        is_mark = kind == b"UserEvent" and b"CtiHeartbeat" in block
        self._stream.hear(PATH, 1, kind, block, is_mark=is_mark)

    def hear_booted(self) -> None:
        """Not awaited here."""

    def hear_refused(self, kind: str, _why: str) -> None:
        self.refused += kind != "(response)"  # of the login, which was sent by hand

    def hear_lost(self, _exc: Exception | None) -> None:
        """The end of the run."""


class Counted(Session):
    """Says when all events are in."""

    def __init__(self, proof: Proof, tally: Tally, ears: Ears, watch: Stopwatch, done: "asyncio.Future[None]") -> None:
        super().__init__(proof, tally, ActionIds(secrets.token_hex(16)), ears)
        self._counted, self._watch, self._done = tally, watch, done

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if isinstance(transport, asyncio.Transport):
            transport.write(LOGIN)

    @override
    def data_received(self, data: bytes) -> None:
        self._watch.start()
        super().data_received(data)
        if self._counted.events >= self._watch.events and not self._done.done():
            self._done.set_result(None)


async def main() -> None:
    watch = Stopwatch()
    loop = asyncio.get_running_loop()
    settings = settings_of_sample()
    engine = Engine(settings, None, secrets.token_bytes(32), loop.time())
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.sqlite")
        await journal.open()
        runner = Runner(engine, journal, settings.detection.stall, lambda _: None)
        runner.start({})
        metrics = Metrics(settings, runner.view)
        one_stream = OneStream(NODE, Proof(stream.SYSTEM_NAME), runner.post, lambda: None)
        one_stream.begin(PATH)
        begin(NODE, PATH, runner.post)
        done: asyncio.Future[None] = loop.create_future()
        ears = Ears(one_stream)
        tally = Tally()
        await loop.create_connection(lambda: Counted(Proof(stream.SYSTEM_NAME), tally, ears, watch, done), "127.0.0.1", watch.port)
        scraping = asyncio.create_task(_scrape(metrics))
        await done
        page = await metrics.page()
        counted = engine.view(loop.time()).queues
        scraping.cancel()
        kpi = next((queue.kpi for queue in counted if queue.name == stream.QUEUE and queue.kpi is not None), None)
        outcomes = kpi.outcomes if kpi is not None else {}
        watch.stop(outcomes=outcomes, refused=ears.refused + one_stream.refused_blocks, page_bytes=len(page))
        await runner.stop()
        await journal.close()


async def _scrape(metrics: Metrics) -> None:
    while True:
        await asyncio.sleep(SCRAPE_EVERY_SECONDS)
        await metrics.page()


if __name__ == "__main__":
    asyncio.run(main())
