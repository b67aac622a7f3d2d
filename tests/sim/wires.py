"""What the daemon hears: AMI sessions that beat, end and come back, SIP probes, and one ordered stream of events from each
node. One of these for each life of the daemon; delays and losses as measured in the lab, and worse."""

import math
from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random

from cti_daemon.model.events import Event, LinkAlive, LinkLost, LinkUp, SipAlive, SipRefused
from cti_daemon.model.ids import PATHS, NodeName, PathName
from cti_daemon.model.reasons import Loss
from tests.sim.clock import Clock
from tests.sim.truth import Truth

SILENT_SECONDS = 3.0  # then a session is closed and opened anew
ATTEMPT_SECONDS = 1.0
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.05, 1.0
RETRANSMISSION_SECONDS = 0.2

PHASES = {("link", "a"): 0.0, ("sip", "a"): 0.25, ("link", "b"): 0.5, ("sip", "b"): 0.75}


class Pulse:
    """A beat on the grid that all probes share."""

    def __init__(self, clock: Clock, seconds: float, phase: float, beat: Callable[[], None]) -> None:
        self._clock, self._phase, self._beat = clock, phase, beat
        self.seconds = seconds
        self._number = 0
        self._plan()

    def set_seconds(self, seconds: float) -> None:
        if seconds != self.seconds:
            self.seconds = seconds
            self._plan()

    def stop(self) -> None:
        self._number += 1

    def _plan(self) -> None:
        self._number += 1
        periods = math.floor(self._clock.now / self.seconds - self._phase + 1e-6) + 1
        self._clock.at((periods + self._phase) * self.seconds, partial(self._fire, self._number))

    def _fire(self, number: int) -> None:
        if number == self._number:
            self._plan()
            self._beat()


class Wires:
    def __init__(
        self,
        clock: Clock,
        truth: Truth,
        chance: Random,
        heartbeat_seconds: float,
        post: Callable[[Event], None],
        listed: Callable[[NodeName], None],
    ) -> None:
        self.clock, self.truth, self.chance = clock, truth, chance
        self.listed = listed
        self._post = post
        self.is_awake: Callable[[], bool] = lambda: True
        self.is_over = False
        self._held: dict[NodeName, deque[Event]] = {node: deque() for node in truth.nodes}
        self._last_at = dict.fromkeys(truth.nodes, 0.0)
        self.links = {(n, p): Link(self, n, p, heartbeat_seconds) for n in truth.nodes for p in PATHS}
        self._probes = {
            (n, p): Pulse(clock, heartbeat_seconds, PHASES["sip", p], partial(self._probe, n, p)) for n in truth.nodes for p in PATHS
        }

    def close(self) -> None:
        """The daemon is dead: nothing of this life is heard any more."""
        self.is_over = True
        for pulse in (*self._probes.values(), *(link.pulse for link in self.links.values())):
            pulse.stop()

    def post(self, event: Event) -> None:
        if not self.is_over:
            self._post(event)

    def of(self, node: NodeName) -> list["Link"]:
        return [self.links[node, path] for path in PATHS]

    def up(self, node: NodeName) -> list["Link"]:
        return [link for link in self.of(node) if link.is_up]

    def probe(self, node: NodeName, every_seconds: float) -> None:
        """Every path now, and then so often."""
        for path in PATHS:
            link = self.links[node, path]
            link.pulse.set_seconds(every_seconds)
            self._probes[node, path].set_seconds(every_seconds)
            link.probe()
            self._probe(node, path)

    def closed_by_kernel(self, node: NodeName) -> None:
        """Its process died, or its manager was switched off; sockets are let go of in some milliseconds."""
        for link in self.of(node):
            self.clock.after(self.chance.uniform(0.008, 0.043), link.closed_by_peer)

    def trip_seconds(self, node: NodeName) -> float:
        return 0.0003 + self.chance.random() * (0.0012 + self.truth.jitter[node])

    def patience_seconds(self) -> float:
        """What TCP adds to a round trip on a network that loses packets."""
        seconds = 0.0
        for _ in range(2 if self.truth.loss else 0):
            wait = RETRANSMISSION_SECONDS
            while self.chance.random() < self.truth.loss:
                seconds += wait
                wait *= 2
        return seconds

    def is_datagram_lost(self) -> bool:
        """There or back."""
        return bool(self.truth.loss) and self.chance.random() > (1 - self.truth.loss) ** 2

    def _probe(self, node: NodeName, path: PathName) -> None:
        if not self.is_awake() or not self.truth.daemon_reaches(node, path) or self.is_datagram_lost():
            return
        if self.truth.probe_is_refused(node):
            self.clock.after(0.0003, partial(self.post, SipRefused(node, path)))
        elif self.truth.probe_is_answered(node):
            self.clock.after(self.trip_seconds(node), partial(self.post, SipAlive(node, path)))

    # --- streams ----------------------------------------------------------------------------------------------------

    def deliver(self, node: NodeName, event: Event) -> None:
        """An event of the node's AMI stream leaves now; events of one node keep their order, those of two nodes have none."""
        at = max(self._last_at[node], self.clock.now + self.trip_seconds(node))
        self._last_at[node] = at
        self.clock.at(at, partial(self._arrive, node, event))

    def _arrive(self, node: NodeName, event: Event) -> None:
        up = self.up(node)
        if not up:
            return  # no session: whoever comes back takes a snapshot
        if self._held[node] or not any(link.carries for link in up):
            self._held[node].append(event)
        else:
            self.post(event)

    def flush(self, node: NodeName) -> None:
        while self._held[node]:
            self.post(self._held[node].popleft())

    def forget(self, node: NodeName) -> None:
        if not self.up(node):
            self._held[node].clear()


class Link:
    """The AMI session of one path, kept alive for ever."""

    def __init__(self, wires: Wires, node: NodeName, path: PathName, heartbeat_seconds: float) -> None:
        self._wires, self.node, self.path = wires, node, path
        self._truth, self._clock, self._chance = wires.truth, wires.clock, wires.chance
        self.is_up = False
        self.alive_at = 0.0
        self._incarnation = 0
        self._arrives_at = self._order_at = 0.0
        self._blocked_since: float | None = None
        self._blocked_until = 0.0
        self._retry_seconds = FIRST_RETRY_SECONDS
        self.lives = 0
        self._is_trying = False
        self.pulse = Pulse(self._clock, heartbeat_seconds, PHASES["link", path], self.beat)
        self._clock.after(self._chance.uniform(0.001, 0.01), self._try)

    @property
    def carries(self) -> bool:
        """Bytes get through now."""
        there = self._truth.daemon_reaches(self.node, self.path) and self._truth.ami_lives(self.node)
        return self.is_up and there and self._clock.now >= self._blocked_until

    @property
    def is_fresh(self) -> bool:
        return self.is_up and self._clock.now - self.alive_at < 1.5 * self.pulse.seconds + 0.05

    def order_arrives_at(self) -> float:
        """When an action that leaves now is at the node; the actions of one session keep their order."""
        self._order_at = max(self._order_at, self._clock.now + self._wires.trip_seconds(self.node))
        return self._order_at

    def beat(self) -> None:
        now = self._clock.now
        if not self.is_up or not self._wires.is_awake():
            return
        if now - self.alive_at > SILENT_SECONDS:
            self._lose(Loss.SILENT)
            return
        if not self._truth.daemon_reaches(self.node, self.path):
            if self._blocked_since is None:
                self._blocked_since = now
            return
        if self._blocked_since is not None:  # TCP tries again the later, the longer it was in vain
            self._blocked_until = now + self._chance.uniform(0.0, min(0.8, now - self._blocked_since))
            self._blocked_since = None
        if self._incarnation != self._truth.incarnation[self.node]:
            self.closed_by_peer()
        elif self._truth.ami_lives(self.node):
            trip = self._wires.trip_seconds(self.node) + self._wires.patience_seconds()
            self._arrives_at = max(self._arrives_at, self._blocked_until, now + trip)
            self._clock.at(self._arrives_at, partial(self._alive, self.lives))

    def probe(self) -> None:
        if self.is_up:
            self.beat()
        elif not self._is_trying:
            self._try()

    def closed_by_peer(self) -> None:
        if self._truth.daemon_reaches(self.node, self.path):
            self._lose(Loss.CLOSED)

    def end(self, life: int) -> None:
        """We close this very session."""
        if life == self.lives:
            self._lose(Loss.CLOSED)

    def _alive(self, life: int) -> None:
        if self.is_up and life == self.lives and not self._wires.is_over:
            self.alive_at = self._clock.now
            self._wires.post(LinkAlive(self.node, self.path))
            self._wires.flush(self.node)

    def _lose(self, how: Loss) -> None:
        if not self.is_up or self._wires.is_over:
            return
        self.is_up = False
        self._wires.post(LinkLost(self.node, self.path, how))
        self._wires.forget(self.node)
        self._later(0.001 if how is Loss.CLOSED else self._pause_seconds())

    def _pause_seconds(self) -> float:
        seconds = self._retry_seconds * self._chance.uniform(0.5, 1.0)
        self._retry_seconds = min(2 * self._retry_seconds, LAST_RETRY_SECONDS)
        return seconds

    def _later(self, seconds: float) -> None:
        attempt = self.lives
        self._clock.after(seconds, lambda: self._try() if attempt == self.lives else None)

    def _try(self) -> None:
        if self.is_up or self._is_trying or self._wires.is_over:
            return
        self.lives += 1
        self._is_trying = True
        if not self._truth.daemon_reaches(self.node, self.path):
            self._clock.after(ATTEMPT_SECONDS, partial(self._fail, Loss.UNREACHABLE))
        elif self._truth.ami_is_refused(self.node):
            self._clock.after(0.0003, partial(self._fail, Loss.REFUSED))
        elif not self._truth.ami_lives(self.node):
            self._clock.after(ATTEMPT_SECONDS, partial(self._fail, Loss.SILENT))
        else:
            self._clock.after(0.004 + self._wires.trip_seconds(self.node) + self._wires.patience_seconds(), self._come)

    def _fail(self, how: Loss) -> None:
        self._is_trying = False
        if not self._wires.is_over:
            self._wires.post(LinkLost(self.node, self.path, how))
            self._later(self._pause_seconds())

    def _come(self) -> None:
        self._is_trying = False
        there = self._truth.daemon_reaches(self.node, self.path) and self._truth.ami_lives(self.node)
        if self._wires.is_over:
            return
        if not there or self._truth.ami_is_refused(self.node):
            self._fail(Loss.CLOSED if there else Loss.SILENT)
            return
        self.is_up = True
        self.alive_at = self._arrives_at = self._clock.now
        self._blocked_since, self._blocked_until = None, 0.0
        self._incarnation = self._truth.incarnation[self.node]
        self._retry_seconds = FIRST_RETRY_SECONDS
        self._wires.post(LinkUp(self.node, self.path))
        self._wires.listed(self.node)
        self.beat()
