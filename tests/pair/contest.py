"""Two daemons contend for one lease, in virtual time: each with a clock of its own rate, over an edge that is slow, cut off or started
anew, while they are frozen, killed and started again. What decides is the real `Lease`; who may act is looked at at every instant."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from cti_daemon.model.lease import LeaseLost, LeaseTaken
from cti_daemon.model.pair import Pair
from cti_daemon.policy.lease import Lease
from cti_daemon.wire.lease_text import claim_text

DEADLINE_SECONDS = 0.375
DRIFT = 0.02


class BrokenPromiseError(AssertionError):
    """Two act, or nobody does though nothing hinders them."""


@dataclass
class Edge:
    """Two registers; each operation happens at one instant."""

    lease: str = ""
    pulse: str = ""
    life: int = 0


@dataclass
class Daemon:
    name: str
    rate: float
    offset: float
    settings: Pair
    is_alive: bool = True
    is_frozen: bool = False
    is_cut_off: bool = False
    life: int = 0
    lease: Lease = field(init=False)
    held_back: list[Callable[[], None]] = field(default_factory=list)
    last_nonce: str = ""
    lost: int = 0
    taken: list[LeaseTaken] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.life += 1
        self.lease = Lease(self.name, self.settings, f"{self.name}{self.life}", self.last_nonce)


class Contest:
    """`calm_after`: from then on nothing bad begins, and what was bad ends."""

    def __init__(self, seed: int, settings: Pair, *, calm_after: float = 40.0, seconds: float = 60.0) -> None:
        self._chance = random.Random(seed)
        self._settings = settings
        self._calm_after, self._seconds = calm_after, seconds
        self.now = 0.0
        self._numbers = count()
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self.edge = Edge()
        self.daemons = [
            Daemon(name, 1 + self._chance.uniform(-DRIFT, DRIFT), self._chance.uniform(0, 1000), settings) for name in ("cti-1", "cti-2")
        ]
        self.acted: list[tuple[float, str]] = []
        self.idle_since: float | None = 0.0

    def run(self) -> None:
        chance = self._chance
        for daemon in self.daemons:
            begin = self._turn(daemon, daemon.life)
            self._at(chance.choice((0.0, chance.uniform(0, 3))), begin)
        at = 0.0
        while at < self._calm_after:
            at += chance.expovariate(1 / 2.5)
            self._at(at, self._mishap)
        while self._queue and self._queue[0][0] < self._seconds:
            self.now, _, happen = heapq.heappop(self._queue)
            happen()
            self._watch()

    # --- what must hold ---------------------------------------------------------------------------------------------

    def acting(self) -> list[Daemon]:
        return [d for d in self.daemons if d.is_alive and not d.is_frozen and d.lease.may_act(self.clock(d))]

    def _watch(self) -> None:
        acting = self.acting()
        if len(acting) > 1:
            raise BrokenPromiseError(f"both act at {self.now:.3f}")
        if acting:
            self.idle_since = None
            if not self.acted or self.acted[-1][1] != acting[0].name:
                self.acted.append((self.now, acting[0].name))
        elif self.idle_since is None:
            self.idle_since = self.now
        settings = self._settings
        bound = (settings.silent_after + settings.take_after) * (1 + 2 * DRIFT) + 4 * settings.renew + 2 * DEADLINE_SECONDS
        if self.idle_since is not None and self.now - max(self.idle_since, self._calm_after + 6.0) > bound:
            raise BrokenPromiseError(f"nobody has acted since {self.idle_since:.3f}; it is {self.now:.3f}")

    # --- a daemon's life --------------------------------------------------------------------------------------------

    def clock(self, daemon: Daemon) -> float:
        return daemon.offset + daemon.rate * self.now

    def _at(self, at: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (max(at, self.now), next(self._numbers), happen))

    def _for(self, daemon: Daemon, life: int, happen: Callable[[], None]) -> Callable[[], None]:
        """What a process does; a frozen one does it when it runs again, a dead one never."""

        def when_it_runs() -> None:
            if daemon.life != life or not daemon.is_alive:
                return
            if daemon.is_frozen:
                daemon.held_back.append(when_it_runs)
            else:
                happen()

        return when_it_runs

    def _turn(self, daemon: Daemon, life: int) -> Callable[[], None]:
        """As the shell does it: look (and beat), then claim where the core says so, then tell the core."""

        def begin() -> None:
            asked_at = self.clock(daemon)
            found: dict[str, str] = {}
            beat = daemon.lease.pulse({"term": daemon.lease.term})
            deeds: list[Callable[[], Any]] = [lambda: found.update(lease=self.edge.lease)]
            if beat is not None:
                deeds.append(lambda: setattr(self.edge, "pulse", beat))
            deeds.append(lambda: found.update(pulse=self.edge.pulse))
            self._ask(daemon, life, deeds, lambda is_answered: hear(asked_at, found, is_answered=is_answered))

        def hear(asked_at: float, found: dict[str, str], *, is_answered: bool) -> None:
            if not is_answered:
                end()
                return
            claim = daemon.lease.hear(found["lease"], found["pulse"], asked_at, self.clock(daemon))
            if claim is None:
                end()
                return

            def stand(*, is_answered: bool) -> None:
                if is_answered:
                    daemon.lease.stand(claim, asked_at, self.clock(daemon))
                end()

            text = claim_text(claim)
            self._ask(daemon, life, [lambda: setattr(self.edge, "lease", text)], lambda is_answered: stand(is_answered=is_answered))

        def end() -> None:
            self._tell(daemon)
            self._at(self.now + self._settings.renew / daemon.rate, self._for(daemon, life, begin))

        return self._for(daemon, life, begin)

    def _tell(self, daemon: Daemon) -> None:
        news = daemon.lease.news(self.clock(daemon))
        if isinstance(news, LeaseTaken):
            daemon.taken.append(news)
            daemon.last_nonce = news.nonce
        elif isinstance(news, LeaseLost):
            daemon.lost += 1

    def _ask(self, daemon: Daemon, life: int, deeds: list[Callable[[], Any]], then: Callable[[bool], None]) -> None:
        """Deeds land at the edge one after the other; the answer comes, or the deadline. A late deed may land all the same."""
        chance, sent_at, edge_life = self._chance, self.now, self.edge.life
        is_over = [False]
        lands = sent_at + self._delay()
        is_lost = daemon.is_cut_off and chance.random() < 0.5
        if daemon.is_cut_off:
            lands += chance.uniform(0.1, 8.0)

        def close(*, is_answered: bool) -> None:
            if not is_over[0]:
                is_over[0] = True
                then(is_answered)

        for number, deed in enumerate(deeds):
            lands += chance.choice((0.0, 0.0002, 0.02 if chance.random() < 0.05 else 0.0))

            def land(deed: Callable[[], Any] = deed, *, is_last: bool = number == len(deeds) - 1) -> None:
                if is_lost or self.edge.life != edge_life:
                    return
                deed()
                if is_last and not (daemon.is_cut_off and chance.random() < 0.5):
                    self._at(self.now + self._delay(), self._for(daemon, life, lambda: close(is_answered=True)))

            self._at(lands, land)
        self._at(sent_at + DEADLINE_SECONDS / daemon.rate, self._for(daemon, life, lambda: close(is_answered=False)))

    def _delay(self) -> float:
        chance = self._chance
        return chance.uniform(0.1, 0.6) if self.now < self._calm_after and chance.random() < 0.02 else chance.uniform(0.0001, 0.01)

    # --- mishaps ----------------------------------------------------------------------------------------------------

    def _mishap(self) -> None:
        chance, daemon = self._chance, self._chance.choice(self.daemons)
        lasts = chance.choice((0.05, 0.5, 1.4, 1.6, 2.1, 3.0, 6.0)) * chance.uniform(0.8, 1.2)
        match chance.choice(("freeze", "freeze", "kill", "cut", "cut", "cut both", "edge", "let go")):
            case "freeze" if not daemon.is_frozen:
                daemon.is_frozen = True
                self._at(self.now + lasts, lambda: self._thaw(daemon))
            case "kill" if daemon.is_alive:
                self._kill(daemon, lasts)
            case "cut":
                self._cut([daemon], lasts)
            case "cut both":
                self._cut(self.daemons, lasts)
            case "edge":
                self.edge.lease, self.edge.pulse, self.edge.life = "", "", self.edge.life + 1
            case "let go" if daemon.is_alive and not daemon.is_frozen:
                text = daemon.lease.let_go()
                if text is not None:
                    self._ask(daemon, -1, [lambda: setattr(self.edge, "lease", text)], lambda _: None)
                self._kill(daemon, lasts)
            case _:
                pass

    def _kill(self, daemon: Daemon, lasts: float) -> None:
        daemon.is_alive, daemon.is_frozen = False, False
        daemon.held_back.clear()
        daemon.life += 1
        self._at(self.now + lasts, lambda: self._start(daemon))

    def _start(self, daemon: Daemon) -> None:
        daemon.is_alive = True
        daemon.begin()
        self._turn(daemon, daemon.life)()

    def _cut(self, daemons: list[Daemon], lasts: float) -> None:
        def cut(*, is_off: bool) -> None:
            for daemon in daemons:
                daemon.is_cut_off = is_off

        cut(is_off=True)
        self._at(self.now + lasts, lambda: cut(is_off=False))

    def _thaw(self, daemon: Daemon) -> None:
        if not daemon.is_frozen:
            return
        daemon.is_frozen = False
        held_back, daemon.held_back = daemon.held_back, []
        self._watch()  # it runs again, and has read nothing yet
        if self._chance.random() < 0.5:
            self._chance.shuffle(held_back)
        for happen in held_back:
            happen()
            self._watch()
