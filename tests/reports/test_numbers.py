"""6-plans: "personal data masked unless asked by role": a report names callers by their row; who has the right `privacy` may ask for
their numbers, and each access is in the journal."""

import asyncio
from datetime import UTC, datetime

import pytest
import typer

from cti_daemon.model.document import Language
from cti_daemon.model.register import Harm, RowState
from cti_daemon.model.settings import Control, Settings
from cti_daemon.shell.report_cli import numbers_of
from cti_daemon.wire.reports import html, impact, markdown, story
from cti_daemon.wire.reports.impact import AffectedRow, Impact
from cti_daemon.wire.reports.incident_report import Material, Stand, report
from tests.reports.played import CENTRE, entries, frozen
from tests.shell.test_register_desk import NUMBER, OTHER, Room, rights, room, settings_of

__all__ = ["rights", "room"]
WHEN = datetime(2026, 11, 22, tzinfo=UTC)
ROWS = tuple(AffectedRow(n, WHEN, Harm.LOST, "waiting", "pbx-a", RowState.OPEN, 0, "") for n in (1, 2, 99))
STRUCK = Impact(WHEN, WHEN, (), ROWS, (), ())


def settings(room: Room) -> Settings:
    return settings_of(room.folder).model_copy(update={"control": Control(socket=str(room.folder / "control.sock"))})


async def test_each_number_in_a_report_is_an_entry_with_who_and_why(room: Room) -> None:
    found = await asyncio.to_thread(numbers_of, settings(room), STRUCK, "called back by hand")
    assert found == {1: NUMBER, 2: OTHER}
    assert [(entry["do"], entry["rows"], entry["reason"]) for entry in room.entries()] == [
        ("show", [1], "called back by hand"),
        ("show", [2], "called back by hand"),
    ]


@pytest.mark.parametrize("rights", ['"status", "ticket"'])
async def test_without_the_right_there_is_no_report(room: Room) -> None:
    with pytest.raises(typer.Exit) as refused:
        await asyncio.to_thread(numbers_of, settings(room), STRUCK, "curiosity")
    assert refused.value.exit_code == 3
    assert room.entries() == []


@pytest.mark.parametrize("numbers", [None, {1: NUMBER}])
def test_a_report_has_a_number_only_where_it_was_asked_for_and_says_so_first(numbers: dict[int, str] | None) -> None:
    held = entries(frozen("media-server-failure"))
    found = story.find(held, "media-server-failure-1")
    assert found is not None
    struck = impact.impact_of(found, [], is_registered=True)
    made = report(Material(found, Impact(struck.since, struck.until, (), ROWS, (), ()), CENTRE, numbers), Stand.PROMPT)
    for page in (markdown.render(made, Language.EN), html.render(made, Language.EN)):
        assert (NUMBER in page) == (numbers is not None)
        assert ("callers' numbers" in page.replace("&#x27;", "'")) == (numbers is not None)
