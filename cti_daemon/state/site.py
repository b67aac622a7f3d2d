"""Everything we hold to be true about the site, in one place."""

from collections.abc import Iterable

from cti_daemon.model.call_events import CallerJoined, ChannelBridged, ChannelEnded, ChannelsListed, StreamBegan
from cti_daemon.model.events import (
    EdgeListed,
    EdgeSaw,
    LegRouted,
    LinkAlive,
    LinkLost,
    LinkUp,
    MemberGone,
    MemberSeen,
    QueuesListed,
    SeatTalking,
    SipAlive,
    SipRefused,
)
from cti_daemon.model.ids import NodeName, QueueName
from cti_daemon.model.reasons import CallState, Role
from cti_daemon.model.settings import Settings
from cti_daemon.state.book import Correction
from cti_daemon.state.calls import Calls
from cti_daemon.state.duty import Duty
from cti_daemon.state.evidence import EvidenceEvent, NodeEvidence
from cti_daemon.state.legs import Leg, Legs
from cti_daemon.state.queues import Queues
from cti_daemon.state.roll import Roll
from cti_daemon.state.seats import Seats

EVIDENCE_EVENTS = (LinkUp, LinkLost, LinkAlive, SipAlive, SipRefused, EdgeSaw)


class Site:
    def __init__(self, settings: Settings, at: float) -> None:
        self.roles = {NodeName(n.name): n.role for n in settings.node}
        self.edges = tuple(name for name, role in self.roles.items() if role is Role.EDGE)
        self.servers = tuple(name for name, role in self.roles.items() if role is not Role.EDGE)
        self.evidence = {name: NodeEvidence(at) for name in self.roles}
        self.legs = Legs()
        self.calls = Calls(self.edges, self.legs)
        self.queues = Queues(settings.queue, self.edges, self.legs, self.calls, lambda node: bool(self.evidence[node].connected))
        self.seats = Seats({QueueName(queue.name): queue.wrap_up_seconds for queue in settings.queue})
        emergency = frozenset(name for name in self.servers if self.roles[name] is Role.EMERGENCY)
        self.roll = Roll(self.seats, self.servers, emergency)
        self.duty = Duty(self.roll, self.queues)

    def witness(self, event: EvidenceEvent, at: float) -> None:
        """Evidence about a node; when its last link goes, what it said of its queues is no longer known."""
        evidence = self.evidence[event.node]
        evidence.apply(event, at)
        if isinstance(event, LinkLost) and not evidence.connected:
            self.queues.forget(event.node)
            self.calls.forget(event.node)
            self.seats.forget(event.node)

    def forgive(self, stalled_seconds: float, at: float, late_after: float, answer_seconds: float) -> None:
        """We did not listen for a while: see `Signal.forgive`."""
        for evidence in self.evidence.values():
            evidence.forgive(stalled_seconds, at, late_after, answer_seconds)

    # --- calls ------------------------------------------------------------------------------------------------------

    def begin(self, event: StreamBegan, _at: float) -> None:
        """What this node did before was not heard: the lists that follow are compared with what we hold."""
        self.calls.forget(event.node)
        self.queues.begin(event.node)

    def route(self, event: LegRouted, at: float) -> Leg:
        leg = self.legs.route(event, at)
        self.calls.touch(event.token, at)
        self.queues.route(event.token, event.node, at)
        return leg

    def talk(self, event: SeatTalking, at: float) -> Leg | None:
        leg = self.legs.talk(event, at)
        self.calls.touch(event.token, at)
        self.queues.callers.talk_elsewhere(event.token, event.node, at)
        return leg

    def join(self, event: CallerJoined, at: float) -> Leg | None:
        """Somebody joins a queue; his leg, if a seat talked to him until now."""
        self.queues.join(event, at)
        return self.legs.wait(event.token, event.node) if event.token is not None else None

    def bridge(self, event: ChannelBridged, at: float) -> None:
        self.legs.bridge(event)
        self.calls.bridge(event, at)

    def end(self, event: ChannelEnded, at: float) -> None:
        self.queues.end(event, at)
        self.calls.end(event, at)
        leg = self.legs.end(event)
        if leg is not None:
            self.lose_leg(leg, at)

    def lose_leg(self, leg: Leg, at: float) -> None:
        """A caller's leg on an edge is gone."""
        self.calls.touch(leg.token, at)
        self.queues.callers.end_leg(leg.token, at, leg.node if leg.redirected_at is None else None)

    def list_edge(self, event: EdgeListed, at: float) -> None:
        new, gone = self.legs.replace(event, at)
        self._learn_who_waits(new)
        for leg in gone:
            self.lose_leg(leg, at)

    def list_channels(self, event: ChannelsListed, at: float) -> int:
        """How many channels had to be set right, though no event was missing."""
        self.queues.list_channels(event, at)
        corrected = self.calls.replace(event, at)
        self._learn_who_waits(self.legs.on(event.node))
        return corrected

    def _learn_who_waits(self, legs: Iterable[Leg]) -> None:
        """Of a caller found in a listing we do not know whether a seat talks to him; his node's own list may say that none does."""
        for leg in legs:
            if leg.bridged and not leg.is_known_from_start and self.calls.state_on(leg.node, leg.token) is CallState.WAITING:
                leg.is_known_from_start = True

    def list_queues(self, event: QueuesListed, at: float) -> list[Correction]:
        self.seats.replace(event, at)
        return self.queues.list_queues(event, at)

    def seat(self, event: MemberSeen | MemberGone, at: float) -> None:
        self.seats.apply(event, at)
