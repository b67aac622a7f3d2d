"""The spine: one event in, the effects it calls for out.

    take (what do we hold to be true) -> judge (what does it mean) -> order (what leaves, and in which order)

It never waits for an effect: outcomes come back as events. It is told the time, and wants to be called again at `next_at`
at the latest, even if nothing happens. Most events only change state (`policy/intake.py`): judges run when the evidence they read
may have changed for the worse, when a deadline came, or while a node is not healthy."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cti_daemon.model.affected import AskNumber, CallBack, ForgetNumbers, KeepCaller, NoteRow
from cti_daemon.model.effects import (
    Answer,
    AskEdge,
    Effect,
    ListEdge,
    ListNode,
    ProbeNode,
    RaiseCaller,
    Record,
    Report,
    SampleAudio,
    SetSwitch,
)
from cti_daemon.model.errands import Errand
from cti_daemon.model.events import Event
from cti_daemon.model.lease import LeaseLost, LeaseTaken, Origin
from cti_daemon.model.plan_effects import CallIn, InformCallers, Notify, TestCalls
from cti_daemon.model.reasons import Verdict
from cti_daemon.model.records import Standing, StandingDrills, StandingOrders
from cti_daemon.model.settings import Settings
from cti_daemon.model.views import PairView, SiteView
from cti_daemon.policy import failover, heir, proof, telling
from cti_daemon.policy.adoption import adopt
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.halves import Halves
from cti_daemon.policy.intake import Intake
from cti_daemon.policy.picture import draw
from cti_daemon.policy.plans import Plans
from cti_daemon.policy.reception import Reception
from cti_daemon.policy.rooms import Rooms, furnish
from cti_daemon.policy.watchman import Watchman
from cti_daemon.state import ledger
from cti_daemon.state.site import Site


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
        drills: StandingDrills | None = None,
        plans: Plans | None = None,
    ) -> None:
        self._confirm_key, self._answered = confirm_key, tuple(answered)
        rooms = furnish(settings, standing, orders, drills, at)
        rooms.plans = plans
        self._peer = ""
        self._move_in(rooms)
        rooms.verdicts.judge(at)
        self.next_at = rooms.verdicts.next_at
        if standing is not None and standing.open_failover_from in rooms.site.servers:
            rooms.rerouting.reopen(standing.open_failover_from, rooms.routing, at)

    def _move_in(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._reception = Reception(rooms, self._confirm_key, self._answered)
        self._intake = Intake(rooms, self._reception)
        self._quiet, self._take = self._intake.quiet, self._intake.take
        self._watchman: Watchman | None = None
        if self._peer:
            self._intake.also(LeaseLost, self._stand_back)

    @property
    def site(self) -> Site:
        return self._rooms.site

    @property
    def routing(self) -> Routing:
        return self._rooms.routing

    @property
    def halves(self) -> Halves:
        return self._rooms.halves

    def feed(self, event: Event, at: float) -> list[Effect]:
        """Take one event that was seen at monotonic instant `at`; what must be done about it, in order."""
        effects: list[Effect] = []
        quiet = self._quiet.get(type(event))
        if quiet is not None:
            quiet(event, at)
        else:
            self.next_at = min(self.next_at, self._take(event, at, effects))
        if at < self.next_at:
            return effects
        self._judge(at, effects)
        return sorted(effects, key=_urgency)

    def _judge(self, at: float, out: list[Effect]) -> None:
        """Every judge, in this order: who is alive, who shall serve, what is true on the edges, whom to move, what to tell and to ask."""
        if self._watchman is not None:
            self.next_at = self._watchman.judge(at, out)
            return
        rooms, book = self._rooms, self._rooms.book
        health, rerouting, mirroring = rooms.verdicts.of, rooms.rerouting, rooms.mirroring
        book.expire(health, at, out)
        changes = rooms.verdicts.judge(at)
        for server in rooms.site.servers:
            rooms.presence.note(server, rooms.site.seats.reachable(server), at)
        rooms.site.duty.note(rooms.routing.serving, at)
        candidates = rooms.candidates()
        if any(after.is_condemned or after.verdict is Verdict.HEALTHY for _, _, after in changes):
            rerouting.refresh(failover.route(rooms.routing, candidates.values()))
        decided = failover.decide(
            rooms.routing,
            candidates.values(),
            at,
            is_edge_heard=rooms.verdicts.is_edge_heard,
            head=next(iter(rerouting.route), None),
            settings=rooms.settings.failover,
        )
        if book.orders.is_paused:
            book.hold(rooms.routing, decided, health[rooms.routing.serving], out)
        elif decided is not rooms.routing:
            adopt(rooms, decided, candidates, at, out)
        rooms.seat_alarm.tell(candidates.values(), rooms.routing.serving, at, rooms.settings.failover, out)
        rerouting.assert_routes(rooms.routing, candidates, health, at, out)
        may_move = book.may_move_callers(rooms.routing)
        if may_move:
            rerouting.rescue(rooms.routing, health, rooms.watching, at, out)
        for node, before, after in changes:
            of_node = proof.of_node(rooms.site.evidence[node], after, at)
            out.extend(telling.tell_verdict(node, before, after, of_node, in_maintenance=node in book.orders.maintenance))
        stale_at = rooms.stale.judge(health, at, out, may_act=may_move)
        mirroring.judge(rooms.routing.serving, health, rooms.stale.is_settled, at, out)
        self._reception.close_seat_orders(at, out)
        plans_at = self._reception.attend_plans(at, out)
        drilled_at = self._reception.attend_drills(at, out)
        wanted_at = rooms.watching.ask(health, at, out)
        looked_at = rooms.halves.look(at, out)
        hook_at = rooms.hook.assert_route(rooms.routing, rerouting.route, at, out)
        is_ready = may_move and rooms.verdicts.is_healthy(rooms.routing.serving)
        cared_at = rooms.aftermath.look(changes, rooms.routing, is_ready=is_ready, at=at, out=out)
        recorded_at = rooms.recording.look(health.get, at, out)
        asked_at = (hook_at, wanted_at, looked_at, stale_at, plans_at, cared_at, recorded_at)
        looks = (*asked_at, rerouting.next_at(at), mirroring.next_at(at), book.orders.next_at)
        self.next_at = min(rooms.verdicts.next_at, rooms.seat_desk.next_at, drilled_at, *looks)

    # --- one of a pair ------------------------------------------------------------------------------------------------

    def pair(self, peer: str) -> None:
        """There is another daemon for this site: before the first event; from now on we act only while the lease is ours."""
        self._peer = peer
        self._watch()

    def notes(self, at: float) -> dict[str, Any]:
        """What the other daemon is to know if it must go on from here."""
        return heir.notes(self._rooms, at)

    @property
    def is_acting(self) -> bool:
        return self._watchman is None

    def _watch(self) -> None:
        self._watchman = Watchman(self._rooms, self._intake, self._peer, self._step_in)
        self._take = self._watchman.take

    def _step_in(self, taken: LeaseTaken, at: float, out: list[Effect]) -> None:
        """The lease is ours, and the edges have said what they hold."""
        seen = self._rooms.routing
        if self._watchman is not None and self._watchman.own_routing.epoch >= seen.epoch and taken.origin is not Origin.OTHER:
            self._rooms.routing = self._watchman.own_routing
        rooms = heir.succeed(self._rooms, seen, taken, at, out)
        if rooms is self._rooms:
            self._watchman, self._take = None, self._intake.take
            self._intake.also(LeaseLost, self._stand_back)
        else:
            self._move_in(rooms)

    def _stand_back(self, event: LeaseLost, at: float, out: list[Effect]) -> float:
        """Nothing is ended: if nobody else takes the lease, all goes on when it is ours again."""
        self._watch()
        out.append(Record("lease", {"state": "lost", "term": event.term, "to": event.to or None}, is_awaited=False))
        why = f"{event.to} has it" if event.to else "the edge did not answer in time"
        out.append(Report("lease", "warning", f"this daemon acts no more: {why}", {"term": event.term, "to": event.to or None}))
        return at

    # --- what is kept and shown -----------------------------------------------------------------------------------------

    def figures(self, at: float) -> dict[str, Any]:
        """What of the queues must outlive us, as plain data."""
        return ledger.to_plain(self.site.queues, at)

    def restore(self, plain: Mapping[str, Any], aged_seconds: float, at: float) -> None:
        """Go on with the figures of `aged_seconds` ago, before the first event. Raises ledger.UNREADABLE; then nothing was taken."""
        ledger.restore(Site(self._rooms.settings, at).queues, plain, aged_seconds, at)
        ledger.restore(self.site.queues, plain, aged_seconds, at)

    def view(self, at: float) -> SiteView:
        drawn = draw(self._rooms, at)
        return replace(drawn, pair=PairView(self.is_acting, self._peer)) if self._peer else drawn


def _urgency(effect: Effect) -> int:
    """Persist, then act, then look further, then tell; `sorted` keeps the order within each."""
    if isinstance(effect, Record):
        return 0
    if isinstance(effect, Report | Answer | Notify | CallIn | InformCallers | TestCalls | KeepCaller | NoteRow | ForgetNumbers | Errand):
        return 3
    return (
        2
        if isinstance(effect, SetSwitch | RaiseCaller | AskNumber | CallBack | AskEdge | SampleAudio | ProbeNode | ListEdge | ListNode)
        else 1
    )
