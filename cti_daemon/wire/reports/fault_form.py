"""The fault form (故障登记表) that D4 asks for: what the machine knows is filled in, the rest has lines for the hand."""

from cti_daemon.model.document import Blank, Document, Fields, Section, Words
from cti_daemon.model.incidents import ActionKind, StepState, Titled
from cti_daemon.model.report_items import ReportItem
from cti_daemon.wire.reports import labels
from cti_daemon.wire.reports.incident_report import Material, marks
from cti_daemon.wire.reports.labels import UNKNOWN, mixed, role, span, who
from cti_daemon.wire.reports.step_tables import LATE, told_grid
from cti_daemon.wire.reports.story import StepStory, Story


def form(material: Material) -> Document:
    story, centre = material.story, material.centre
    clock = centre.clock
    end: Words = clock.tell(story.recovered) if story.recovered else Titled("未恢复", "not yet")
    basic = Fields(
        (
            (Titled("编号", "number"), story.id),
            (Titled("单位、地点", "centre, place"), mixed(centre.name, f", {centre.place}" if centre.place else "")),
            (Titled("故障名称", "fault"), story.title),
            (Titled("发现时间", "found at"), clock.tell(story.opened)),
            (Titled("发现人、方式", "found by"), who(story.found_by)),
            (Titled("故障现象", "what was seen"), story.cause or UNKNOWN),
            (Titled("级别", "grade"), labels.grade(min((stage.grade for stage in story.stages), default=story.grade))),
            (Titled("恢复时间", "recovered at"), end),
            (Titled("历时", "lasted"), span(story.recovered_seconds)),
            (labels.SAID_FIELDS["cause_class"], story.newest("cause_class") or UNKNOWN),
            (labels.SAID_FIELDS["vendor_case"], story.newest("vendor_case") or UNKNOWN),
        )
    )
    people = [step for step in story.steps if step.do in (ActionKind.TASK, ActionKind.ASK)]
    asked = Fields(tuple((mixed(step.title, f" ({span_of(step)})"), _outcome(step)) for step in people))
    return Document(
        mixed(Titled("故障登记表：", "Fault form: "), story.title),
        tuple(marks(material)),
        (
            Section(Titled("故障", "The fault"), (basic,)),
            Section(Titled("通知", "Who was told"), (told_grid(story, clock),)),
            Section(Titled("处置", "What was decided and done"), (asked,) if people else (Blank(Titled("处置", "done"), 3),)),
            Section(
                Titled("由人填写", "By hand"),
                (
                    *_by_hand(story, ReportItem.CAUSE, Titled("故障原因", "cause"), 3),
                    *_by_hand(story, ReportItem.MEASURES, Titled("处理过程", "what was done"), 3),
                    *_by_hand(story, ReportItem.RECTIFICATION, Titled("防范措施", "so that it does not happen again"), 2),
                    Blank(Titled("登记人、时间", "written by, time")),
                    Blank(Titled("运维确认", "maintenance")),
                    Blank(Titled("组长确认", "team leader")),
                ),
            ),
        ),
        centre.foot,
    )


def span_of(step: StepStory) -> str:
    """Within what time it was to be done."""
    within = span(step.within_seconds)
    return f"≤ {within}" if isinstance(within, str) else "–"


def _outcome(step: StepStory) -> Words:
    state = labels.STEP_STATES[step.state]
    late = (Titled("，", ", "), LATE) if step.is_late else ()
    words = "; ".join(word for word in (step.answer, step.said) if word)
    by = (Titled("，", ", "), who(step.by)) if step.state is StepState.DONE else ()
    roles = mixed(*(role(name) for name in step.roles[:1]), ": ") if step.roles else ""
    return mixed(roles, state, *late, *by, f" ({words})" if words else "")


def _by_hand(story: Story, item: ReportItem, name: Titled, lines: int) -> list[Fields | Blank]:
    """Lines, where nobody has written it into the journal."""
    found = [saying for saying in story.said if saying.key == item]
    return [Fields(tuple((name, mixed(saying.text, f" ({saying.by})")) for saying in found))] if found else [Blank(name, lines)]
