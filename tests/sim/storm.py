"""One seeded run: the real core in a world of faults and callers, judged by the invariants. Same seed, same run, to the letter."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from cti_daemon.model.effects import Answer, Effect, Record, RescueLeg
from cti_daemon.model.events import Command, Event, SeatTalking
from cti_daemon.model.ids import NodeName
from tests.sim.agents import Agents
from tests.sim.clock import Clock
from tests.sim.daemon import Daemon
from tests.sim.edge import Edge, Leg
from tests.sim.faults import Fault, Kind
from tests.sim.invariants import Invariants
from tests.sim.marks import name
from tests.sim.people import Person
from tests.sim.process import line
from tests.sim.promises import Breach
from tests.sim.schedule import Caller, Schedule, draw
from tests.sim.truth import Truth
from tests.sim.world import EDGE, settings


@dataclass(frozen=True, slots=True)
class Finding:
    """What a run showed. `failovers` and `redirects` say that something was tried at all."""

    seed: int
    name: str
    breaches: tuple[Breach, ...]
    transcript: tuple[str, ...]
    failovers: int
    redirects: int
    causes: int
    unserved: int

    def without_transcript(self) -> "Finding":
        return replace(self, transcript=())


class Storm:
    def __init__(self, seed: int, schedule: Schedule | None = None) -> None:
        self.seed, self.schedule = seed, schedule or draw(seed)
        self._chance = Random(f"world {seed}")
        site = settings(self.schedule.failover)
        nodes = [NodeName(node.name) for node in site.node]
        self.clock, self.truth = Clock(), Truth(nodes)
        self.edge = Edge(self.clock, self.truth, self._chance)
        self.daemon = Daemon(self.clock, self.truth, self.edge, self._chance, site)
        self.agents = Agents(self.truth, self.edge, self.daemon, Random(f"agents {seed}"))
        self.invariants = Invariants(self.clock, self.truth, self.edge, self.daemon)
        self._person = Person(self.clock, self.daemon.post)
        self._transcript: list[str] = []
        self._failovers = self._redirects = 0
        self._points_left: int | None = None
        self.on_point: Callable[[str], None] = lambda _name: None
        """Told every point that is passed; may kill."""
        self.edge.emit = self.edge.halves.emit = self._emit
        self.edge.on_hang_up = self.invariants.hung_up
        self.edge.on_redirect = self._redirected
        self.edge.on_globals = self._globals_set
        self.daemon.on_effect = self._decided
        self.daemon.on_start = self._started
        self.daemon.on_feed = self._fed
        self.daemon.on_point = self._pass
        self.daemon.on_death = lambda: self._say("-- the daemon is killed")

    def run(self) -> Finding:
        for fault in self.schedule.faults:
            self.clock.at(fault.at, partial(self._begin, fault))
        for caller in self.schedule.callers:
            self.clock.at(caller.at, partial(self._call, caller))
        self.agents.begin()
        for wish in self.schedule.wishes:
            self.clock.at(wish.at, partial(self._person.wish, wish))
        self.daemon.start()
        self.clock.run(self.schedule.until)
        self.invariants.ended()
        for uniqueid in self.invariants.unserved:
            self._say(f"-- {uniqueid} hears nothing: its node died unseen")
        breaches = tuple(self.invariants.breaches)
        lines = sorted([*self._transcript, *map(str, breaches)], key=lambda line: float(line[:8]))
        return Finding(
            self.seed,
            self.schedule.name,
            breaches,
            tuple(lines),
            self._failovers,
            self._redirects,
            len(self.truth.causes),
            len(self.invariants.unserved),
        )

    # --- callers ----------------------------------------------------------------------------------------------------

    def _call(self, caller: Caller) -> None:
        self.edge.arrive(Leg(caller.uniqueid, caller.pick_up_seconds, caller.is_quiet, caller.talk_seconds))
        self.clock.at(caller.hangs_up_at, lambda: self.edge.when_awake(partial(self.edge.hang_up, caller.uniqueid)))

    def _emit(self, node: NodeName, event: Event) -> None:
        if not self.daemon.is_dead:
            self.daemon.wires.deliver(node, event)

    # --- faults -----------------------------------------------------------------------------------------------------

    def _begin(self, fault: Fault) -> None:
        self._say(f"-- {fault} (until {fault.until:.3f})")
        self.truth.begin(fault, self.clock.now)
        self.clock.at(fault.until, partial(self._end, fault))
        node = EDGE if fault.kind is Kind.EDGE_KILL else fault.node
        if fault.kind is Kind.EDGE_KILL:
            self.edge.boot()
        if fault.kind is Kind.KILL and node is not None:
            self.edge.halves.die(node)
            self.agents.restart(node)
        if fault.kind in (Kind.KILL, Kind.AMI_REFUSED, Kind.EDGE_KILL) and node is not None and not self.daemon.is_dead:
            self.daemon.wires.closed_by_kernel(node)
        match fault.kind:
            case Kind.SEATS_GONE if node is not None:
                self.daemon.tell_seats(node)
            case Kind.STALL:
                self.daemon.stall(fault.until - fault.at)
            case Kind.STARVED:
                self._starve(fault)
            case Kind.RESTART if fault.after_points is None:
                self.daemon.kill()
            case Kind.RESTART:
                self.kill_at(fault.after_points)
            case _:
                pass

    def _end(self, fault: Fault) -> None:
        self._say(f"-- end of {fault}")
        self.truth.end(fault, self.clock.now)
        if fault.kind is Kind.KILL and fault.node is not None:
            node = fault.node
            self.clock.after(self._chance.uniform(0.1, 1.5), lambda: self.truth.booted(node, self.clock.now))
        elif fault.kind is Kind.SEATS_GONE and fault.node is not None:
            self.daemon.tell_seats(fault.node)
        elif fault.kind is Kind.EDGE_FROZEN:
            self.edge.thaw()
        elif fault.kind is Kind.RESTART:
            self.kill_at(None)
            if self.daemon.is_dead:
                if fault.journal_lost:
                    self.invariants.is_journal_lost = True
                    self.invariants.decisions.forget()
                self.daemon.start(journal_lost=fault.journal_lost)

    def kill_at(self, number: int | None) -> None:
        """Kill the daemon at the so many-th point from now on; None: at none."""
        self._points_left = number

    def _pass(self, when: str, what: Event | Effect) -> None:
        """A point at which the daemon may die."""
        point = name(what)
        if point is None:
            return
        self.on_point(f"{when} {point}")
        if self._points_left is not None:
            self._points_left -= 1
            if self._points_left < 0:
                self._points_left = None
                self._say(f"-- {when} {point}:")
                self.daemon.kill()

    def _starve(self, fault: Fault) -> None:
        if fault in self.truth.active:
            seconds = self._chance.uniform(0.05, 0.45)
            self.daemon.stall(seconds)
            self.clock.after(seconds + self._chance.uniform(0.02, 0.15), partial(self._starve, fault))

    # --- what is seen -----------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        self._transcript.append(f"{self.clock.now:8.3f}  {text}")

    def _started(self) -> None:
        """A new daemon knows of a conversation only what hangs on the caller's leg."""
        self._say("-- the daemon starts")
        for leg in self.edge.legs.values():
            leg.is_talk_known = bool(leg.dialog)

    def _fed(self, event: Event) -> None:
        if isinstance(event, Command):
            self._say(f"-- {event.user}: {event.verb} {event.args or ''}{' (dry run)' if event.dry_run else ''}")
            self.invariants.decisions.heard(event)
        if isinstance(event, SeatTalking):
            for leg in self.edge.legs.values():
                if leg.token == event.token:
                    leg.is_talk_known = True

    def _decided(self, effect: Effect) -> None:
        self.invariants.decided(effect)
        if isinstance(effect, Answer):
            self._person.hear(effect)
        self._failovers += isinstance(effect, Record) and effect.kind == "failover_intent"
        told = line(effect)
        if told is not None:
            self._say(told)

    def _redirected(self, leg: Leg, effect: RescueLeg) -> None:
        self._redirects += 1
        self._say(f"edge     redirects {leg.uniqueid} off {leg.node}, chosen in epoch {leg.epoch}")
        self.invariants.redirected(leg, effect)

    def _globals_set(self) -> None:
        self._say(f"edge     holds {','.join(self.edge.route)} epoch {self.edge.epoch}")
        self.invariants.globals_set()
