"""The commands of the site as verbs of the command line: plan, question, order, progress, result.

They go over the control socket and not over MQTT: it works when the broker does not, which is when a person needs it, and the kernel
proves who asks."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cti_daemon.shell import status_page
from cti_daemon.shell.cli_options import (
    DEFAULT_CONFIG,
    EX_NOT_CONFIRMED,
    EX_REFUSED,
    EX_UNAVAILABLE,
    EX_UNFINISHED,
    EX_USAGE,
    ConfigPath,
    Format,
    fail,
    load,
)
from cti_daemon.shell.control_client import ControlClient, UnreachableError

FINISH_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.1
SETTLED_LOOKS = 3
"""How often in a row nothing may be under way before it is called finished: orders follow one another."""

Reason = Annotated[str, typer.Option("--reason", "-r", help="Why, for the record and for whoever is on duty after you.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask: for scripts.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Show the plan and end.")]
Form = Annotated[Format, typer.Option("--format", help="Words for people or JSON for programs (which are not asked).")]
To = Annotated[str | None, typer.Option("--to", metavar="NODE", help="Where to; else the best proven one.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Also during the hold-down of a node that is well again.")]
For = Annotated[str, typer.Option("--for", metavar="TIME", help="For how long: 90s, 30m, 2h. It ends by itself.")]
NodeArgument = Annotated[str, typer.Argument(metavar="NODE", show_default=False)]


@dataclass(frozen=True, slots=True)
class _Order:
    """One verb as it was typed."""

    path: Path
    verb: str
    args: dict[str, Any]
    reason: str
    yes: bool
    dry_run: bool
    form: Format


def add_to(app: typer.Typer) -> None:
    """Make every verb a command of `app`."""
    for verb, command in _COMMANDS.items():
        app.command(verb, rich_help_panel="Orders to the running daemon")(command)


def failover(
    path: ConfigPath = DEFAULT_CONFIG,
    to: To = None,
    reason: Reason = "",
    *,
    force: Force = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Form = Format.TABLE,
) -> None:
    """Leave the serving node at once: new calls go elsewhere, callers who wait or ring are moved, callers who talk stay."""
    _carry_out(_Order(path, "failover", _given(to=to, force=force), reason, yes, dry_run, form))


def switchover(
    path: ConfigPath = DEFAULT_CONFIG,
    to: To = None,
    reason: Reason = "",
    *,
    force: Force = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Form = Format.TABLE,
) -> None:
    """Planned: new calls go to the other media server, nobody who is connected is moved."""
    _carry_out(_Order(path, "switchover", _given(to=to, force=force), reason, yes, dry_run, form))


def failback(
    path: ConfigPath = DEFAULT_CONFIG,
    reason: Reason = "",
    *,
    force: Force = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Form = Format.TABLE,
) -> None:
    """Go home: new calls go to the primary again, calls in progress end where they are."""
    _carry_out(_Order(path, "failback", _given(force=force), reason, yes, dry_run, form))


def emergency_on(
    path: ConfigPath = DEFAULT_CONFIG,
    reason: Reason = "",
    *,
    force: Force = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Form = Format.TABLE,
) -> None:
    """Send callers to the emergency seats, until emergency-off."""
    _carry_out(_Order(path, "emergency-on", _given(force=force), reason, yes, dry_run, form))


def emergency_off(
    path: ConfigPath = DEFAULT_CONFIG,
    reason: Reason = "",
    *,
    force: Force = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Form = Format.TABLE,
) -> None:
    """Back from the emergency seats to a media server; calls in progress end where they are."""
    _carry_out(_Order(path, "emergency-off", _given(force=force), reason, yes, dry_run, form))


def pause_automation(
    path: ConfigPath = DEFAULT_CONFIG,
    span: For = "30m",
    reason: Reason = "",
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Form = Format.TABLE,
) -> None:
    """Take the daemon's hands off the site for a while: it judges and tells, and does nothing by itself."""
    _carry_out(_Order(path, "pause-automation", {"for": span}, reason, yes, dry_run, form))


def resume_automation(
    path: ConfigPath = DEFAULT_CONFIG, reason: Reason = "", *, yes: Yes = False, dry_run: DryRun = False, form: Form = Format.TABLE
) -> None:
    """End a pause before its time: what holds now is acted upon."""
    _carry_out(_Order(path, "resume-automation", {}, reason, yes, dry_run, form))


def maintenance_on(
    node: NodeArgument,
    path: ConfigPath = DEFAULT_CONFIG,
    span: For = "1h",
    reason: Reason = "",
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Form = Format.TABLE,
) -> None:
    """Take a node out of judgement for a while: no alarm, and no calls while anybody else can serve."""
    _carry_out(_Order(path, "maintenance-on", {"node": node, "for": span}, reason, yes, dry_run, form))


def maintenance_off(
    node: NodeArgument,
    path: ConfigPath = DEFAULT_CONFIG,
    reason: Reason = "",
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Form = Format.TABLE,
) -> None:
    """End a node's maintenance before its time."""
    _carry_out(_Order(path, "maintenance-off", {"node": node}, reason, yes, dry_run, form))


def note(
    text: Annotated[str, typer.Argument(metavar="TEXT", show_default=False)],
    path: ConfigPath = DEFAULT_CONFIG,
    *,
    form: Form = Format.TABLE,
) -> None:
    """Write a remark into the journal, with your name and the time."""
    _carry_out(_Order(path, "note", {"text": text}, "", yes=True, dry_run=False, form=form))


def ack(
    number: Annotated[int, typer.Argument(metavar="ID", min=0, help="The decision's epoch, as status and history show it.")],
    path: ConfigPath = DEFAULT_CONFIG,
    reason: Reason = "",
    *,
    form: Form = Format.TABLE,
) -> None:
    """Say that you have seen a decision of the daemon and look after it."""
    _carry_out(_Order(path, "ack", {"id": number}, reason, yes=True, dry_run=False, form=form))


_COMMANDS: dict[str, Callable[..., None]] = {
    "failover": failover,
    "switchover": switchover,
    "failback": failback,
    "emergency-on": emergency_on,
    "emergency-off": emergency_off,
    "pause-automation": pause_automation,
    "resume-automation": resume_automation,
    "maintenance-on": maintenance_on,
    "maintenance-off": maintenance_off,
    "note": note,
    "ack": ack,
}


# --- how an order is carried out ----------------------------------------------------------------------------------------


def _given(**args: Any) -> dict[str, Any]:
    return {key: value for key, value in args.items() if value}


def _carry_out(order: _Order) -> None:
    settings = load(order.path, offline=True).settings
    if order.form is Format.JSON and not (order.yes or order.dry_run):
        fail("--format json asks nobody: add --yes, or --dry-run for the plan", EX_USAGE)
    try:
        with ControlClient(Path(settings.control.socket)) as client:
            plan = client.ask(order.verb, args=order.args, reason=order.reason, dry_run=True)
            _show_plan(order, plan)
            done = client.ask(order.verb, args=order.args, reason=order.reason, confirm=plan["data"].get("confirm"), if_epoch=plan["epoch"])
    except UnreachableError as error:
        fail(str(error), EX_UNAVAILABLE)
    _show_answer(order, done)
    if done["status"] == "accepted" and done["epoch"] != plan["epoch"]:
        _follow(order, f"http://{settings.http.listen}")


def _show_plan(order: _Order, plan: dict[str, Any]) -> None:
    """Ends the program where there is nothing to confirm."""
    if plan["status"] == "rejected" or order.dry_run:
        _show_answer(order, plan)
        raise typer.Exit
    if order.form is Format.TABLE and order.verb not in {"note", "ack"}:
        typer.echo(f"plan: {plan['data'].get('plan', plan['message'])}")
    if order.yes:
        return
    if not sys.stdin.isatty():
        fail("nobody is there to be asked: add --yes", EX_NOT_CONFIRMED)
    if not typer.confirm("Do it?", default=False):
        fail("nothing was done", EX_NOT_CONFIRMED)


def _show_answer(order: _Order, answer: dict[str, Any]) -> None:
    refused = answer["status"] not in {"ok", "accepted", "duplicate"}
    if order.form is Format.JSON:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    elif refused:
        typer.echo(f"refused ({answer['code']}): {answer['message']}", err=True)
    else:
        typer.echo(f"{answer['status']}: {answer['message']}")
    if refused:
        raise typer.Exit(EX_REFUSED)


def _follow(order: _Order, address: str) -> None:
    """Show callers being moved until nothing is under way any more. Who serves is the last line."""
    from rich.console import Console  # noqa: PLC0415 - the daemon itself needs no terminal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - the same

    console = Console(stderr=True, quiet=order.form is Format.JSON)
    columns = (TextColumn("callers moved"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    settled, total, site = 0, 0, dict[str, Any]()
    deadline = time.monotonic() + FINISH_SECONDS
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("moved", total=None)
        while settled < SETTLED_LOOKS:
            if time.monotonic() > deadline:
                fail(f"accepted, but not finished after {FINISH_SECONDS:g} s; look at `cti-daemon status`", EX_UNFINISHED)
            try:
                site = status_page.fetch(address)
            except status_page.SilentError as silent:
                fail(f"accepted, but the daemon does not answer at {address}: {silent}", EX_UNAVAILABLE)
            left = site["legs_to_rescue"]
            total = max(total, left)
            settled = 0 if site["failover_in_progress"] or left else settled + 1
            progress.update(bar, total=total or None, completed=total - left)
            time.sleep(LOOK_EVERY_SECONDS)
    if order.form is Format.TABLE:
        typer.echo(f"done: {site['serving']} serves ({site['mode']}, epoch {site['epoch']}); {total} callers were to be moved")
