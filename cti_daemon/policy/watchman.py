"""What the daemon of a pair does that does not hold the lease: it sees and judges all that the other one does, so that it can go on at
once; it decides nothing, moves nobody, and orders nothing.

When it gets the lease it has every edge listed first: what the other one told them last is what holds."""

from collections.abc import Callable
from typing import Any

from cti_daemon.model.affected import CallerKnown, RowSeen
from cti_daemon.model.call_events import CallerJoined, ChannelsListed
from cti_daemon.model.effects import Answer, Effect, ListEdge, ListNode, Record, Report
from cti_daemon.model.errands import ErrandDone
from cti_daemon.model.events import (
    Command,
    EdgeListed,
    Event,
    LegRouted,
    MemberGone,
    MemberSeen,
    Outcome,
    QueuesListed,
    SeatTalking,
)
from cti_daemon.model.ids import NodeName
from cti_daemon.model.lease import LeaseLost, LeaseTaken
from cti_daemon.model.plan_effects import AlmanacTold, FactTold, PlansRead
from cti_daemon.model.reasons import CommandStatus, Reason, Verdict
from cti_daemon.policy import proof, telling
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.intake import OF_EVIDENCE, UNCALLED, Intake
from cti_daemon.policy.modes import mode_of
from cti_daemon.policy.rooms import Rooms

LISTED_WITHIN_SECONDS = 0.5
"""How long an edge that we reach may take to say what it holds; then we act with what we know of it."""

Begin = Callable[[LeaseTaken, float, list[Effect]], None]


class Watchman:
    """`begin` is called once, when the lease is ours and the edges have said what they hold. `peer`: whom orders are given to meanwhile."""

    def __init__(self, rooms: Rooms, intake: Intake, peer: str, begin: Begin) -> None:
        self._rooms, self._intake, self._peer, self._begin = rooms, intake, peer, begin
        self._taken: LeaseTaken | None = None
        self._taken_at = float("-inf")
        self._unlisted: set[NodeName] = set()
        self._takers: dict[type[Any], Callable[[Any, float, list[Effect]], float]] = {
            LegRouted: self._routed,
            SeatTalking: self._talking,
            CallerJoined: self._joined,
            QueuesListed: self._queues_listed,
            ChannelsListed: self._channels_listed,
            EdgeListed: self._edge_listed,
            MemberSeen: self._seated,
            MemberGone: self._seated,
            Command: self._command,
            Outcome: self._outcome,
            ErrandDone: self._errand_done,
            PlansRead: self._of_plans,
            FactTold: self._of_plans,
            AlmanacTold: self._of_plans,
            RowSeen: self._of_register,
            CallerKnown: self._of_register,
            LeaseTaken: self._lease_taken,
            LeaseLost: self._lease_lost,
        }
        self.own_routing = rooms.routing
        """What we stood by when we began to watch; what is shown is what the edges say."""
        self._edge_epoch = -1

    # --- what is seen -----------------------------------------------------------------------------------------------

    def take(self, event: Event, at: float, out: list[Effect]) -> float:
        """When it must be looked because of it."""
        take = self._takers.get(type(event))
        if take is not None:
            return take(event, at, out)
        return self._intake.take(event, at, out) if type(event) in OF_EVIDENCE else UNCALLED

    def _routed(self, event: LegRouted, at: float, _out: list[Effect]) -> float:
        self._rooms.site.route(event, at)
        return UNCALLED

    def _talking(self, event: SeatTalking, at: float, _out: list[Effect]) -> float:
        rooms = self._rooms
        held = rooms.site.legs.of_token(event.token)
        if held is None or held.node == event.node or not rooms.verdicts.of[event.node].is_condemned:
            rooms.site.talk(event, at)
        return UNCALLED

    def _joined(self, event: CallerJoined, at: float, _out: list[Effect]) -> float:
        self._rooms.site.join(event, at)
        return UNCALLED

    def _seated(self, event: MemberSeen | MemberGone, at: float, _out: list[Effect]) -> float:
        self._rooms.site.seat(event, at)
        return UNCALLED

    def _queues_listed(self, event: QueuesListed, at: float, _out: list[Effect]) -> float:
        self._rooms.site.list_queues(event, at)
        return UNCALLED

    def _channels_listed(self, event: ChannelsListed, at: float, out: list[Effect]) -> float:
        """Who died and is back unseen by the other one may be ours to save."""
        self._rooms.site.list_channels(event, at)
        self._rooms.halves.compare(event, at, out, is_every_edge_listed=self._rooms.rerouting.is_every_edge_listed)
        return at

    def _edge_listed(self, event: EdgeListed, at: float, _out: list[Effect]) -> float:
        rooms, own = self._rooms, self.own_routing
        rooms.rerouting.compare(event, rooms.routing, at)
        serving = next((node for node in event.route if node in rooms.site.servers), None)
        if serving is not None and event.epoch > self._edge_epoch:
            self._edge_epoch = event.epoch
            is_own = (event.epoch, serving) == (own.epoch, own.serving)
            found = Routing(mode_of(rooms.site.roles[serving]), serving, event.epoch, Reason.START, at)
            rooms.routing = own if is_own else found
            rooms.rerouting.show(event.route)
        if at - event.took_seconds >= self._taken_at:
            self._unlisted.discard(event.edge)
        return at if self._taken is not None else UNCALLED

    def _outcome(self, event: Outcome, at: float, out: list[Effect]) -> float:
        """Of what left before the lease was lost. What would follow from it does not leave."""
        told: list[Effect] = []
        self._intake.take(event, at, told)
        out.extend(effect for effect in told if isinstance(effect, Record | Report))
        return UNCALLED

    def _errand_done(self, event: ErrandDone, at: float, out: list[Effect]) -> float:
        """Whoever asked while we acted is told."""
        return self._intake.take(event, at, out)

    def _of_plans(self, event: PlansRead | FactTold | AlmanacTold, at: float, out: list[Effect]) -> float:
        """What is read and told is known; what a plan would do about it does not leave."""
        told: list[Effect] = []
        self._intake.take(event, at, told)
        out.extend(effect for effect in told if isinstance(effect, Report))
        return UNCALLED

    def _of_register(self, event: RowSeen | CallerKnown, at: float, _out: list[Effect]) -> float:
        """Rows of our own register are ours, whoever acts: they are called back when we do."""
        self._intake.take(event, at, [])
        return UNCALLED

    def _command(self, command: Command, _at: float, out: list[Effect]) -> float:
        rooms = self._rooms
        asked = (command.id, command.user, command.verb)
        if command.verb == "status":
            data = telling.status(rooms.routing, rooms.verdicts.of, is_paused=False) | {"standing_by_for": self._peer}
            out.append(Answer(*asked, CommandStatus.OK.value, "ok", f"stands by for {self._peer}", rooms.routing.epoch, data))
            return UNCALLED
        text = f"this daemon stands by and carries out nothing; give the order where {self._peer} runs"
        out.append(Record("command_refused", {"user": command.user, "verb": command.verb, "code": "standing_by"}, is_awaited=False))
        out.append(Answer(*asked, CommandStatus.REJECTED.value, "standing_by", text, rooms.routing.epoch))
        return UNCALLED

    # --- the lease --------------------------------------------------------------------------------------------------

    def _lease_taken(self, event: LeaseTaken, at: float, out: list[Effect]) -> float:
        rooms = self._rooms
        self._taken, self._taken_at = event, at
        self._unlisted = {edge for edge in rooms.site.edges if rooms.site.evidence[edge].connected}
        rooms.rerouting.forget_edges()
        facts = {"state": "taken", "term": event.term, "nonce": event.nonce, "origin": event.origin.value, "before": event.before or None}
        out.append(Record("lease", facts))
        out.extend(ListEdge(edge) for edge in rooms.site.edges)
        return at

    def _lease_lost(self, event: LeaseLost, _at: float, out: list[Effect]) -> float:
        """Before it was begun to act."""
        if self._taken is not None:
            self._taken = None
            out.append(Record("lease", {"state": "lost", "term": event.term, "to": event.to or None}, is_awaited=False))
        return UNCALLED

    # --- judge ------------------------------------------------------------------------------------------------------

    def judge(self, at: float, out: list[Effect]) -> float:
        """When to look again; `begin` may have been called."""
        rooms = self._rooms
        health, site = rooms.verdicts.of, rooms.site
        changes = rooms.verdicts.judge(at)
        for server in site.servers:
            rooms.presence.note(server, site.seats.reachable(server), at)
            if health[server].verdict is Verdict.DEAD:
                for leg in site.legs.on(server):
                    leg.is_orphan = True  # until the edge says that he was sent elsewhere
        site.duty.note(rooms.routing.serving, at)
        for node, before, after in changes:
            of_node = proof.of_node(site.evidence[node], after, at)
            out.extend(telling.tell_verdict(node, before, after, of_node, in_maintenance=False))
        looks = [rooms.verdicts.next_at, rooms.watching.ask(health, at, out), rooms.halves.look(at, out)]
        if self._taken is not None:
            if not self._unlisted or at >= self._taken_at + LISTED_WITHIN_SECONDS:
                taken, self._taken = self._taken, None
                out.extend(ListNode(server) for server in site.servers)
                self._begin(taken, at, out)
                return at
            looks.append(self._taken_at + LISTED_WITHIN_SECONDS)
        return min(looks)
