"""The conditions of one version of a plan, counted; and whether, by them, an incident of it is over."""

from dataclasses import replace

from cti_daemon.model.incidents import Condition, Incident, Plan, Step, StepState, Test, tests_in
from cti_daemon.model.plan_tables import is_each
from cti_daemon.state.hold import Hold


def each_of(plan: Plan) -> list[Test]:
    """The tests that say of one seat or queue whether a plan that runs for each may concern it."""
    opening = (stage.when for stage in plan.stages if stage.when is not None and stage.after_seconds is None)
    return [test for when in opening for test in tests_in(when) if is_each(test, plan.per)]


def about(condition: Condition, per: str, subject: str) -> Condition:
    """The same of one seat or queue: what is not said of a certain one is asked of it."""
    if not isinstance(condition, Test):
        return replace(condition, parts=tuple(about(part, per, subject) for part in condition.parts))
    return replace(condition, of=subject) if is_each(condition, per) else condition


class Watch:
    """The conditions of one version of a plan, counted; of one `subject`, where it runs for each."""

    def __init__(self, plan: Plan, at: float, subject: str = "") -> None:
        def hold(when: Condition | None) -> Hold | None:
            return None if when is None else Hold(about(when, plan.per, subject) if subject else when, at)

        self.subject = subject
        self.stages = [hold(stage.when) for stage in plan.stages]
        self.recovery = hold(plan.recovery.when)

    @property
    def is_counting(self) -> bool:
        """Would anything be lost with it?"""
        return any(hold.is_counting for hold in self.holds)

    @property
    def holds(self) -> list[Hold]:
        return [hold for hold in (*self.stages, self.recovery) if hold is not None]

    def is_well(self, incident: Incident) -> bool:
        """Is all that recovery asks for so now?"""
        recovery = incident.plan.recovery
        needed = [step for i in incident.entered_at for step in incident.plan.stages[i].steps if step.id in recovery.needs]
        is_done = all(_is_done(incident, step) for step in needed)
        if not is_done or not incident.is_approved:
            return False
        if incident.found_by != "automatic":  # a person began it: what he saw may be what nobody measures, so his word is wanted
            return bool(needed) and (incident.is_drill or self.recovery is None or self.recovery.is_met)
        if self.recovery is not None:
            return self.recovery.is_met
        return not any(hold is not None and hold.is_met for hold in self.stages)


def _is_done(incident: Incident, step: Step) -> bool:
    """A step that failed is made good by the one that follows its failure."""
    run = incident.steps.get(step.id)
    if run is None or run.state is not StepState.FAILED:
        return run is not None and run.state is StepState.DONE
    followers = (other for other in incident.plan.steps if other.follows == step.id and other.answer == "failed")
    return any(_is_done(incident, other) for other in followers)
