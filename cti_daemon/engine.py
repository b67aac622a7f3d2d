"""The spine: one event in, the effects it calls for out.

    apply (what do we hold to be true) -> judge (what does it mean) -> order (what leaves, and in which order)

It never waits for an effect: outcomes come back as events. It is told the time, and wants to be called again at `next_at`
at the latest, even if nothing happens. Most events only change state: judges run when the evidence they read may have
changed for the worse, when a deadline came, or while a node is not healthy."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from cti_daemon.model.call_events import (
    CallerDone,
    CallerJoined,
    CallerLeft,
    CallerServed,
    CallerUnserved,
    ChannelBegan,
    ChannelBridged,
    ChannelChanged,
    ChannelEnded,
    ChannelHeld,
    ChannelsListed,
    ChannelTransferred,
    ChannelUnbridged,
    StreamBegan,
)
from cti_daemon.model.effects import Answer, AskEdge, AttachDialog, Effect, ListEdge, ListNode, ProbeNode, Record, Report, SampleAudio
from cti_daemon.model.events import (
    AudioSampled,
    BlockRefused,
    Command,
    DrillCallSeen,
    EdgeListed,
    EdgeSaw,
    Event,
    LegRouted,
    LinkAlive,
    LinkLost,
    LinkUp,
    MemberGone,
    MemberSeen,
    ObserverStalled,
    Outcome,
    QueuesListed,
    SeatTalking,
    SipAlive,
    SipRefused,
)
from cti_daemon.model.ids import NodeName
from cti_daemon.model.plan_effects import CallIn, Notify
from cti_daemon.model.reasons import CommandStatus, Verdict
from cti_daemon.model.records import Standing, StandingDrill, StandingOrders
from cti_daemon.model.settings import Settings
from cti_daemon.model.views import SiteView
from cti_daemon.policy import failover, health, proof, telling
from cti_daemon.policy.candidate import Candidate
from cti_daemon.policy.desk import Desk
from cti_daemon.policy.drills import Drills
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.halves import Halves
from cti_daemon.policy.health import Health
from cti_daemon.policy.mirroring import Mirroring
from cti_daemon.policy.order_book import OrderBook
from cti_daemon.policy.picture import draw
from cti_daemon.policy.reroute import Rerouting
from cti_daemon.policy.routing_hook import RoutingHook
from cti_daemon.policy.ruling import Seating, Situation
from cti_daemon.policy.seat_alarm import SeatAlarm
from cti_daemon.policy.seat_desk import SeatDesk
from cti_daemon.policy.stale import StaleCalls
from cti_daemon.policy.watch import Watching
from cti_daemon.state import ledger
from cti_daemon.state.seat_presence import SeatPresence
from cti_daemon.state.site import Site

COUNTERS = ("failovers", "planned_moves", "diverts", "rescued_calls", "stale_calls", "security_events", "resyncs", "drills")


class Engine:
    """`confirm_key` is a secret of this process, for the tokens that confirm dangerous commands. `answered`: the journal's answers to
    commands, oldest first."""

    def __init__(
        self,
        settings: Settings,
        standing: Standing | None,
        confirm_key: bytes,
        at: float,
        orders: StandingOrders | None = None,
        answered: Iterable[Answer] = (),
        drill: StandingDrill | None = None,
    ) -> None:
        self._settings = settings
        self.site = Site(settings, at)
        self.routing = failover.begin(standing, self.site.roles, at)
        self._book = OrderBook(orders, at)
        self.orders = self._book.orders
        self.health: dict[NodeName, Health] = {}
        self.counters: dict[str, Counter[tuple[str, ...]]] = {name: Counter() for name in COUNTERS}
        self._desk = Desk(confirm_key, answered)
        self._presence = SeatPresence()
        self._seat_alarm = SeatAlarm()
        ids = count(1)
        self._rerouting = Rerouting(self.site, self.counters, ids, settings.failover.stagger)
        self._mirroring = Mirroring(self.site, ids, self.routing.serving)
        self._seat_desk = SeatDesk(self._mirroring)
        self._drills = Drills(self.site, self.counters, ids, drill, at)
        self._watching = Watching(self.site, settings.detection)
        self.halves = Halves(self.site)
        self._hook = RoutingHook(ids, is_wanted=bool(settings.routing.exec))
        self._stale = StaleCalls(self.site, self.counters, ids)
        self._ids = ids
        self._takers: dict[type[Event], Callable[[Any, float, list[Effect]], bool]] = {
            LinkAlive: self._sign_of_life,
            SipAlive: self._sign_of_life,
            EdgeSaw: self._edge_word,
            LinkUp: self._trouble,
            LinkLost: self._trouble,
            SipRefused: self._trouble,
            ObserverStalled: self._stall,
            LegRouted: self._routed,
            SeatTalking: self._talking,
            DrillCallSeen: self._test_call,
            CallerJoined: self._joined,
            QueuesListed: self._queues_listed,
            ChannelsListed: self._channels_listed,
            EdgeListed: self._listed,
            AudioSampled: self._audio,
            BlockRefused: self._refused,
            Outcome: self._outcome,
            MemberSeen: self._seated,
            MemberGone: self._seated,
            Command: self._command,
        }  # a table, since `match` would try two dozen classes for the commonest event
        calls, queues = self.site.calls, self.site.queues
        self._quiet: dict[type[Event], Callable[[Any, float], None]] = {
            ChannelBegan: calls.begin,
            ChannelChanged: calls.change,
            ChannelBridged: self.site.bridge,
            ChannelUnbridged: calls.unbridge,
            ChannelHeld: calls.hold,
            ChannelTransferred: calls.transfer,
            ChannelEnded: self.site.end,
            CallerLeft: queues.leave,
            CallerServed: queues.serve,
            CallerDone: queues.finish,
            CallerUnserved: queues.give_back,
            StreamBegan: self.site.begin,
        }  # nearly all events: they change what we hold, and call for nothing
        self.next_at = at
        self._judge_all(at)
        if standing is not None and standing.open_failover_from in self.site.servers:
            self._rerouting.reopen(standing.open_failover_from, self.routing, at)

    # --- in ---------------------------------------------------------------------------------------------------------

    def feed(self, event: Event, at: float) -> list[Effect]:
        """Take one event that was seen at monotonic instant `at`; what must be done about it, in order."""
        effects: list[Effect] = []
        quiet = self._quiet.get(type(event))
        if quiet is not None:
            quiet(event, at)
            if at < self.next_at:
                return effects
        elif not self._apply(event, at, effects) and at < self.next_at:
            return effects
        self._judge(at, effects)
        return sorted(effects, key=_urgency)

    def _apply(self, event: Event, at: float, out: list[Effect]) -> bool:
        """Change what we hold. True when the judges must look now."""
        take = self._takers.get(type(event))
        return take(event, at, out) if take is not None else False

    def _sign_of_life(self, event: LinkAlive | SipAlive, at: float, _out: list[Effect]) -> bool:
        self.site.witness(event, at)
        return self.health[event.node].verdict is not Verdict.HEALTHY

    def _edge_word(self, event: EdgeSaw, at: float, _out: list[Effect]) -> bool:
        self.site.witness(event, at)
        return True

    def _trouble(self, event: LinkUp | LinkLost | SipRefused, at: float, out: list[Effect]) -> bool:
        self.site.witness(event, at)
        self._watching.startle(event, at, out)
        return True

    def _stall(self, event: ObserverStalled, at: float, out: list[Effect]) -> bool:
        detection = self._settings.detection
        self.site.forgive(event.seconds, at, detection.suspect_after, detection.heartbeat)
        self._presence.forgive(event.seconds)
        text = f"we did not run for {event.seconds:.2f} s: silence in that time proves nothing"
        out.append(Report("alarm", "warning", text, {"seconds": round(event.seconds, 3)}))
        return True

    def _routed(self, event: LegRouted, at: float, _out: list[Effect]) -> bool:
        self.site.route(event, at)
        return event.node in self.health and self.health[event.node].verdict is not Verdict.HEALTHY

    def _queues_listed(self, event: QueuesListed, at: float, out: list[Effect]) -> bool:
        for found in self.site.list_queues(event, at):
            facts = found._asdict()
            self.counters["resyncs"][(found.node, found.cause)] += found.offered + found.answered + found.abandoned + found.left
            text = f"{found.queue} on {found.node}, counted from its lists ({found.cause}): {found.offered} offered, "
            text += f"{found.answered} answered, {found.abandoned} abandoned, {found.left} left otherwise; their waits are not known"
            out.append(Report("resync", "warning" if found.cause == "resync" else "info", text, facts))
        self._mirroring.take_list(event.node, frozenset(counted.queue for counted in event.counted), at, out)
        self.next_at = min(self.next_at, self._mirroring.next_at(at))
        return False

    def _channels_listed(self, event: ChannelsListed, at: float, out: list[Effect]) -> bool:
        corrected = self.site.list_channels(event, at)
        self._mirroring.know_life(event.node, event.life)
        if corrected:
            self.counters["resyncs"][(event.node, "channels")] += corrected
            text = f"{corrected} channels of {event.node} were not as its events had told; set right from its list"
            out.append(Report("resync", "warning", text, {"node": event.node, "cause": "resync", "channels": corrected}))
        is_stale = self._stale.compare(event, at)
        is_lost = self.halves.compare(event, at, out, is_every_edge_listed=self._rerouting.is_every_edge_listed)
        return is_stale or is_lost

    def _seated(self, event: MemberSeen | MemberGone, at: float, out: list[Effect]) -> bool:
        self.site.seat(event, at)
        self._mirroring.note(event, at, out)
        self._close_seat_orders(at, out)
        return False

    def _outcome(self, event: Outcome, at: float, out: list[Effect]) -> bool:
        if self._stale.learn(event) or self._hook.learn(event, at, out) or self._drills.learn(event, at):
            return True
        if self._mirroring.learn(event, at, out):
            self._close_seat_orders(at, out)
            self.next_at = min(self.next_at, self._mirroring.next_at(at))
            return False
        return self._rerouting.learn(event, at, out)

    def _listed(self, event: EdgeListed, at: float, out: list[Effect]) -> bool:
        self.routing = self._rerouting.compare(event, self.routing, at)
        self._stale.edge_listed(event, at)
        for found in event.legs:  # a dialog that did not arrive is hung on again
            leg = self.site.legs.get(event.edge, found.uniqueid)
            if leg is not None and leg.dialog and not found.dialog and leg.talking_on == found.node:
                out.append(AttachDialog(next(self._ids), leg.edge, leg.channel, leg.dialog))
        return True

    def _audio(self, event: AudioSampled, _at: float, _out: list[Effect]) -> bool:
        self._watching.hear(event)
        return True

    def _refused(self, event: BlockRefused, _at: float, out: list[Effect]) -> bool:
        self.counters["security_events"][(event.node, event.kind)] += 1
        facts = {"node": event.node, "path": event.path, "kind": event.kind, "why": event.why}
        out.append(Report("security", "warning", f"an AMI block of {event.node} was not believed: {event.why}", facts))
        return False

    def _talking(self, event: SeatTalking, at: float, out: list[Effect]) -> bool:
        """Hang the dialog on the caller's leg, so that a rescue finds it there even if we are dead."""
        held = self.site.legs.of_token(event.token)
        if held is not None and held.node != event.node and self.health[event.node].is_condemned:
            return False  # a server that was given up tells of its former life: he talks, or waits, elsewhere
        leg = self.site.talk(event, at)
        self._drills.talk(event, at, out)
        if leg is not None:
            out.append(AttachDialog(next(self._ids), leg.edge, leg.channel, event.dialog))
        return False

    def _joined(self, event: CallerJoined, at: float, out: list[Effect]) -> bool:
        """Who was given to a queue is not to be given back to the seat that did so: the dialog is taken off his leg."""
        leg = self.site.join(event, at)
        if leg is not None:
            out.append(AttachDialog(next(self._ids), leg.edge, leg.channel, ""))
        return False

    def _test_call(self, event: DrillCallSeen, at: float, out: list[Effect]) -> bool:
        self._drills.see(event, at, out)
        return False

    # --- judge ------------------------------------------------------------------------------------------------------

    def _judge_all(self, at: float) -> list[tuple[NodeName, Health | None, Health]]:
        detection = self._settings.detection
        isolated = health.is_isolated(self.site.evidence, at, detection)
        deaf = all(self.site.evidence[server].is_unheard for server in self.site.servers)
        late = not any(health.is_steady(self.health.get(edge), at) for edge in self.site.edges)
        changes: list[tuple[NodeName, Health | None, Health]] = []
        looks: list[float] = []
        for node, evidence in self.site.evidence.items():
            before = self.health.get(node)
            after = health.judge(before, evidence, at, detection, isolated=isolated, edge_is_deaf=deaf, edge_is_late=late)
            self.health[node] = after
            if before is None or before.verdict is not after.verdict or before.degraded_paths != after.degraded_paths:
                changes.append((node, before, after))
            looks.append(health.next_look_at(after, evidence, at, detection))
        self.next_at = min(looks)
        return changes

    def _judge(self, at: float, out: list[Effect]) -> None:
        self._book.expire(self.health, at, out)
        changes = self._judge_all(at)
        for server in self.site.servers:
            self._presence.note(server, self.site.seats.reachable(server), at)
        self.site.duty.note(self.routing.serving, at)
        candidates = self.candidates()
        edge_heard = any(self.health[edge].verdict is Verdict.HEALTHY for edge in self.site.edges)
        if any(after.is_condemned or after.verdict is Verdict.HEALTHY for _, _, after in changes):
            self._rerouting.refresh(failover.route(self.routing, candidates.values()))
        decided = failover.decide(
            self.routing,
            candidates.values(),
            at,
            is_edge_heard=edge_heard,
            head=next(iter(self._rerouting.route), None),
            settings=self._settings.failover,
        )
        if self.orders.is_paused:
            self._book.hold(self.routing, decided, self.health[self.routing.serving], out)
        elif decided is not self.routing:
            self._adopt(decided, candidates, at, out)
        self._seat_alarm.tell(candidates.values(), self.routing.serving, at, self._settings.failover, out)
        self._rerouting.assert_routes(self.routing, candidates, self.health, at, out)
        if self._book.may_move_callers(self.routing):
            self._rerouting.rescue(self.routing, self.health, self._watching, at, out)
        for node, before, after in changes:
            of_node = proof.of_node(self.site.evidence[node], after, at)
            out.extend(telling.tell_verdict(node, before, after, of_node, in_maintenance=node in self.orders.maintenance))
        may_move = self._book.may_move_callers(self.routing)
        stale_at = self._stale.judge(self.health, at, out, may_act=may_move)
        self._mirroring.judge(self.routing.serving, self.health, self._stale.is_settled, at, out)
        self._close_seat_orders(at, out)
        self._drills.judge(self.routing, at, out)
        wanted_at = self._watching.ask(self.health, at, out)
        looked_at = self.halves.look(at, out)
        hook_at = self._hook.assert_route(self.routing, self._rerouting.route, at, out)
        looks = (hook_at, wanted_at, looked_at, stale_at, self._rerouting.next_at(at), self._mirroring.next_at(at), self.orders.next_at)
        self.next_at = min(self.next_at, self._seat_desk.next_at, self._drills.next_at, *looks)

    def candidates(self) -> dict[NodeName, Candidate]:
        differences = self._mirroring.difference()
        return {
            name: Candidate(
                name,
                self.site.roles[name],
                self.health[name],
                self.site.seats.reachable(name),
                in_maintenance=name in self.orders.maintenance,
                seatless_since_at=self._presence.seatless_since_at(name),
                seated_since_at=self._presence.seated_since_at(name),
                is_mirrored=not differences.get(name),
            )
            for name in self.site.servers
        }

    def _adopt(self, decided: Routing, candidates: dict[NodeName, Candidate], at: float, out: list[Effect]) -> None:
        """A new routing decision: the journal first, then the edges, then people."""
        before, self.routing = self.routing, decided
        judged = self.health[before.serving]
        stood_on = proof.of_node(self.site.evidence[before.serving], judged, at)
        facts = telling.routing_facts(before, decided, candidates, stood_on, judged)
        out.append(Record("failover_intent" if decided.serving != before.serving else "route", facts))
        self._rerouting.begin(before, decided, failover.route(decided, candidates.values()), at)
        if decided.serving == before.serving and decided.diverted_from is not None:
            self.counters["diverts"][(decided.reason.value,)] += 1
        out.append(telling.tell_routing(before, decided, judged, facts))

    # --- people's orders --------------------------------------------------------------------------------------------

    def _command(self, command: Command, at: float, out: list[Effect]) -> bool:
        if self._desk.answer_again(command, out):
            return False
        candidates, seats = self.candidates(), self._seat_desk
        seating = Seating(self._mirroring.roster, self._mirroring.queues, seats.running, seats.last)
        situation = Situation(
            self._settings, self.routing, self.site.roles, candidates, self.orders, self._desk.last, seating, self._drills.now, at
        )
        ruling = self._desk.take(command, situation, out)
        if ruling.is_go and ruling.wishes is not None:
            self._desk.defer(command, ruling, self.routing.epoch, out)
            self._mirroring.order(ruling.wishes, at, out)
            seats.begin(command, ruling, ruling.wishes, at, self.routing.epoch)
            return True
        if ruling.is_go and ruling.move is not None:
            target = candidates[ruling.move.target]
            self._adopt(failover.serve(self.routing, target, ruling.move.reason, at), candidates, at, out)
        if ruling.is_go and ruling.order is not None:
            self._book.change(ruling.order, command, self.health, at, out)
        if ruling.is_go and ruling.drill is not None:
            self._drills.change(ruling.drill, command, at, out)
        is_status = command.verb == "status" and ruling.status is CommandStatus.OK
        data = telling.status(self.routing, self.health, is_paused=self.orders.is_paused) if is_status else {}
        self._desk.close(command, ruling, self.routing.epoch, data, out)
        return True

    def _close_seat_orders(self, at: float, out: list[Effect]) -> None:
        if self._seat_desk.is_idle:
            return
        for command, ruling in self._seat_desk.ended(at):
            self._desk.close(command, ruling, self.routing.epoch, {}, out)

    # --- out --------------------------------------------------------------------------------------------------------

    def figures(self, at: float) -> dict[str, Any]:
        """What of the queues must outlive us, as plain data."""
        return ledger.to_plain(self.site.queues, at)

    def restore(self, plain: Mapping[str, Any], aged_seconds: float, at: float) -> None:
        """Go on with the figures of `aged_seconds` ago, before the first event. Raises ledger.UNREADABLE; then nothing was taken."""
        ledger.restore(Site(self._settings, at).queues, plain, aged_seconds, at)
        ledger.restore(self.site.queues, plain, aged_seconds, at)

    def view(self, at: float) -> SiteView:
        drawn = draw(self.site, self.health, self.candidates(), self.routing, self._rerouting, self._mirroring, self._book, at)
        return replace(drawn, drill=self._drills.view(at))


def _urgency(effect: Effect) -> int:
    """Persist, then act, then look further, then tell; `sorted` keeps the order within each."""
    if isinstance(effect, Record):
        return 0
    if isinstance(effect, Report | Answer | Notify | CallIn):
        return 3
    return 2 if isinstance(effect, AskEdge | SampleAudio | ProbeNode | ListEdge | ListNode) else 1
