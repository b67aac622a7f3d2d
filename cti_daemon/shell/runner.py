"""The engine's own loop: gives it the time, feeds it what is seen, and does what it says, in its order.

It is the one place where a batch of effects is taken apart, so the order holds here: what must be durable is waited for (a
bounded time: a full disk must not silence a hotline), then the world is touched, then people are told."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from cti_daemon.engine import Engine
from cti_daemon.model.effects import Effect, Record
from cti_daemon.model.events import Event, ObserverStalled, Tick
from cti_daemon.model.views import SiteView
from cti_daemon.shell import log
from cti_daemon.shell.journal import Journal, Stored

BEAT_SECONDS = 0.05
DURABLE_WITHIN_SECONDS = 0.05
"""How long a rescue waits for the disk. SQLite's commit takes 0.3 ms; a disk that takes longer than this is failing."""
VIEW_LASTS_SECONDS = 0.1


class Runner:
    """A doer takes all effects of one kind of a batch at once, on the loop; it must not block or raise."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        stall_seconds: float,
        on_beat: Callable[[float], None],
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._stall_seconds = stall_seconds
        self._on_beat = on_beat
        self._doers: Mapping[type[Any], Callable[[Any], None]] = {}
        self._is_stopping = False
        self._loop = asyncio.get_running_loop()
        self._beat_at = self._loop.time()
        self._tick: asyncio.TimerHandle | None = None
        self._tick_at = float("inf")
        self._beat: asyncio.TimerHandle | None = None
        self._waiting: deque[list[Effect]] = deque()
        """Batches that wait for the journal, and all that came after them: the order of batches is the order of doing."""
        self._acting: asyncio.Task[None] | None = None
        self._drawn: tuple[float, SiteView] | None = None
        self._log = log.get("runner")

    def start(self, doers: Mapping[type[Any], Callable[[Any], None]]) -> None:
        self._doers = doers
        self._beat_at = self._loop.time()
        self._beat = self._loop.call_later(BEAT_SECONDS, self._beats)
        self.post(Tick())

    async def stop(self) -> None:
        """Take no more events; finish what is on its way."""
        for timer in (self._tick, self._beat):
            if timer is not None:
                timer.cancel()
        self._is_stopping = True
        if self._acting is not None:
            await asyncio.wait({self._acting}, timeout=1.0)
        self._doers = {}

    # --- in ---------------------------------------------------------------------------------------------------------

    def post(self, event: Event) -> None:
        """Feed what was seen just now. Never blocks, never raises."""
        if self._is_stopping:
            return
        now = self._loop.time()
        late = now - self._beat_at - BEAT_SECONDS
        if late > self._stall_seconds:
            self._beat_at = now
            self._feed(ObserverStalled(late), now)
        self._feed(event, now)

    def _feed(self, event: Event, now: float) -> None:
        try:
            effects = self._engine.feed(event, now)
        except Exception:  # noqa: BLE001 - the last line of defence: one event we do not understand must not end the service
            self._log.exception("the engine failed on an event; it is dropped", kind=type(event).__name__)
            return
        if effects:
            self._drawn = None  # whoever is told of this may look at once
            self._act(effects)
        if self._engine.next_at < self._tick_at:
            self._wake()

    def _wake(self) -> None:
        """Have the engine called at the instant that it wants. A tick that comes too early asks again; it is not put off."""
        if self._tick is not None:
            self._tick.cancel()
        self._tick_at = self._engine.next_at
        self._tick = self._loop.call_at(self._tick_at, self._ticks)

    def _ticks(self) -> None:
        self._tick_at = float("inf")
        if self._loop.time() >= self._engine.next_at:
            self.post(Tick())
        else:
            self._wake()

    def _beats(self) -> None:
        """The pulse of the engine's own loop: feeds the watchdog, and shows when we did not run."""
        now = self._loop.time()
        lag = now - self._beat_at - BEAT_SECONDS
        self._on_beat(max(lag, 0.0))
        if lag > self._stall_seconds:
            self.post(Tick())
        self._beat_at = now
        self._beat = self._loop.call_later(BEAT_SECONDS, self._beats)

    # --- out --------------------------------------------------------------------------------------------------------

    def _act(self, effects: list[Effect]) -> None:
        if self._acting is None and not any(isinstance(effect, Record) and effect.is_awaited for effect in effects):
            self._do(effects)
            return
        self._waiting.append(effects)
        if self._acting is None:
            self._acting = self._loop.create_task(self._act_in_order(), name="act")

    async def _act_in_order(self) -> None:
        while self._waiting:
            effects = self._waiting.popleft()
            records = [effect for effect in effects if isinstance(effect, Record) and effect.is_awaited]
            if records:
                await self._persist(records)
            self._do([effect for effect in effects if not (isinstance(effect, Record) and effect.is_awaited)])
        self._acting = None

    async def _persist(self, records: list[Record]) -> None:
        writing = asyncio.ensure_future(self._journal.append(*records))
        done, _ = await asyncio.wait({writing}, timeout=DURABLE_WITHIN_SECONDS)
        if not done:
            self._log.error("the journal is slow; acting before the intent is durable", kinds=[r.kind for r in records])
        elif writing.result() is not Stored.DURABLE:
            self._log.error("the disk refuses the journal; acting all the same", fault=self._journal.stats.fault)

    def _do(self, effects: list[Effect]) -> None:
        batches: dict[type[Any], list[Effect]] = {}
        for effect in effects:
            batches.setdefault(type(effect), []).append(effect)
        for kind, batch in batches.items():
            doer = self._doers.get(kind)
            if doer is not None:
                doer(batch)

    # --- the picture ------------------------------------------------------------------------------------------------

    def view(self) -> SiteView:
        """The site as it is now; drawn anew at most every 0.1 s."""
        now = self._loop.time()
        if self._drawn is None or now - self._drawn[0] > VIEW_LASTS_SECONDS:
            self._drawn = (now, self._engine.view(now))
        return self._drawn[1]
