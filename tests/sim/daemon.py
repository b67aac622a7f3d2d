"""The daemon as a process: the real core, its journal, and a shell that does what the core says, in the core's order.

It can be killed between any two effects, stall, and be started again from what its journal had made durable."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

from typing_extensions import override

from cti_daemon.model.drills import CallSeat
from cti_daemon.model.effects import (
    Answer,
    AskEdge,
    Effect,
    HangUp,
    ProbeNode,
    Record,
    Report,
    SampleAudio,
    SetMember,
)
from cti_daemon.model.events import Event, MemberSeen, ObserverStalled, Outcome, Tick
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Result
from cti_daemon.model.records import Standing
from cti_daemon.model.settings import Settings
from cti_daemon.wire.standing import standing, standing_orders
from tests.sim.clock import Clock
from tests.sim.edge import Edge
from tests.sim.faults import Kind
from tests.sim.members import SEATS, listed, obey, seen, static_members
from tests.sim.process import Deed, EdgeDeed, Process
from tests.sim.questions import Ear, Eye
from tests.sim.truth import Truth
from tests.sim.wires import Wires
from tests.sim.world import EDGE

ACTION_SECONDS = 0.5
COMPARE_SECONDS = 10.0
DISK_SECONDS, SLOW_DISK_SECONDS, DISK_PATIENCE_SECONDS = 0.0004, 0.12, 0.05


class Daemon(Process):
    def __init__(self, clock: Clock, truth: Truth, edge: Edge, chance: Random, settings: Settings) -> None:
        super().__init__(clock, settings)
        self._truth, self._edge, self._chance = truth, edge, chance
        self.on_effect: Callable[[Effect], None] = lambda _effect: None
        self.on_start: Callable[[], None] = lambda: None
        self.on_feed: Callable[[Event], None] = lambda _event: None
        self.on_point: Callable[[str, Event | Effect], None] = lambda _when, _what: None
        """Told before and after all that is heard and done; may kill."""
        self.on_death: Callable[[], None] = lambda: None
        self.journal: list[Record] = []
        self._orders: tuple[float, Record] | None = None
        """The last entry of standing orders, and when it was written."""
        self.started_at = 0.0
        self.stalled_until = 0.0
        self._heard: list[Event] = []
        self.members = {node: static_members(SEATS) for node in truth.nodes}
        self._written_at, self._is_write_lost = -1.0, False

    # --- life and death ---------------------------------------------------------------------------------------------

    def start(self, *, journal_lost: bool = False) -> None:
        self.started_at, self._heard, self.stalled_until = self.clock.now, [], 0.0
        self._free_at = 0.0
        if journal_lost:
            self.journal.clear()
            self._orders = None
        written = self._orders
        orders = standing_orders(written[1].data, self.clock.now - written[0]) if written is not None else None
        self.begin(self._recovered(), orders)
        lives = {NodeName(record.data["node"]): record.data["life"] for record in self.journal if record.kind == "node_life"}
        self.engine.halves.remember(lives)
        heartbeat = self.settings.detection.heartbeat
        self.wires = Wires(self.clock, self._truth, self._chance, heartbeat, self.post, self.take_picture)
        self.wires.is_awake = lambda: self.clock.now >= self.stalled_until
        self._eye = Eye(self.clock, self._truth, self._edge, self.wires, self.settings.detection)
        self._ear = Ear(self.clock, self._edge, self.wires)
        self.clock.after(COMPARE_SECONDS, partial(self._compare, self.life))
        self.on_start()
        self.tick()

    def kill(self) -> None:
        if not self.is_dead:
            self.is_dead = True
            self.wires.close()
            self.on_death()

    def stall(self, seconds: float) -> None:
        """Nothing is read or done; what comes waits in the sockets, each in its own order."""
        if self.is_dead or self.clock.now < self.stalled_until:
            return
        self.stalled_until = self.clock.now + seconds
        self.clock.at(self.stalled_until, partial(self._awake, seconds, self.life))

    def _awake(self, seconds: float, life: int) -> None:
        if self.is_dead or life != self.life:
            return
        if seconds > self.settings.detection.stall:
            self.feed(ObserverStalled(seconds))
        heard, self._heard = self._heard, []
        for event in heard:
            self.feed(event)
        self.feed(Tick())

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
        if self.clock.now < self.stalled_until:
            self._heard.append(event)
        else:
            self.feed(event)

    @override
    def feed(self, event: Event) -> None:
        if self._is_dead_at("before", event):
            return
        self.on_feed(event)
        super().feed(event)
        self._is_dead_at("after", event)

    @override
    def tick(self) -> None:
        if self.clock.now >= self.stalled_until:  # else `_awake` ticks
            super().tick()

    def _is_dead_at(self, when: str, what: Event | Effect) -> bool:
        if not self.is_dead:
            self.on_point(when, what)
        return self.is_dead

    # --- out --------------------------------------------------------------------------------------------------------

    @override
    def act(self, effects: list[Effect]) -> None:
        """The order of batches is the order of doing; what is to be durable is waited for, a bounded time."""
        records = [effect for effect in effects if isinstance(effect, Record)]
        for effect in effects:
            self.on_effect(effect)
        begins_at = max(self.clock.now, self._free_at)
        if not records and begins_at <= self.clock.now:
            self._do_all(effects)
            return
        if records:
            slow = self._truth.is_active(Kind.SLOW_DISK)
            self.clock.at(begins_at + (SLOW_DISK_SECONDS if slow else DISK_SECONDS), partial(self._store, records, self.life))
            begins_at += DISK_PATIENCE_SECONDS if slow else DISK_SECONDS
        self._free_at = begins_at
        self.clock.at(begins_at, partial(self._do_after, effects[len(records) :], self.life))

    def _store(self, records: list[Record], life: int) -> None:
        """One commit: all of it or nothing."""
        if self.lives(life) and not self._is_dead_at("before", records[0]):
            self.journal.extend(records)
            self._orders = next(((self.clock.now, record) for record in reversed(records) if record.kind == "orders"), self._orders)
            self._is_dead_at("after", records[0])

    def _do_after(self, effects: list[Effect], life: int) -> None:
        if self.lives(life):
            self._do_all(effects)

    def _do_all(self, effects: list[Effect]) -> None:
        for effect in effects:
            if self._is_dead_at("before", effect):
                return
            self.do(effect)
            if self._is_dead_at("after", effect):
                return

    @override
    def ask_edge(self, question: AskEdge) -> None:
        self._eye.ask(question.node)

    @override
    def sample_audio(self, question: SampleAudio) -> None:
        self._ear.sample(question)

    @override
    def probe(self, wish: ProbeNode) -> None:
        self.wires.probe(wish.node, wish.every_seconds)

    @override
    def tell(self, word: Record | Report | Answer) -> None:
        """People have been told by `on_effect`, the journal has been written."""

    @override
    def order(self, deed: Deed) -> None:
        """One action, tried once. Its answer, or that there is none, comes back as an outcome."""
        if isinstance(deed, SetMember):
            self._set_member(deed)
        elif not isinstance(deed, CallSeat):  # this site plans no drill
            self._order_edge(deed)

    def _order_edge(self, deed: EdgeDeed) -> None:
        life = self.life
        is_told = False

        def tell(result: Result) -> None:
            nonlocal is_told
            if not is_told and life == self.life:
                is_told = True
                self.post(Outcome(deed.effect_id, result))

        node = deed.node if isinstance(deed, HangUp) else deed.edge
        up = self.wires.up(node)
        if not up or self.is_dead:
            self.clock.after(0.0, partial(tell, Result.FAILED))
            return
        link = next((link for link in reversed(up) if link.is_fresh), max(up, key=lambda link: link.alive_at))
        session = link.lives

        def give_up() -> None:
            """An order without an answer must not be carried out later: its session is ended."""
            if not is_told and self.lives(life):
                link.end(session)
            tell(Result.UNKNOWN)

        self.clock.after(ACTION_SECONDS, give_up)
        if not link.carries or self._is_order_lost():
            return
        is_answered = self._chance.random() >= self._truth.level(Kind.ANSWERS_LOST)

        def execute() -> None:
            result = self._edge.do(deed)
            if life == self.life:
                self._is_dead_at("unanswered", deed)
            if is_answered:
                self.clock.after(0.001, partial(tell, result))

        self.clock.at(link.order_arrives_at(), lambda: self._edge.when_awake(execute) if node == EDGE else execute())

    def _set_member(self, deed: SetMember) -> None:
        """Done while the media server's manager lives, else nobody knows."""
        life, node, wires = self.life, deed.node, self.wires

        def execute() -> None:
            result, event = obey(self.members[node], deed) if self._truth.ami_lives(node) else (Result.UNKNOWN, None)
            if isinstance(event, MemberSeen):
                event = seen(node, event.membership, is_reachable=self._truth.has_seats(node))
            if event is not None:
                wires.deliver(node, event)
            if self.lives(life):
                self.post(Outcome(deed.effect_id, result))

        self.clock.after(wires.trip_seconds(node), execute)

    def _is_order_lost(self) -> bool:
        """What leaves in one write shares its fate."""
        if self.clock.now != self._written_at:
            self._written_at = self.clock.now
            self._is_write_lost = self._chance.random() < self._truth.level(Kind.ORDERS_LOST)
        return self._is_write_lost

    # --- snapshots --------------------------------------------------------------------------------------------------

    @override
    def take_picture(self, node: NodeName) -> None:
        """A picture of the node, in order with its events."""
        self.clock.after(self.wires.trip_seconds(node), partial(self._picture, node, self.wires, self.clock.now))

    def _picture(self, node: NodeName, wires: Wires, asked_at: float) -> None:
        if node == EDGE:
            self._edge.when_awake(lambda: wires.deliver(EDGE, replace(self._edge.listing(), took_seconds=self.clock.now - asked_at)))
        elif self._truth.ami_lives(node):
            wires.deliver(node, self._edge.halves.listing(node))
            wires.deliver(node, listed(node, self.members[node], reachable=None if self._truth.has_seats(node) else 0))

    def tell_seats(self, node: NodeName) -> None:
        """The node says of each member whether its phone can be reached now."""
        if not self.is_dead and self._truth.ami_lives(node):
            for member in self.members[node].values():
                self.wires.deliver(node, seen(node, member, is_reachable=self._truth.has_seats(node)))

    def _compare(self, life: int) -> None:
        if life == self.life and not self.is_dead:
            for node in self._truth.nodes:
                if self.wires.up(node):
                    self.take_picture(node)
            self.clock.after(COMPARE_SECONDS, partial(self._compare, life))
