"""What a period's reports have in common: which incidents, drills, notes and answers of callers fall into it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cti_daemon.model.incidents import Titled
from cti_daemon.model.reasons import SurveyGrade
from cti_daemon.wire.journal_record import Entry
from cti_daemon.wire.reports import drill_report, impact, story
from cti_daemon.wire.reports.drill_report import DrillStory
from cti_daemon.wire.reports.impact import Impact
from cti_daemon.wire.reports.story import Saying, Story, wall_of

SURVEY, COMMAND = "survey", "command"
BACKUPS = frozenset({"backup", "backup_failed"})
GAP = "journal_gap"
KINDS = frozenset({story.KIND, story.VERSION, SURVEY, COMMAND, GAP, "verdict"}) | impact.KINDS | drill_report.KINDS | BACKUPS

SURVEY_GRADES: dict[SurveyGrade, Titled] = {
    SurveyGrade.VERY_SATISFIED: Titled("非常满意", "very satisfied"),
    SurveyGrade.SATISFIED: Titled("满意", "satisfied"),
    SurveyGrade.NEUTRAL: Titled("一般", "neutral"),
    SurveyGrade.DISSATISFIED: Titled("不满意", "dissatisfied"),
    SurveyGrade.VERY_DISSATISFIED: Titled("非常不满意", "very dissatisfied"),
    SurveyGrade.NONE: Titled("未按键", "no key"),
}


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to before `until`. `incidents` opened in it and no drills; `answers`: month (2026-11) and grade of each caller who was
    asked."""

    since: datetime
    until: datetime
    incidents: tuple[Story, ...]
    drills: tuple[DrillStory, ...]
    impact: Impact
    notes: tuple[Saying, ...]
    answers: Counter[tuple[str, SurveyGrade]]
    backups: Counter[str]
    verdicts: Counter[tuple[str, str]]
    """Node and verdict: how often it was so judged."""
    lost: int = 0
    """Entries that the journal's disk did not take."""


def period_of(entries: list[Entry], since: datetime, until: datetime, *, is_registered: bool) -> Period:
    """`entries` of KINDS; months are those of `since`'s zone."""

    def is_in(wall: datetime) -> bool:
        return since <= wall < until

    within = [entry for entry in entries if is_in(wall_of(entry))]
    struck = impact.impact_between(since, until, (entry for entry in entries if entry.kind in impact.KINDS), is_registered=is_registered)
    asked = (entry for entry in within if entry.kind == SURVEY and entry.data.get("grade") in set(SurveyGrade))
    return Period(
        since,
        until,
        tuple(each for each in story.stories(entries) if is_in(each.opened) and not each.is_drill),
        tuple(drill for drill in drill_report.drills(entries) if is_in(drill.began)),
        struck,
        tuple(_notes(within)),
        Counter((f"{wall_of(entry).astimezone(since.tzinfo):%Y-%m}", SurveyGrade(entry.data["grade"])) for entry in asked),
        Counter(entry.kind for entry in within if entry.kind in BACKUPS),
        Counter((str(entry.data.get("node")), str(entry.data.get("verdict"))) for entry in within if entry.kind == "verdict"),
        sum(int(entry.data.get("lost", 0)) for entry in within if entry.kind == GAP),
    )


def _notes(entries: Iterable[Entry]) -> Iterable[Saying]:
    """Notes with an item, of incidents or of none: an order that was taken is an entry `command`."""
    for entry in entries:
        data = entry.data
        args = data.get("args")
        if entry.kind == COMMAND and data.get("verb") == "note" and data.get("code") == "accepted" and not data.get("dry_run"):
            item = str(args.get("item", "")) if isinstance(args, dict) else ""
            text = str(args.get("text") or data.get("reason", "")) if isinstance(args, dict) else ""
            yield Saying(wall_of(entry), str(data.get("user", "")), item, text)
