"""A site in virtual time around the real book of plans: facts by hand, a journal, an outbox that knows what it has handed over.

It can be killed at any point of a batch of effects: before it is written down, before it is done, before the outcome is heard."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from cti_daemon.model.effects import Effect, Record, Report
from cti_daemon.model.events import Command, FaultMarked
from cti_daemon.model.ids import CallToken, NodeName, SeatName
from cti_daemon.model.incidents import TELEPHONY, ActionKind, Plan, Value
from cti_daemon.model.plan_effects import CallIn, Notified, Notify, PlanEvent, Summoned, SummonsAnswer
from cti_daemon.model.reasons import Mode, Reason
from cti_daemon.model.records import StandingPlans
from cti_daemon.model.views import SiteView
from cti_daemon.policy.fault_marks import FaultMarks
from cti_daemon.policy.plan_facts import Board
from cti_daemon.policy.plan_verbs import rule_plan, rule_word
from cti_daemon.policy.plan_words import obey
from cti_daemon.policy.plans import COUNTS_KEPT_SECONDS, Plans, Wish
from cti_daemon.policy.voices import clock_in, recording_of

RESTART_SECONDS = 2.0


class KilledError(Exception):
    """SIGKILL, here."""


class Facts(Board):
    """Facts by hand instead of from a picture of the site."""

    source: dict[tuple[str, str], Value]

    @override
    def look(self, view: SiteView, at: float) -> None:
        self._seen = dict(self.source)
        self._seen[("emergency_seats.check_age", "")] = at - self.checked_at
        for kind_reports in self._counted(view, at):
            key, value = kind_reports
            if key[0].startswith("reports."):
                self._seen.setdefault(key, value)
        self.is_maintenance = self.told.get(("external.maintenance", "")) is True


class World:
    def __init__(self, plans: Mapping[str, Plan], kill_at: int | None = None) -> None:
        self.now = 0.0
        self.facts: dict[tuple[str, str], Value] = {}
        self.lines: list[str] = []
        self.points = 0
        """Places where it could have been killed."""
        self.restarts = 0
        self.outbox: dict[str, float] = {}
        """Notices and summonses that were handed over, and when: durable, as the outbox of the shell is."""
        self.spoken: list[tuple[float, str, str, str]] = []
        """What people really got: when, whom, what kind, which words."""
        self.switched: list[tuple[float, str]] = []
        """Telephony that was really changed."""
        self.is_on: dict[str, str] = {}
        self.seats_in: set[str] = set()
        """Extra seats that are in the queue now."""
        self.unreachable: set[str] = set()
        self.answers: dict[str, SummonsAnswer] = {}
        self.failing: set[str] = set()
        """Steps of the machine that fail."""
        self._loaded = plans
        self._journal: list[tuple[str, dict[str, Any], float]] = []
        self._kill_at = kill_at
        self.plans = self._begin(None)
        self._marks = FaultMarks(Counter())
        self._written_marks: set[str] = set()
        """Calls whose mark is in the journal: who has pressed once does not press again because we died."""

    # --- life and death -----------------------------------------------------------------------------------------------

    def _begin(self, standing: StandingPlans | None) -> Plans:
        board = Facts(self.now)
        board.source = self.facts
        return Plans(self._loaded.values(), self.now, standing, board=board)

    def restart(self, down_seconds: float = RESTART_SECONDS) -> None:
        self.now += down_seconds
        self.restarts += 1
        last = next((entry for entry in reversed(self._journal) if entry[0] == "plans"), None)
        versions = tuple(data for kind, data, _ in self._journal if kind == "plan_version")
        self._marks = FaultMarks(Counter())
        self.plans = self._begin(None if last is None else StandingPlans(last[1], self.now - last[2], versions))
        self.look()

    def _point(self) -> None:
        self.points += 1
        if self._kill_at == self.points:
            raise KilledError

    # --- in -----------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        self.plans.next_at = self.now
        out: list[Effect] = []
        self.plans.look(no_view, self.now, out)
        self._do(out)

    def say(self, command: Command) -> str:
        """A person's command: refused, or carried out; what was answered."""
        situation: Any = _Situation(self.plans)
        ruling = rule_word(command, self.plans) if command.verb in ("ack", "note") else rule_plan(command, situation)
        if ruling is not None and not ruling.is_go:
            return f"refused ({ruling.code}): {ruling.message}"
        out: list[Effect] = []
        obey(self.plans, command, self.now, out)
        self._do(out)
        self.look()
        return ruling.message if ruling is not None else "ok"

    def check(self) -> None:
        """A drill of the emergency seats was passed."""
        self.plans.passed_check(self.now)
        self.look()

    def mark(self, seat: str, call: str) -> None:
        """An agent presses the feature code in a call."""
        if call in self._written_marks:
            self.look()
            return
        out: list[Effect] = []
        self._marks.take(FaultMarked(NodeName("pbx-a"), CallToken(call), SeatName(seat)), self.plans, self.now, out)
        self._do(out, mark=call)
        self.look()

    def until(self, at: float) -> None:
        """Let time pass; whatever is due happens at its instant."""
        while self.plans.due_at <= at:
            self._look_at(self.plans.due_at)
        self._look_at(at)

    def _look_at(self, at: float) -> None:
        """A real daemon looks every second, and writes the counts of conditions down every ten: so has this one, ten seconds ago."""
        if at - COUNTS_KEPT_SECONDS > self.now:
            kept_at = at - COUNTS_KEPT_SECONDS
            self._journal.append(("plans", self.plans.as_data(kept_at), kept_at))
        self.now = max(self.now, at)
        self.look()

    # --- out ----------------------------------------------------------------------------------------------------------

    def _do(self, out: list[Effect], *, mark: str = "") -> None:
        if not out and not self.plans.has_wishes:
            return
        self._point()
        for record in (effect for effect in out if isinstance(effect, Record) and effect.kind != "incident"):
            self._journal.append((record.kind, record.data, self.now))
        self._written_marks.add(mark)
        self._point()
        heard: list[PlanEvent] = []
        for effect in out:
            match effect:
                case Notify():
                    heard += self._notify(effect)
                case CallIn():
                    heard += self._call_in(effect)
                case Report():
                    self._write(effect.text)
                case _:
                    pass
        has_acted = self._telephony()
        self._point()
        for event in heard:
            more: list[Effect] = []
            self.plans.learn(event, self.now, more)
            self._do(more)
        if heard or has_acted:
            self.look()

    def _notify(self, effect: Notify) -> list[PlanEvent]:
        is_reached = effect.role not in self.unreachable
        if effect.notice not in self.outbox and is_reached:
            self.outbox[effect.notice] = self.now
            whom = ", ".join(effect.people) or f"{effect.role}'s deputy" if effect.is_to_deputy else ", ".join(effect.people) or effect.role
            self.spoken.append((self.now, whom, effect.kind.value, effect.text))
            self._write(f"→ {whom} ({effect.kind.value}): {effect.text}")
        person = f"{effect.role}-2" if effect.is_to_deputy else f"{effect.role}-1"
        return [Notified(effect.notice, effect.role, person, "sms", is_delivered=is_reached, reason="" if is_reached else "no channel")]

    def _call_in(self, effect: CallIn) -> list[PlanEvent]:
        if effect.summons not in self.outbox:
            self.outbox[effect.summons] = self.now
            self.spoken.append((self.now, effect.role, effect.level.value, effect.text))
            self._write(f"☎ {effect.role} ({effect.level.value}): {effect.text}")
        return [Summoned(effect.summons, f"{effect.role}-1", self.answers.get(effect.role, SummonsAnswer.YES))]

    def _telephony(self) -> bool:
        """True when something was done: what follows it is looked at."""
        wishes = self.plans.take_wishes()
        for wish in wishes:
            seats = wish.step.seats
            if wish.step.do is ActionKind.SEATS_LOGIN:
                before = self.plans.incidents[wish.incident].steps[wish.step.id].added
                seats = tuple(seat for seat in seats if seat not in self.seats_in or seat in before)[: wish.step.most or None]
                durable: list[Effect] = []
                self.plans.add_seats(wish, seats, self.now, durable)
                self._do(durable)
                self.seats_in.update(seats)
            elif wish.step.do is ActionKind.SEATS_LOGOUT:
                self.seats_in.difference_update(seats)
            kind, on = wish.step.do.value, self._what(wish, seats)
            level = "" if wish.step.do in TELEPHONY else wish.incident + kind  # the rest has no opposite that another plan could want
            if self.is_on.get(level + on) != kind:
                self.is_on[level + on] = kind
                self.switched.append((self.now, kind))
                self._write(f"⚙ {kind} {on}".rstrip())
            out: list[Effect] = []
            self._point()
            is_done = wish.step.id not in self.failing
            self.plans.carried_out(wish, is_done=is_done, said="holds" if is_done else "cannot", at=self.now, out=out)
            self._do(out)
        return bool(wishes)

    def _what(self, wish: Wish, seats: tuple[str, ...]) -> str:
        step = wish.step
        if step.do is ActionKind.ANNOUNCE_ON:
            incident = self.plans.incidents[wish.incident]
            return f"{recording_of(incident, step) or '(withdrawn)'} {clock_in(incident.eta)}".rstrip()
        return " ".join((*seats, *step.by, *step.nodes))

    def _write(self, text: str) -> None:
        self.lines += [f"{clock(self.now)}   {line}" if i == 0 else f"            {line}" for i, line in enumerate(text.split("\n"))]


class _Situation:
    def __init__(self, plans: Plans) -> None:
        self.plans = plans


_NO_SITE = SiteView(Mode.NORMAL, None, None, (), 0, Reason.START, 0.0, (), (), failover_in_progress=False, legs_to_rescue=0)


def no_view(_at: float) -> SiteView:
    """A picture that shows nothing: the facts come by hand."""
    return _NO_SITE


def clock(seconds: float) -> str:
    """`0:15:00`; with tenths where there are any."""
    whole = int(seconds + 1e-6)
    tenths = f".{round((seconds - whole) * 10)}" if seconds - whole > 0.05 else ""
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}{tenths}"
