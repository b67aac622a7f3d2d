"""`cti-daemon report …`: what the journal knows, as a report for people. Reads a journal that the daemon may be writing, and never writes;
only callers' numbers are asked of the running daemon, which writes down who asked. Exit code 66: no such thing in the journal."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cti_daemon.model.document import Language
from cti_daemon.model.settings import Settings
from cti_daemon.shell.cli_options import DEFAULT_CONFIG, EX_NOINPUT, EX_REFUSED, EX_UNAVAILABLE, EX_USAGE, ConfigPath, fail, load
from cti_daemon.shell.control_client import ControlClient, UnreachableError
from cti_daemon.shell.history_cli import JournalOption
from cti_daemon.shell.journal_reader import UnreadableError, head, read
from cti_daemon.shell.report_output import Form, FormOption, LanguageOption, Output, OutputOption
from cti_daemon.wire.journal_record import Entry
from cti_daemon.wire.reports import impact, story
from cti_daemon.wire.reports.centre import Centre
from cti_daemon.wire.reports.impact import Impact
from cti_daemon.wire.reports.incident_report import Material, Stand, report

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
    entries = entries_of(settings, journal)
    found = story.find(entries, name)
    if found is None:
        there = ", ".join(dict.fromkeys(each.id for each in story.stories(entries))) or "none"
        fail(f"{path_of(settings, journal)}: there is no incident {name!r}; there are: {there}", EX_NOINPUT)
    of_site = (entry for entry in entries if entry.kind in impact.KINDS)
    struck = impact.impact_of(found, of_site, is_registered=settings.affected is not None)
    known = numbers_of(settings, struck, reason) if numbers else None
    chosen = stand or (Stand.PROMPT if found.recovered is None and found.closed is None else Stand.CLOSING)
    document = report(Material(found, struck, centre_of(settings, journal), known), chosen)
    Output(language, form, output, settings.report.font).give(document, {"story": found, "impact": struck})


KINDS = frozenset({story.KIND, story.VERSION}) | impact.KINDS


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
    except UnreadableError as error:
        fail(str(error), EX_NOINPUT)
    now = datetime.now(UTC).astimezone()
    table = settings.report
    return Centre(settings.site.name, table.centre or settings.site.name, table.place, now, now.tzinfo or UTC, entries, digest)


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
