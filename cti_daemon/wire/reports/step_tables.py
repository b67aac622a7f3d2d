"""What was done and who was told, as tables."""

from cti_daemon.model.document import Grid, Words
from cti_daemon.model.incidents import StepState, Titled
from cti_daemon.wire.reports import labels
from cti_daemon.wire.reports.labels import Clock, listed, mixed, role, who
from cti_daemon.wire.reports.story import StepStory, Story

LATE = Titled("超时", "late")


def steps_grid(story: Story) -> Grid:
    head = (
        Titled("措施", "measure"),
        Titled("责任角色", "role"),
        Titled("开始", "began"),
        Titled("时限", "limit"),
        Titled("用时", "took"),
        Titled("结果", "outcome"),
        Titled("完成人、说明", "by, words"),
    )
    return Grid(head, tuple(_row(step) for step in story.steps), (25, 13, 11, 11, 10, 11, 19))


def _row(step: StepStory) -> tuple[Words, ...]:
    outcome: Words = labels.STEP_STATES[step.state]
    if step.is_late:
        outcome = mixed(outcome, Titled("，", ", "), LATE)
    words = "; ".join(word for word in (step.answer, step.said) if word)
    is_over = step.ended_seconds is not None and step.state is not StepState.SKIPPED
    by: Words = who(step.by) if is_over and (step.by or not words) else ""
    limit: Words = labels.span(step.within_seconds) if step.within_seconds is not None else "–"
    return (
        mixed(labels.of_action(step.do), Titled("：", ": "), step.title),
        listed([role(name) for name in step.roles], labels.DAEMON),
        labels.after(step.begun_seconds),
        limit,
        labels.span(took(step)) if is_over else "–",
        outcome,
        mixed(by, ": " if by and words else "", words),
    )


def took(step: StepStory) -> float | None:
    """Seconds from its beginning to its end."""
    return None if step.ended_seconds is None else step.ended_seconds - step.begun_seconds


def told_grid(story: Story, clock: Clock) -> Grid:
    head = (
        Titled("时间", "time"),
        Titled("起算", "after"),
        Titled("角色", "role"),
        Titled("人员", "person"),
        Titled("内容", "about"),
        Titled("方式", "channel"),
        Titled("结果", "outcome"),
    )
    rows: list[tuple[Words, ...]] = []
    for told in story.told:
        outcome: Words = Titled("已送达", "delivered") if told.is_delivered else Titled("未送达", "NOT delivered")
        if told.is_delivered is None:
            outcome = labels.UNKNOWN
        outcome = mixed(outcome, f": {told.reason}" if told.reason else "")
        person = told.person or labels.NOBODY
        when = (clock.tell(told.wall), labels.after(told.after_seconds))
        rows.append((*when, role(told.role), person, story.about(told.notice), told.channel or "–", outcome))
    return Grid(head, tuple(rows), (21, 11, 14, 16, 18, 8, 12), empty=Titled("未通知任何人", "nobody was told"))
