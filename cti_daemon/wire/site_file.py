"""The first configuration of a site, as text: what `cti-daemon init` writes. Everything it leaves out has a default; the sample
(config/cti-daemon.toml) shows them all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cti_daemon.model.ids import PATHS
from cti_daemon.model.reasons import Role
from cti_daemon.model.verbs import VERBS

AMI_PORT = 5038
SIP_PORT = 5060
ORDER = (Role.PRIMARY, Role.STANDBY, Role.EMERGENCY)
"""In which order an edge tries the nodes while the daemon has not spoken."""
_ABOUT = {
    Role.EDGE: "the Asterisk at the carrier's trunk: it holds every caller's leg",
    Role.PRIMARY: "the media server that serves on ordinary days",
    Role.STANDBY: "the one that takes over",
    Role.EMERGENCY: "the emergency seats, when no media server can serve",
}


@dataclass(frozen=True, slots=True)
class FirstNode:
    """`hosts`: its address on control network A and on B, without ports."""

    name: str
    role: Role
    hosts: tuple[str, str]


@dataclass(frozen=True, slots=True)
class FirstSite:
    name: str
    nodes: Sequence[FirstNode]
    queues: Sequence[str]
    engineers: Sequence[str]
    broker: str | None
    """Host of the MQTT broker; None: no MQTT."""


def credentials(site: FirstSite) -> list[str]:
    """The secrets that the configuration names, and that can be drawn by lot."""
    return [f"{kind}-{node.name}" for node in site.nodes for kind in ("ami", "name")]


def configuration(site: FirstSite) -> str:
    """TOML. A name or address that does not fit is found by the checks that every configuration goes through."""
    return "\n".join(_lines(site)) + "\n"


def edge_globals(site: FirstSite) -> str:
    """For [globals] in each edge's extensions.conf."""
    served = sorted((node for node in site.nodes if node.role in ORDER), key=lambda node: ORDER.index(node.role))
    lines = [f"CTI_HOTLINE = {site.name}", f"CTI_ROUTE_DEFAULT = {','.join(node.name for node in served)}"]
    lines += ["CTI_TRY_SECONDS = 1.5", "CTI_SETUP_SECONDS = 3", "CTI_RETRY_SECONDS = 300"]
    lines += [f"CTI_ADDR_{node.name}_{path} = {host}:{SIP_PORT}" for node in served for path, host in zip(PATHS, node.hosts, strict=True)]
    return "\n".join([*lines, '#include "cti-edge.conf"'])


def _lines(site: FirstSite) -> Iterator[str]:
    yield "# Made by `cti-daemon init`. All settings and their defaults: docs/configuration.md, and the sample beside this text's package."
    yield from ("", "[site]", f"name = {_text(site.name)}")
    for node in site.nodes:
        yield from ("", f"[[node]]                                  # {_ABOUT[node.role]}")
        yield from (f"name        = {_text(node.name)}", f"role        = {_text(node.role.value)}")
        yield from (f"control     = {_paths(node, AMI_PORT)}", f"sip         = {_paths(node, SIP_PORT)}")
        yield 'username    = "cti"'
        yield f"secret      = {{ credential = {_text(f'ami-{node.name}')} }}"
        yield f"system_name = {{ credential = {_text(f'name-{node.name}')} }}"
    for queue in site.queues:
        yield from ("", "[[queue]]", f"name = {_text(queue)}")
    if site.broker is not None:
        yield from ("", "[mqtt]", f"host = {_text(site.broker)}", 'username = "cti-daemon"', 'password = { credential = "mqtt" }')
    if site.engineers:
        yield from ("", "[[role]]                                  # who may order what; everything else is refused")
        yield from ('name  = "engineer"', f"users = [{', '.join(map(_text, site.engineers))}]")
        yield from ("verbs = [", *(f"  {_text(verb)}," for verb in VERBS), "]")


def _paths(node: FirstNode, port: int) -> str:
    return "{ " + ", ".join(f"{path} = {_text(f'{host}:{port}')}" for path, host in zip(PATHS, node.hosts, strict=True)) + " }"


def _text(value: str) -> str:
    """A TOML basic string."""
    plain = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in plain) + '"'
