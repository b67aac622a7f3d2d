"""`cti-daemon privacy …`: the register of affected callers, for those with the right `privacy`. Every access is in the journal before
anything is shown.

It asks the running daemon over the control socket; only `new-key` needs none."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cti_daemon.shell.cli_options import DEFAULT_CONFIG, EX_FAULT, EX_REFUSED, EX_UNAVAILABLE, EX_USAGE, ConfigPath, Format, fail, load
from cti_daemon.shell.control_client import ControlClient, UnreachableError
from cti_daemon.shell.secret_files import KeyRingError

app = typer.Typer(
    name="privacy",
    no_args_is_help=True,
    help="Callers to whom something happened: find, show, correct, erase. Needs the right `privacy`; each access is written down.",
)
Why = Annotated[str, typer.Option("--reason", "-r", help="Why: it is written down with your name.", show_default=False)]
Form = Annotated[Format, typer.Option("--format", help="Words for people or JSON for programs.")]
RowNumber = Annotated[int, typer.Argument(metavar="ROW", help="As list and find show it.", show_default=False)]
_REFUSED = {"not_allowed", "expired", "malformed", "wrong_target", "no_record", "unknown_verb"}


@app.command("list")
def list_rows(
    path: ConfigPath = DEFAULT_CONFIG,
    state: Annotated[str | None, typer.Option("--state", help="open, calling, rang_in, taken or closed.", show_default=False)] = None,
    form: Form = Format.TABLE,
) -> None:
    """Show the rows of the register, without numbers."""
    _ask(path, form, {"do": "list"} | ({"state": state} if state else {}), "")


@app.command()
def find(
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help="A caller's number; blanks and hyphens do not count; - reads it from standard input.")
    ],
    reason: Why,
    path: ConfigPath = DEFAULT_CONFIG,
    form: Form = Format.TABLE,
) -> None:
    """Show what the register holds about the caller with this number."""
    _ask(path, form, {"do": "find", "number": _number(number)}, reason)


@app.command()
def show(row: RowNumber, reason: Why, path: ConfigPath = DEFAULT_CONFIG, form: Form = Format.TABLE) -> None:
    """Show the number of one row."""
    _ask(path, form, {"do": "show", "row": row}, reason)


@app.command()
def correct(
    row: RowNumber,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The right number; - reads it from standard input.")],
    reason: Why,
    path: ConfigPath = DEFAULT_CONFIG,
    form: Form = Format.TABLE,
) -> None:
    """Put another number in place of the one that a row holds."""
    _ask(path, form, {"do": "correct", "row": row, "number": _number(number)}, reason)


@app.command()
def erase(
    reason: Why,
    row: Annotated[int | None, typer.Option("--row", help="Of this row.", show_default=False)] = None,
    number: Annotated[str | None, typer.Option("--number", help="Wherever this number stands.", show_default=False)] = None,
    path: ConfigPath = DEFAULT_CONFIG,
    form: Form = Format.TABLE,
) -> None:
    """Erase a caller's number for good; what happened stays, as nobody's."""
    if (row is None) == (number is None):
        fail("which one? Give either --row N or --number NUMBER", EX_USAGE)
    _ask(path, form, {"do": "erase"} | ({"row": row} if row is not None else {"number": _number(number or "")}), reason)


@app.command()
def rotate(path: ConfigPath = DEFAULT_CONFIG, form: Form = Format.TABLE) -> None:
    """Seal every number with the first key of the ring, so that the older keys can be taken out of it."""
    _ask(path, form, {"do": "rotate"}, "")


@app.command("new-key")
def new_key(
    name: Annotated[str, typer.Argument(metavar="[ID]", help="The key's id; `find` for the key that finds. Else the date.")] = "",
) -> None:
    """Draw a key and print it as a line for the key ring."""
    from cti_daemon.shell import register_keys  # noqa: PLC0415 - only this command needs it here

    try:
        typer.echo(register_keys.draw_line(name or f"k{datetime.now(UTC):%Y%m%d}"))
    except KeyRingError as fault:
        fail(str(fault), EX_USAGE)


def _number(word: str) -> str:
    """`-` is read from standard input: what is typed as a word stands in the list of processes and in the shell's history."""
    return sys.stdin.readline().strip() if word == "-" else word


def _ask(path: Path, form: Format, args: dict[str, Any], reason: str) -> None:
    settings = load(path, offline=True).settings
    if settings.affected is None:
        fail(f"{path}: there is no [register]: no number is kept", EX_REFUSED)
    try:
        with ControlClient(Path(settings.control.socket)) as client:
            answer = client.ask("privacy", args=args, reason=reason)
    except UnreachableError as error:
        fail(str(error), EX_UNAVAILABLE)
    if answer["status"] != "ok":
        code = answer["code"]
        told = f"refused ({code})" if code in _REFUSED else "failed"
        told_why = "the daemon keeps no register; its log says why" if code == "unknown_verb" else answer["message"]
        fail(f"{told}: {told_why}", EX_REFUSED if code in _REFUSED else EX_FAULT)
    if form is Format.JSON:
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    for row in answer["data"].get("rows", []):
        typer.echo(_line(row) if isinstance(row, dict) else f"row {row}")
    typer.echo(answer["message"])


def _line(row: dict[str, Any]) -> str:
    number = "" if row["has_number"] else "  no number"
    times = f"  {row['times']} times" if row["times"] > 1 else ""
    result = f"  {row['result']}" if row["result"] else ""
    return f"{row['row']:>6}  {row['at']}  {row['harm']} ({row['was']}, {row['node']})  {row['state']}{result}{times}{number}"
