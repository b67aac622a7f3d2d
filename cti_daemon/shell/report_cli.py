"""`cti-daemon report …`: what the journal knows, as a report for people. Reads a journal that the daemon may be writing, and never writes;
only callers' numbers are asked of the running daemon, which writes down who asked. Exit code 66: no such thing in the journal."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cti_daemon.model.document import Language, said
from cti_daemon.model.settings import Settings
from cti_daemon.shell.cli_options import DEFAULT_CONFIG, EX_NOINPUT, EX_REFUSED, EX_UNAVAILABLE, EX_USAGE, ConfigPath, fail, load
from cti_daemon.shell.control_client import ControlClient, UnreachableError
from cti_daemon.shell.history_cli import JournalOption
from cti_daemon.shell.journal_reader import UnreadableError, began, head, read
from cti_daemon.shell.report_output import Form, FormOption, LanguageOption, Output, OutputOption
from cti_daemon.shell.time_zone import zone_of
from cti_daemon.wire.journal_record import Entry
from cti_daemon.wire.reports import drill_report, fault_form, impact, period, period_report, story
from cti_daemon.wire.reports.centre import Centre
from cti_daemon.wire.reports.impact import Impact
from cti_daemon.wire.reports.incident_report import Material, Stand, report
from cti_daemon.wire.reports.story import Story

app = typer.Typer(
    name="report",
    no_args_is_help=True,
    help="Reports from the journal, in Chinese or English, as Markdown, HTML or PDF: of an incident, a drill, a quarter, an inspection.",
)
Numbers = Annotated[
    bool,
    typer.Option(
        "--numbers", help="With callers' numbers. Needs the right `privacy`, a reason, and the daemon; each access is written down first."
    ),
]
Why = Annotated[str, typer.Option("--reason", "-r", help="Why the numbers are wanted.", show_default=False)]


@app.command()
def incident(  # noqa: PLR0913 - each is an option of the command line
    name: Annotated[str, typer.Argument(metavar="INCIDENT", help="As incident list and history show it.", show_default=False)],
    config: ConfigPath = DEFAULT_CONFIG,
    journal: JournalOption = None,
    stand: Annotated[
        Stand | None,
        typer.Option(
            "--stand", help="prompt: the seven items, while it lasts; closing: with analysis. Else by its state.", show_default=False
        ),
    ] = None,
    language: LanguageOption = Language.ZH,
    form: FormOption = Form.MD,
    output: OutputOption = None,
    *,
    numbers: Numbers = False,
    reason: Why = "",
) -> None:
    """Report an incident: what, when, whom it struck, what was done, who was told, what people wrote.

    What only people know they append with `cti-daemon note TEXT --incident INCIDENT --item ITEM`.
    """
    settings = load(config, offline=True).settings
    if numbers and not reason.strip():
        fail("why? --numbers needs a --reason: it is written down with your name", EX_USAGE)
    found, struck = incident_of(settings, journal, name)
    known = numbers_of(settings, struck, reason) if numbers else None
    chosen = stand or (Stand.PROMPT if found.recovered is None and found.closed is None else Stand.CLOSING)
    document = report(Material(found, struck, centre_of(settings, journal), known), chosen)
    Output(language, form, output, settings.report.font).give(document, {"story": found, "impact": struck})


@app.command()
def drill(
    name: Annotated[str, typer.Argument(metavar="[DRILL]", help="Its number; without: all that there are.", show_default=False)] = "",
    config: ConfigPath = DEFAULT_CONFIG,
    journal: JournalOption = None,
    language: LanguageOption = Language.ZH,
    form: FormOption = Form.MD,
    output: OutputOption = None,
) -> None:
    """Report a drill: time, content, participants, evaluation, against the plan's own times. Without a number, list the drills."""
    settings = load(config, offline=True).settings
    entries = entries_of(settings, journal, KINDS | drill_report.KINDS)
    centre, there = centre_of(settings, journal), drill_report.drills(entries)
    if not name:
        for each in there:
            evaluation = said(drill_report.evaluated(each), language)
            typer.echo(f"{each.id}  {said(centre.clock.tell(each.began), language)}  {said(each.content, language)}  {evaluation}")
        return
    found = next((each for each in there if each.id == name), None)
    if found is None:
        known = ", ".join(each.id for each in there) or "none"
        fail(f"{path_of(settings, journal)}: there is no drill {name!r}; there are: {known}", EX_NOINPUT)
    own = story.find(entries, name)
    document = drill_report.report(found, own, centre)
    Output(language, form, output, settings.report.font).give(document, {"drill": found, "story": own})


@app.command()
def quarterly(
    quarter: Annotated[
        str, typer.Argument(metavar="[QUARTER]", help="2026Q4; without: the one that is under way.", show_default=False)
    ] = "",
    config: ConfigPath = DEFAULT_CONFIG,
    journal: JournalOption = None,
    language: LanguageOption = Language.ZH,
    form: FormOption = Form.MD,
    output: OutputOption = None,
) -> None:
    """Report a quarter: faults by month, kind and grade, repeated causes first; callers affected, satisfaction, drills, backups."""
    settings = load(config, offline=True).settings
    centre = centre_of(settings, journal)
    name = quarter.upper() or f"{centre.made.year}Q{(centre.made.month + 2) // 3}"
    span = period_report.quarter_of(name, centre)
    if span is None:
        fail(f"{quarter!r} is no quarter: write it 2026Q4", EX_USAGE)
    entries = entries_of(settings, journal, period.KINDS)
    found = period.period_of(entries, *span, is_registered=settings.affected is not None)
    Output(language, form, output, settings.report.font).give(period_report.quarterly(found, name, centre), found)


@app.command()
def inspection(
    days: Annotated[int, typer.Option("--days", help="Of so many days back.", min=1, max=3660)] = 30,
    config: ConfigPath = DEFAULT_CONFIG,
    journal: JournalOption = None,
    language: LanguageOption = Language.ZH,
    form: FormOption = Form.MD,
    output: OutputOption = None,
) -> None:
    """Report an inspection with its five items: performance, optimisation, upgrade, faults cleared, new needs.

    What only people know they write with `cti-daemon note TEXT --item optimisation` (or upgrade, need).
    """
    settings = load(config, offline=True).settings
    centre = centre_of(settings, journal)
    entries = entries_of(settings, journal, period.KINDS)
    found = period.period_of(entries, centre.made - timedelta(days=days), centre.made, is_registered=settings.affected is not None)
    Output(language, form, output, settings.report.font).give(period_report.inspection(found, centre), found)


@app.command("fault-form")
def fault_sheet(
    name: Annotated[str, typer.Argument(metavar="INCIDENT", help="As incident list and history show it.", show_default=False)],
    config: ConfigPath = DEFAULT_CONFIG,
    journal: JournalOption = None,
    language: LanguageOption = Language.ZH,
    form: FormOption = Form.MD,
    output: OutputOption = None,
) -> None:
    """Print the fault form of an incident: what the machine knows is filled in, the rest has lines for the hand."""
    settings = load(config, offline=True).settings
    found, struck = incident_of(settings, journal, name)
    document = fault_form.form(Material(found, struck, centre_of(settings, journal)))
    Output(language, form, output, settings.report.font).give(document, {"story": found, "impact": struck})


KINDS = frozenset({story.KIND, story.VERSION}) | impact.KINDS


def incident_of(settings: Settings, journal: Path | None, name: str) -> tuple[Story, Impact]:
    """Ends the program where there is none of this name."""
    entries = entries_of(settings, journal)
    found = story.find(entries, name)
    if found is None:
        there = ", ".join(dict.fromkeys(each.id for each in story.stories(entries))) or "none"
        fail(f"{path_of(settings, journal)}: there is no incident {name!r}; there are: {there}", EX_NOINPUT)
    of_site = (entry for entry in entries if entry.kind in impact.KINDS)
    return found, impact.impact_of(found, of_site, is_registered=settings.affected is not None)


def path_of(settings: Settings, journal: Path | None) -> Path:
    return journal or Path(settings.journal.path)


def entries_of(settings: Settings, journal: Path | None, kinds: frozenset[str] = KINDS) -> list[Entry]:
    """Oldest first; ends the program where the journal cannot be read."""
    try:
        return list(read(path_of(settings, journal), kinds=kinds))
    except UnreadableError as error:
        fail(str(error), EX_NOINPUT)


def centre_of(settings: Settings, journal: Path | None) -> Centre:
    try:
        entries, digest = head(path_of(settings, journal))
        first = began(path_of(settings, journal))
    except UnreadableError as error:
        fail(str(error), EX_NOINPUT)
    zone = zone_of(settings)
    now = datetime.now(zone)
    table, since = settings.report, None if first is None else datetime.fromisoformat(first)
    return Centre(settings.site.name, table.centre or settings.site.name, table.place, now, zone, entries, digest, since)


def numbers_of(settings: Settings, struck: Impact, reason: str) -> dict[int, str]:
    """Of every row in the report; the daemon writes each access down before it answers, and refuses who has no right to it."""
    if settings.affected is None:
        fail("there is no [register]: no number is kept", EX_REFUSED)
    found: dict[int, str] = {}
    try:
        with ControlClient(Path(settings.control.socket)) as client:
            for row in struck.affected:
                answer = client.ask("privacy", args={"do": "show", "row": row.row}, reason=reason)
                if answer["status"] == "ok":
                    found[row.row] = answer["data"].get("number", "–")
                elif answer["code"] not in ("wrong_target", "lost"):  # a row that was erased since, a key that is gone
                    fail(f"refused ({answer['code']}): {answer['message']}; no report was made", EX_REFUSED)
    except UnreachableError as error:
        fail(str(error), EX_UNAVAILABLE)
    return found
