"""The spine: one event in, the effects it calls for out.

    apply (what do we hold to be true) -> judge (what does it mean) -> order (what leaves, and in which order)

It never waits for an effect: outcomes come back as events. It is told the time, and wants to be called again at `next_at`
at the latest, even if nothing happens. Most events only change state: judges run when the evidence they read may have
changed for the worse, when a deadline came, or while a node is not healthy."""

from collections import Counter, OrderedDict
from collections.abc import Callable
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
from cti_daemon.model.reasons import CommandStatus, Mode, Reason, Role, Verdict
from cti_daemon.model.records import Standing
from cti_daemon.model.settings import Settings
from cti_daemon.model.views import SiteView
from cti_daemon.policy import command as commands
from cti_daemon.policy import failover, health
from cti_daemon.policy.failover import Candidate, Routing
from cti_daemon.policy.halves import Halves
from cti_daemon.policy.health import Health
from cti_daemon.policy.mirroring import Mirroring
from cti_daemon.policy.picture import draw
from cti_daemon.policy.reroute import Rerouting
from cti_daemon.policy.watch import Watching
from cti_daemon.state.site import Site

ANSWERS_KEPT = 1000
"""Answers to commands that are given again when a command's id is repeated."""


class Engine:
    """`confirm_key` is a secret of this process, for the tokens that confirm dangerous commands."""

    def __init__(self, settings: Settings, standing: Standing | None, confirm_key: bytes, at: float) -> None:
        self._settings = settings
        self._key = confirm_key
        self.site = Site(settings, at)
        self.routing = _begin(settings, standing, at)
        self.health: dict[NodeName, Health] = {}
        self.counters: dict[str, Counter[tuple[str, ...]]] = {
            name: Counter() for name in ("failovers", "diverts", "rescued_calls", "security_events", "resyncs")
        }
        ids = count(1)
        self._rerouting = Rerouting(self.site, self.counters, ids, settings.failover.stagger)
        self._mirroring = Mirroring(self.site, ids, self.routing.serving)
        self._watching = Watching(self.site, settings.detection)
        self.halves = Halves(self.site)
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
            CallerJoined: queues.join,
            CallerLeft: queues.leave,
            CallerServed: queues.serve,
            CallerDone: queues.finish,
            CallerUnserved: queues.give_back,
            StreamBegan: self.site.begin,
        }  # nearly all events: they change what we hold, and call for nothing
        self._answered: OrderedDict[tuple[str, str], Answer] = OrderedDict()
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
        return self.halves.compare(event, at, out, is_every_edge_listed=self._rerouting.is_every_edge_listed)

    def _seated(self, event: MemberSeen | MemberGone, at: float, out: list[Effect]) -> bool:
        self.site.seat(event, at)
        self._mirroring.note(event, at, out)
        return False

    def _outcome(self, event: Outcome, at: float, out: list[Effect]) -> bool:
        if self._mirroring.learn(event, at, out):
            self.next_at = min(self.next_at, self._mirroring.next_at(at))
            return False
        return self._rerouting.learn(event, at, out)

    def _listed(self, event: EdgeListed, at: float, out: list[Effect]) -> bool:
        self.routing = self._rerouting.compare(event, self.routing, at)
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
        leg = self.site.talk(event, at)
        if leg is not None:
            out.append(AttachDialog(next(self._ids), leg.edge, leg.channel, event.dialog))
        return False

    # --- judge ------------------------------------------------------------------------------------------------------

    def _judge_all(self, at: float) -> list[tuple[NodeName, Health | None, Health]]:
        detection = self._settings.detection
        isolated = health.is_isolated(self.site.evidence, at, detection)
        deaf = all(self.site.evidence[server].is_unheard for server in self.site.servers)
        changes: list[tuple[NodeName, Health | None, Health]] = []
        looks: list[float] = []
        for node, evidence in self.site.evidence.items():
            before = self.health.get(node)
            after = health.judge(before, evidence, at, detection, isolated=isolated, edge_is_deaf=deaf)
            self.health[node] = after
            if before is None or before.verdict is not after.verdict or before.degraded_paths != after.degraded_paths:
                changes.append((node, before, after))
            looks.append(health.next_look_at(after, evidence, at, detection))
        self.next_at = min(looks)
        return changes

    def _judge(self, at: float, out: list[Effect]) -> None:
        changes = self._judge_all(at)
        candidates = self.candidates()
        edge_heard = any(self.health[edge].verdict is Verdict.HEALTHY for edge in self.site.edges)
        if any(after.is_condemned or after.verdict is Verdict.HEALTHY for _, _, after in changes):
            self._rerouting.refresh(failover.route(self.routing, candidates.values()))
        decided = failover.decide(
            self.routing, candidates.values(), at, is_edge_heard=edge_heard, head=next(iter(self._rerouting.route), None)
        )
        if decided is not self.routing:
            self._adopt(decided, candidates, at, out)
        self._rerouting.assert_routes(self.routing, candidates, self.health, at, out)
        self._rerouting.rescue(self.routing, self.health, self._watching, at, out)
        for node, before, after in changes:
            out.extend(_tell_verdict(node, before, after))
        self._mirroring.judge(self.routing.serving, self.health, self.is_settled, at, out)
        wanted_at = self._watching.ask(self.health, at, out)
        looked_at = self.halves.look(at, out)
        self.next_at = min(self.next_at, wanted_at, looked_at, self._rerouting.next_at(at), self._mirroring.next_at(at))

    def is_settled(self, node: NodeName) -> bool:
        """No stale call is left on this node, so its seats may be rung."""
        return self.health[node].verdict is Verdict.HEALTHY

    def candidates(self) -> dict[NodeName, Candidate]:
        return {
            name: Candidate(name, self.site.roles[name], self.health[name], self.site.seats.reachable(name)) for name in self.site.servers
        }

    def _adopt(self, decided: Routing, candidates: dict[NodeName, Candidate], at: float, out: list[Effect]) -> None:
        """A new routing decision: the journal first, then the edges, then people."""
        before, self.routing = self.routing, decided
        judged = self.health[before.serving]
        facts = {
            "epoch": decided.epoch,
            "mode": decided.mode.value,
            "serving": decided.serving,
            "diverted_from": decided.diverted_from,
            "reason": decided.reason.value,
            "from": before.serving,
            "silent_seconds": round(judged.facts.silent_seconds, 4),
            "verdict": judged.verdict.value,
            "links": {p: c.value for p, c in judged.facts.links.items()},
            "sip": {p: c.value for p, c in judged.facts.sip.items()},
            "edge": judged.facts.edge.value,
        }
        is_failover = decided.serving != before.serving
        out.append(Record("failover_intent" if is_failover else "route", facts))
        self._rerouting.begin(before, decided, failover.route(decided, candidates.values()), at)
        if is_failover:
            why = "" if decided.reason is Reason.COMMAND else f": {judged.why}"
            text = f"failover: {before.serving} -> {decided.serving} ({decided.reason.value}{why})"
            severity = "info" if decided.reason is Reason.COMMAND else "critical"
            out.append(Report("failover", severity, text, facts))
        elif decided.diverted_from is not None:
            self.counters["diverts"][(decided.reason.value,)] += 1
            out.append(Report("divert", "warning", f"new calls pass by {before.serving}: {judged.why}", facts))
        else:
            out.append(Report("divert", "info", f"the divert ended: {decided.serving} answers again", facts))

    # --- commands ---------------------------------------------------------------------------------------------------

    def _command(self, command: Command, at: float, out: list[Effect]) -> bool:
        first = self._answered.get((command.user, command.id))
        if first is not None:  # asked again: the first answer again, and nothing is done
            out.append(replace(first, status=CommandStatus.DUPLICATE.value))
            return False
        candidates = self.candidates()
        ruling = commands.rule(command, self._settings, self.routing, candidates, self._key, at)
        heard: dict[str, object] = {"user": command.user, "verb": command.verb, "id": command.id, "reason": command.reason}
        heard |= {"code": ruling.code, "dry_run": command.dry_run}
        out.append(Record("command", heard))
        if ruling.is_go and ruling.target is not None:
            self._adopt(failover.command(self.routing, candidates[ruling.target], at), candidates, at, out)
        data: dict[str, object] = {"confirm": ruling.confirm} if ruling.confirm else {}
        if command.verb == "status" and ruling.status is CommandStatus.OK:
            data = {"mode": self.routing.mode.value, "serving": self.routing.serving, "reason": self.routing.reason.value}
            data["nodes"] = {name: judged.verdict.value for name, judged in self.health.items()}
        answer = Answer(command.id, command.user, command.verb, ruling.status.value, ruling.code, ruling.message, self.routing.epoch, data)
        out.append(answer)
        self._answered[(command.user, command.id)] = answer
        while len(self._answered) > ANSWERS_KEPT:
            self._answered.popitem(last=False)
        out.append(Report("command", "info", f"{command.user}: {command.verb}: {ruling.code}", heard))
        return True

    # --- out --------------------------------------------------------------------------------------------------------

    def view(self, at: float) -> SiteView:
        return draw(self.site, self.health, self.candidates(), self.routing, self._rerouting, self._mirroring, self.counters, at)


def _urgency(effect: Effect) -> int:
    """Persist, then act, then look further, then tell; `sorted` keeps the order within each."""
    if isinstance(effect, Record):
        return 0
    if isinstance(effect, Report | Answer):
        return 3
    return 2 if isinstance(effect, AskEdge | SampleAudio | ProbeNode | ListEdge | ListNode) else 1


def _begin(settings: Settings, standing: Standing | None, at: float) -> Routing:
    primary = NodeName(settings.nodes(Role.PRIMARY)[0].name)
    if standing is None or standing.serving not in {n.name for n in settings.node}:
        return Routing(Mode.NORMAL, primary, 0, Reason.START, at)
    return Routing(standing.mode, standing.serving, standing.epoch, standing.reason, at, standing.diverted_from)


def _tell_verdict(node: NodeName, before: Health | None, after: Health) -> list[Effect]:
    told: list[Effect] = []
    if before is None or before.verdict is not after.verdict:
        was = before.verdict.value if before else "unknown"
        severity = "critical" if after.is_condemned else "info" if after.verdict is Verdict.HEALTHY else "warning"
        facts = {
            "node": node,
            "verdict": after.verdict.value,
            "was": was,
            "why": after.why,
            "silent_seconds": round(after.facts.silent_seconds, 4),
            "edge": after.facts.edge.value,
        }
        told.append(Report("verdict", severity, f"{node}: {was} -> {after.verdict.value}: {after.why}", facts))
    lost = set(after.degraded_paths) - set(before.degraded_paths if before else ())
    back = set(before.degraded_paths if before else ()) - set(after.degraded_paths)
    for path in sorted(lost):
        text = f"{node}: control network {path} lost; the other one carries everything"
        told.append(Report("path", "warning", text, {"node": node, "path": path, "lost": True}))
    for path in sorted(back) if after.verdict is Verdict.HEALTHY else ():
        text = f"{node}: control network {path} is back"
        told.append(Report("path", "info", text, {"node": node, "path": path, "lost": False}))
    return told
