"""Questions about the emergency plans: can each of them act, and is it still the one that was approved?"""

from datetime import date

from cti_daemon.shell import plan_files
from cti_daemon.shell.config import Loaded
from cti_daemon.shell.doctor.finding import Finding, fault, judged, warning

SUBJECT = "plans"


def questions(loaded: Loaded, today: date) -> list[Finding]:
    """None without `[plans]`."""
    if loaded.settings.plans is None:
        return []
    well = f"{len(loaded.plans)} plans, {sum(len(plan.steps) for plan in loaded.plans)} steps"
    bad = "; ".join(map(str, loaded.plan_faults))
    faulty = fault("plan-files", SUBJECT, f"the daemon starts without the faulty ones: {bad}", "cti-daemon plan check tells every fault")
    found = [judged(not loaded.plan_faults, faulty, well)]
    nobody = plan_files.unmanned(loaded.settings, loaded.plans)
    missing = "; ".join(f"{role} ({', '.join(plans)})" for role, plans in nobody.items())
    fix = "give each role to a [[contact]], or take it out of the plans"
    found.append(judged(not nobody, warning("plan-roles", SUBJECT, f"nobody has the role {missing}", fix), "somebody has every role"))
    lacking = plan_files.without_seats(loaded.plans)
    groups = "; ".join(f"{group} ({', '.join(plans)})" for group, plans in lacking.items())
    fix = "name its seats in [[seat_group]], or take the step out of the plans"
    found.append(judged(not lacking, warning("plan-seats", SUBJECT, f"no seats are in the group {groups}", fix), "every group has seats"))
    cannot = plan_files.unable(loaded.settings, loaded.plans)
    fix = "configure it, or leave it to people: a task in the plan"
    found.append(judged(not cannot, warning("plan-means", SUBJECT, "; ".join(cannot), fix), "every step can be carried out here"))
    overdue = [plan.name for plan in loaded.plans if date.fromisoformat(plan.review_due) < today]
    text = f"review is overdue: {', '.join(overdue)}"
    fix = "review them, then set version, approved_by and review_due"
    found.append(judged(not overdue, warning("plan-review", SUBJECT, text, fix), "no review is overdue"))
    scale = loaded.settings.plans.time_scale
    slow = warning(
        "plan-times", SUBJECT, f"time_scale = {scale:g}: every time of every plan is shortened", "leave time_scale out on a live site"
    )
    return [*found, judged(scale == 1.0, slow, "times are as the plans have them")]
