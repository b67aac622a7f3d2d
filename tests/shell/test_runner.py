"""The runner: persist, then act, and in the order in which the core spoke."""

import asyncio
from typing import Any

from typing_extensions import override

from cti_daemon.engine import Engine
from cti_daemon.model.effects import Effect, Record, Report
from cti_daemon.model.events import Event, ObserverStalled, Tick
from cti_daemon.shell.journal import JournalStats, Stored
from cti_daemon.shell.runner import Runner
from tests.sim.world import settings


class SlowJournal:
    """A journal whose disk answers when it is told to."""

    def __init__(self) -> None:
        self.stats = JournalStats()
        self.may_write = asyncio.Event()
        self.result = Stored.DURABLE

    async def append(self, *_records: Record) -> Stored:
        await self.may_write.wait()
        return self.result


class ScriptedEngine(Engine):
    """The real engine's surface; what it says is given by the test."""

    def __init__(self, at: float) -> None:
        super().__init__(settings(), None, b"key", at)
        self.script: list[list[Effect]] = []
        self.fed: list[Event] = []
        self.next_at = float("inf")

    @override
    def feed(self, event: Event, at: float) -> list[Effect]:
        self.fed.append(event)
        return self.script.pop(0) if self.script else []


def _say(text: str) -> Report:
    return Report("alarm", "info", text)


async def _runner(journal: SlowJournal, done: list[str]) -> tuple[Runner, ScriptedEngine]:
    engine = ScriptedEngine(asyncio.get_running_loop().time())
    runner = Runner(engine, journal, 0.15, lambda _lag: None)  # type: ignore[arg-type]

    def tell(reports: list[Any]) -> None:
        done.extend(report.text for report in reports)

    runner.start({Report: tell})
    engine.fed.clear()
    return runner, engine


async def test_nothing_overtakes_a_batch_that_waits_for_the_journal() -> None:
    """ "Persist, then act": a later redirect must not reach the edge before the route of the decision it belongs to."""
    journal, done = SlowJournal(), list[str]()
    runner, engine = await _runner(journal, done)
    engine.script = [[Record("failover_intent"), _say("route")], [_say("redirect of a late caller")]]
    runner.post(Tick())
    runner.post(Tick())
    assert done == []
    journal.may_write.set()
    await asyncio.wait_for(_until(lambda: len(done) == 2), 5)
    assert done == ["route", "redirect of a late caller"]
    await runner.stop()


async def test_a_disk_that_does_not_answer_does_not_silence_the_hotline() -> None:
    """ "Where the disk fails, act anyway, say so loudly, and catch up"."""
    journal, done = SlowJournal(), list[str]()
    runner, engine = await _runner(journal, done)
    engine.script = [[Record("failover_intent"), _say("route")]]
    runner.post(Tick())
    await asyncio.wait_for(_until(lambda: done == ["route"]), 5)
    await runner.stop()


async def test_what_is_on_its_way_when_we_stop_is_still_done() -> None:
    journal, done = SlowJournal(), list[str]()
    runner, engine = await _runner(journal, done)
    engine.script = [[Record("failover_intent"), _say("route")]]
    runner.post(Tick())
    journal.may_write.set()
    await runner.stop()
    assert done == ["route"]


async def test_a_pause_of_our_own_is_told_before_anything_is_judged() -> None:
    """F5: "a stalled observer convicts nobody"."""
    runner, engine = await _runner(SlowJournal(), [])
    runner._beat_at -= 10.0
    runner.post(Tick())
    assert isinstance(engine.fed[0], ObserverStalled)
    assert isinstance(engine.fed[1], Tick)
    await runner.stop()


async def _until(condition: Any) -> None:
    while not condition():  # noqa: ASYNC110 - the condition is a plain list's, nobody sets an event
        await asyncio.sleep(0)
