"""What each kind of event changes in what we hold, and when the judges must look because of it."""

from collections.abc import Callable
from typing import Any

from cti_daemon.model.affected import CallerKnown, RowSeen
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
from cti_daemon.model.drills import DrillsDue
from cti_daemon.model.effects import AttachDialog, Effect, Report
from cti_daemon.model.errands import ErrandDone
from cti_daemon.model.events import (
    AudioSampled,
    BlockRefused,
    Command,
    DrillCallSeen,
    EdgeListed,
    EdgeSaw,
    Event,
    FaultMarked,
    LegRouted,
    LinkAlive,
    LinkLost,
    LinkUp,
    MemberGone,
    MemberSeen,
    ObserverStalled,
    Outcome,
    OutsideOffered,
    QueuesListed,
    SeatAnswered,
    SeatTalking,
    SipAlive,
    SipRefused,
    SurveyAnswered,
)
from cti_daemon.model.plan_effects import AlmanacTold, Carried, FactTold, Notified, PlanEvent, PlansRead, Summoned
from cti_daemon.model.reasons import Verdict
from cti_daemon.model.recording import RecordingChanged
from cti_daemon.policy.aftermath import OTHER_NUMBER, OWN_NUMBER
from cti_daemon.policy.reception import Reception
from cti_daemon.policy.rooms import Rooms

OF_EVIDENCE: frozenset[type[Event]] = frozenset(
    {LinkAlive, SipAlive, EdgeSaw, LinkUp, LinkLost, SipRefused, ObserverStalled, AudioSampled, BlockRefused}
)
"""Of these events only what is known of the nodes changes; nothing is ordered because of them."""
UNCALLED = float("inf")
"""Nothing in it calls for the judges."""

Take = Callable[[Any, float, list[Effect]], float]
"""(event, seen at, effects that leave) -> when the judges must look: now, at some instant, or UNCALLED."""


class Intake:
    def __init__(self, rooms: Rooms, reception: Reception) -> None:
        self._rooms = rooms
        self._reception = reception
        calls, queues, site = rooms.site.calls, rooms.site.queues, rooms.site
        self.quiet: dict[type[Event], Callable[[Any, float], None]] = {
            ChannelBegan: calls.begin,
            ChannelChanged: calls.change,
            ChannelBridged: site.bridge,
            ChannelUnbridged: calls.unbridge,
            ChannelHeld: calls.hold,
            ChannelTransferred: calls.transfer,
            ChannelEnded: site.end,
            CallerLeft: queues.leave,
            CallerServed: queues.serve,
            CallerDone: queues.finish,
            StreamBegan: site.begin,
        }
        """Nearly all events: they change what we hold, and call for nothing."""
        self._takers: dict[type[Event], Take] = {
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
            FaultMarked: self._fault_marked,
            OutsideOffered: self._outside_offered,
            SurveyAnswered: self._graded,
            RecordingChanged: self._recording,
            SeatAnswered: self._seat_answered,
            DrillsDue: self._calendar,
            CallerJoined: self._joined,
            CallerUnserved: self._unserved,
            QueuesListed: self._queues_listed,
            ChannelsListed: self._channels_listed,
            EdgeListed: self._edge_listed,
            AudioSampled: self._audio,
            BlockRefused: self._refused,
            Outcome: self._outcome,
            MemberSeen: self._seated,
            MemberGone: self._seated,
            Command: self._command,
            ErrandDone: self._errand_done,
            CallerKnown: self._caller_known,
            RowSeen: self._row_seen,
            Notified: self._of_plans,
            Summoned: self._of_plans,
            FactTold: self._of_plans,
            PlansRead: self._of_plans,
            Carried: self._of_plans,
            AlmanacTold: self._of_plans,
        }  # a table, since `match` would try two dozen classes for the commonest event

    def also(self, kind: type[Event], take: Take) -> None:
        """What only some sites have."""
        self._takers[kind] = take

    def take(self, event: Event, at: float, out: list[Effect]) -> float:
        """An event that is not `quiet`. When the judges must look because of it."""
        take = self._takers.get(type(event))
        return take(event, at, out) if take is not None else UNCALLED

    # --- the nodes --------------------------------------------------------------------------------------------------

    def _sign_of_life(self, event: LinkAlive | SipAlive, at: float, _out: list[Effect]) -> float:
        self._rooms.site.witness(event, at)
        return at if self._rooms.verdicts.of[event.node].verdict is not Verdict.HEALTHY else UNCALLED

    def _edge_word(self, event: EdgeSaw, at: float, _out: list[Effect]) -> float:
        self._rooms.site.witness(event, at)
        return at

    def _trouble(self, event: LinkUp | LinkLost | SipRefused, at: float, out: list[Effect]) -> float:
        self._rooms.site.witness(event, at)
        self._rooms.watching.startle(event, at, out)
        return at

    def _stall(self, event: ObserverStalled, at: float, out: list[Effect]) -> float:
        detection = self._rooms.settings.detection
        self._rooms.site.forgive(event.seconds, at, detection.suspect_after, detection.heartbeat)
        self._rooms.presence.forgive(event.seconds)
        text = f"we did not run for {event.seconds:.2f} s: silence in that time proves nothing"
        out.append(Report("alarm", "warning", text, {"seconds": round(event.seconds, 3)}))
        return at

    def _audio(self, event: AudioSampled, at: float, _out: list[Effect]) -> float:
        self._rooms.watching.hear(event)
        return at

    def _refused(self, event: BlockRefused, _at: float, out: list[Effect]) -> float:
        self._rooms.counters["security_events"][(event.node, event.kind)] += 1
        facts = {"node": event.node, "path": event.path, "kind": event.kind, "why": event.why}
        out.append(Report("security", "warning", f"an AMI block of {event.node} was not believed: {event.why}", facts))
        return UNCALLED

    # --- calls ------------------------------------------------------------------------------------------------------

    def _routed(self, event: LegRouted, at: float, out: list[Effect]) -> float:
        self._rooms.site.route(event, at)
        self._rooms.aftermath.route(event, out)
        judged = self._rooms.verdicts.of.get(event.node)
        return at if judged is not None and judged.verdict is not Verdict.HEALTHY else UNCALLED

    def _talking(self, event: SeatTalking, at: float, out: list[Effect]) -> float:
        """Hang the dialog on the caller's leg, so that a rescue finds it there even if we are dead."""
        rooms = self._rooms
        held = rooms.site.legs.of_token(event.token)
        if held is not None and held.node != event.node and rooms.verdicts.of[event.node].is_condemned:
            return UNCALLED  # a server that was given up tells of its former life: he talks, or waits, elsewhere
        leg = rooms.site.talk(event, at)
        rooms.drills.talk(event, at, out)
        rooms.aftermath.talk(event, leg, at, out)
        rooms.recording.talk(event, at)
        if leg is not None:
            out.append(AttachDialog(next(rooms.ids), leg.edge, leg.channel, event.dialog))
        return UNCALLED

    def _joined(self, event: CallerJoined, at: float, out: list[Effect]) -> float:
        """Who was given to a queue is not to be given back to the seat that did so: the dialog is taken off his leg."""
        leg = self._rooms.site.join(event, at)
        if not self._rooms.voices.is_idle:
            self._rooms.voices.join(event)
        if leg is not None:
            out.append(AttachDialog(next(self._rooms.ids), leg.edge, leg.channel, ""))
        return UNCALLED

    def _unserved(self, event: CallerUnserved, at: float, out: list[Effect]) -> float:
        self._rooms.site.queues.give_back(event, at)
        if event.status in (OWN_NUMBER, OTHER_NUMBER):
            self._rooms.aftermath.leave_number(event, out)
        return UNCALLED

    def _test_call(self, event: DrillCallSeen, at: float, out: list[Effect]) -> float:
        self._rooms.drills.see(event, at, out)
        self._rooms.aftermath.spare(event)
        return UNCALLED

    def _fault_marked(self, event: FaultMarked, at: float, out: list[Effect]) -> float:
        return at if self._rooms.fault_marks.take(event, self._rooms.plans, at, out) else UNCALLED

    def _outside_offered(self, event: OutsideOffered, _at: float, out: list[Effect]) -> float:
        self._rooms.outside_seats.take(event, out)
        return UNCALLED

    def _graded(self, event: SurveyAnswered, _at: float, out: list[Effect]) -> float:
        rooms = self._rooms
        rooms.survey.take(event, out, is_callback=rooms.aftermath.callbacks.owns(event.token))
        return UNCALLED

    def _recording(self, event: RecordingChanged, at: float, out: list[Effect]) -> float:
        return at if self._rooms.recording.change(event, at, out) else UNCALLED

    def _seat_answered(self, event: SeatAnswered, at: float, out: list[Effect]) -> float:
        self._rooms.drills.answer(event, at, out)
        return UNCALLED

    def _calendar(self, event: DrillsDue, at: float, _out: list[Effect]) -> float:
        self._rooms.drills.tell(event, at)
        return at

    # --- lists ------------------------------------------------------------------------------------------------------

    def _queues_listed(self, event: QueuesListed, at: float, out: list[Effect]) -> float:
        rooms = self._rooms
        for found in rooms.site.list_queues(event, at):
            facts = found._asdict()
            rooms.counters["resyncs"][(found.node, found.cause)] += found.offered + found.answered + found.abandoned + found.left
            text = f"{found.queue} on {found.node}, counted from its lists ({found.cause}): {found.offered} offered, "
            text += f"{found.answered} answered, {found.abandoned} abandoned, {found.left} left otherwise; their waits are not known"
            out.append(Report("resync", "warning" if found.cause == "resync" else "info", text, facts))
        rooms.mirroring.take_list(event.node, frozenset(counted.queue for counted in event.counted), at, out)
        return rooms.mirroring.next_at(at)

    def _channels_listed(self, event: ChannelsListed, at: float, out: list[Effect]) -> float:
        rooms = self._rooms
        corrected = rooms.site.list_channels(event, at)
        rooms.mirroring.know_life(event.node, event.life)
        if corrected:
            rooms.counters["resyncs"][(event.node, "channels")] += corrected
            text = f"{corrected} channels of {event.node} were not as its events had told; set right from its list"
            out.append(Report("resync", "warning", text, {"node": event.node, "cause": "resync", "channels": corrected}))
        rooms.aftermath.know_life(event, at, out)
        is_stale = rooms.stale.compare(event, at)
        is_lost = rooms.halves.compare(event, at, out, is_every_edge_listed=rooms.rerouting.is_every_edge_listed)
        return at if is_stale or is_lost else UNCALLED

    def _edge_listed(self, event: EdgeListed, at: float, out: list[Effect]) -> float:
        rooms = self._rooms
        rooms.routing = rooms.rerouting.compare(event, rooms.routing, at)
        rooms.stale.edge_listed(event, at)
        rooms.aftermath.list_edge(event, out)
        for found in event.legs:  # a dialog that did not arrive is hung on again
            leg = rooms.site.legs.get(event.edge, found.uniqueid)
            if leg is not None and leg.dialog and not found.dialog and leg.talking_on == found.node:
                out.append(AttachDialog(next(rooms.ids), leg.edge, leg.channel, leg.dialog))
        return at

    # --- seats, outcomes, orders ------------------------------------------------------------------------------------

    def _seated(self, event: MemberSeen | MemberGone, at: float, out: list[Effect]) -> float:
        self._rooms.site.seat(event, at)
        self._rooms.mirroring.note(event, at, out)
        self._reception.close_seat_orders(at, out)
        return UNCALLED

    def _outcome(self, event: Outcome, at: float, out: list[Effect]) -> float:
        rooms = self._rooms
        if (
            rooms.stale.learn(event)
            or rooms.hook.learn(event, at, out)
            or rooms.drills.learn(event, at)
            or rooms.voices.learn(event, at, out)
            or rooms.aftermath.learn(event, at, out)
        ):
            return at
        if rooms.mirroring.learn(event, at, out):
            self._reception.close_seat_orders(at, out)
            return rooms.mirroring.next_at(at)
        return at if rooms.rerouting.learn(event, at, out) else UNCALLED

    def _caller_known(self, event: CallerKnown, _at: float, _out: list[Effect]) -> float:
        self._rooms.aftermath.callbacks.know(event)
        return UNCALLED

    def _row_seen(self, event: RowSeen, at: float, _out: list[Effect]) -> float:
        self._rooms.aftermath.callbacks.see(event, at)
        return UNCALLED

    def _command(self, command: Command, at: float, out: list[Effect]) -> float:
        return at if self._reception.take(command, at, out) else UNCALLED

    def _errand_done(self, event: ErrandDone, _at: float, out: list[Effect]) -> float:
        self._reception.learn(event, out)
        return UNCALLED

    def _of_plans(self, event: PlanEvent, at: float, out: list[Effect]) -> float:
        plans = self._rooms.plans
        if isinstance(event, Notified):
            self._rooms.drills.hear(event)
        if plans is None:
            return UNCALLED
        plans.learn(event, at, out)
        return at
