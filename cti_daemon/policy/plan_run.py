"""One incident, taken on by time and facts: which stage is in force, what fires, which deadline has passed, whether it is over.

Rules: a stage that comes into force brings those below it along; each step fires once; only a person's word, a fact or time moves anything;
what saves calls waits for nobody's approval; everybody who was told is told of the recovery."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from cti_daemon.model.effects import Effect, Record, Report
from cti_daemon.model.incidents import (
    BACK,
    MACHINE,
    OPEN_STATES,
    ORDER,
    TELEPHONY,
    ActionKind,
    Grade,
    Incident,
    IncidentState,
    Step,
    StepRun,
    StepState,
)
from cti_daemon.model.plan_effects import NoticeKind
from cti_daemon.policy.plan_notices import Notices, overdue
from cti_daemon.state.hold import EPSILON_SECONDS
from cti_daemon.state.watch import Watch

REVIEW = "review"
"""The step that every plan with a reviewer has."""
SILENCE = "silence"
_SEVERITY = {Grade.P1: "critical", Grade.P2: "critical", Grade.P3: "warning", Grade.P4: "info"}


class Run:
    """A working copy: `now` is the incident as it has become, `is_changed` whether it has. `wishes` and `children` are what others
    have to carry out: telephony, and plans to be started."""

    def __init__(self, incident: Incident, at: float, out: list[Effect], facts: Callable[[], Mapping[str, Any]]) -> None:
        self.now, self.at, self._out, self._facts = incident, at, out, facts
        self.is_changed = False
        self.wishes: list[Step] = []
        self.children: list[str] = []
        self.notices = Notices(self)

    # --- small words --------------------------------------------------------------------------------------------------

    def change(self, **fields: Any) -> None:
        self.now = replace(self.now, **fields)
        self.is_changed = True

    def order(self, effect: Effect) -> None:
        self._out.append(effect)

    def write(self, what: str, text: str, severity: str = "info", **facts: Any) -> None:
        """Into the record of the incident, and told."""
        now = self.now
        data = {"incident": now.id, "plan": now.plan.name, "what": what, "state": now.state.value, "grade": now.grade.value, **facts}
        data |= {"subject": now.subject} if now.subject else {}
        data |= {"text": text, "drill": now.is_drill, "after_seconds": round(self.at - now.began_at, 3)}
        data |= {"time_scale": now.plan.time_scale} if now.plan.time_scale != 1.0 else {}
        self._out.append(Record("incident", data, is_awaited=False))
        drill = "DRILL " if now.is_drill else ""
        self._out.append(Report("incident", severity, f"{drill}{now.id}: {text}", data))

    def set_step(self, name: str, run: StepRun) -> None:
        self.change(steps=MappingProxyType({**self.now.steps, name: run}))

    def reach(self, state: IncidentState) -> None:
        """Forward only."""
        if self.now.state in OPEN_STATES and ORDER.index(state) > ORDER.index(self.now.state):
            self.change(state=state)
            self.write("state", state.value)

    def finish(self, step: str, state: StepState, by: str = "", answer: str = "", said: str = "") -> None:
        """A step is over."""
        held = self.now.steps[step]
        self.set_step(step, replace(held, state=state, since_at=self.at, by=by, answer=answer, said=said))
        words = ": ".join(word for word in (answer, said) if word)
        told = f"{step}: {state.value}" + (f" by {by}" if by else "") + (f" ({words})" if words else "")
        facts = {"step": step, "step_state": state.value, "by": by, "said": said, "answer": answer}
        self.write("step", told, "warning" if state is StepState.FAILED else "info", **facts)
        self._progress(step, state, by)

    def _progress(self, name: str, state: StepState, by: str) -> None:
        step = self.now.plan.step(name)
        if step is None or state is not StepState.DONE or by == SILENCE:
            return
        if step.do is ActionKind.ASK:
            self.reach(IncidentState.ASSESSED)
        elif step.do is ActionKind.TASK or step.do in MACHINE:
            self.reach(IncidentState.RESPONDING)

    # --- time and facts -----------------------------------------------------------------------------------------------

    def open(self, approver: str, cause: str) -> None:
        """The first words of a new incident."""
        plan = self.now.plan
        self.write("opened", f"{plan.title.zh} / {plan.title.en}: {cause}", _SEVERITY[self.now.grade], version=plan.version, cause=cause)
        if not self.now.is_approved:
            self.change(approve_until_at=self.at + 2 * plan.approve_within_seconds)
            ask = f"启动预案？ Start the plan? approve {self.now.id}"
            self.notices.tell(f"approval/{approver}", approver, NoticeKind.APPROVAL, ask, deputy_seconds=plan.approve_within_seconds)

    def advance(self, watch: Watch) -> None:
        """All that time and facts call for now."""
        if self.now.state is not IncidentState.CLOSED:
            self._move_on(watch)
        self._take_back()

    def _move_on(self, watch: Watch) -> None:
        if self.now.is_open:
            self._approve_by_silence()
            self._choose_stage(watch)
            while self._fire():
                pass
        self._pass_deadlines()
        self.notices.pass_deadlines()
        if self.now.is_open:
            while self._fire():  # what follows silence
                pass
            self._look_for_recovery(watch)
        if self.now.is_open:
            self.notices.tell_progress()

    def next_at(self, watch: Watch) -> float:
        """When time alone will move it; infinity: never."""
        now = self.now
        if now.state is IncidentState.CLOSED:
            return float("inf")
        looks = [run.due_at for run in now.steps.values() if run.state is StepState.OPEN and not run.is_late and run.due_at is not None]
        looks += [held.deputy_at for held in now.told.values() if held.deputy_at is not None]
        if now.is_open:
            looks += [at for at in (now.approve_until_at,) if at is not None]
            looks.append(self.notices.next_progress_at())
            due = (self._due_at(step, i) for i in range(now.stage + 1) for step in now.plan.stages[i].steps)
            looks += [at for at in due if at is not None]
            later = range(now.stage + 1, len(now.plan.stages))
            looks += [at for i in later if (at := self._stage_at(i, watch)) is not None]
            if now.well_since_at is not None:
                looks.append(now.well_since_at + now.plan.recovery.for_seconds)
        return min(looks, default=float("inf"))

    def _stage_at(self, index: int, watch: Watch) -> float | None:
        """When a stage comes into force by its time in the stage before."""
        stage, hold, entered_at = self.now.plan.stages[index], watch.stages[index], self.now.entered_at.get(index - 1)
        if stage.after_seconds is None or entered_at is None or index in self.now.held_up or not (hold is None or hold.is_met):
            return None
        return entered_at + stage.after_seconds

    def _approve_by_silence(self) -> None:
        now = self.now
        if now.is_approved or now.approve_until_at is None or self.at + EPSILON_SECONDS < now.approve_until_at:
            return
        self.change(approve_until_at=None)
        if now.plan.is_started_by_silence:
            self.change(is_approved=True)
            self.write("approved", "neither approver nor deputy has answered: started, as the plan says", "warning", by=SILENCE)
        else:
            self.write("unapproved", "neither approver nor deputy has answered: it goes on waiting", "critical", by=SILENCE)

    def _choose_stage(self, watch: Watch) -> None:
        now = self.now
        if now.held_up:
            freed = tuple(i for i in now.held_up if (hold := watch.stages[i]) is None or hold.is_met)
            if freed != now.held_up:
                self.change(held_up=freed)
        eligible = [i for i in range(len(now.plan.stages)) if self._is_eligible(i, watch)]
        if eligible and (stage := max(eligible)) != self.now.stage:
            self.enter(stage, "automatic")

    def _is_eligible(self, index: int, watch: Watch) -> bool:
        now, stage, hold = self.now, self.now.plan.stages[index], watch.stages[index]
        if index in now.held_up:
            return False
        if index <= now.floor:
            return True
        if stage.after_seconds is None:
            return hold is not None and hold.is_met
        stage_at = self._stage_at(index, watch)
        return stage_at is not None and self.at + EPSILON_SECONDS >= stage_at

    def enter(self, index: int, by: str) -> None:
        """The stage comes into force, and those below it that were passed over; a higher one ends."""
        before, now = self.now.stage, self.now
        entered = {i: at for i, at in now.entered_at.items() if i <= max(index, before)}
        entered |= {i: self.at for i in range(index + 1) if i not in entered or before < i}
        stage = now.plan.stages[index]
        self.change(stage=index, entered_at=MappingProxyType(entered))
        if not now.is_graded_by_person:
            self.change(grade=stage.grade)
        word = "raised to" if index > before else "lowered to" if index < before else "begins with"
        text = f"{word} stage {stage.id}, {stage.title.zh} / {stage.title.en} ({self.now.grade.value})"
        self.write("stage", text, _SEVERITY[self.now.grade], stage=stage.id, by=by)

    # --- steps --------------------------------------------------------------------------------------------------------

    def _fire(self) -> bool:
        """Whatever is due; True when something was."""
        fired = False
        for index in range(self.now.stage + 1):
            for step in self.now.plan.stages[index].steps:
                due_at = self._due_at(step, index)
                if due_at is not None and self.at + EPSILON_SECONDS >= due_at:
                    self._begin(step)
                    fired = True
        return fired

    def _due_at(self, step: Step, stage: int) -> float | None:
        now = self.now
        if step.id in now.steps or stage not in now.entered_at or not (now.is_approved or step.do in TELEPHONY):
            return None
        if not step.follows:
            return now.entered_at[stage] + step.after_seconds
        followed = now.steps.get(step.follows)
        if followed is None:
            return None
        if step.answer == "late":
            return followed.due_at + step.after_seconds if followed.is_late and followed.due_at is not None else None
        wanted = StepState.FAILED if step.answer == "failed" else StepState.DONE
        if followed.state is not wanted or (step.answer not in ("", "failed") and followed.answer != step.answer):
            return None
        return max(followed.since_at, now.entered_at[stage]) + step.after_seconds

    def _begin(self, step: Step) -> None:
        due_at = None if step.within_seconds is None else self.at + step.within_seconds
        is_open = due_at is not None
        self.set_step(step.id, StepRun(StepState.OPEN if is_open else StepState.BEGUN, self.at, due_at))
        words = f"{step.id}: {step.title.zh} / {step.title.en}"
        facts: dict[str, Any] = {"do": step.do.value, "roles": list(step.roles), "rows": list(step.rows)}
        self.write("begun", words, step=step.id, within_seconds=step.within_seconds, **facts)
        match step.do:
            case ActionKind.NOTIFY | ActionKind.TASK | ActionKind.ASK:
                self.notices.of_step(step)
            case ActionKind.CALL_IN:
                self.notices.call_in(step)
            case ActionKind.NOTE:
                self.finish(step.id, StepState.DONE)
            case ActionKind.SNAPSHOT:
                self.write("facts", "facts as they are", facts=dict(self._facts()))
                self.finish(step.id, StepState.DONE)
            case ActionKind.GRADE:
                self.change(grade=step.grade or self.now.grade)
                self.finish(step.id, StepState.DONE, said=self.now.grade.value)
            case ActionKind.PLAN:
                self.children.append(step.plan)
                self.finish(step.id, StepState.DONE, said=step.plan)
            case _:
                self._have_done(step)

    def _take_back(self) -> None:
        """Seats that a step has logged in are logged out again when its stage is over: a level, so also after a restart or a close."""
        for index, stage in enumerate(self.now.plan.stages):
            if self.now.is_open and index <= self.now.stage:
                continue
            for step in (step for step in stage.steps if step.is_taken_back):
                held = self.now.steps.get(step.id)
                if held is None or not held.added or held.state is StepState.BEGUN or step.id + BACK in self.now.steps:
                    continue
                self.set_step(step.id + BACK, StepRun(StepState.BEGUN, self.at))
                back = self.now.step(step.id + BACK)
                if back is not None:
                    self.write("begun", f"{back.id}: logged out again: {', '.join(back.seats)}", step=back.id, do=back.do.value)
                    self.wishes.append(back)

    def add_seats(self, step: str, seats: tuple[str, ...]) -> None:
        """These were not logged in, and are from now on by this step."""
        held = self.now.steps[step]
        if added := tuple(seat for seat in seats if seat not in held.added):
            self.set_step(step, replace(held, added=(*held.added, *added)))

    def _have_done(self, step: Step) -> None:
        """By the engine; its outcome comes back."""
        if step.do is ActionKind.ANNOUNCE_ON and not self.now.wording:
            self.change(wording=words_of(step))
            by, fields = f"plan {self.now.plan.name}, approved by {self.now.plan.approved_by}", {"wording": self.now.wording}
            self.write("said", f"wording: {self.now.wording}", by=by, fields=fields)
        if self.now.is_drill and step.do is not ActionKind.TEST_CALLS:
            self.finish(step.id, StepState.DONE, said="drill: live calls are left alone")
        else:
            self.wishes.append(step)

    def _pass_deadlines(self) -> None:
        for name, run in self.now.steps.items():
            if run.state is not StepState.OPEN or run.is_late or run.due_at is None or self.at + EPSILON_SECONDS < run.due_at:
                continue
            self.set_step(name, replace(run, is_late=True))
            step = self.now.plan.step(name)
            self.write("late", f"{name}: not done in time", "warning", step=name)
            if step is not None:
                for role in step.late:
                    self.notices.tell(f"{name}/late/{role}", role, NoticeKind.LATE, overdue(step.title))
                if step.do is ActionKind.ASK:
                    self.finish(name, StepState.DONE, by=SILENCE, answer=step.default)

    # --- the end ------------------------------------------------------------------------------------------------------

    def _look_for_recovery(self, watch: Watch) -> None:
        if not watch.is_well(self.now):
            if self.now.well_since_at is not None:
                self.change(well_since_at=None)
                self.write("relapse", "not well any more: the observation begins anew", "warning")
            return
        if self.now.well_since_at is None:
            self.change(well_since_at=self.at)
            if self.now.plan.recovery.for_seconds:
                self.write("well", f"well; observed for {self.now.plan.recovery.for_seconds:g} s before it is called recovered")
        since_at = self.now.well_since_at
        if since_at is not None and self.at + EPSILON_SECONDS >= since_at + self.now.plan.recovery.for_seconds:
            self.recover("automatic", "")

    def recover(self, by: str, why: str) -> None:
        """It is over: nothing more fires, and everybody who was told is told."""
        recovery = self.now.plan.recovery
        for name, run in self.now.steps.items():
            if run.state is StepState.OPEN:
                is_restored = name == "response.restore"
                self.finish(
                    name, StepState.DONE if is_restored else StepState.SKIPPED, said="recovered" if is_restored else "recovered before"
                )
        self.change(state=IncidentState.RECOVERED)
        text = f"{recovery.text.zh} / {recovery.text.en}" if recovery.text.zh else "已恢复 / recovered"
        self.write("recovered", f"recovered, {by}" + (f": {why}" if why else ""), by=by)
        self.notices.tell_recovery(text)
        for step in recovery.steps:
            self._begin(step)
        if not recovery.review_role:
            self.close_when_done(by)
            return
        self.set_step(REVIEW, StepRun(StepState.OPEN, self.at, self.at + recovery.review_within_seconds))
        self.notices.tell(f"{REVIEW}/{recovery.review_role}", recovery.review_role, NoticeKind.TASK, "总结 / write the review")

    def close_when_done(self, by: str) -> None:
        """Without a review, recovered is closed as soon as nothing is open."""
        is_open = any(run.state is StepState.OPEN or self._is_under_way(name, run) for name, run in self.now.steps.items())
        if self.now.state is IncidentState.RECOVERED and not self.now.plan.recovery.review_role and not is_open:
            self.close(by, "recovered, nothing is left to do, and no review is asked for")

    def _is_under_way(self, name: str, run: StepRun) -> bool:
        step = self.now.plan.step(name)
        return run.state is StepState.BEGUN and step is not None and step.do is ActionKind.INFORM_CALLERS

    def close(self, by: str, why: str) -> None:
        for name, run in self.now.steps.items():
            if run.state in (StepState.OPEN, StepState.BEGUN) and not name.endswith(BACK):
                self.finish(name, StepState.SKIPPED, said="closed before")
        self.change(state=IncidentState.CLOSED)
        self.write("closed", f"closed by {by}: {why}", by=by, reason=why)


def words_of(step: Step) -> str:
    """The wording of an announcement, as an incident has it."""
    return f"{step.wording.zh} / {step.wording.en}"
