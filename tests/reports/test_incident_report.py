"""D7: "报告七要素": the report of an incident says what the journal says, all of it and nothing else."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from cti_daemon.model.document import Document, Language, said
from cti_daemon.model.register import Harm
from cti_daemon.wire.journal_record import Entry
from cti_daemon.wire.reports import html, impact, markdown, story
from cti_daemon.wire.reports.incident_report import Material, Stand, report
from tests.plans.shipped import SCENARIOS
from tests.reports.played import CENTRE, Told, entries, frozen, scenario

GOLDEN = Path(__file__).parent / "golden"
HARMED = "5" * 40


def document(held: list[Entry], name: str, stand: Stand, *, is_registered: bool = True) -> Document:
    found = story.find(held, name)
    assert found is not None
    struck = impact.impact_of(found, [entry for entry in held if entry.kind in impact.KINDS], is_registered=is_registered)
    return report(Material(found, struck, CENTRE), stand)


def struck() -> list[Told]:
    """A media server dies at 0:00:00: 20 calls, 17 kept, 3 lost; one of these is reached, one rings in, one is still to be called."""
    facts = {"from": "pbx-a", "serving": "pbx-b", "epoch": 7, "reason": "node_dead"}
    done = {"epoch": 7, "from": "pbx-a", "legs": 20, "results": {"done": 17, "gone": 3}, "seconds": 0.2004}
    lost: list[dict[str, Any]] = [
        {"row": row, "call": HARMED, "harm": "lost", "was": "talking", "node": "pbx-a", "is_new": True} for row in (1, 2, 3)
    ]
    kept: dict[str, Any] = {"row": 4, "call": HARMED, "harm": "hung_up", "was": "waiting", "node": "pbx-a", "is_new": True}
    return [
        (0.05, "failover_intent", facts),
        (0.1, "rerouted", {"epoch": 7, "from": "pbx-a", "to": "pbx-b", "seconds": 0.0512}),
        (0.3, "failover_done", done),
        *((1.0 + n, "affected", row) for n, row in enumerate([*lost, kept])),
        (600.0, "callback", {"row": 1, "state": "calling", "attempt": 1, "result": ""}),
        (606.0, "callback", {"row": 1, "state": "answered", "attempt": 1, "result": ""}),
        (609.0, "callback", {"row": 1, "state": "closed", "attempt": 1, "result": "reached, by emg-3 on emg"}),
        (700.0, "callback", {"row": 2, "state": "closed", "attempt": 0, "result": "rang in himself, served"}),
        (800.0, "callback", {"row": 3, "state": "open", "attempt": 1, "result": "not reached"}),
        (-4000.0, "affected", {"row": 9, "call": HARMED, "harm": "lost", "was": "talking", "node": "pbx-a", "is_new": True}),
    ]


CASES = {
    "all-seats-cannot-log-in-1.closing": ("all-seats-cannot-log-in", Stand.CLOSING),
    "media-server-failure-1.prompt": ("media-server-failure", Stand.PROMPT),
    "lines-full-1.closing": ("lines-full", Stand.CLOSING),
}


NOTE = '0:02:00 > bob: note media-server-failure-1 "disk | of <pbx-a> is *full*" item=control'


def course(plan: str) -> list[Entry]:
    return entries([*frozen(plan), *(struck() if plan == "media-server-failure" else ())])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("language", Language)
def test_the_report_reads_as_it_should(case: str, language: Language) -> None:
    """Golden: read them. `python -m tests.reports` writes them anew."""
    plan, stand = CASES[case]
    text = markdown.render(document(course(plan), case.split(".", maxsplit=1)[0], stand), language)
    assert text == (GOLDEN / f"{case}.{language}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("plan", [path.stem for path in sorted(SCENARIOS.glob("*.txt")) if "." not in path.stem])
def test_every_scenario_has_a_report_with_every_word_of_it_in_both_languages_and_formats(plan: str) -> None:
    """No figure is lost between the journal's entries and a page."""
    for found in story.stories(entries(scenario(plan))):
        for stand in Stand:
            made = report(Material(found, impact.impact_of(found, [], is_registered=False), CENTRE), stand)
            for language in Language:
                page, text = of_html(html.render(made, language)), of_markdown(markdown.render(made, language))
                for words in made.words():
                    assert "".join(said(words, language).split()) in page
                    assert "".join(said(words, language).split()) in text


def of_html(page: str) -> str:
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return "".join(unescape(re.sub(r"<[^>]*>", "", body)).split())


def of_markdown(text: str) -> str:
    """Without what makes signs mean nothing."""
    return "".join(unescape(re.sub(r"<br>|\\([!-/:-@\[-`{-~])", r"\1", text)).split())


def test_who_was_struck_is_counted_once_and_who_was_struck_before_is_not() -> None:
    held = course("media-server-failure")
    found = story.find(held, "media-server-failure-1")
    assert found is not None
    counted = impact.impact_of(found, held, is_registered=True)
    assert (counted.legs, counted.moved) == (20, 17)
    assert [row.row for row in counted.affected] == [1, 2, 3, 4]
    assert counted.of_harm(Harm.LOST) == 3
    assert counted.of_harm(Harm.HUNG_UP) == 1
    assert (counted.reached, counted.rang_in, counted.waiting_for_us) == (1, 1, 2)


def test_without_a_register_nobody_knows_how_many_were_lost() -> None:
    text = markdown.render(document(entries(scenario("lines-full")), "lines-full-1", Stand.PROMPT, is_registered=False), Language.EN)
    assert "| callers lost | not known |" in text


def test_the_newest_word_does_not_hide_the_older_ones_and_each_has_its_author() -> None:
    """D7: "append-only, author per change"."""
    more = (
        "0:16:00 > alice: stage-set media-server-failure-1 eta=15:00; known",
        '0:17:00 > bob: stage-set media-server-failure-1 eta="16:30, not 15:00"; later',
    )
    held = entries(scenario("media-server-failure", *more))
    text = markdown.render(document(held, "media-server-failure-1", Stand.PROMPT), Language.EN)
    changes = text.partition("## What people reported")[2].partition("## Timeline")[0]
    assert re.search(r"\| alice \| expected recovery \| 15:00 \|\n.*\| bob \| expected recovery \| 16:30, not 15:00 \|", changes)
    assert "| expected recovery | 16:30, not 15:00 |" in text.partition("## What people reported")[0]


def test_shortened_times_are_said_first() -> None:
    told = [(at, kind, data | {"time_scale": 0.02} if kind == "incident" else data) for at, kind, data in scenario("lines-full")]
    made = document(entries(told), "lines-full-1", Stand.PROMPT)
    assert "time_scale = 0.02" in said(made.marks[0], Language.EN)


def test_a_name_that_is_used_again_means_the_last_one() -> None:
    held = entries([*scenario("lines-full"), *((at + 86_400, kind, data) for at, kind, data in scenario("lines-full"))])
    assert [each.id for each in story.stories(held)].count("lines-full-1") == 2
    found = story.find(held, "lines-full-1")
    assert found is not None
    assert found.opened.day == 23
