"""The conditions of one version of a plan, counted; and whether, by them, an incident of it is over."""

from cti_daemon.model.incidents import Incident, Stage, StepState
from cti_daemon.state.hold import Hold


class Watch:
    """The conditions of one version of a plan, counted."""

    def __init__(self, plan_stages: tuple[Stage, ...], recovery: Hold | None, at: float) -> None:
        self.stages = [None if stage.when is None else Hold(stage.when, at) for stage in plan_stages]
        self.recovery = recovery

    @property
    def holds(self) -> list[Hold]:
        return [hold for hold in (*self.stages, self.recovery) if hold is not None]

    def is_well(self, incident: Incident) -> bool:
        """Is all that recovery asks for so now?"""
        recovery = incident.plan.recovery
        needed = [step for i in incident.entered_at for step in incident.plan.stages[i].steps if step.id in recovery.needs]
        is_done = all(step.id in incident.steps and incident.steps[step.id].state is StepState.DONE for step in needed)
        if not is_done or not incident.is_approved:
            return False
        if incident.found_by != "automatic":  # a person began it: what he saw may be what nobody measures, so his word is wanted
            return bool(needed) and (incident.is_drill or self.recovery is None or self.recovery.is_met)
        if self.recovery is not None:
            return self.recovery.is_met
        return not any(hold is not None and hold.is_met for hold in self.stages)
