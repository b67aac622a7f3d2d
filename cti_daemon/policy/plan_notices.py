"""Whom an incident has told, and what came of it. Each notice has a name of its own, so that it is told once, also over a restart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cti_daemon.model.incidents import RESPONSE, ActionKind, Incident, IncidentState, Step, StepState, Titled, Told
from cti_daemon.model.plan_effects import PROGRESS_NOTICE, CallIn, NoticeKind, Notified, Notify, Summoned, SummonsAnswer
from cti_daemon.state.hold import EPSILON_SECONDS

if TYPE_CHECKING:
    from cti_daemon.policy.plan_run import Run

RECOVERED = "recovered"
DEPUTY = "/deputy"
_WORDS_GIVEN = frozenset({SummonsAnswer.YES.value, SummonsAnswer.NO.value})
_KINDS = {ActionKind.TASK: NoticeKind.TASK, ActionKind.ASK: NoticeKind.QUESTION}


class Notices:
    def __init__(self, run: Run) -> None:
        self._run = run

    # --- out ----------------------------------------------------------------------------------------------------------

    def of_step(self, step: Step) -> None:
        """A notice for each of its roles."""
        for role in step.roles:
            text = _words(step)
            self.tell(
                f"{step.id}/{role}", role, _KINDS.get(step.do, NoticeKind.ALARM), text, deputy_seconds=step.acknowledge_within_seconds
            )

    def tell(self, name: str, role: str, kind: NoticeKind, text: str, deputy_seconds: float | None = None) -> None:
        notice = f"{self._run.now.id}/{name}"
        if notice in self._run.now.told:
            return
        deputy_at = None if deputy_seconds is None else self._run.at + deputy_seconds
        self._keep(notice, Told(role, deputy_at=deputy_at))
        self._run.order(self._notify(notice, role, kind, text))

    def call_in(self, step: Step) -> None:
        for role in step.roles:
            summons = f"{self._run.now.id}/{step.id}/{role}"
            self._keep(summons, Told(role))
            self._run.order(self._summons(summons, role, step))

    def tell_recovery(self, text: str) -> None:
        """Everybody who was told, and nobody else: the same people, where the channels have said who they are."""
        self._tell_again(RECOVERED, NoticeKind.RECOVERED, text)

    def tell_progress(self) -> None:
        """Every so often since the stage came into force, and once for each time: how it stands. What was missed is not made up for."""
        now, number = self._run.now, self._progress_number(self._run.at)
        name = f"{PROGRESS_NOTICE}{now.stage}-{number}"
        if number < 1 or any(notice.startswith(f"{now.id}/{name}/") for notice in now.told):
            return
        own = f"{now.id}/{PROGRESS_NOTICE}"
        earlier = [notice for notice, held in now.told.items() if notice.startswith(own) and held.is_delivered is not None]
        self._tell_again(name, NoticeKind.PROGRESS, _progress_words(now))
        kept = {notice: held for notice, held in self._run.now.told.items() if notice not in earlier}
        self._run.change(told=MappingProxyType(kept))

    def next_progress_at(self) -> float:
        """Infinity: the plan wants none."""
        now, every = self._run.now, self._run.now.plan.progress_seconds
        if not every or now.stage not in now.entered_at:
            return float("inf")
        return now.entered_at[now.stage] + (self._progress_number(self._run.at) + 1) * every

    def _progress_number(self, at: float) -> int:
        now, every = self._run.now, self._run.now.plan.progress_seconds
        if not every or now.stage not in now.entered_at:
            return 0
        return int((at - now.entered_at[now.stage] + EPSILON_SECONDS) / every)

    def _tell_again(self, name: str, kind: NoticeKind, text: str) -> None:
        told: dict[str, list[str]] = {}
        for held in self._run.now.told.values():
            if held.is_delivered is not False:
                told.setdefault(held.role, []).extend(held.people)
        for role, people in told.items():
            notice = f"{self._run.now.id}/{name}/{role}"
            self._keep(notice, Told(role, tuple(dict.fromkeys(people))))
            self._run.order(replace(self._notify(notice, role, kind, text), people=tuple(dict.fromkeys(people))))

    def pass_deadlines(self) -> None:
        """Who has not acknowledged in time has a deputy."""
        for notice, held in self._run.now.told.items():
            if held.deputy_at is None or self._run.at + EPSILON_SECONDS < held.deputy_at:
                continue
            self._keep(notice, replace(held, deputy_at=None))
            if held.is_acknowledged or not self._run.now.is_open:
                continue
            self._run.write("deputy", f"{held.role} has not acknowledged: its deputy is told", "warning", role=held.role)
            self._keep(notice + DEPUTY, Told(held.role))
            name = notice.removeprefix(f"{self._run.now.id}/")
            self._run.order(replace(self._again(notice + DEPUTY, name, held.role), is_to_deputy=True))

    def repeat(self) -> None:
        """After a restart: what has no outcome is ordered again, under its old name; whoever carries it out knows what he has done."""
        for notice, held in self._run.now.told.items():
            if held.is_delivered is not None:
                continue
            name = notice.removeprefix(f"{self._run.now.id}/")
            step = self._run.now.plan.step(name.split("/")[0])
            if step is not None and step.do is ActionKind.CALL_IN:
                self._run.order(self._summons(notice, held.role, step))
            else:
                effect = self._again(notice, name.removesuffix(DEPUTY), held.role)
                self._run.order(replace(effect, people=held.people, is_to_deputy=notice.endswith(DEPUTY)))

    def _again(self, notice: str, name: str, role: str) -> Notify:
        """The same words as the first time."""
        now, head = self._run.now, name.split("/")
        step = now.plan.step(head[0])
        if head[0] == RECOVERED:
            text = now.plan.recovery.text
            return self._notify(notice, role, NoticeKind.RECOVERED, f"{text.zh} / {text.en}" if text.zh else "已恢复 / recovered")
        if head[0].startswith(PROGRESS_NOTICE):
            return self._notify(notice, role, NoticeKind.PROGRESS, _progress_words(now))
        if head[0] in RESPONSE:
            return self._notify(notice, role, NoticeKind.LATE, overdue(RESPONSE[head[0]]))
        if step is None:
            kind = NoticeKind.APPROVAL if head[0] == "approval" else NoticeKind.TASK
            text_of = f"启动预案？ Start the plan? approve {now.id}" if kind is NoticeKind.APPROVAL else "总结 / write the review"
            return self._notify(notice, role, kind, text_of)
        if "late" in head[1:-1]:
            return self._notify(notice, role, NoticeKind.LATE, overdue(step.title))
        return self._notify(notice, role, _KINDS.get(step.do, NoticeKind.ALARM), _words(step))

    def _notify(self, notice: str, role: str, kind: NoticeKind, text: str) -> Notify:
        now = self._run.now
        stage = now.plan.stages[now.stage]
        title = f"{_head(now)} [{now.grade.value}, {stage.title.zh} / {stage.title.en}]"
        extra = "".join(f"\n{name}: {word}" for name, word in (("eta", now.eta), ("口径 wording", now.wording)) if word)
        return Notify(
            notice=notice,
            incident=now.id,
            role=role,
            title=title,
            text=f"{text}{extra}{_scale(now.plan.time_scale)}",
            is_drill=now.is_drill,
            kind=kind,
            grade=now.grade,
            time_scale=now.plan.time_scale,
        )

    def _summons(self, summons: str, role: str, step: Step) -> CallIn:
        now = self._run.now
        text = f"{step.title.zh} / {step.title.en}{_scale(now.plan.time_scale)}"
        return CallIn(summons, now.id, role, step.level, _head(now), text, now.is_drill)

    # --- back ---------------------------------------------------------------------------------------------------------

    def learn(self, event: Notified) -> None:
        held = self._run.now.told.get(event.notice)
        if held is None:
            return
        if event.is_delivered and event.person and event.person not in held.people:
            held = replace(held, people=(*held.people, event.person))
        self._keep(event.notice, replace(held, is_delivered=event.is_delivered or held.is_delivered is True))
        who = f"{held.role}{f' ({event.person})' if event.person else ''}"
        how = f"told by {event.channel}" if event.is_delivered else f"NOT told by {event.channel or 'any channel'}: {event.reason}"
        severity = "info" if event.is_delivered else "warning"
        facts = {"channel": event.channel, "is_delivered": event.is_delivered, "reason": event.reason}
        self._run.write("told", f"{who} {how}", severity, role=held.role, person=event.person, notice=event.notice, **facts)
        if event.is_delivered:
            self._run.reach(IncidentState.NOTIFIED)
        self._settle(event.notice)

    def summoned(self, event: Summoned) -> None:
        held = self._run.now.told.get(event.summons)
        if held is None:
            return
        is_reached = event.answer is not SummonsAnswer.UNREACHABLE
        people = (*held.people, event.person) if is_reached and event.person not in held.people else held.people
        self._keep(event.summons, replace(held, people=people, is_delivered=is_reached or held.is_delivered is True))
        known = self._run.now.summoned.get(f"{event.summons}/{event.person}")
        if known in _WORDS_GIVEN and event.answer.value not in _WORDS_GIVEN:  # he has answered in words while the telephone rang
            self._settle(event.summons)
            return
        summoned = {**self._run.now.summoned, f"{event.summons}/{event.person}": event.answer.value}
        self._run.change(summoned=MappingProxyType(summoned))
        text = f"{held.role} ({event.person or 'nobody'}): {event.answer.value}" + (f", {event.reason}" if event.reason else "")
        facts = {"role": held.role, "person": event.person, "answer": event.answer.value}
        self._run.write("summoned", text, "info" if is_reached else "warning", **facts)
        if event.answer is SummonsAnswer.YES:
            self._run.reach(IncidentState.RESPONDING)
        self._settle(event.summons)

    def acknowledge(self, wanted: Callable[[str, Told], bool]) -> int:
        """How many notices were waiting for it."""
        found = [notice for notice, held in self._run.now.told.items() if not held.is_acknowledged and wanted(notice, held)]
        for notice in found:
            self._keep(notice, replace(self._run.now.told[notice], is_acknowledged=True, deputy_at=None))
        return len(found)

    def _settle(self, notice: str) -> None:
        """A step that only tells is over when every notice of it has an outcome."""
        now = self._run.now
        step = notice.removeprefix(f"{now.id}/").split("/")[0]
        run = now.steps.get(step)
        if run is None or run.state is not StepState.BEGUN:
            return
        own = [held.is_delivered for name, held in now.told.items() if name.startswith(f"{now.id}/{step}/")]
        if None not in own:
            self._run.finish(step, StepState.DONE if any(own) else StepState.FAILED)

    def _keep(self, notice: str, told: Told) -> None:
        self._run.change(told=MappingProxyType({**self._run.now.told, notice: told}))


def overdue(title: Titled) -> str:
    """What is said of a task that was not done in time."""
    return f"超时 / overdue: {title.zh} / {title.en}"


def _progress_words(now: Incident) -> str:
    """How it stands: what is not done yet."""
    steps = [step for name, run in now.steps.items() if run.state is StepState.OPEN and (step := now.plan.step(name)) is not None]
    left = "".join(f"\n- {step.title.zh} / {step.title.en}" for step in steps)
    stands = (
        "尚未恢复 / progress: not over yet"
        if now.well_since_at is None
        else "已恢复正常，观察中 / progress: well again, and still observed"
    )
    return f"进展：{stands}{left}"


def _head(now: Incident) -> str:
    """Of which incident, and whom it struck."""
    whose = f" {now.subject}" if now.subject else ""
    return f"{now.id}{whose}: {now.plan.title.zh} / {now.plan.title.en}"


def _scale(time_scale: float) -> str:
    return f"\ntime_scale = {time_scale:g}" if time_scale != 1.0 else ""


def _words(step: Step) -> str:
    text = f"{step.title.zh} / {step.title.en}"
    if step.do is ActionKind.ASK:
        text += f" ({' / '.join(step.options)}; {step.default} on silence)"
    if step.proof:
        text += f" [{step.proof}]"
    return text
