"""What must never happen to callers and edges, judged from the truth and not from the daemon's belief."""

from dataclasses import dataclass

from cti_daemon.model.effects import Effect, Report, RescueLeg
from cti_daemon.model.ids import PATHS, NodeName, Uniqueid
from cti_daemon.model.reasons import Verdict
from cti_daemon.policy.modes import DRAINS
from cti_daemon.policy.table import CONDEMNED
from tests.sim.agents import differing
from tests.sim.clock import Clock
from tests.sim.daemon import Daemon
from tests.sim.decisions import Decisions
from tests.sim.edge import Edge, Leg
from tests.sim.faults import Kind
from tests.sim.promises import Breach, Promise
from tests.sim.schedule import SERVERS
from tests.sim.truth import Truth
from tests.sim.world import EDGE, EMG

AUDIO_SEEN_SECONDS = 0.1
"""Nobody can know of audio that has come back a moment ago."""
DEADLINE_SECONDS = 1.5
EDGE_ALONE_KNOWS_SECONDS = 3.0
"""Where only the edge can see it, the pace of asking (2 s) is part of the deadline."""
QUIET_SECONDS = 4.0
PROVEN_SECONDS = 6.0
LOOK_SECONDS = 0.1
DISTURBED = (
    Kind.STALL,
    Kind.STARVED,
    Kind.ISOLATED,
    Kind.LOSS,
    Kind.ANSWERS_LOST,
    Kind.ORDERS_LOST,
    Kind.EDGE_FROZEN,
    Kind.EDGE_KILL,
    Kind.RESTART,
)


@dataclass(frozen=True, slots=True)
class _GivenUp:
    """A caller's leg was on a node when that was condemned."""

    node: NodeName
    routed_at: float
    verdict: Verdict
    is_silent: bool

    def is_about(self, leg: Leg) -> bool:
        """The leg has not been sent anywhere since."""
        return (self.node, self.routed_at) == (leg.node, leg.routed_at)


class Invariants:
    def __init__(self, clock: Clock, truth: Truth, edge: Edge, daemon: Daemon) -> None:
        self._clock, self._truth, self._edge, self._daemon = clock, truth, edge, daemon
        self.breaches: list[Breach] = []
        self.unserved: list[Uniqueid] = []
        self.decisions = Decisions(clock, truth, daemon, self._break)
        self.is_journal_lost = False
        self._redirected: dict[tuple[Uniqueid, int], float] = {}
        self._epoch = (0, 0)
        self._given_up: dict[Uniqueid, _GivenUp] = {}
        self._waited_since: tuple[int, float] | None = None
        self._unheard_since: float | None = None
        clock.after(LOOK_SECONDS, self._look)

    def _break(self, promise: Promise, text: str) -> None:
        self.breaches.append(Breach(self._clock.now, promise, text))

    # --- what the daemon decides ------------------------------------------------------------------------------------

    def decided(self, effect: Effect) -> None:
        self.decisions.check(effect)
        if isinstance(effect, Report) and effect.kind == "verdict" and effect.data["verdict"] in CONDEMNED:
            node, verdict = NodeName(effect.data["node"]), Verdict(effect.data["verdict"])
            for leg in self._edge.legs.values():
                if leg.node == node:
                    self._given_up[leg.uniqueid] = _GivenUp(node, leg.routed_at, verdict, not self._edge.has_audio(leg))

    # --- what happens at the edge -----------------------------------------------------------------------------------

    def redirected(self, leg: Leg, effect: RescueLeg) -> None:
        if leg.is_talking and leg.is_talk_known and self._edge.has_audio(leg) and not self._was_rightly_moved(leg):
            self._break(Promise.LIVING_CALL, f"{leg.uniqueid} was talking on {leg.node}, its audio arrived")
        before_at = self._redirected.get((leg.uniqueid, effect.epoch))
        # He who was sent to a server that then died too must be moved again.
        if before_at is not None and (leg.routed_at <= before_at or (leg.epoch >= effect.epoch and self._edge.is_served(leg))):
            self._break(Promise.ONCE, f"{leg.uniqueid} redirected twice in epoch {effect.epoch}")
        self._redirected[leg.uniqueid, effect.epoch] = self._clock.now
        if leg.node is None or self.decisions.cause_lately(leg.node) is not None or not self._edge.is_served(leg):
            return
        if leg.epoch == self._edge.epoch:
            self._break(Promise.ONCE, f"{leg.uniqueid} was well on {leg.node}, chosen in the present epoch {leg.epoch}")
        reason = self._daemon.engine.routing.reason
        if reason in DRAINS and leg.uniqueid not in self._given_up:
            self._break(Promise.DRAIN, f"{leg.uniqueid} was well on {leg.node} and is moved for a {reason.value}")

    def hung_up(self, leg: Leg) -> None:
        self._break(Promise.LIVING_CALL, f"{leg.uniqueid} was connected to {leg.node}, whose half of the call was ended")

    def _was_rightly_moved(self, leg: Leg) -> bool:
        """It was silent when its node was given up (the edge took the order late), or until a moment ago."""
        is_fresh = leg.node is not None and self._clock.now - self._truth.audio_since(leg.node) < AUDIO_SEEN_SECONDS
        given_up = self._given_up.get(leg.uniqueid)
        return is_fresh or (given_up is not None and given_up.is_about(leg) and given_up.is_silent)

    def globals_set(self) -> None:
        life, epoch = self._epoch
        if life == self._truth.incarnation[EDGE] and self._edge.epoch < epoch:
            self._break(Promise.LEVEL, f"the edge's epoch went back from {epoch} to {self._edge.epoch}")
        self._epoch = (self._truth.incarnation[EDGE], self._edge.epoch)
        if self._edge.route:
            self.decisions.held(self._edge.epoch, self._edge.route[0])

    # --- what does not happen ---------------------------------------------------------------------------------------

    def _look(self) -> None:
        """A deadline runs only while nothing but the cause stands in the way."""
        self._clock.after(LOOK_SECONDS, self._look)
        now = self._clock.now
        head = self._edge.route[0] if self._edge.route else None
        self._look_for_seats(head)
        cause = self._truth.cause_of(head) if head is not None else None
        if head is None or cause is None or self.decisions.is_paused or not self._is_undisturbed() or not self._has_other(head):
            self._waited_since = self._unheard_since = None
            return
        if self._waited_since is None or self._waited_since[0] != cause.number:
            self._waited_since, self._unheard_since = (cause.number, now), None
        if self._is_heard(head):
            self._unheard_since = None
        elif self._unheard_since is None:
            self._unheard_since = now  # a second fault on top of one that only the edge sees: its own deadline begins here
        waited = now - self._waited_since[1]
        is_late = self._unheard_since is not None and now - self._unheard_since > DEADLINE_SECONDS
        if is_late or waited > EDGE_ALONE_KNOWS_SECONDS:
            self._break(Promise.IN_TIME, f"new callers still go to {head} {waited:.1f} s after its end began")
            self._waited_since = (cause.number, now + 1000.0)

    def _look_for_seats(self, head: NodeName | None) -> None:
        """No seat at the head of the route, nothing else wrong with it, and another node that has seats and is not at work."""
        settings, now = self._daemon.settings.failover, self._clock.now
        if head is None or head == EMG or self.decisions.is_paused or not self._is_undisturbed():
            return
        is_well = all(fault.kind is Kind.SEATS_GONE for fault in self._truth.active if fault.node == head)
        is_well = is_well and now - self._truth.touched_at.get(head, 0.0) > settings.seats_out_after
        seatless = self._truth.seatless_seconds(head, now)
        if is_well and seatless > settings.seats_out_after + PROVEN_SECONDS and self._has_other(head, at_work=False):
            self._break(Promise.IN_TIME, f"new callers still go to {head}, which has had no seat for {seatless:.1f} s")

    def _is_heard(self, node: NodeName) -> bool:
        """By the daemon itself, AMI and SIP: then the edge alone can know of the cause."""
        return self._truth.probe_is_answered(node) and any(self._truth.daemon_reaches(node, path) for path in PATHS)

    def _is_undisturbed(self) -> bool:
        now, touched = self._clock.now, self._truth.touched_at
        settled = now - touched.get(None, 0.0) > QUIET_SECONDS and now - touched.get(EDGE, 0.0) > QUIET_SECONDS
        on_edge = any(f.node == EDGE or f.kind in DISTURBED for f in self._truth.active)
        return settled and not on_edge and not self._daemon.is_dead and now - self._daemon.started_at > QUIET_SECONDS

    def _has_other(self, node: NodeName, *, at_work: bool = True) -> bool:
        """Another server that nothing is wrong with, for long enough to be proven."""
        since_at = self._clock.now - PROVEN_SECONDS
        ailing = {fault.node for fault in self._truth.active}
        return any(
            n not in ailing and self._truth.cause_of(n) is None and self._truth.touched_at.get(n, 0.0) < since_at
            for n in SERVERS
            if n != node and (at_work or not self.decisions.is_maintained(n))
        )

    # --- the end ----------------------------------------------------------------------------------------------------

    def ended(self) -> None:
        """All faults have ended more than ten seconds ago."""
        engine, edge = self._daemon.engine, self._edge
        held = (edge.route, edge.epoch)
        wanted = (engine.view(self._clock.now).route, engine.routing.epoch)
        if held != wanted:
            self._break(Promise.LEVEL, f"the edge holds {held}, the daemon wants {wanted}")
        mapped = {(leg.uniqueid, leg.node) for leg in engine.site.legs}
        legs = {(leg.uniqueid, leg.node) for leg in edge.legs.values()}
        if mapped != legs:
            self._break(Promise.LEVEL, f"the daemon's map of callers is wrong: {sorted(mapped ^ legs, key=str)}")
        unlike = differing(self._daemon)
        if unlike and engine.routing.serving != EMG:  # while the emergency system serves, nobody leads the seats
            self._break(Promise.SEATS, f"the media servers do not have the same of {sorted(unlike)}")
        for leg in edge.legs.values():
            given_up = self._given_up.get(leg.uniqueid)
            if given_up is not None and given_up.is_about(leg) and not self._is_well(leg, given_up.verdict):
                self._break(Promise.NOBODY_LEFT, f"{leg.uniqueid} is still on {leg.node}, which was given up")
            elif not edge.is_served(leg):
                self._is_silent(leg)

    def _is_silent(self, leg: Leg) -> None:
        """Nobody holds this call. Where the conversation had ended and the BYE was lost, or no journal tells a server's lives apart,
        no promise covers him: he is counted."""
        if self.is_journal_lost or leg.is_over:
            self.unserved.append(leg.uniqueid)
        elif self._clock.now - leg.routed_at > QUIET_SECONDS or leg.node is None:
            self._break(Promise.HELD, f"{leg.uniqueid} hears nothing from {leg.node}")

    def _is_well(self, leg: Leg, verdict: Verdict) -> bool:
        """The node still holds this call; and who only waits there was left there on purpose."""
        return self._edge.is_served(leg) and (leg.is_talking or verdict is Verdict.EDGE_CANNOT_REACH)
