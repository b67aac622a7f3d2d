"""Drills that are safe on a live site, one at a time: of the emergency seats, or of a plan. It begins when it is due or by a person's word,
gives way to any trouble of the site, and leaves nothing behind.

The edge's dialplan reads the switch only for calls to its test context (`cti-test`); real calls never look at it. Level, not edge: each
edge is told again when it was away, and when the daemon was. The whole state is in the entry `drills`, durable before anything leaves;
entries of kind `drill` are the record (docs/design/plans.md)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from cti_daemon.model.drills import EMERGENCY_SEATS, CallSeat, DrillKind, DrillsDue, SeatResult
from cti_daemon.model.effects import Effect, Record, Report
from cti_daemon.model.events import DrillCallSeen, Outcome, SeatAnswered, SeatTalking
from cti_daemon.model.ids import CallToken, NodeName, SeatName
from cti_daemon.model.incidents import Incident
from cti_daemon.model.plan_effects import Notified
from cti_daemon.model.records import StandingDrills
from cti_daemon.model.settings import Settings
from cti_daemon.model.views import DrillView
from cti_daemon.policy.drill_gate import Look, why_not_go_on
from cti_daemon.policy.drill_notices import Notices
from cti_daemon.policy.drill_record import ABORTED, HELD, PASSED, evaluate
from cti_daemon.policy.drill_switch import Switch, way_of
from cti_daemon.policy.drill_verbs import tell_calls
from cti_daemon.policy.order_verbs import tell_span
from cti_daemon.policy.plan_drill import call_off, incidents_of
from cti_daemon.policy.plans import Plans
from cti_daemon.policy.ruling import DrillChange
from cti_daemon.policy.seat_calls import LOOK_SECONDS, SeatCalls
from cti_daemon.policy.timetable import Entry, Timetable
from cti_daemon.state.drill import Drill, drill_from
from cti_daemon.state.site import Site

SCHEDULE = "schedule"
"""Who begins what is due by itself."""
TESTS_KEPT = 1000
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


class Drills:
    def __init__(
        self,
        settings: Settings,
        site: Site,
        counters: Mapping[str, Counter[tuple[str, ...]]],
        ids: Iterator[int],
        standing: StandingDrills | None,
        at: float,
    ) -> None:
        self._site, self._counters, self._ids = site, counters, ids
        self.now: Drill | None = None
        """The drill that is in force."""
        self.passed_at: float | None = None
        """When a drill of the emergency seats was last passed, as far as we have seen."""
        self.timetable = Timetable(settings.drill)
        self._seat_calls = SeatCalls(site, ids)
        self._switch = Switch(site, ids)
        self._number = 0
        self._tests: dict[CallToken, None] = {}
        """Test calls that came in, the newest."""
        self._look_at = float("-inf")
        self._is_restored = False
        self._is_changed = False
        if standing is not None:
            self._restore(standing, at)

    @property
    def next_at(self) -> float:
        looks = [self._switch.next_at]
        if self.now is not None or not self._seat_calls.is_clear:
            looks.append(self._look_at + LOOK_SECONDS)
        return min(looks)

    def view(self, at: float) -> DrillView | None:
        drill = self.now
        if drill is None:
            return None
        seat_calls = {call.seat: call.result.value if call.result else "" for call in drill.seat_calls.values()}
        return DrillView(
            drill.kind.value,
            drill.target,
            drill.user,
            drill.reason,
            drill.left_seconds(at),
            drill.calls,
            drill.answered,
            tuple(sorted(drill.seats)),
            drill.id,
            drill.planned,
            drill.plan,
            seat_calls,
        )

    def is_test_call(self, token: CallToken) -> bool:
        """Is it a call of a drill, and nobody's?"""
        drill = self.now
        if token in self._tests or self._seat_calls.is_under_way(token):
            return True
        return drill is not None and any(call.token == token for call in drill.seat_calls.values())

    def test_calls(self) -> Counter[tuple[NodeName, str]]:
        """(node, state) → test calls that are seen there now."""
        tokens = [*self._tests, *self._seat_calls.under_way]
        tokens += [call.token for call in self.now.seat_calls.values() if call.token] if self.now is not None else []
        found = [call for token in tokens if (call := self._site.calls.of_token(token)) is not None]
        if self.now is not None and self.now.target is not None:
            found += self._seat_calls.unnamed(self.now, self.now.target)
        return Counter((call.node, call.state.value) for call in found if call.node is not None)

    # --- begin --------------------------------------------------------------------------------------------------------

    def change(self, change: DrillChange, user: str, reason: str, plans: Plans | None, at: float, out: list[Effect]) -> None:
        """What a person ordered, or the timetable: it was ruled before."""
        if not change.seconds:
            self._end(user, "stopped", f"{user}: {reason}" if reason else user, plans, at, out)
            return
        planned = change.planned
        if change.kind is DrillKind.PLAN:
            self._begin_plan(change, user, reason, plans, at, out)
        else:
            self._number += 1
            name = f"{EMERGENCY_SEATS}-{self._number}"
            self.now = Drill(change.kind, name, change.target, user, reason, at, at + change.seconds)
            if planned is not None and change.target is not None:
                self.now.seat_calls = self._seat_calls.seats_of(change.target, planned.seats)
        drill = self.now
        if drill is None:
            return
        if planned is not None:
            drill.planned, drill.most_calls = planned.name, planned.most_calls
            drill.ring_seconds, drill.together = planned.ring_seconds, planned.together
            Notices(drill).begin(planned.roles, out)
        out.append(Record("drill", {"state": "began"} | drill.as_data(at), is_awaited=False))
        what = f"test calls go to {drill.target}" if drill.target else "test calls only"
        text = f"drill {drill.what}, by {drill.user}: {what}, for at most {tell_span(change.seconds)}"
        out.append(Report("drill", "info", text, drill.as_data(at)))
        self._is_changed = True

    def _begin_plan(self, change: DrillChange, user: str, reason: str, plans: Plans | None, at: float, out: list[Effect]) -> None:
        plan = plans.plans.get(change.plan) if plans is not None else None
        if plans is None or plan is None:
            return
        cause = f"by {user}" + (f": {reason}" if reason else "")
        name = plans.start(plan, at, out, stage=change.stage, cause=cause, found_by="drill", subject=change.subject, is_drill=True)
        self.now = Drill(change.kind, name, None, user, reason, at, at + change.seconds, plan=plan.name, version=plan.version)
        plans.settle(at, out)

    def refuse(self, entry: Entry, why: str, at: float, out: list[Effect]) -> None:
        """What was due by itself may not begin. Told once for each reason."""
        is_new, entry.tried_at, entry.refusal = why != entry.refusal, at, why
        if is_new:
            facts = {"state": "refused", "kind": entry.planned.kind.value, "drill": entry.planned.name, "user": SCHEDULE, "why": why}
            out.append(Record("drill", facts, is_awaited=False))
            out.append(Report("drill", "info", f"the drill {entry.planned.name} is due and waits: {why}", facts))

    # --- what is seen -------------------------------------------------------------------------------------------------

    def tell(self, event: DrillsDue, at: float) -> None:
        self._is_changed = self.timetable.tell(event, at) or self._is_changed

    def see(self, event: DrillCallSeen, at: float, out: list[Effect]) -> None:
        self._tests[event.token] = None
        while len(self._tests) > TESTS_KEPT:
            del self._tests[next(iter(self._tests))]
        if self.now is not None and (seat := self.now.call(event.token, event.node)) is not None:
            self._write_down(self.now, seat, at, out)

    def talk(self, event: SeatTalking, at: float, out: list[Effect]) -> None:
        """Each seat that answers is written down at once: a restart must not lose the evidence."""
        if self.now is not None and self.now.talk(event.token, event.node, event.seat):
            self._write_down(self.now, event.seat, at, out)

    def answer(self, event: SeatAnswered, at: float, out: list[Effect]) -> None:
        """A seat has answered the test call to it."""
        drill = self.now
        call = self._seat_calls.answer(drill, event.token, at) if drill is not None else None
        if drill is not None and call is not None:
            self._counters["seat_tests"][(SeatResult.ANSWERED.value,)] += 1
            self._write_down(drill, call.seat, at, out)

    def _write_down(self, drill: Drill, seat: SeatName, at: float, out: list[Effect]) -> None:
        out.append(Record("drill", {"state": "seat", "seat": seat} | drill.as_data(at), is_awaited=False))
        out.append(Record("drills", self.to_plain(at)))

    def hear(self, event: Notified) -> None:
        """Was a participant told?"""
        if self.now is not None and Notices(self.now).learn(event):
            self._is_changed = True

    def learn(self, event: Outcome, at: float) -> bool:
        if self._seat_calls.learn(self.now, event):
            self._is_changed = True
            return True
        return self._switch.learn(event, at)

    # --- judge --------------------------------------------------------------------------------------------------------

    def judge(self, look: Look | None, plans: Plans | None, at: float, out: list[Effect]) -> None:
        """End what is over, go on with what is in force, and make every edge hold what should hold. `look` may be None while no drill is in
        force."""
        if plans is not None:
            self._adopt(plans, at)
        if self.now is not None and look is not None and at >= self._look_at + LOOK_SECONDS:
            self._look_at = at
            self._go_on(self.now, look, plans, at, out)
        if at >= self._look_at + LOOK_SECONDS:
            self._look_at = at
        self._seat_calls.clear(at, out)
        self._is_changed = self.timetable.alarm(at, out) or self._is_changed
        if self.now is not None and plans is not None and self.now.kind is DrillKind.PLAN:
            self.now.target = way_of(incidents_of(plans, self.now.id), self._site)
        wanted = (self.now.target,) if self.now is not None and self.now.target is not None else ()
        self._switch.hold(wanted, at, out)
        if self._is_changed:
            self._is_changed = False
            out.append(Record("drills", self.to_plain(at)))

    def _go_on(self, drill: Drill, look: Look, plans: Plans | None, at: float, out: list[Effect]) -> None:
        drill.live_calls = max(drill.live_calls, look.live_calls or 0)
        why = why_not_go_on(look, drill.most_calls)
        if self._is_restored and drill.target is not None:
            self._seat_calls.interrupt(drill, drill.target, at)
            self._is_changed = True
        if self._is_restored:
            Notices(drill).repeat(out)
        self._is_restored = False
        if why:
            self._end("cti-daemon", "aborted", why, plans, at, out)
        elif at >= drill.until_at:
            self._end("cti-daemon", "over", "its time is over", plans, at, out)
        elif drill.kind is DrillKind.PLAN:
            if all(incident.id != drill.id for incident in incidents_of(plans, drill.id, closed=False)):
                self._end("cti-daemon", "done", "", plans, at, out)
        elif drill.seat_calls and drill.target is not None:
            self._call_seats(drill, drill.target, plans, at, out)

    def _call_seats(self, drill: Drill, node: NodeName, plans: Plans | None, at: float, out: list[Effect]) -> None:
        before = {call.seat: call.result for call in drill.seat_calls.values()}
        orders: list[Effect] = []
        self._is_changed = self._seat_calls.look(drill, node, at, orders) or self._is_changed
        for call in drill.seat_calls.values():
            if call.result is not None and before[call.seat] is None:
                self._counters["seat_tests"][(call.result.value,)] += 1
                out.append(Record("drill", {"state": "seat", "seat": call.seat} | drill.as_data(at), is_awaited=False))
        self._is_changed = self._is_changed or any(isinstance(order, CallSeat) for order in orders)
        out += orders
        if all(call.result is not None and call.token is None for call in drill.seat_calls.values()):
            self._end("cti-daemon", "done", "", plans, at, out)

    def _adopt(self, plans: Plans, at: float) -> None:
        """A plan's drill of which we do not know (it was begun by `plan-start` of a former version, or our entry is lost)."""
        if self.now is None:
            root = next((i for i in plans.incidents.values() if _is_running(i)), None)
            if root is not None:
                until_at = max(root.began_at + 4 * 3600.0, at + LOOK_SECONDS)
                name, version = root.plan.name, root.plan.version
                self.now = Drill(DrillKind.PLAN, root.id, None, "drill", "", root.began_at, until_at, plan=name, version=version)
                self._is_changed = True

    def _end(self, user: str, how: str, why: str, plans: Plans | None, at: float, out: list[Effect]) -> None:
        drill = self.now
        if drill is None:
            return
        if drill.target is not None and drill.seat_calls:
            self._seat_calls.stop(drill, drill.target, at)
        incidents = incidents_of(plans, drill.id) if drill.kind is DrillKind.PLAN else []
        Notices(drill).take_on(incidents)
        judged = evaluate(drill, incidents, how, why, at)
        evaluation = str(judged["evaluation"])
        self.now = None
        if plans is not None and drill.kind is DrillKind.PLAN:
            call_off(plans, incidents, user, why or how, at, out)
        if evaluation == PASSED and drill.kind is DrillKind.EMERGENCY_SEATS:
            self.passed_at = at
        if evaluation in HELD:
            self.timetable.hold(drill.planned, evaluation, at)
        else:
            self.timetable.put_off(drill.planned, at)
        facts: dict[str, Any] = drill.as_data(at) | {"state": "ended", "how": how, "why": why, "ended_by": user} | judged
        out.append(Record("drills", self.to_plain(at)))
        out.append(Record("drill", facts))
        self._is_changed = False
        self._counters["drills"][(drill.kind.value, how)] += 1
        Notices(drill).end(evaluation, judged["findings"], out)
        severity = "info" if evaluation not in ("failed", ABORTED) else "warning"
        text = f"drill {drill.what} of {drill.user} ended ({how}{': ' + why if how == 'aborted' else ''}) after "
        text += f"{tell_span(float(round(at - drill.since_at)))}: {evaluation}"
        if drill.kind is DrillKind.EMERGENCY_SEATS:
            text += f"; {tell_calls(drill)}"
        out.append(Report("drill", severity, text, facts))

    # --- kept over a restart ------------------------------------------------------------------------------------------

    def to_plain(self, at: float) -> dict[str, Any]:
        return {
            "number": self._number,
            "now": None if self.now is None else self.now.to_plain(at),
            "timetable": self.timetable.to_plain(at),
            "leftover": self._seat_calls.to_plain(at),
        }

    def _restore(self, standing: StandingDrills, at: float) -> None:
        """What cannot be read any more is over: a drill is no reason to stumble."""
        data, elapsed = standing.data, max(standing.elapsed_seconds, 0.0)
        try:
            self._number = int(data["number"])
            self.timetable.take_plain(data["timetable"], elapsed, at)
            self._seat_calls.take_plain(data["leftover"], elapsed, at, self._site.roles)
            drill = None if data["now"] is None else drill_from(data["now"], elapsed, at)
        except UNREADABLE:
            return
        if drill is not None and (drill.target is None or drill.target in self._site.roles):
            self.now, self._is_restored = drill, True


def _is_running(incident: Incident) -> bool:
    return incident.is_drill and incident.found_by == "drill" and incident.state.value != "closed"
