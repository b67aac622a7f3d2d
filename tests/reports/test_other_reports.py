"""D7: "演练记录: 时间、内容、人员、评估"; A6: "季度报告 (每月故障分类, 重复出现的优先); 巡检报告五项"; D4: "fault form"."""

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from cti_daemon.model.document import Document, Language, said
from cti_daemon.model.register import Harm
from cti_daemon.shell import report_pdf
from cti_daemon.shell.report_font import PLACES
from cti_daemon.wire.journal_record import Entry
from cti_daemon.wire.reports import drill_report, fault_form, html, impact, markdown, period, period_report, story
from cti_daemon.wire.reports.incident_report import Material
from cti_daemon.wire.reports.period_report import quarter_of
from tests.reports.played import BEGAN, CENTRE, Told, entries, frozen
from tests.reports.test_incident_report import of_html, of_markdown, struck

DAY = 86_400.0
ENDED: dict[str, Any] = {
    "state": "ended",
    "id": "emergency-seats-7",
    "kind": "emergency-seats",
    "drill": "monthly",
    "plan": "",
    "version": "",
    "target": "emg",
    "user": "schedule",
    "reason": "",
    "how": "done",
    "why": "",
    "ended_by": "cti-daemon",
    "ran_seconds": 95.5,
    "left_seconds": 0.0,
    "content": {"zh": "应急座席逐一测试", "en": "a test call to every emergency seat"},
    "participants": [{"role": "duty-lead", "people": ["carol"], "told": True}, {"role": "hr", "people": [], "told": None}],
    "calls": 3,
    "answered": 2,
    "seats": ["emg-1", "emg-2"],
    "seat_calls": [
        {"seat": "emg-1", "result": "answered", "seconds": 2.25, "attempts": 1, "why": ""},
        {"seat": "emg-3", "result": "silent", "seconds": None, "attempts": 2, "why": "rang for 20 s"},
    ],
    "live_calls": {"limit": 40, "most": 17},
    "evaluation": "failed",
    "findings": ["emg-3 did not answer <b>twice</b>"],
}
PLAN = ENDED | {
    "id": "lines-full-3",
    "kind": "plan",
    "plan": "lines-full",
    "version": "1",
    "evaluation": "passed",
    "findings": [],
    "times": [
        {
            "step": "a",
            "title": {"zh": "甲", "en": "alpha"},
            "role": "duty",
            "allowed_seconds": 600,
            "took_seconds": 61.5,
            "kept": True,
            "by": "bob",
        },
        {
            "step": "b",
            "title": {"zh": "乙", "en": "beta"},
            "role": "duty, hr",
            "allowed_seconds": 60,
            "took_seconds": None,
            "kept": False,
            "by": "",
        },
    ],
    "steps": [{"step": "a", "title": {"zh": "甲", "en": "alpha"}, "do": "task", "state": "done", "said": "seat 12"}],
}


def text_of(document: Document, language: Language = Language.EN) -> str:
    text = markdown.render(document, language)
    for words in document.words():
        wanted = "".join(said(words, language).split())
        assert wanted in of_markdown(text)
        assert wanted in of_html(html.render(document, language))
    return text


def drilled(*told: Told) -> list[drill_report.DrillStory]:
    return drill_report.drills(entries(told))


def test_a_drill_has_time_content_participants_and_evaluation() -> None:
    (drill,) = drilled((1000.0, "drill", ENDED | {"state": "began", "ran_seconds": 0.0}), (1095.5, "drill", ENDED))
    text = text_of(drill_report.report(drill, None, CENTRE))
    assert "| began | 2026-11-22 14:16:40 |" in text
    assert "| ended | 2026-11-22 14:18:15 |" in text
    assert "| lasted | 0:01:35.5 |" in text
    assert "| content | a test call to every emergency seat |" in text
    assert "| leader on duty | carol | yes |" in text
    assert "| HR | none | not known |" in text
    assert "| emg-1 | answered | 2.2 s | 1 |  |" in text
    assert "| emg-3 | silent | – | 2 | rang for 20 s |" in text
    assert "| result | failed |" in text
    assert "emg-3 did not answer &lt;b&gt;twice&lt;/b&gt;" in text.partition("Revision tasks")[2]


def test_a_drill_of_a_plan_is_held_against_the_plans_own_times() -> None:
    (drill,) = drilled((1095.5, "drill", PLAN))
    text = text_of(drill_report.report(drill, None, CENTRE))
    assert "| alpha | operator on duty | 0:10:00.0 | 0:01:01.5 | yes | bob |" in text
    assert "| beta | operator on duty, HR | 0:01:00.0 | not done | NO | automatic |" in text
    assert "| steps in time | 1 / 2 |" in text


def test_a_drill_that_has_not_ended_says_so_and_a_refused_one_is_none() -> None:
    (drill,) = drilled(
        (900.0, "drill", {"state": "refused", "id": "emergency-seats-6", "kind": "emergency-seats", "why": "the site is diverted"}),
        (1000.0, "drill", ENDED | {"state": "began", "ran_seconds": 0.0, "evaluation": ""}),
    )
    document = drill_report.report(drill, None, CENTRE)
    assert "The drill is not over" in text_of(document)
    assert drill.ended is None


def test_older_records_and_restore_drills_have_a_report_too() -> None:
    old = {"kind": "emergency-seats", "target": "emg", "user": "alice", "reason": "monthly", "calls": 2, "answered": 2, "seats": ["emg-1"]}
    restored = {
        "time": "2026-11-22T06:40:00+00:00",
        "content": "j.sqlite put back",
        "participants": ["root"],
        "evaluation": "passed: 9 entries",
    }
    first, second = drilled(
        (1000.0, "drill", old | {"state": "began", "ran_seconds": 0.0}),
        (1060.0, "drill", old | {"state": "ended", "ran_seconds": 60.0, "how": "stopped", "evaluation": "passed"}),
        (2400.0, "restore_drill", restored | {"took_ms": 1250.0}),
    )
    assert re.search(r"\| test calls \| 2 \|\n\| of these answered \| 2 \|", text_of(drill_report.report(first, None, CENTRE)))
    text = text_of(drill_report.report(second, None, CENTRE))
    assert "| lasted | 0:00:01.2 |" in text
    assert "| – | root | – |" in text


def year(shift_days: float) -> list[Told]:
    """Two incidents of one plan and one of another, in October and November; callers' grades; a drill; a backup."""
    lines = [(at - 30 * DAY, kind, data) for at, kind, data in frozen("all-seats-cannot-log-in")]
    again = [(at + DAY, kind, _renamed(data)) for at, kind, data in frozen("all-seats-cannot-log-in")]
    grades = ["very_satisfied", "satisfied", "satisfied", "dissatisfied", "none"]
    asked = [(100.0 + n, "survey", {"queue": "hotline", "grade": grade, "after": "call"}) for n, grade in enumerate(grades)]
    noted = {
        "user": "bob",
        "verb": "note",
        "reason": "",
        "code": "accepted",
        "dry_run": False,
        "args": {"text": "newer Asterisk", "item": "upgrade"},
    }
    more: list[Told] = [(50.0, "command", noted), (60.0, "command", noted | {"code": "not_allowed"}), (3000.0, "backup", {"entries": 5})]
    told = [*lines, *again, *frozen("media-server-failure"), *struck(), *asked, *more, (1095.5, "drill", ENDED)]
    return [(at + shift_days * DAY, kind, data) for at, kind, data in told]


def _renamed(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"incident": "all-seats-cannot-log-in-2"} if "incident" in data else data


def quarter(told: list[Told]) -> period.Period:
    span = quarter_of("2026Q4", CENTRE)
    assert span is not None
    return period.period_of(entries(told), *span, is_registered=True)


def test_a_quarter_has_its_faults_by_month_kind_and_grade_and_repeated_causes_first() -> None:
    text = text_of(period_report.quarterly(quarter(year(0)), "2026Q4", CENTRE))
    monthly = text.partition("## 1.")[2].partition("## 2.")[0]
    slow = "no seat can log in, or queries are slow"
    assert f"| 2026-10 | {slow} | 0 | 1 | 0 | 0 | 1 |" in monthly
    assert f"| 2026-11 | {slow} | 0 | 1 | 0 | 0 | 1 |" in monthly
    assert "| 2026-11 | a media server has failed | 0 | 1 | 0 | 0 | 1 |" in monthly
    assert "| sum |  | 0 | 3 | 0 | 0 | 3 |" in monthly
    causes = text.partition("## 2.")[2].partition("## 3.")[0]
    assert re.search(
        rf"---\|\n\| {slow} \| 2 \| yes \| P2 \| 2:43:40\.0 \|.*\n\| a media server has failed \| 1 \| no \| P2 \| 3:29:55\.0 \|", causes
    )
    assert "| calls on servers that were left | 20 |" in text
    assert "| callers lost | 4 |" in text, "the row of an hour before falls into the quarter"
    assert "| 2026-11 | 1 | 2 | 0 | 1 | 0 | 1 | 3.75 | 75.0 % |" in text
    assert "| emergency-seats-7 |" in text
    assert "| verified backups | 1 |" in text


def test_what_lies_outside_the_quarter_is_not_in_it() -> None:
    text = text_of(period_report.quarterly(quarter(year(-200)), "2026Q4", CENTRE))
    assert "no fault in this period" in text
    assert "no caller was asked in this period" in text
    assert "no drill in this period" in text


def test_an_inspection_has_its_five_items() -> None:
    found = period.period_of(entries(year(0)), CENTRE.made - timedelta(days=30), CENTRE.made, is_registered=False)
    text = text_of(period_report.inspection(found, CENTRE))
    titles = re.findall(r"^## (\d\. .*)$", text, re.MULTILINE)
    assert titles == ["1. Performance", "2. Optimisation", "3. Upgrade", "4. Faults cleared", "5. New needs"]
    assert text.count("newer Asterisk") == 1, "what was refused was not noted"
    assert "| media-server-failure-1 |" in text.partition("## 4.")[2]


@pytest.mark.parametrize("text", ["2026", "Q4", "2026Q5", "26Q1", "2026-Q1", "²⁰²⁶Q1", "0000Q1", "2026Q"])
def test_what_is_no_quarter_is_none(text: str) -> None:
    assert quarter_of(text, CENTRE) is None


def test_a_quarter_is_the_sites_own() -> None:
    china = timezone(timedelta(hours=8))
    assert quarter_of("2026q4", CENTRE) == (datetime(2026, 10, 1, tzinfo=china), datetime(2027, 1, 1, tzinfo=china))
    assert quarter_of("2026Q1", CENTRE) == (datetime(2026, 1, 1, tzinfo=china), datetime(2026, 4, 1, tzinfo=china))


def test_a_journal_that_is_younger_than_the_period_or_has_gaps_says_so() -> None:
    held: list[Told] = [*year(0), (4000.0, "journal_gap", {"lost": 12})]
    found = quarter(held)
    young = CENTRE.__class__(**{name: getattr(CENTRE, name) for name in CENTRE.__slots__} | {"since": BEGAN})
    marks = " ".join(said(mark, Language.EN) for mark in period_report.quarterly(found, "2026Q4", young).marks)
    assert "The journal begins at 2026-11-22 14:00:00: what was before is not known" in marks
    assert "12 entries were not written" in marks
    assert "The period is not over yet" in marks


def material(plan: str, more: tuple[Told, ...] = ()) -> Material:
    held: list[Entry] = entries([*frozen(plan), *more])
    found = story.find(held, f"{plan}-1")
    assert found is not None
    return Material(found, impact.impact_of(found, held, is_registered=True), CENTRE)


def test_the_fault_form_has_who_was_told_what_was_decided_and_lines_for_the_rest() -> None:
    text = text_of(fault_form.form(material("all-seats-cannot-log-in")))
    assert "# Fault form: no seat can log in, or queries are slow" in text
    assert "| lasted | 1:21:50.0 |" in text
    assert "| recoverable in 10 minutes? (≤ 0:10:00.0) | maintenance: done, late, silence (no) |" in text
    assert "| +0:05:00.0 | supervisor | supervisor-1 |" in text
    assert "cause:  \n\\_" in text


def test_recordings_that_were_cut_and_callers_who_were_told_are_counted_once() -> None:
    """A3: "the gap reported in seconds"; C3: "never twice"."""
    cut = [
        (1.0, "recording", {"call": "c1", "piece": 1, "gap_seconds": None}),
        (2.0, "recording", {"call": "c1", "piece": 1, "gap_seconds": 1.25}),
    ]
    cut += [(2.5, "recording", {"call": "c2", "piece": 1, "gap_seconds": None})]
    told = [(50.0 + n, "informed", {"row": 1, "about": "fault", "via": "sms", "result": "told"}) for n in range(2)]
    found = material("media-server-failure", (*struck(), *cut, *told)).impact
    assert [(each.call, each.seconds) for each in found.cuts] == [("c1", 1.25), ("c2", None)]
    assert found.informed == (("told", 1),)
    assert found.of_harm(Harm.LOST) == 3


@pytest.mark.file(PLACES[0], "fonts-wqy-zenhei")
def test_each_of_them_can_be_printed() -> None:
    (drill,) = drilled((1095.5, "drill", PLAN))
    made = (
        drill_report.report(drill, None, CENTRE),
        period_report.quarterly(quarter(year(0)), "2026Q4", CENTRE),
        fault_form.form(material("all-seats-cannot-log-in")),
    )
    assert all(report_pdf.render(document, Language.ZH, None).startswith(b"%PDF") for document in made)
