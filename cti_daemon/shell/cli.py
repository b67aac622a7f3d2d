"""The command line; its exit codes are in `cli_options`."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cti_daemon import __version__
from cti_daemon.shell import (
    command_cli,
    contacts_cli,
    history_cli,
    init_cli,
    journal_cli,
    lacks,
    log,
    plan_cli,
    privacy_cli,
    report_cli,
    status_page,
    ticket_cli,
)
from cti_daemon.shell.cli_options import (
    DEFAULT_CONFIG,
    EX_CONFIG,
    EX_UNAVAILABLE,
    EX_USAGE,
    EXIT_CODES,
    ConfigPath,
    Format,
    Url,
    fail,
    load,
    refuse_faulty_plans,
)
from cti_daemon.shell.doctor.finding import Finding, Grade
from cti_daemon.shell.status_text import table

WATCH_EVERY_SECONDS = 1.0

app = typer.Typer(
    name="cti-daemon",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=(
        "Keeps a call centre's hotline answered: watches every Asterisk over two control networks, sees a media server die "
        "in a fraction of a second, sends new calls to the standby and moves the callers in progress.\n\n"
        "Begin with [bold]init[/] and [bold]check-config[/], start it with [bold]run[/] (under systemd: systemctl start cti-daemon), "
        "look with [bold]status[/] or live with [bold]top[/].\n\n"
        f"{EXIT_CODES}"
    ),
    rich_markup_mode="rich",
)
app.command()(init_cli.init)


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"cti-daemon {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *, version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")] = False
) -> None:
    """Options for all commands."""


@app.command()
def run(
    path: ConfigPath = DEFAULT_CONFIG,
    level: Annotated[Level, typer.Option("--log-level", envvar="CTI_LOG_LEVEL", help="How much is logged.")] = Level.INFO,
) -> None:
    """Run the daemon in the foreground until SIGTERM or SIGINT.

    Stopping it touches no call: the dialplan goes on with the last route it was given. The log is JSON under systemd and in a
    pipe, readable on a terminal; callers' numbers are masked in both.
    """
    loaded = load(path, offline=False)
    log.configure(level.value)
    for fault in loaded.plan_faults:
        log.get("plans").error("a plan file is faulty; the daemon runs without it", fault=str(fault))
    from cti_daemon.shell import daemon  # noqa: PLC0415 - only this command needs what the daemon is made of

    raise typer.Exit(asyncio.run(daemon.run(loaded.settings, loaded.secrets, loaded.plans, loaded.source)))


@app.command("check-config")
def check_config(
    path: ConfigPath = DEFAULT_CONFIG,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Leave the secrets unread, as on a machine that has none.")] = False,
) -> None:
    """Check the configuration and tell every fault at once.

    Each fault is one line, FILE:LINE: KEY: what is wrong, and what would be right. Exit code 0 when all is well, 78 when not.
    """
    loaded = load(path, offline=offline)
    refuse_faulty_plans(loaded)
    settings = loaded.settings
    if found := loaded.secrets.lacks:
        told = "\n".join(map(lacks.words, found))
        fail(f"{told}\n{path}: {len(found)} part{'s' if len(found) > 1 else ''} cannot be used", EX_CONFIG)
    nodes = ", ".join(f"{n.name} ({n.role.value})" for n in settings.node)
    unread = "; secrets were not read" if offline else ""
    typer.echo(f"{path}: well. Site {settings.site.name}: {nodes}{unread}")


@app.command()
def doctor(
    path: ConfigPath = DEFAULT_CONFIG,
    form: Annotated[Format, typer.Option("--format", help="A line each for people or JSON for programs.")] = Format.TABLE,
) -> None:
    """Ask the live site many small questions, and say what to do about each bad answer.

    It logs in to every Asterisk over both control networks as the daemon does, and to the broker; it changes nothing and may run
    beside the daemon, during calls. Signs: ✔ well, ! will hurt one day, ✘ a promise does not hold, ? cannot be seen from here.
    Exit code 1 when there is any ✘.
    """
    loaded = load(path, offline=False)
    from cti_daemon.shell.doctor import report  # noqa: PLC0415 - only this command needs it

    def tell(findings: Iterable[Finding]) -> None:
        if form is Format.TABLE:
            for finding in findings:
                typer.echo(report.line_of(finding))

    log.configure("error")
    found = asyncio.run(report.examine(loaded, tell))
    if form is Format.JSON:
        typer.echo(json.dumps([finding.as_json() for finding in found], ensure_ascii=False, indent=2))
    else:
        typer.echo(report.sum_of(found))
    if any(finding.grade is Grade.FAULT for finding in found):
        raise typer.Exit(1)


@app.command()
def status(
    path: ConfigPath = DEFAULT_CONFIG,
    url: Url = "",
    form: Annotated[Format, typer.Option("--format", help="A table for people or JSON for programs.")] = Format.TABLE,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it anew every second until Ctrl-C.")] = False,
) -> None:
    """Show who serves, how every node is judged, and the queues.

    Signs for the control networks A/B: ok well, .. late, -- lost, xx refused, ? unknown. Exit code 69 when the daemon does not
    answer.
    """
    address = _address(path, url)
    if not watch:
        found = _fetch(address)
        typer.echo(table(found) if form is Format.TABLE else json.dumps(found, ensure_ascii=False, indent=2))
    elif form is Format.JSON:
        _repeat(lambda: json.dumps(_fetch(address), ensure_ascii=False))
    elif not sys.stdout.isatty():
        _repeat(lambda: _table(address))
    else:
        from cti_daemon.shell import screens  # noqa: PLC0415 - the daemon itself needs no terminal

        screens.watch(lambda _, lines: screens.cropped(_table(address), lines))


@app.command()
def top(
    path: ConfigPath = DEFAULT_CONFIG,
    url: Url = "",
    *,
    once: Annotated[bool, typer.Option("--once", help="Draw one screen and end: for a pipe, a file, a picture.")] = False,
) -> None:
    """Watch the site live: mode, nodes, queues with their figures, and seats; from 80 columns by 24 lines.

    Colours: red needs a person now, yellow a look. Signs for the control networks A/B as in status; ? is not known. SL is the share
    answered in time, ASA the mean wait of answered callers, ABAN the share that gave up, all over the shortest window. q or Ctrl-C
    ends it. Exit code 69 when the daemon does not answer --once.
    """
    from cti_daemon.shell import screens  # noqa: PLC0415 - the daemon itself needs no terminal

    address = _address(path, url)
    if once:
        screens.draw_once(_fetch(address))
    elif sys.stdout.isatty():
        screens.watch(lambda width, height: screens.top(address, width, height))
    else:
        fail("top draws on a terminal; in a pipe use top --once, status or status --format json", EX_USAGE)


def _repeat(shown: Callable[[], str]) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            typer.echo(shown())
            time.sleep(WATCH_EVERY_SECONDS)


def _address(path: Path, url: str) -> str:
    return url or f"http://{load(path, offline=True).settings.http.listen}"


def _table(address: str) -> str:
    """The table, or the words that nobody answers: whoever watches goes on watching."""
    try:
        return table(status_page.fetch(address))
    except status_page.SilentError as silent:
        return _silent(address, silent)


def _fetch(address: str) -> dict[str, Any]:
    try:
        return status_page.fetch(address)
    except status_page.SilentError as silent:
        fail(_silent(address, silent), EX_UNAVAILABLE)


def _silent(address: str, silent: status_page.SilentError) -> str:
    return f"the daemon does not answer at {address}: {silent}"


app.command()(history_cli.history)
app.command()(history_cli.explain)
app.add_typer(journal_cli.app)
app.add_typer(privacy_cli.app)
app.add_typer(ticket_cli.app)
app.add_typer(contacts_cli.app)
app.add_typer(plan_cli.plan_app)
app.add_typer(plan_cli.incident_app)
app.add_typer(report_cli.app)
command_cli.add_to(app)
