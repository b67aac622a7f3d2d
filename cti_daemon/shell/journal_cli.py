"""`cti-daemon journal …`: the record of who did what, for those who answer for it. Exit codes: 0 whole, 65 changed by another hand,
66 it cannot be read."""

import csv
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cti_daemon.shell import backup_cli
from cti_daemon.shell.cli_options import DEFAULT_CONFIG, EX_DATAERR, EX_NOINPUT, ConfigPath, fail, journal_of
from cti_daemon.shell.journal_reader import UnreadableError, head_at, read, verify
from cti_daemon.wire.journal_record import Entry, canonical

_COLUMNS = ("seq", "wall", "kind", "data", "monotonic", "boot_id", "uid", "hash")

app = typer.Typer(name="journal", no_args_is_help=True, help="Check, export, back up and restore the record of what was decided and done.")

backup_cli.add_to(app)

JournalPath = Annotated[
    Path | None, typer.Argument(help="Another journal than the configuration's: a copy, say.", metavar="[FILE]", show_default=False)
]


class ExportFormat(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


@app.command("verify")
def verify_journal(
    file: JournalPath = None,
    config: ConfigPath = DEFAULT_CONFIG,
    head: Annotated[
        str,
        typer.Option("--head", help="NUMBER:HASH as an earlier verify printed it: is that entry still there, unchanged?", metavar="N:HASH"),
    ] = "",
) -> None:
    """Walk the whole hash chain: was any entry changed, taken out or put in?

    The last line is the head, NUMBER:HASH. Note it where this machine cannot reach it: with --head it later shows whether the
    end was cut off or everything written anew, which no chain can show of itself. May run beside the daemon.
    """
    path = journal_of(config, file)
    noted = _noted(head) if head else None
    try:
        found = verify(path)
        held = head_at(path, noted[0]) if noted else None
    except UnreadableError as error:
        fail(str(error), EX_NOINPUT)
    if found.missing is not None:
        fail(f"{path}: entry {found.missing} is missing; what stands before it is whole ({found.entries} entries)", EX_DATAERR)
    if found.broken_at is not None:
        fail(
            f"{path}: entry {found.broken_at} was changed by another hand; what stands before it is whole ({found.entries} entries)",
            EX_DATAERR,
        )
    if noted is not None and held != noted[1]:
        why = "is not there any more" if held is None else "is another one"
        fail(f"{path}: the chain holds in itself, but entry {noted[0]} {why}: the journal was cut off or written anew", EX_DATAERR)
    typer.echo(f"{path}: whole, {found.entries} entries")
    typer.echo(f"head {found.entries}:{found.head_hash}")


@app.command()
def export(
    file: JournalPath = None,
    config: ConfigPath = DEFAULT_CONFIG,
    form: Annotated[ExportFormat, typer.Option("--format", help="One JSON object a line, or CSV.")] = ExportFormat.JSONL,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only entries of this kind; may be given again.", show_default=False)
    ] = None,
    after: Annotated[int, typer.Option("--after", help="Only entries with a higher number.", min=0)] = 0,
) -> None:
    """Write entries to standard output, oldest first, exactly as they stand, each with its hash. May run beside the daemon."""
    path = journal_of(config, file)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if form is ExportFormat.CSV:
        writer.writerow(_COLUMNS)
    try:
        for entry in read(path, after=after, kinds=frozenset(kind) if kind else None):
            if form is ExportFormat.CSV:
                writer.writerow(_row(entry))
            else:
                typer.echo(json.dumps({name: getattr(entry, name) for name in _COLUMNS}, ensure_ascii=False))
    except UnreadableError as error:
        fail(str(error), EX_NOINPUT)
    except BrokenPipeError:  # `… | head`
        sys.stderr.close()


def _row(entry: Entry) -> list[str]:
    values = (getattr(entry, name) for name in _COLUMNS)
    return [_inert(canonical(value) if isinstance(value, dict) else str(value)) for value in values]


def _inert(text: str) -> str:
    """A spreadsheet takes a leading = + - @ for a formula, and people write reasons."""
    return f"'{text}" if text[:1] in "=+-@" else text


def _noted(head: str) -> tuple[int, str]:
    number, _, digest = head.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise typer.BadParameter("must be NUMBER:HASH, the last line that `journal verify` printed", param_hint="--head")
    return int(number), digest
