"""What the commands of the command line share: options, exit codes, how a fault is told."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cti_daemon.shell import config

EX_FAULT = 1
EX_USAGE = 2
EX_REFUSED = 3
EX_NOT_CONFIRMED = 4
EX_UNFINISHED = 5
EX_DATAERR = 65
EX_NOINPUT = 66
EX_UNAVAILABLE = 69
EX_CONFIG = 78
EXIT_CODES = (
    "Exit codes: 0 done, 1 ended with a fault, 2 wrong usage, 3 the daemon refused, 4 not confirmed, 5 accepted but not finished in time, "
    "65 the journal was changed, 66 it cannot be read, 69 the daemon does not answer, 78 faulty configuration."
)
DEFAULT_CONFIG = Path("/etc/cti-daemon/cti-daemon.toml")

ConfigPath = Annotated[
    Path, typer.Option("--config", "-c", envvar="CTI_CONFIG", help="The site's configuration, a TOML file.", show_default=True)
]
Url = Annotated[str, typer.Option("--url", help="Ask here instead of at the address the configuration gives.", show_default=False)]


def journal_of(config_path: Path, journal: Path | None) -> Path:
    """Which journal is meant: the one named, else the one of the configuration."""
    return journal or Path(load(config_path, offline=True).settings.journal.path)


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


def load(path: Path, *, offline: bool) -> config.Loaded:
    """The configuration; ends the program with every fault and EX_CONFIG when there is one."""
    try:
        return config.load(path, offline=offline)
    except config.ConfigError as error:
        many = len(error.faults)
        fail(f"{error}\n{path}: {many} fault{'s' if many > 1 else ''}", EX_CONFIG)


def plans_of(path: Path) -> config.Loaded:
    """The same, and its plans are well too; ends the program with every fault of theirs and EX_CONFIG when there is one."""
    loaded = load(path, offline=True)
    refuse_faulty_plans(loaded)
    return loaded


def refuse_faulty_plans(loaded: config.Loaded) -> None:
    if loaded.plan_faults:
        many = len(loaded.plan_faults)
        faults = "\n".join(map(str, loaded.plan_faults))
        fail(f"{faults}\n{loaded.source}: {many} fault{'s' if many > 1 else ''} in plan files", EX_CONFIG)


def fail(text: str, code: int) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(code)
