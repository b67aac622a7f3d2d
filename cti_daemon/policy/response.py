"""F1 紧急/重要/一般响应: each incident has the clocks of its class, by its grade: respond, propose a plan, restore. They end by what
people do (an acknowledgement, `task-done`, the recovery), and who is named for it is told when one has run out."""

from collections.abc import Iterable
from dataclasses import replace

from cti_daemon.model.almanac import Almanac
from cti_daemon.model.calendar import ResponseClass
from cti_daemon.model.incidents import ORDER, RESPONSE, IncidentState, StepRun, StepState
from cti_daemon.model.plan_effects import NoticeKind
from cti_daemon.policy.plan_notices import overdue
from cti_daemon.policy.plan_run import Run

_RESPOND = "response.respond"


class Responses:
    """`time_scale` as that of plans. Drills have none: nobody promises anything about them."""

    def __init__(self, classes: Iterable[ResponseClass] = (), time_scale: float = 1.0) -> None:
        self._of = {grade: each for each in classes for grade in each.grades}
        self._named = {each.name: each for each in self._of.values()}
        self._scale = time_scale

    def settle(self, run: Run, almanac: Almanac | None) -> None:
        """What should be so now: a level, so once more changes nothing."""
        if not self._named or run.now.is_drill:
            return
        found = self._of.get(run.now.grade)
        if found is not None and run.now.is_open and found.name != run.now.response and (almanac is not None or found.hours == "always"):
            self._begin(run, found, almanac or Almanac())
        self._end(run)
        self._tell_late(run)

    def _begin(self, run: Run, each: ResponseClass, almanac: Almanac) -> None:
        """A graver class makes clocks shorter, from the same beginning; a lighter one lets those that run be."""
        run.change(response=each.name, response_role=each.role)
        for name, seconds in each.spans.items():
            step, began_at = f"response.{name}", run.now.began_at
            span = seconds * self._scale
            due_at = almanac.after(began_at, span) if each.hours == "working" else began_at + span
            held = run.now.steps.get(step)
            if held is None:
                run.set_step(step, StepRun(StepState.OPEN, run.at, due_at))
            elif held.state is StepState.OPEN and held.due_at is not None and due_at < held.due_at:
                run.set_step(step, replace(held, due_at=due_at))
        spans = ", ".join(f"{name} within {seconds * self._scale:g} s" for name, seconds in each.spans.items())
        of = " of working time" if each.hours == "working" else ""
        run.write("response", f"response class {each.name}: {spans}{of}", response=each.name)

    def _end(self, run: Run) -> None:
        held = run.now.steps.get(_RESPOND)
        if held is None or held.state is not StepState.OPEN or run.now.state not in ORDER[ORDER.index(IncidentState.ASSESSED) :]:
            return
        run.finish(_RESPOND, StepState.DONE, said="somebody looks after it")

    def _tell_late(self, run: Run) -> None:
        each = self._named.get(run.now.response)
        if each is None:
            return
        for step, words in RESPONSE.items():
            held = run.now.steps.get(step)
            if held is not None and held.state is StepState.OPEN and held.is_late:
                for role in each.late:
                    run.notices.tell(f"{step}/late/{role}", role, NoticeKind.LATE, overdue(words))
