"""`cti-daemon plan …` and `cti-daemon incident …`: the plan files, tried in virtual time, and what is under way on the site."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cti_daemon.model.incidents import Plan
from cti_daemon.shell import plan_files, plan_trial, status_page
from cti_daemon.shell.cli_options import (
    DEFAULT_CONFIG,
    EX_CONFIG,
    EX_DATAERR,
    EX_NOINPUT,
    EX_UNAVAILABLE,
    ConfigPath,
    Format,
    Url,
    fail,
    load,
    plans_of,
)

plan_app = typer.Typer(name="plan", no_args_is_help=True, help="Emergency plans: what there is, is it well, what would it do.")
incident_app = typer.Typer(name="incident", no_args_is_help=True, help="Incidents: runs of emergency plans on the running site.")
Form = Annotated[Format, typer.Option("--format", help="Words for people or JSON for programs.")]
Folder = Annotated[
    Path | None, typer.Option("--folder", help="This folder of plan files instead of the configuration's.", show_default=False)
]


@plan_app.command("list")
def list_plans(path: ConfigPath = DEFAULT_CONFIG, folder: Folder = None) -> None:
    """Show the plans of the site: name, version, title, rows of the sources, and until when they are to be reviewed."""
    for plan in _plans(path, folder):
        stages = " → ".join(stage.id for stage in plan.stages)
        typer.echo(f"{plan.name} {plan.version}: {plan.title.zh} / {plan.title.en} [{', '.join(plan.rows)}]")
        typer.echo(f"    {stages}; approved by {plan.approved_by}, review due {plan.review_due}")


@plan_app.command()
def check(path: ConfigPath = DEFAULT_CONFIG, folder: Folder = None) -> None:
    """Check every plan file: each fault is one line, FILE:LINE: KEY: what is wrong. Exit code 78 when there is one."""
    plans = _plans(path, folder)
    settings = None if folder is not None else load(path, offline=True).settings
    nobody = {} if settings is None else plan_files.unmanned(settings, plans)
    for fault in [] if settings is None else plan_files.unable(settings, plans):
        typer.echo(f"cannot be carried out here: {fault}", err=True)
    for role, named_by in nobody.items():
        typer.echo(f"nobody has the role {role}, which these plans would tell: {', '.join(named_by)}", err=True)
    for group, named_by in ({} if folder is not None else plan_files.without_seats(plans)).items():
        typer.echo(f"no [[seat_group]] is called {group}, whose seats these plans would log in: {', '.join(named_by)}", err=True)
    typer.echo(f"{len(plans)} plans, {sum(len(plan.steps) for plan in plans)} steps: well")


@plan_app.command("test")
def try_out(
    trace: Annotated[
        Path, typer.Argument(metavar="TRACE", help="Lines `0:15:00 fact queue.waiting = 4`, `0:20:00 end`.", show_default=False)
    ],
    path: ConfigPath = DEFAULT_CONFIG,
    folder: Folder = None,
) -> None:
    """Try the plans in virtual time: a trace of facts in, what would be decided out. Nothing leaves this program."""
    try:
        lines = plan_trial.play(_plans(path, folder), trace.read_text(encoding="utf-8"))
    except OSError as error:
        fail(f"{trace} cannot be read: {error.strerror}", EX_NOINPUT)
    except (ValueError, UnicodeDecodeError) as error:
        fail(f"{trace}: {error}", EX_DATAERR)
    typer.echo("\n".join(lines))


@incident_app.command("list")
def list_incidents(path: ConfigPath = DEFAULT_CONFIG, url: Url = "", form: Form = Format.TABLE) -> None:
    """Show the incidents that are under way, and the last closed ones."""
    found = _incidents(path, url)
    if form is Format.JSON:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for incident in found:
        typer.echo(_line(incident))
    if not found:
        typer.echo("no incident")


@incident_app.command()
def show(
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="As list shows it.", show_default=False)],
    path: ConfigPath = DEFAULT_CONFIG,
    url: Url = "",
    form: Form = Format.TABLE,
) -> None:
    """Show one incident: stage, steps, clocks, who was told."""
    found = next((one for one in _incidents(path, url) if one["id"] == incident), None)
    if found is None:
        fail(f"there is no incident {incident!r}; cti-daemon incident list shows them, the journal has the older ones", EX_NOINPUT)
    if form is Format.JSON:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    typer.echo(_line(found))
    for clock in found["clocks"]:
        due = clock["due_in_seconds"]
        when = f"overdue since {_span(-due)}" if due < 0 else f"due in {_span(due)}"
        answers = f" ({' / '.join(clock['options'])})" if clock["options"] else f" [{clock['proof']}]" if clock["proof"] else ""
        typer.echo(f"  {clock['step']}, {clock['role']}, {when}: {clock['title']['zh']} / {clock['title']['en']}{answers}")
    typer.echo("  steps: " + ", ".join(f"{step} {state}" for step, state in found["steps"].items()))
    typer.echo(f"  told: {', '.join(found['told']) or 'nobody'}")
    for key in ("eta", "wording", "cause_class", "vendor_case"):
        if found[key]:
            typer.echo(f"  {key}: {found[key]}")


def _plans(path: Path, folder: Path | None) -> tuple[Plan, ...]:
    if folder is not None:
        plans, faults = plan_files.read_folder(folder, path, frozenset(), 1.0)
        if faults:
            fail("\n".join(str(fault) for fault in faults), EX_CONFIG)
        return plans
    loaded = plans_of(path)
    if loaded.settings.plans is None:
        fail(f"{path} has no [plans]; name a folder with --folder", EX_CONFIG)
    return loaded.plans


def _incidents(path: Path, url: str) -> list[dict[str, Any]]:
    address = url or f"http://{load(path, offline=True).settings.http.listen}"
    try:
        status = status_page.fetch(address)
    except status_page.SilentError as silent:
        fail(f"the daemon does not answer at {address}: {silent}", EX_UNAVAILABLE)
    if "incidents" not in status:
        fail("this site has no emergency plans: the configuration has no [plans]", EX_CONFIG)
    found: list[dict[str, Any]] = status["incidents"]
    return found


def _line(incident: dict[str, Any]) -> str:
    drill = "DRILL " if incident["is_drill"] else ""
    waits = "" if incident["is_approved"] else ", waits for approval"
    scale = f", time_scale {incident['time_scale']:g}" if incident["time_scale"] != 1 else ""
    late = sum(clock["is_late"] for clock in incident["clocks"])
    clocks = f", {len(incident['clocks'])} open" + (f", {late} overdue" if late else "") if incident["clocks"] else ""
    title = f"{incident['title']['zh']} / {incident['title']['en']}"
    whose = f" {incident['subject']}" if incident["subject"] else ""
    head = f"{drill}{incident['id']}{whose}  {incident['grade']}  {incident['state']}  {incident['stage']}"
    return f"{head}  {_span(incident['since_seconds'])}{clocks}{waits}{scale}  {title}"


def _span(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
