"""`cti-daemon history` and `cti-daemon explain`: the journal in words. Exit codes: 0 told, 66 it cannot be read or has no such number."""

from collections import deque
from pathlib import Path
from typing import Annotated

import typer

from cti_daemon.shell.cli_options import DEFAULT_CONFIG, EX_NOINPUT, ConfigPath, fail, journal_of
from cti_daemon.shell.journal_reader import UnreadableError, read
from cti_daemon.wire import explanation

JournalOption = Annotated[
    Path | None, typer.Option("--journal", "-j", help="Another journal than the configuration's: a copy, say.", show_default=False)
]


def history(
    config: ConfigPath = DEFAULT_CONFIG,
    journal: JournalOption = None,
    count: Annotated[int, typer.Option("--count", "-n", help="So many of the newest lines; 0: all.", min=0)] = 40,
) -> None:
    """Tell what was decided, ordered and judged, oldest first.

    The second column is the number for explain: a decision's epoch, or v and a number for a verdict. May run beside the daemon.
    """
    try:
        lines = deque(explanation.history(read(journal_of(config, journal), kinds=explanation.KINDS)), maxlen=count or None)
    except UnreadableError as error:
        fail(str(error), EX_NOINPUT)
    for line in lines:
        typer.echo(line)


def explain(
    number: Annotated[str, typer.Argument(help="A decision's epoch (3), or a verdict (v120), as history shows them.", metavar="NUMBER")],
    config: ConfigPath = DEFAULT_CONFIG,
    journal: JournalOption = None,
) -> None:
    """Tell why: which evidence, how old, by which rule, who could have served, and what was done then."""
    path = journal_of(config, journal)
    try:
        told = explanation.explain(read(path, kinds=explanation.KINDS), number)
    except UnreadableError as error:
        fail(str(error), EX_NOINPUT)
    if told is None:
        fail(f"{path}: there is no decision or verdict {number!r}; cti-daemon history shows their numbers", EX_NOINPUT)
    typer.echo(told)
