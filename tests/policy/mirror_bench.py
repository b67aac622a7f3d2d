"""Two media servers as far as the mirror sees them: members, AMI's answers to what it is told, streams that keep their order, answers
that come late or not at all. The semantics are those tried on 22.10 (`Already there`, one event a change, no Ringinuse in lists)."""

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from cti_daemon.model.effects import Effect, MemberChange, Report, SetMember
from cti_daemon.model.events import LinkLost, MemberGone, MemberSeen, Membership, Outcome, QueuesListed
from cti_daemon.model.ids import PATHS, Interface, MemberKey, NodeName, QueueName, SeatName
from cti_daemon.model.reasons import Condition, Loss, MemberKind, Result, Verdict
from cti_daemon.policy.health import Facts, Health
from cti_daemon.policy.mirroring import Mirroring
from cti_daemon.state.site import Site
from tests.sim.members import listed, obey, seen
from tests.sim.world import EMG, A, B, settings

HOTLINE, SUPPORT = QueueName("hotline"), QueueName("support")
QUEUES = (HOTLINE, SUPPORT)
LIST_SECONDS = 10.0
ANSWER_SECONDS = 1.0
JUDGE_SECONDS = 0.3
"""The engine judges at least so often, since links beat."""


def member(number: int, queue: QueueName = HOTLINE, kind: MemberKind = MemberKind.DYNAMIC) -> Membership:
    seat, interface = SeatName(f"seat{number}"), Interface(f"PJSIP/seat{number}")
    return Membership(queue, interface, seat, name=f"Agent {number}", state_interface=interface, kind=kind)


STATIC = member(9, kind=MemberKind.STATIC)
"""Stands in queues.conf of both servers."""


@dataclass
class Server:
    """One media server. `written`: what its store gives back after a restart."""

    members: dict[MemberKey, Membership] = field(default_factory=dict)
    queues: set[QueueName] = field(default_factory=lambda: set(QUEUES))
    life: int = 1
    is_linked: bool = True
    verdict: Verdict = Verdict.HEALTHY
    written: list[tuple[float, dict[MemberKey, Membership]]] = field(default_factory=list)


def _health(verdict: Verdict, *, is_linked: bool) -> Health:
    link = Condition.OK if is_linked else Condition.LOST
    return Health(verdict, "", 0.0, Facts(dict.fromkeys(PATHS, link), {}, Condition.OK, 0.0, None, None))


class MirrorBench:
    """`chance` decides delays and what is lost; `loss` is the share of answers and orders that are."""

    def __init__(self, statics: tuple[Membership, ...] = (), seed: int = 0) -> None:
        self.now = 0.0
        self.chance = Random(seed)
        self.loss = 0.0
        self.site = Site(settings(), 0.0)
        self.mirroring = Mirroring(self.site, count(1), A)
        self.serving: NodeName = A
        self.is_settled = True
        self.servers = {node: Server({m.key: m for m in statics}) for node in (A, B)}
        self.statics = {m.key for m in statics}
        self.told: list[tuple[float, SetMember]] = []
        self.alarms: list[str] = []
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._stream_at = dict.fromkeys((A, B), 0.0)
        self._next_list_at = LIST_SECONDS
        self._judged_at = 0.0
        for node in (A, B):
            self.list_now(node)
        self.judge()

    # --- time -------------------------------------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while True:
            wanted = min(self.mirroring.next_at(self.now), self._next_list_at, self._judged_at + JUDGE_SECONDS)
            if self._queue and self._queue[0][0] <= min(wanted, until):
                self.now, _, act = heapq.heappop(self._queue)
                act()
            elif wanted <= until:
                self.now = max(self.now, wanted)
                if self.now >= self._next_list_at:
                    self._next_list_at += LIST_SECONDS
                    for node in (A, B):
                        self.list_now(node)
                self.judge()
            else:
                break
        self.now = until
        self.judge()

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now + seconds, next(self._numbers), act))

    # --- the daemon's side ------------------------------------------------------------------------------------------

    def judge(self) -> None:
        self._judged_at = self.now
        health = {node: _health(server.verdict, is_linked=server.is_linked) for node, server in self.servers.items()}
        health[EMG] = _health(Verdict.HEALTHY, is_linked=True)
        out: list[Effect] = []
        self.mirroring.judge(self.serving, health, lambda _node: self.is_settled, self.now, out)
        self._act(out)

    def order(self, wishes: Mapping[MemberKey, Membership | None]) -> None:
        out: list[Effect] = []
        self.mirroring.order(wishes, self.now, out)
        self._act(out)

    def _act(self, out: list[Effect]) -> None:
        for effect in out:
            if isinstance(effect, SetMember):
                self.told.append((self.now, effect))
                self._send(effect)
            elif isinstance(effect, Report):
                self.alarms.append(effect.text)

    def _send(self, effect: SetMember) -> None:
        server = self.servers[effect.node]
        if not server.is_linked:
            self._after(0.0, lambda: self._answer(effect, Result.FAILED))
            return
        life = server.life

        def execute() -> None:
            alive = server.is_linked and server.life == life
            result = self._execute(effect) if alive else None
            lost = result is None or self.chance.random() < self.loss
            self._after(ANSWER_SECONDS if lost else self._delay(), lambda: self._answer(effect, Result.UNKNOWN if lost else result))

        if self.chance.random() < self.loss:
            self._after(ANSWER_SECONDS, lambda: self._answer(effect, Result.UNKNOWN))
        else:
            self._after(self._delay(), execute)

    def _answer(self, effect: SetMember, result: Result | None) -> None:
        out: list[Effect] = []
        assert self.mirroring.learn(Outcome(effect.effect_id, result or Result.UNKNOWN, "as the bench has it"), self.now, out)
        self._act(out)

    def _delay(self) -> float:
        return self.chance.uniform(0.0002, 0.02)

    # --- the servers' side ------------------------------------------------------------------------------------------

    def _execute(self, effect: SetMember) -> Result:
        server, wanted = self.servers[effect.node], effect.wanted
        held = server.members.get(wanted.key)
        if wanted.queue not in server.queues:
            return Result.FAILED
        if held is not None and held.kind is MemberKind.STATIC:
            assert effect.change is MemberChange.PAUSE, "a static member is never touched but for its pause"
        result, event = obey(server.members, effect)
        if event is not None:
            server.written.append((self.now, dict(server.members)))
            self._say(effect.node, event)
        return result

    def change(self, node: NodeName, membership: Membership) -> None:
        """A person, or the mirror, sets a member: the server says so."""
        server = self.servers[node]
        server.members[membership.key] = membership
        server.written.append((self.now, dict(server.members)))
        self._say(node, seen(node, membership))

    def remove(self, node: NodeName, key: MemberKey) -> None:
        server = self.servers[node]
        del server.members[key]
        server.written.append((self.now, dict(server.members)))
        self._say(node, MemberGone(node, *key))

    def _say(self, node: NodeName, event: MemberSeen | MemberGone | QueuesListed) -> None:
        """What leaves a server arrives in its order, if its link lasts."""
        server = self.servers[node]
        life, at = server.life, max(self._stream_at[node], self.now + self._delay())
        self._stream_at[node] = at

        def arrive() -> None:
            if server.is_linked and server.life == life:
                self._hear(event)

        self._after(at - self.now, arrive)

    def _hear(self, event: MemberSeen | MemberGone | QueuesListed) -> None:
        out: list[Effect] = []
        if isinstance(event, QueuesListed):
            self.site.list_queues(event, self.now)
            server = self.servers[event.node]
            self.mirroring.know_life(event.node, str(server.life))
            self.mirroring.take_list(event.node, frozenset(server.queues), self.now, out)
        else:
            self.site.seat(event, self.now)
            self.mirroring.note(event, self.now, out)
        self._act(out)

    def list_now(self, node: NodeName) -> None:
        server = self.servers[node]
        if server.is_linked:
            self._say(node, listed(node, server.members))

    # --- what happens to them ---------------------------------------------------------------------------------------

    def lose_links(self, node: NodeName) -> None:
        self.servers[node].is_linked = False
        for path in PATHS:
            self.site.witness(LinkLost(node, path, Loss.CLOSED), self.now)
        self.judge()

    def regain_links(self, node: NodeName) -> None:
        self.servers[node].is_linked = True
        self.list_now(node)
        self.judge()

    def die(self, node: NodeName) -> None:
        """SIGKILL. What its store held a second ago is what it will come back with; a pause of a static member is not stored."""
        self.lose_links(node)
        server = self.servers[node]
        server.verdict = Verdict.DEAD
        server.life += 1
        stored = next((state for at, state in reversed(server.written) if at <= self.now - 1.0), {})
        statics = {m.key: replace(m, paused=False, reason="") for m in server.members.values() if m.key in self.statics}
        server.members = statics | {key: m for key, m in stored.items() if key not in self.statics}
        self.judge()

    def serve(self, node: NodeName) -> None:
        self.serving = node
        self.judge()

    def rise(self, node: NodeName) -> None:
        self.servers[node].verdict = Verdict.HEALTHY
        self.judge()

    # --- what is so -------------------------------------------------------------------------------------------------

    def places(self, node: NodeName) -> dict[MemberKey, tuple[bool, str, int]]:
        """Who is logged in, paused and why, with which penalty."""
        return {key: (m.paused, m.reason, m.penalty) for key, m in self.servers[node].members.items()}
