"""People at seats: they log in and out and pause at the server that new callers are sent to, whatever goes on."""

from dataclasses import replace
from functools import partial
from random import Random

from cti_daemon.model.events import Event, MemberGone, Membership
from cti_daemon.model.ids import Interface, MemberKey, NodeName, QueueName, SeatName
from cti_daemon.model.reasons import MemberKind
from tests.sim.daemon import Daemon
from tests.sim.edge import DEFAULT_ROUTE, Edge
from tests.sim.members import seen
from tests.sim.schedule import HEALED_AT
from tests.sim.truth import Truth
from tests.sim.world import A, B

ACTS = 12
SUPPORT = QueueName("support")


class Agents:
    """`chance` is theirs alone: what they do changes nothing of the storm."""

    def __init__(self, truth: Truth, edge: Edge, daemon: Daemon, chance: Random) -> None:
        self._truth, self._edge, self._daemon, self._chance = truth, edge, daemon, chance

    def begin(self) -> None:
        for _ in range(ACTS):
            self._daemon.clock.at(self._chance.uniform(1.0, HEALED_AT + 2.0), partial(self._act, self._chance.randint(1, 5)))

    def _act(self, number: int) -> None:
        node = (self._edge.route or DEFAULT_ROUTE)[0]
        if node not in (A, B) or self._truth.is_dead(node) or self._truth.is_frozen(node):
            return
        members = self._daemon.members[node]
        seat = SeatName(f"seat{number}")
        held = members.get((QueueName("hotline"), Interface(f"PJSIP/{seat}"))) if number <= 3 else members.get(_login(seat).key)
        if held is None:
            self._set(node, _login(seat))
        elif held.kind is MemberKind.DYNAMIC and self._chance.random() < 0.3:
            del members[held.key]
            self._say(node, MemberGone(node, *held.key))
        else:
            paused = not held.paused
            self._set(node, replace(held, paused=paused, reason=self._chance.choice(("lunch", "training")) if paused else ""))

    def _set(self, node: NodeName, member: Membership) -> None:
        self._daemon.members[node][member.key] = member
        self._say(node, seen(node, member, is_reachable=self._truth.has_seats(node)))

    def _say(self, node: NodeName, event: Event) -> None:
        if not self._daemon.is_dead:
            self._daemon.wires.deliver(node, event)

    def restart(self, node: NodeName) -> None:
        """The store has the dynamic members; a pause of one that stands in queues.conf is in no store."""
        members = self._daemon.members[node]
        for key, member in members.items():
            if member.kind is MemberKind.STATIC:
                members[key] = replace(member, paused=False, reason="")


def _login(seat: SeatName) -> Membership:
    return Membership(SUPPORT, Interface(f"PJSIP/{seat}"), seat, kind=MemberKind.DYNAMIC, penalty=1)


def differing(daemon: Daemon) -> set[MemberKey]:
    """Members that the two media servers do not have alike."""
    here, there = daemon.members[A], daemon.members[B]
    return {key for key in {**here, **there} if _place(here.get(key)) != _place(there.get(key))}


def _place(member: Membership | None) -> tuple[bool, str, int] | None:
    return (member.paused, member.reason, member.penalty) if member is not None else None
