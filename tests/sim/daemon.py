"""The daemon as a process: the real core, its journal, and a shell that does what the core says, in the core's order.

It can be killed between any two effects, stall, and be started again from what its journal had made durable."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

from cti_daemon.engine import Engine
from cti_daemon.model.effects import (
    Answer,
    AskEdge,
    AttachDialog,
    Effect,
    ListEdge,
    ProbeNode,
    Record,
    Report,
    RescueLeg,
    SampleAudio,
    SetRoute,
    SetVia,
)
from cti_daemon.model.events import Event, MemberSeen, Membership, ObserverStalled, Outcome, QueuesListed, Tick
from cti_daemon.model.ids import Interface, NodeName, QueueName, SeatName
from cti_daemon.model.reasons import Result
from cti_daemon.model.records import Standing
from cti_daemon.model.settings import Settings
from cti_daemon.wire.standing import standing
from tests.sim.clock import Clock
from tests.sim.edge import Deed, Edge
from tests.sim.faults import Kind
from tests.sim.questions import Ear, Eye
from tests.sim.truth import Truth
from tests.sim.wires import Wires
from tests.sim.world import EDGE

ACTION_SECONDS = 0.5
COMPARE_SECONDS = 10.0
DISK_SECONDS, SLOW_DISK_SECONDS, DISK_PATIENCE_SECONDS = 0.0004, 0.12, 0.05


class Daemon:
    def __init__(self, clock: Clock, truth: Truth, edge: Edge, chance: Random, settings: Settings) -> None:
        self._clock, self._truth, self._edge, self._chance = clock, truth, edge, chance
        self._settings = settings
        self.on_effect: Callable[[Effect], None] = lambda _effect: None
        self.on_start: Callable[[], None] = lambda: None
        self.on_feed: Callable[[Event], None] = lambda _event: None
        self.journal: list[Record] = []
        self.dies_after: int | None = None
        """Killed when so many effects of the next failover are done."""
        self.on_death: Callable[[], None] = lambda: None
        self.life = 0
        self.is_dead = True
        self.started_at = 0.0
        self.stalled_until = 0.0
        self._heard: list[Event] = []
        self._written_at, self._is_write_lost = -1.0, False

    # --- life and death ---------------------------------------------------------------------------------------------

    def start(self, *, journal_lost: bool = False) -> None:
        self.life += 1
        self.is_dead, self.started_at, self._heard, self.stalled_until = False, self._clock.now, [], 0.0
        self._tick_at, self._free_at = float("inf"), 0.0
        if journal_lost:
            self.journal.clear()
        self.engine = Engine(self._settings, self._recovered(), b"confirm", self._clock.now)
        heartbeat = self._settings.detection.heartbeat
        self.wires = Wires(self._clock, self._truth, self._chance, heartbeat, self.post, self._list)
        self.wires.is_awake = lambda: self._clock.now >= self.stalled_until
        self._eye = Eye(self._clock, self._truth, self._edge, self.wires, self._settings.detection)
        self._ear = Ear(self._clock, self._edge, self.wires)
        self._clock.after(COMPARE_SECONDS, partial(self._compare, self.life))
        self.on_start()
        self._feed(Tick())

    def kill(self) -> None:
        if not self.is_dead:
            self.is_dead, self.dies_after = True, None
            self.wires.close()
            self.on_death()

    def stall(self, seconds: float) -> None:
        """Nothing is read or done; what comes waits in the sockets, each in its own order."""
        if self.is_dead or self._clock.now < self.stalled_until:
            return
        self.stalled_until = self._clock.now + seconds
        self._clock.at(self.stalled_until, partial(self._awake, seconds, self.life))

    def _awake(self, seconds: float, life: int) -> None:
        if self.is_dead or life != self.life:
            return
        if seconds > self._settings.detection.stall:
            self._feed(ObserverStalled(seconds))
        heard, self._heard = self._heard, []
        for event in heard:
            self._feed(event)
        self._feed(Tick())

    def _recovered(self) -> Standing | None:
        """As the journal's file does it (`shell/journal_file.py`)."""
        routes = [record for record in self.journal if record.kind in ("route", "failover_intent")]
        intents = [record for record in routes if record.kind == "failover_intent"]
        done = {record.data["epoch"] for record in self.journal if record.kind == "failover_done"}
        is_open = bool(intents) and intents[-1].data["epoch"] not in done
        return standing(routes[-1].data if routes else None, intents[-1].data if is_open else None)

    # --- in ---------------------------------------------------------------------------------------------------------

    def post(self, event: Event) -> None:
        if self.is_dead:
            return
        if self._clock.now < self.stalled_until:
            self._heard.append(event)
        else:
            self._feed(event)

    def _feed(self, event: Event) -> None:
        self.on_feed(event)
        effects = self.engine.feed(event, self._clock.now)
        if effects:
            self._act(effects)
        if not self.is_dead:
            self._wake()

    def _wake(self) -> None:
        wanted = max(self.engine.next_at, self._clock.now)
        if wanted < self._tick_at:
            self._tick_at = wanted
            self._clock.at(wanted, partial(self._tick, self.life))

    def _tick(self, life: int) -> None:
        if life != self.life or self.is_dead:
            return
        self._tick_at = float("inf")
        if self._clock.now < self.stalled_until:
            return  # `_awake` ticks
        if self._clock.now >= self.engine.next_at:
            self._feed(Tick())
        else:
            self._wake()

    # --- out --------------------------------------------------------------------------------------------------------

    def _act(self, effects: list[Effect]) -> None:
        """The order of batches is the order of doing; what is to be durable is waited for, a bounded time."""
        records = [effect for effect in effects if isinstance(effect, Record)]
        for effect in effects:
            self.on_effect(effect)
        begins_at = max(self._clock.now, self._free_at)
        if not records and begins_at <= self._clock.now:
            self._do(effects)
            return
        if records:
            slow = self._truth.is_active(Kind.SLOW_DISK)
            self._clock.at(begins_at + (SLOW_DISK_SECONDS if slow else DISK_SECONDS), partial(self._store, records, self.life))
            begins_at += DISK_PATIENCE_SECONDS if slow else DISK_SECONDS
        self._free_at = begins_at
        is_failover = any(record.kind == "failover_intent" for record in records)
        dying = is_failover and self.dies_after is not None
        self._clock.at(begins_at, partial(self._do_after, effects[len(records) :], self.life, dying=dying))

    def _store(self, records: list[Record], life: int) -> None:
        if life == self.life and not self.is_dead:
            self.journal.extend(records)

    def _do_after(self, effects: list[Effect], life: int, *, dying: bool) -> None:
        if life != self.life or self.is_dead:
            return
        if dying:
            self._do(effects[: self.dies_after])
            self.kill()
        else:
            self._do(effects)

    def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case SetRoute() | SetVia() | AttachDialog() | RescueLeg():
                    self._order(effect)
                case AskEdge(node=node):
                    self._eye.ask(node)
                case SampleAudio():
                    self._ear.sample(effect)
                case ProbeNode(node=node, every_seconds=every):
                    self.wires.probe(node, every)
                case ListEdge(edge=edge):
                    self._list(edge)
                case Report() | Answer() | Record():
                    pass
                case _:
                    raise AssertionError(effect)

    def _order(self, deed: Deed) -> None:
        """One action at the edge, tried once. Its answer, or that there is none, comes back as an outcome."""
        life = self.life
        is_told = False

        def tell(result: Result) -> None:
            nonlocal is_told
            if not is_told and life == self.life:
                is_told = True
                self.post(Outcome(deed.effect_id, result))

        up = self.wires.up(EDGE)
        if not up or self.is_dead:
            self._clock.after(0.0, partial(tell, Result.FAILED))
            return
        link = next((link for link in reversed(up) if link.is_fresh), max(up, key=lambda link: link.alive_at))
        session = link.lives

        def give_up() -> None:
            """An order without an answer must not be carried out later: its session is ended."""
            if not is_told and life == self.life and not self.is_dead:
                link.end(session)
            tell(Result.UNKNOWN)

        self._clock.after(ACTION_SECONDS, give_up)
        if not link.carries or self._is_order_lost():
            return
        is_answered = self._chance.random() >= self._truth.level(Kind.ANSWERS_LOST)

        def execute() -> None:
            result = self._edge.do(deed)
            if is_answered:
                self._clock.after(0.001, partial(tell, result))

        self._clock.at(link.order_arrives_at(), lambda: self._edge.when_awake(execute))

    def _is_order_lost(self) -> bool:
        """What leaves in one write shares its fate."""
        if self._clock.now != self._written_at:
            self._written_at = self._clock.now
            self._is_write_lost = self._chance.random() < self._truth.level(Kind.ORDERS_LOST)
        return self._is_write_lost

    # --- snapshots --------------------------------------------------------------------------------------------------

    def _list(self, node: NodeName) -> None:
        """A picture of the node, in order with its events."""
        self._clock.after(self.wires.trip_seconds(node), partial(self._picture, node, self.wires, self._clock.now))

    def _picture(self, node: NodeName, wires: Wires, asked_at: float) -> None:
        if node == EDGE:
            self._edge.when_awake(lambda: wires.deliver(EDGE, replace(self._edge.listing(), took_seconds=self._clock.now - asked_at)))
        elif self._truth.ami_lives(node):
            seats = [SeatName(f"seat{n}") for n in range(1, 4)]
            members = tuple(
                MemberSeen(node, Membership(QueueName("hotline"), Interface(f"PJSIP/{seat}"), seat), 1, in_call=False) for seat in seats
            )
            wires.deliver(node, QueuesListed(node, members, ()))

    def _compare(self, life: int) -> None:
        if life == self.life and not self.is_dead:
            for node in self._truth.nodes:
                if self.wires.up(node):
                    self._list(node)
            self._clock.after(COMPARE_SECONDS, partial(self._compare, life))
