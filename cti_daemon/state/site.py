"""Everything we hold to be true about the site, in one place."""

from cti_daemon.model.events import (
    CallerJoined,
    CallerLeft,
    EdgeSaw,
    LinkAlive,
    LinkLost,
    LinkUp,
    MemberGone,
    MemberSeen,
    QueuesListed,
    SipAlive,
    SipRefused,
)
from cti_daemon.model.ids import NodeName, QueueName
from cti_daemon.model.reasons import Role
from cti_daemon.model.settings import Settings
from cti_daemon.state.evidence import EvidenceEvent, NodeEvidence
from cti_daemon.state.legs import Legs
from cti_daemon.state.queues import Queues
from cti_daemon.state.seats import Seats

EVIDENCE_EVENTS = (LinkUp, LinkLost, LinkAlive, SipAlive, SipRefused, EdgeSaw)


class Site:
    def __init__(self, settings: Settings, at: float) -> None:
        self.roles = {NodeName(n.name): n.role for n in settings.node}
        self.edges = tuple(name for name, role in self.roles.items() if role is Role.EDGE)
        self.servers = tuple(name for name, role in self.roles.items() if role is not Role.EDGE)
        self.evidence = {name: NodeEvidence(at) for name in self.roles}
        self.legs = Legs()
        self.queues = Queues()
        self.seats = Seats({QueueName(queue.name): queue.wrap_up_seconds for queue in settings.queue})

    def witness(self, event: EvidenceEvent, at: float) -> None:
        """Evidence about a node; when its last link goes, what it said of its queues is no longer known."""
        evidence = self.evidence[event.node]
        evidence.apply(event, at)
        if isinstance(event, LinkLost) and not evidence.connected:
            self.queues.forget(event.node)
            self.seats.forget(event.node)

    def forgive(self, stalled_seconds: float, at: float, late_after: float, answer_seconds: float) -> None:
        """We did not listen for a while: see `Signal.forgive`."""
        for evidence in self.evidence.values():
            evidence.forgive(stalled_seconds, at, late_after, answer_seconds)

    def queue(self, event: CallerJoined | CallerLeft | QueuesListed, at: float) -> None:
        if isinstance(event, QueuesListed):
            self.queues.replace(event, at)
            self.seats.replace(event, at)
        else:
            self.queues.apply(event, at)

    def seat(self, event: MemberSeen | MemberGone, at: float) -> None:
        self.seats.apply(event, at)
