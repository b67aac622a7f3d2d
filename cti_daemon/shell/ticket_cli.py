"""`cti-daemon ticket …`: paper tickets for the hour without the seat system, and their way into it afterwards."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cti_daemon.shell.cli_options import DEFAULT_CONFIG, EX_REFUSED, EX_UNAVAILABLE, ConfigPath, Format, fail, load
from cti_daemon.shell.control_client import ControlClient, UnreachableError
from cti_daemon.wire.paper_forms import pages

app = typer.Typer(
    name="ticket", no_args_is_help=True, help="Paper tickets: print forms, enter them afterwards, see what is missing or double."
)
Form = Annotated[Format, typer.Option("--format", help="Words for people or JSON for programs.")]
_OPEN = {
    "gaps": "printed and not entered",
    "strangers": "entered and never printed",
    "double_papers": "entered with several numbers of the system",
    "double_systems": "numbers of the system with several papers",
    "rows_without": "rows of emergency seats without a ticket",
}


@app.command("print")
def print_forms(
    path: ConfigPath = DEFAULT_CONFIG,
    count: Annotated[int, typer.Option("--count", help="So many forms, with fresh numbers.", min=1, max=1000)] = 20,
) -> None:
    """Write numbered forms to standard output, as HTML for the printer: before an outage, so that they lie at the seats."""
    answer = _ask(path, {"do": "print", "count": count})["data"]
    site = load(path, offline=True).settings.site.name
    typer.echo(pages(site, range(answer["first"], answer["first"] + answer["count"])), nl=False)


@app.command()
def enter(
    paper: Annotated[int, typer.Argument(metavar="PAPER", help="The number on the form.")],
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="The number that the business system gave it.")],
    path: ConfigPath = DEFAULT_CONFIG,
    row: Annotated[int | None, typer.Option("--row", help="The caller's row in the register.", show_default=False)] = None,
) -> None:
    """Say which ticket of the business system a paper has become."""
    typer.echo(_ask(path, {"do": "enter", "paper": paper, "system": system} | ({"row": row} if row is not None else {}))["message"])


@app.command()
def reconcile(path: ConfigPath = DEFAULT_CONFIG, form: Form = Format.TABLE) -> None:
    """Compare paper, system and register: what is missing, what is double."""
    answer = _ask(path, {"do": "reconcile"})
    if form is Format.JSON:
        typer.echo(json.dumps(answer["data"], ensure_ascii=False))
        return
    typer.echo(answer["message"])
    for key, told in _OPEN.items():
        if answer["data"][key]:
            typer.echo(f"{told}: {', '.join(map(str, answer['data'][key]))}")


def _ask(path: Path, args: dict[str, Any]) -> dict[str, Any]:
    settings = load(path, offline=True).settings
    if settings.affected is None:
        fail(f"{path}: there is no [register], in which tickets are kept", EX_REFUSED)
    try:
        with ControlClient(Path(settings.control.socket)) as client:
            answer = client.ask("ticket", args=args)
    except UnreachableError as error:
        fail(str(error), EX_UNAVAILABLE)
    if answer["status"] != "ok":
        fail(f"refused ({answer['code']}): {answer['message']}", EX_REFUSED)
    return answer
