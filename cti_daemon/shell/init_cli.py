"""`cti-daemon init`: the first configuration of a site, checked before it is written, and its secrets drawn by lot."""

import os
import secrets as randomness
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from cti_daemon.model.reasons import Role
from cti_daemon.shell import config
from cti_daemon.shell.cli_options import DEFAULT_CONFIG, EX_CONFIG, ConfigPath, fail
from cti_daemon.wire import site_file
from cti_daemon.wire.site_file import FirstNode, FirstSite

DEFAULT_CREDENTIALS = Path("/etc/credstore")
_SHAPE = "NAME=ADDRESS_A,ADDRESS_B"


def init(  # noqa: PLR0913 - each is an option of the command
    hotline: Annotated[str, typer.Argument(help="The hotline's number, as the carrier dials it; it names the site.", metavar="NUMBER")],
    *,
    edge: Annotated[list[str], typer.Option("--edge", help="The Asterisk at the carrier's trunk; may be given again.", metavar=_SHAPE)],
    primary: Annotated[str, typer.Option("--primary", help="The media server that serves on ordinary days.", metavar=_SHAPE)],
    standby: Annotated[str, typer.Option("--standby", help="The one that takes over.", metavar=_SHAPE)],
    emergency: Annotated[str, typer.Option("--emergency", help="The emergency seats' Asterisk.", metavar=_SHAPE, show_default=False)] = "",
    queue: Annotated[list[str] | None, typer.Option("--queue", help="A queue; may be given again.", show_default="hotline")] = None,
    engineer: Annotated[
        list[str] | None, typer.Option("--engineer", help="Login name of one who may give every order.", show_default="root")
    ] = None,
    broker: Annotated[str, typer.Option("--broker", help="Host of the MQTT broker; none: no MQTT.", show_default=False)] = "",
    path: ConfigPath = DEFAULT_CONFIG,
    credentials: Annotated[Path, typer.Option("--credentials", help="Where secrets are kept, a file each.")] = DEFAULT_CREDENTIALS,
) -> None:
    """Write the first configuration of a site and draw its secrets by lot.

    Addresses are those in control network A and B. Nothing that is there is overwritten, neither a configuration nor a secret. It is
    checked before it is written; what must be done on each Asterisk is said at the end.
    """
    given = [(Role.EDGE, text) for text in edge] + [(Role.PRIMARY, primary), (Role.STANDBY, standby)]
    given += [(Role.EMERGENCY, emergency)] if emergency else []
    site = FirstSite(hotline, [_node(role, text) for role, text in given], queue or ["hotline"], engineer or ["root"], broker or None)
    try:
        _write_configuration(path, site_file.configuration(site))
        made = [name for name in site_file.credentials(site) if _write_secret(credentials, name)]
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", EX_CONFIG)
    typer.echo(f"{path}: written and checked")
    was_there = "" if len(made) == len(site_file.credentials(site)) else "; the rest was there"
    typer.echo(f"{credentials}: {', '.join(made) or 'nothing'} drawn by lot{was_there}")
    typer.echo(_still_to_do(site, credentials))


def _node(role: Role, text: str) -> FirstNode:
    name, _, addresses = text.partition("=")
    hosts = addresses.split(",")
    if not name or len(hosts) != 2 or not all(hosts):
        raise typer.BadParameter(f"{text!r} must be {_SHAPE}, like pbx-a=10.10.1.11,10.10.2.11", param_hint=f"--{role.value}")
    return FirstNode(name.strip(), role, (hosts[0].strip(), hosts[1].strip()))


def _write_configuration(path: Path, text: str) -> None:
    if path.exists():
        fail(f"{path}: is there already; it is left as it is (--config writes elsewhere)", EX_CONFIG)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / path.name
        draft.write_text(text, encoding="utf-8")
        try:
            config.load(draft, offline=True)
        except config.ConfigError as error:
            fail("\n".join(f"{fault.key}: {fault.text}" for fault in error.faults) + "\nnothing was written", EX_CONFIG)
    with path.open("x", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o640)
        _give_to_group_of(path.parent, file.fileno())
        file.write(text)


def _give_to_group_of(folder: Path, descriptor: int) -> None:
    """/etc/cti-daemon belongs to root and the daemon's group: so must what the daemon reads there."""
    if os.geteuid() == 0:
        os.fchown(descriptor, -1, folder.stat().st_gid)


def _write_secret(folder: Path, name: str) -> bool:
    """True when it was made; one that is there stays."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kind, _, node = name.partition("-")
    text = f"{node}-{randomness.token_hex(8)}" if kind == "name" else randomness.token_urlsafe(24)
    try:
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
    return True


def _still_to_do(site: FirstSite, credentials: Path) -> str:
    nodes = [node.name for node in site.nodes]
    lines = ["", "Now, on each Asterisk (docs/install.md has every step; none touches a call but the restart for systemname):"]
    lines += [
        f"  {name}: asterisk.conf systemname = {credentials}/name-{name}, manager.conf secret = {credentials}/ami-{name}" for name in nodes
    ]
    lines += ["", "On the edge, extensions.conf [globals]:", *(f"  {line}" for line in site_file.edge_globals(site).splitlines())]
    if site.broker is not None:
        lines += ["", f"The broker's password of cti-daemon, in one line: {credentials}/mqtt (mode 0600)"]
    unit = [f"  LoadCredential={name}" for name in site_file.credentials(site)]
    lines += ["", "systemctl edit cti-daemon, unless these names are in the unit already:", "  [Service]", *unit]
    return "\n".join([*lines, "", "Then: cti-daemon check-config, systemctl enable --now cti-daemon, cti-daemon doctor"])
