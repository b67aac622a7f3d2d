"""Drills that are safe on a live site. `emergency-seats`: test calls, and nobody else's, are sent to the emergency seats for a while.

The edge's dialplan reads the switch only for calls to its test context (`cti-test`); real calls never look at it. Level, not edge: each
edge is told again when it was away, and when the daemon was."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from cti_daemon.model.effects import Effect, Record, Report, SetDrill
from cti_daemon.model.events import Command, DrillCallSeen, Outcome, SeatTalking
from cti_daemon.model.ids import NodeName, SeatName
from cti_daemon.model.reasons import Mode, Result, Role
from cti_daemon.model.records import StandingDrill
from cti_daemon.model.views import DrillView
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.moves import unproven
from cti_daemon.policy.order_verbs import span_of, tell_span
from cti_daemon.policy.ruling import DrillChange, Ruling, Situation, accept, refuse
from cti_daemon.state.drill import Drill, restored
from cti_daemon.state.site import Site

EMERGENCY_SEATS = "emergency-seats"
RETRY_SECONDS = 1.0


def rule_start(command: Command, now: Situation) -> Ruling:
    seconds = span_of(command)
    if now.drill is not None:
        return refuse("wrong_mode", f"{now.drill.user}'s drill {now.drill.kind} is in force; drill-stop first")
    target = next((c for c in now.candidates.values() if c.role is Role.EMERGENCY), None)
    if target is None:
        return refuse("wrong_target", "the site has no node with role = 'emergency'")
    if now.routing.mode is not Mode.NORMAL:
        return refuse("wrong_mode", f"the site is {now.routing.mode.value}: no drill before it is normal again")
    plan = f"for {tell_span(seconds)} test calls go to the emergency seats on {target.name}; real calls are not touched"
    return unproven(target) or accept(plan, drill=DrillChange(EMERGENCY_SEATS, target.name, seconds))


def rule_stop(_command: Command, now: Situation) -> Ruling:
    if now.drill is None:
        return refuse("wrong_mode", "no drill is in force")
    plan = f"test calls go the way of real calls again; so far {tell_calls(now.drill)}"
    shown = {"calls": now.drill.calls, "answered": now.drill.answered, "seats": sorted(now.drill.seats)}
    return replace(accept(plan, drill=DrillChange(now.drill.kind, now.drill.target, 0.0)), data=shown)


DRILLS = {"drill-start": rule_start, "drill-stop": rule_stop}


def tell_calls(drill: Drill) -> str:
    seats = f", by {', '.join(sorted(drill.seats))}" if drill.seats else ""
    return f"{drill.answered} of {drill.calls} test calls were answered{seats}"


@dataclass(slots=True)
class _Edge:
    """What an edge is known to hold; None: not known."""

    holds: tuple[NodeName, ...] | None = None
    asked: tuple[int, tuple[NodeName, ...]] | None = None
    again_at: float = field(default=float("-inf"))


class Drills:
    def __init__(
        self, site: Site, counters: Mapping[str, Counter[tuple[str, ...]]], ids: Iterator[int], standing: StandingDrill | None, at: float
    ) -> None:
        self._site, self._counters, self._ids = site, counters, ids
        self.now = restored(standing, site.roles, at)
        self.passed_at: float | None = None
        """When a drill was last passed, as far as we have seen."""
        """The drill that is in force."""
        self._edges = {edge: _Edge() for edge in site.edges}

    @property
    def next_at(self) -> float:
        waits = [edge.again_at for edge in self._edges.values() if edge.asked is not None]
        return min([*waits, self.now.until_at] if self.now else waits, default=float("inf"))

    def view(self, at: float) -> DrillView | None:
        drill = self.now
        if drill is None:
            return None
        seats = tuple(sorted(drill.seats))
        return DrillView(drill.kind, drill.target, drill.user, drill.reason, drill.left_seconds(at), drill.calls, drill.answered, seats)

    # --- what people order ------------------------------------------------------------------------------------------

    def change(self, change: DrillChange, command: Command, at: float, out: list[Effect]) -> None:
        if not change.seconds:
            self._end(command.user, "stopped", at, out)
            return
        drill = self.now = Drill(change.kind, change.target, command.user, command.reason, at, at + change.seconds)
        out.append(Record("drill", {"state": "began"} | drill.as_data(at)))
        text = f"drill {drill.kind}, by {drill.user}: test calls go to {drill.target} for {tell_span(change.seconds)}"
        out.append(Report("drill", "info", text, drill.as_data(at)))

    # --- what is seen -----------------------------------------------------------------------------------------------

    def see(self, event: DrillCallSeen, at: float, out: list[Effect]) -> None:
        if self.now is not None and (seat := self.now.call(event.token, event.node)) is not None:
            self._write_down(self.now, seat, at, out)

    def talk(self, event: SeatTalking, at: float, out: list[Effect]) -> None:
        """Each seat that answers is written down at once: a restart must not lose the evidence."""
        if self.now is not None and self.now.talk(event.token, event.node, event.seat):
            self._write_down(self.now, event.seat, at, out)

    @staticmethod
    def _write_down(drill: Drill, seat: SeatName, at: float, out: list[Effect]) -> None:
        out.append(Record("drill", {"state": "answered", "seat": seat} | drill.as_data(at)))

    def learn(self, event: Outcome, at: float) -> bool:
        for edge in self._edges.values():
            if edge.asked is not None and edge.asked[0] == event.effect_id:
                edge.holds = edge.asked[1] if event.result is Result.DONE else None
                edge.asked, edge.again_at = None, at + RETRY_SECONDS
                return True
        return False

    # --- judge ------------------------------------------------------------------------------------------------------

    def judge(self, routing: Routing, at: float, out: list[Effect]) -> None:
        """End what is over, and make every edge hold what should hold."""
        if self.now is not None and routing.serving == self.now.target:
            self._end("cti-daemon", "overtaken", at, out)
        elif self.now is not None and at >= self.now.until_at:
            self._end("cti-daemon", "over", at, out)
        wanted = (self.now.target,) if self.now is not None else ()
        for name, edge in self._edges.items():
            if not self._site.evidence[name].connected:
                edge.holds = edge.asked = None  # it may have been restarted
            elif edge.holds != wanted and (edge.asked is None or edge.asked[1] != wanted) and (edge.asked or at >= edge.again_at):
                effect = SetDrill(next(self._ids), name, wanted)
                edge.asked, edge.again_at = (effect.effect_id, wanted), at + RETRY_SECONDS
                out.append(effect)
            elif edge.asked is not None and at >= edge.again_at:
                edge.asked = None  # its answer is lost
                self.judge(routing, at, out)

    def _end(self, user: str, how: str, at: float, out: list[Effect]) -> None:
        drill, self.now = self.now, None
        if drill is None:
            return
        evaluation = "passed" if drill.answered and drill.answered == drill.calls else "failed" if drill.calls else "no test call was made"
        if evaluation == "passed":
            self.passed_at = at
        facts = drill.as_data(at) | {"state": "ended", "how": how, "ended_by": user, "evaluation": evaluation}
        out.append(Record("drill", facts | {"left_seconds": 0.0}))
        self._counters["drills"][(drill.kind, how)] += 1
        severity = "warning" if evaluation == "failed" or how == "overtaken" else "info"
        text = f"drill {drill.kind} of {drill.user} ended ({how}) after {tell_span(float(round(at - drill.since_at)))}: {tell_calls(drill)}"
        out.append(Report("drill", severity, text, facts))
