"""The book of plans and incidents: looked at once a second, never on the way of an AMI event; what changes is written down before it is
done (`plans`, the whole of it, the last entry counts), and goes on from there after a restart."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cti_daemon.model.effects import Effect, Record, Report
from cti_daemon.model.incidents import BACK, MACHINE, Activation, Incident, IncidentState, Plan, Step, StepState
from cti_daemon.model.plan_effects import AlmanacTold, Carried, FactTold, Notified, PlanEvent, PlansRead, Summoned
from cti_daemon.model.plan_tables import fact_named
from cti_daemon.model.records import StandingPlans
from cti_daemon.model.views import SiteView
from cti_daemon.policy.plan_facts import Board
from cti_daemon.policy.plan_figures import Figures, moments
from cti_daemon.policy.plan_run import Run
from cti_daemon.policy.response import Responses
from cti_daemon.state.watch import Watch
from cti_daemon.state.watches import Watches
from cti_daemon.wire.plan_journal import UNREADABLE, incident_from_plain, incident_to_plain, version_from_plain, version_to_plain

LOOK_SECONDS = 1.0
COUNTS_KEPT_SECONDS = 10.0
"""How old the counts of conditions may be that a restart goes on with."""
QUIET_KEPT_SECONDS = 3600.0
"""The same while no condition counts: how long it all runs is still to be known."""
MOST_OF_EACH = 10
"""Incidents at once of a plan that runs for each seat or queue *(ours)*."""
CLOSED_KEPT = 20
"""Closed incidents that are still shown; the journal has them all."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A step of the machine that the engine is to have carried out."""

    incident: str
    step: Step


@dataclass(slots=True)
class _Pending:
    """What a look has brought."""

    wishes: list[Wish] = field(default_factory=list)
    is_changed: bool = False


class Plans:
    def __init__(
        self,
        plans: Iterable[Plan],
        at: float,
        standing: StandingPlans | None = None,
        time_scale: float = 1.0,
        board: Board | None = None,
        responses: Responses | None = None,
    ) -> None:
        self.board = board or Board(at)
        self.figures = Figures(time_scale)
        self._responses = responses or Responses()
        self.plans: dict[str, Plan] = {plan.name: plan for plan in plans}
        self.incidents: dict[str, Incident] = {}
        self.next_at = at
        self.due_at = at
        """When time alone will change something; it is looked at once a second at the latest, since facts are only seen by looking."""
        self._look_seconds = min(max(LOOK_SECONDS * time_scale, 0.1), LOOK_SECONDS)
        self._watches = Watches()
        self._numbers: dict[str, int] = {}
        self._disarmed: set[str] = set()
        self._untold: list[str] = []
        self._is_restored = False
        self._counts_at = float("-inf")
        self._pending = _Pending()
        self._crowded: set[str] = set()
        for plan in self.plans.values():
            self._watches.load(plan, at)
        if standing is not None:
            self._restore(standing, at)

    def afresh(self, at: float, time_scale: float) -> "Plans":
        """The same plans, with no incident open: what was open is another daemon's, or is over. No name is given twice."""
        new = Plans(self.plans.values(), at, None, time_scale, self.board, self._responses)
        new._numbers = dict(self._numbers)
        return new

    # --- look ---------------------------------------------------------------------------------------------------------

    def look(self, draw: Callable[[float], SiteView], at: float, out: list[Effect]) -> None:
        """Take every incident on. `draw` is asked at most once a look."""
        if at < self.next_at:
            return
        view = draw(at)
        self.board.look(view, at)
        self.figures.look(view, at)
        self.board.read_calendar(at)
        out.extend(Report("alarm", "warning", text, {}) for text in self._untold)
        self._untold.clear()
        if self._is_restored:
            self._is_restored = False
            self._go_on(at, out)
        board, plans = self.board, self.plans.values()
        self._watches.look(plans, board.struck, board.judge, at, is_maintenance=board.is_maintenance, pace=board.pace)
        for plan in plans:
            self._open_by_itself(plan, at, out)
        for incident in list(self.incidents.values()):
            self._advance(incident.id, at, out)
        self.due_at = self._next_due_at(at)
        self.next_at = max(min(at + self._look_seconds, self.due_at), at + 0.05)
        self._keep_counts(at, out)
        self.settle(at, out)

    def _next_due_at(self, at: float) -> float:
        holds = (hold.next_at() for watch in self._watches for hold in watch.holds)
        runs = (Run(i, at, [], dict).next_at(self._watches.of(i)) for i in self.incidents.values())
        return min((*holds, *runs), default=float("inf"))

    def _open_by_itself(self, plan: Plan, at: float, out: list[Effect]) -> None:
        met = {watch.subject: (watch, stages) for watch in self._watches.of_plan(plan) if (stages := _met(plan, watch))}
        self._disarmed -= {key for key in self._disarmed if key.partition("/")[0] == plan.name and key.partition("/")[2] not in met}
        for subject, (watch, stages) in met.items():
            if _key(plan, subject) in self._disarmed or self.running(plan, subject) is not None:
                continue
            if plan.per and self._is_crowded(plan, out):
                break
            self.start(plan, at, out, stage=max(stages), cause=self.board.cause(watch.stages[max(stages)]), subject=subject)

    def running(self, plan: Plan, subject: str = "", *, is_drill: bool = False) -> Incident | None:
        """The incident of it that is not over."""
        found = (i for i in self.incidents.values() if i.is_open and i.plan.name == plan.name and i.is_drill == is_drill)
        return next((incident for incident in found if incident.subject == subject), None)

    def _is_crowded(self, plan: Plan, out: list[Effect]) -> bool:
        """When a whole floor is struck, that is another plan's: nobody reads a hundred messages of the same kind. Said once."""
        count = sum(i.is_open and i.plan.name == plan.name for i in self.incidents.values())
        if count < MOST_OF_EACH:
            self._crowded.discard(plan.name)
        elif plan.name not in self._crowded:
            self._crowded.add(plan.name)
            text = f"{count} incidents of {plan.name} are open: no more are opened for further {plan.per}s until one of them is over"
            out.append(Report("alarm", "critical", text, {"plan": plan.name, "open": count}))
        return count >= MOST_OF_EACH

    def start(
        self,
        plan: Plan,
        at: float,
        out: list[Effect],
        *,
        stage: int = 0,
        cause: str = "",
        found_by: str = "automatic",
        subject: str = "",
        is_drill: bool = False,
    ) -> str:
        """A new incident; its name."""
        number = self._numbers[plan.name] = self._numbers.get(plan.name, 0) + 1
        name = f"{plan.name}-{number}"
        if not is_drill:
            self._disarmed.add(_key(plan, subject))
        is_approved = plan.activation is Activation.AUTOMATIC or is_drill or found_by not in ("automatic", "report")
        self.incidents[name] = Incident(
            id=name,
            plan=plan,
            state=IncidentState.DETECTED,
            grade=plan.stages[stage].grade,
            stage=0,
            began_at=at,
            is_drill=is_drill,
            is_approved=is_approved,
            subject=subject,
            found_by=found_by,
        )
        self._watches.keep(plan, at, subject)
        out.append(Record("plan_version", version_to_plain(plan)))
        run = self.run(name, at, out)
        run.open(plan.approver, cause or f"by {found_by}")
        run.enter(stage, found_by)
        holds = (watch.stages[stage] for watch in self._watches.of_plan(plan) if watch.subject == subject)
        counted_seconds = max((hold.counted_seconds for hold in holds if hold is not None), default=0.0)
        self.figures.keep_opening(run.now, at - counted_seconds, at, out)
        self.take(run, at, out)
        return name

    def _advance(self, name: str, at: float, out: list[Effect]) -> None:
        run = self.run(name, at, out)
        run.advance(self._watches.of(run.now))
        self.take(run, at, out)

    def run(self, name: str, at: float, out: list[Effect]) -> Run:
        return Run(self.incidents[name], at, out, self.board.as_data)

    def take(self, run: Run, at: float, out: list[Effect]) -> None:
        """The incident as a run has left it, with the clocks of its class."""
        self._responses.settle(run, self.board.almanac)
        if not run.is_changed:
            return
        for moment in moments(self.incidents[run.now.id], run.now):
            self.figures.keep(run.now, moment, at, out)
        self.incidents[run.now.id] = run.now
        self._pending.is_changed = True
        self._pending.wishes += [Wish(run.now.id, step) for step in run.wishes]
        for child in run.children:
            self._start_child(run.now, child, at, out)
        self.next_at = min(self.next_at, at)

    def _start_child(self, parent: Incident, name: str, at: float, out: list[Effect]) -> None:
        plan = self.plans.get(name)
        if plan is None:
            out.append(Report("alarm", "warning", f"{parent.id} was to start the plan {name}, which is not loaded", {"plan": name}))
        elif self.running(plan, is_drill=parent.is_drill) is None:
            self.start(plan, at, out, cause=f"started by {parent.id}", found_by=parent.id, is_drill=parent.is_drill)

    # --- what comes back ----------------------------------------------------------------------------------------------

    def learn(self, event: PlanEvent, at: float, out: list[Effect]) -> None:
        match event:
            case FactTold():
                if fact_named(event.fact) is not None:
                    self.board.tell(event.fact, event.of, event.value)
                    self.note_fact(at)
            case AlmanacTold():
                self.board.almanac = event.almanac
                self.next_at = min(self.next_at, at)
            case PlansRead():
                self._reload(event.plans, at, out)
            case Carried():
                incident, _, step = event.order.partition("/")
                if incident in self.incidents:
                    self._end_step(incident, step, is_done=event.is_done, said=event.said, at=at, out=out)
            case Notified() | Summoned():
                name = (event.notice if isinstance(event, Notified) else event.summons).split("/")[0]
                if name in self.incidents:
                    run = self.run(name, at, out)
                    if isinstance(event, Notified):
                        run.notices.learn(event)
                    else:
                        run.notices.summoned(event)
                    self.take(run, at, out)
        self.settle(at, out)

    @property
    def has_wishes(self) -> bool:
        return bool(self._pending.wishes)

    def take_wishes(self) -> list[Wish]:
        wishes, self._pending.wishes = self._pending.wishes, []
        return wishes

    def carried_out(self, wish: Wish, *, is_done: bool, said: str, at: float, out: list[Effect]) -> None:
        """What became of a step of the machine."""
        self._end_step(wish.incident, wish.step.id, is_done=is_done, said=said, at=at, out=out)
        self.settle(at, out)

    def add_seats(self, wish: Wish, seats: tuple[str, ...], at: float, out: list[Effect]) -> None:
        """Written down before they are logged in, so that whoever takes them back knows whom."""
        run = self.run(wish.incident, at, out)
        run.add_seats(wish.step.id, seats)
        self.take(run, at, out)
        self.settle(at, out)

    def _end_step(self, incident: str, step: str, *, is_done: bool, said: str, at: float, out: list[Effect]) -> None:
        run = self.run(incident, at, out)
        held = run.now.steps.get(step)
        if held is not None and held.state is StepState.BEGUN:
            run.finish(step, StepState.DONE if is_done else StepState.FAILED, by="cti-daemon", said=said)
            run.close_when_done("cti-daemon")
        self.take(run, at, out)

    def note_fact(self, at: float) -> None:
        """A fact was told: it is looked at now, and written down."""
        self._pending.is_changed = True
        self.next_at = min(self.next_at, at)

    def passed_check(self, at: float) -> None:
        """A drill of the emergency seats was passed."""
        self.board.checked_at = at
        self._pending.is_changed = True

    def _reload(self, plans: Iterable[Plan], at: float, out: list[Effect]) -> None:
        """All at once; an incident keeps the version it began with, an unchanged plan its counts."""
        self.plans = {plan.name: plan for plan in plans}
        for plan in self.plans.values():
            self._watches.load(plan, at)
        self._watches.forget(self.plans.values(), self.incidents.values())
        out.append(Report("incident", "info", f"{len(self.plans)} plans are loaded", {"plans": sorted(self.plans)}))
        self.next_at = min(self.next_at, at)

    # --- kept over a restart --------------------------------------------------------------------------------------------

    def settle(self, at: float, out: list[Effect]) -> None:
        """Write down what has changed; in its batch this comes before all that is done."""
        if self._pending.is_changed:
            self._pending.is_changed = False
            self._forget_old()
            out.append(Record("plans", self.as_data(at)))
            self._counts_at = at

    def _keep_counts(self, at: float, out: list[Effect]) -> None:
        self._watches.forget(self.plans.values(), self.incidents.values())
        is_counting = any(watch.is_counting for watch in self._watches)
        if at - self._counts_at >= (COUNTS_KEPT_SECONDS if is_counting else QUIET_KEPT_SECONDS) and not self._pending.is_changed:
            self._counts_at = at
            out.append(Record("plans", self.as_data(at), is_awaited=False))

    def _forget_old(self) -> None:
        closed = [name for name, incident in self.incidents.items() if incident.state is IncidentState.CLOSED]
        for name in closed[:-CLOSED_KEPT]:
            del self.incidents[name]

    def as_data(self, at: float) -> dict[str, Any]:
        return {
            "incidents": [incident_to_plain(incident, at) for incident in self.incidents.values()],
            "numbers": dict(self._numbers),
            "disarmed": sorted(self._disarmed),
            "told": [[fact, of, value] for (fact, of), value in sorted(self.board.told.items())],
            "began": round(at - self.board.began_at, 3),
            "checked": round(at - self.board.checked_at, 3),
            "reports": [[round(at - told_at, 3), kind] for told_at, kind in self.board.reports],
            "counts": self._watches.as_data(at),
        }

    def _restore(self, standing: StandingPlans, at: float) -> None:
        elapsed = max(standing.elapsed_seconds, 0.0)
        data, known = standing.data, {plan.digest: plan for plan in self.plans.values()}
        for version in standing.versions:
            try:
                known.setdefault(str(version["digest"]), version_from_plain(version))
            except UNREADABLE as fault:
                self._untold.append(f"a version of plan {version.get('plan')} cannot be read any more: {fault}")
        for plain in data.get("incidents", ()):
            try:
                incident = incident_from_plain(plain, known, elapsed, at)
            except UNREADABLE as fault:
                self._untold.append(f"incident {plain.get('id')} cannot be gone on with: {type(fault).__name__} {fault}")
                continue
            self.incidents[incident.id] = incident
            self._watches.keep(incident.plan, at, incident.subject)
        try:
            self._numbers = {str(name): int(number) for name, number in data["numbers"].items()}
            self._disarmed = {str(name) for name in data["disarmed"]}
            self.board.told = {(str(fact), str(of)): value for fact, of, value in data["told"]}
            self.board.reports.extend((at - elapsed - float(age), str(kind)) for age, kind in data.get("reports", ()))
            self.board.began_at, self.board.checked_at = at - elapsed - float(data["began"]), at - elapsed - float(data["checked"])
        except UNREADABLE as fault:
            self._untold.append(f"the journal's word on plans cannot be read: {type(fault).__name__} {fault}")
        for why in self._watches.recount(data.get("counts", {}), known, elapsed, at):
            self._untold.append(f"counts of a plan begin anew: {type(why).__name__} {why}")
        self._is_restored = True

    def _go_on(self, at: float, out: list[Effect]) -> None:
        """After a restart: whatever has no outcome is ordered again, under its old name."""
        for incident in list(self.incidents.values()):
            run = self.run(incident.id, at, out)
            run.notices.repeat()
            is_closed = incident.state is IncidentState.CLOSED
            if not is_closed:
                run.write("resumed", "the daemon was restarted; all clocks go on")
            begun = [name for name, held in incident.steps.items() if held.state is StepState.BEGUN]
            steps = [incident.step(name) for name in begun if not is_closed or name.endswith(BACK)]
            self._pending.wishes += [Wish(incident.id, step) for step in steps if step is not None and step.do in MACHINE]


def _key(plan: Plan, subject: str) -> str:
    return f"{plan.name}/{subject}" if subject else plan.name


def _met(plan: Plan, watch: Watch) -> list[int]:
    """Stages by whose condition the plan opens now."""
    holds = enumerate(watch.stages)
    return [i for i, hold in holds if hold is not None and hold.is_met and plan.stages[i].after_seconds is None]
