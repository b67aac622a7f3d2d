"""The orders of the table of verbs as commands of the command line: plan, question, order, progress, result.

They go over the control socket and not over MQTT: it works when the broker does not, which is when a person needs it, and the kernel
proves who asks."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any

import typer

from cti_daemon.model.verbs import HARMLESS, VERBS, Arg, Verb
from cti_daemon.shell import status_page
from cti_daemon.shell.cli_options import (
    DEFAULT_CONFIG,
    EX_FAULT,
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
PANEL = "Orders to the running daemon"


@dataclass(frozen=True, slots=True)
class _Order:
    """One verb as it was typed."""

    path: Path
    verb: Verb
    args: dict[str, Any]
    reason: str
    yes: bool
    dry_run: bool
    form: Format


def add_to(app: typer.Typer) -> None:
    """Make every verb a command of `app`, but for those that have a command of their own."""
    for verb in VERBS.values():
        if verb.name not in HARMLESS and not verb.typed:
            app.command(verb.name, rich_help_panel=PANEL)(_command(verb))


# --- how a command is made of a verb ------------------------------------------------------------------------------------


def _command(verb: Verb) -> Callable[..., None]:
    """A function with the parameters that this verb takes, as typer reads them off its signature."""

    def command(**given: Any) -> None:
        typed = ((arg.name, given[_parameter(arg)]) for arg in verb.args)
        args = {name: value for name, value in typed if value is not None and value is not False and value != []}  # 0 was typed
        order = _Order(
            path=given["path"],
            verb=verb,
            args=args,
            reason=given.get("reason", ""),
            yes=given.get("yes", True),
            dry_run=given.get("dry_run", False),
            form=given["form"],
        )
        _carry_out(order)

    told = verb.does if not verb.is_order else f"{verb.does} {verb.more}".replace("`", "").strip()
    command.__doc__ = _plain(told)
    command.__signature__ = Signature(list(_parameters(verb)))  # type: ignore[attr-defined]
    return command


def _plain(told: str) -> str:
    """The name of a table, `[drill]`, is no markup of the help's."""
    return re.sub(r"\[(?=[a-z])", r"\\[", told)


def _parameters(verb: Verb) -> Iterator[Parameter]:
    for arg in verb.args:
        yield Parameter(_parameter(arg), Parameter.KEYWORD_ONLY, **_option(arg))
    yield Parameter("path", Parameter.KEYWORD_ONLY, annotation=ConfigPath, default=DEFAULT_CONFIG)
    if verb.name != "note":
        yield Parameter("reason", Parameter.KEYWORD_ONLY, annotation=Reason, default="")
    if verb.is_order:
        yield Parameter("yes", Parameter.KEYWORD_ONLY, annotation=Yes, default=False)
        yield Parameter("dry_run", Parameter.KEYWORD_ONLY, annotation=DryRun, default=False)
    yield Parameter("form", Parameter.KEYWORD_ONLY, annotation=Form, default=Format.TABLE)


def _parameter(arg: Arg) -> str:
    """No keyword of Python, and none of the options that every verb has."""
    return f"arg_{arg.name}"


def _option(arg: Arg) -> dict[str, Any]:
    kind: Any = arg.shape.python
    if arg.is_positional:
        return {"annotation": Annotated[kind, typer.Argument(metavar=arg.metavar, help=_plain(arg.does), show_default=False)]}
    words = typer.Option(f"--{arg.option}", metavar=arg.metavar, help=_plain(arg.does), show_default=arg.default is not None)
    if kind is bool:
        return {"annotation": Annotated[bool, words], "default": False}
    if kind == list[str]:
        return {"annotation": Annotated[list[str], words], "default": []}
    return {"annotation": Annotated[kind | None, words], "default": arg.default}


# --- how an order is carried out ----------------------------------------------------------------------------------------


def _carry_out(order: _Order) -> None:
    settings = load(order.path, offline=True).settings
    if order.form is Format.JSON and not (order.yes or order.dry_run):
        fail("--format json asks nobody: add --yes, or --dry-run for the plan", EX_USAGE)
    try:
        with ControlClient(Path(settings.control.socket)) as client:
            plan = client.ask(order.verb.name, args=order.args, reason=order.reason, dry_run=True)
            _show_plan(order, plan)
            confirm = plan["data"].get("confirm")
            done = client.ask(order.verb.name, args=order.args, reason=order.reason, confirm=confirm, if_epoch=plan["epoch"])
    except UnreachableError as error:
        fail(str(error), EX_UNAVAILABLE)
    _show_answer(order, done)
    if done["status"] == "accepted" and done["epoch"] != plan["epoch"]:
        _follow(order, f"http://{settings.http.listen}")


def _show_plan(order: _Order, plan: dict[str, Any]) -> None:
    """Ends the program where there is nothing to confirm."""
    if plan["code"] != "dry_run" or order.dry_run:  # refused, or it is so already
        _show_answer(order, plan)
        raise typer.Exit
    if order.form is Format.TABLE and order.verb.is_order:
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
        word = "failed" if answer["status"] == "error" else f"refused ({answer['code']})"
        typer.echo(f"{word}: {answer['message']}", err=True)
    else:
        typer.echo(f"{answer['status']}: {answer['message']}")
    if refused:
        raise typer.Exit(EX_FAULT if answer["status"] == "error" else EX_REFUSED)
    if answer["code"] == "unfinished":
        raise typer.Exit(EX_UNFINISHED)


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
