"""The command line. Exit codes: 0 done; 1 the daemon ended with a fault; 2 wrong usage; 69 the daemon does not answer;
78 the configuration is faulty."""

import asyncio
import json
import sys
import time
import urllib.error
import urllib.request
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from cti_daemon import __version__
from cti_daemon.shell import config, journal_cli, log
from cti_daemon.shell.status_text import table

EX_UNAVAILABLE = 69
EX_CONFIG = 78
DEFAULT_CONFIG = Path("/etc/cti-daemon/cti-daemon.toml")
ANSWER_SECONDS = 3.0
WATCH_EVERY_SECONDS = 1.0
_CLEAR = "\x1b[H\x1b[2J"

app = typer.Typer(
    name="cti-daemon",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=(
        "Keeps a call centre's hotline answered: watches every Asterisk over two control networks, sees a media server die "
        "in a fraction of a second, sends new calls to the standby and moves the callers in progress.\n\n"
        "Begin with [bold]check-config[/], start it with [bold]run[/] (under systemd: systemctl start cti-daemon), look with "
        "[bold]status[/].\n\n"
        "Exit codes: 0 done, 1 ended with a fault, 2 wrong usage, 69 the daemon does not answer, 78 faulty configuration."
    ),
    rich_markup_mode="rich",
)
app.add_typer(journal_cli.app)

ConfigPath = Annotated[
    Path, typer.Option("--config", "-c", envvar="CTI_CONFIG", help="The site's configuration, a TOML file.", show_default=True)
]


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


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
    loaded = _load(path, offline=False)
    log.configure(level.value)
    from cti_daemon.shell import daemon  # noqa: PLC0415 - only this command needs what the daemon is made of

    raise typer.Exit(asyncio.run(daemon.run(loaded.settings, loaded.secrets)))


@app.command("check-config")
def check_config(
    path: ConfigPath = DEFAULT_CONFIG,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Leave the secrets unread, as on a machine that has none.")] = False,
) -> None:
    """Check the configuration and tell every fault at once.

    Each fault is one line, FILE:LINE: KEY: what is wrong, and what would be right. Exit code 0 when all is well, 78 when not.
    """
    settings = _load(path, offline=offline).settings
    nodes = ", ".join(f"{n.name} ({n.role.value})" for n in settings.node)
    unread = "; secrets were not read" if offline else ""
    typer.echo(f"{path}: well. Site {settings.site.name}: {nodes}{unread}")


@app.command()
def status(
    path: ConfigPath = DEFAULT_CONFIG,
    url: Annotated[str, typer.Option("--url", help="Ask here instead of at the address the configuration gives.", show_default=False)] = "",
    form: Annotated[Format, typer.Option("--format", help="A table for people or JSON for programs.")] = Format.TABLE,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it anew every second until Ctrl-C.")] = False,
) -> None:
    """Show who serves, how every node is judged, and the queues.

    Signs for the control networks A/B: ok well, .. late, -- lost, xx refused, ? unknown. Exit code 69 when the daemon does not
    answer.
    """
    address = url or f"http://{_load(path, offline=True).settings.http.listen}"
    try:
        while True:
            shown = _shown(address, form, keep_trying=watch)
            if not watch:
                typer.echo(shown)
                return
            clear = _CLEAR if form is Format.TABLE and sys.stdout.isatty() else ""
            typer.echo(clear + shown)
            time.sleep(WATCH_EVERY_SECONDS)
    except KeyboardInterrupt:
        return


def _shown(address: str, form: Format, *, keep_trying: bool) -> str:
    try:
        found = _fetch(f"{address.rstrip('/')}/status")
    except (OSError, ValueError) as error:
        why = error.reason if isinstance(error, urllib.error.URLError) else error
        text = f"the daemon does not answer at {address}: {why}"
        if keep_trying and form is Format.TABLE:
            return text
        _fail(text, EX_UNAVAILABLE)
    return table(found) if form is Format.TABLE else json.dumps(found, ensure_ascii=False, indent=None if keep_trying else 2)


def _fetch(url: str) -> dict[str, Any]:
    if not url.startswith(("http://", "https://")):
        raise ValueError("the address must begin with http:// or https://")
    # no proxy: the daemon is on this host or on a control network
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=ANSWER_SECONDS) as answer:
        body = json.load(answer)
    if not isinstance(body, dict) or "nodes" not in body:
        raise ValueError("something else than cti-daemon answers there")
    return body


def _load(path: Path, *, offline: bool) -> config.Loaded:
    try:
        return config.load(path, offline=offline)
    except config.ConfigError as error:
        many = len(error.faults)
        _fail(f"{error}\n{path}: {many} fault{'s' if many > 1 else ''}", EX_CONFIG)


def _fail(text: str, code: int) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(code)
