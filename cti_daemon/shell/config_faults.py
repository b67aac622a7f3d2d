"""Faults of a configuration in the words of its file: what is wrong, and what would be right."""

import difflib
import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import override

from cti_daemon.model.settings import Settings
from cti_daemon.wire.toml_lines import Path as KeyPath
from cti_daemon.wire.toml_lines import TomlLines

SECRET_KEYS = frozenset({"secret", "password", "system_name", "token", "keys", "url"})
_LISTS = {
    "from": "2027-02-05",
    "channels": '[{ via = "…", to = "…" }]',
    **dict.fromkeys(("users", "verbs", "roles", "deputies", "grades", "late"), '["…"]'),
}
_DEMANDS = {
    **dict.fromkeys(("float_type", "float_parsing", "int_type", "int_parsing"), "must be a number"),
    "finite_number": "must be a finite number",
    "string_type": "must be text in quotes",
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), "must be a day, such as 2027-02-05"
    ),
    **dict.fromkeys(("time_type", "time_parsing"), "must be an hour, such as 08:30:00"),
}
"""By pydantic's word for what was wrong."""
_TABLES = frozenset(field.alias or name for name, field in Settings.model_fields.items())
NOT_IN_THIS_FILE = (
    "a secret must not stand in this file, which many people read and back up; write it into a file of its own "
    '(one line, mode 0600) and name that: { file = "…" }, or a systemd credential: { credential = "…" }. '
    "Change the secret: it has been exposed"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Printed as `file:line: key: text`."""

    file: Path
    line: int | None
    key: str
    text: str

    @classmethod
    def at(cls, file: Path, lines: TomlLines, path: KeyPath, text: str) -> Self:
        return cls(file, lines.of(path), dotted(path), text)

    @override
    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{place}: {self.key}: {self.text}" if self.key else f"{place}: {self.text}"


def dotted(path: KeyPath) -> str:
    """`("node", 0, "control", "a")` as people write it: `node[1].control.a` (they count from one)."""
    return "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def explain(file: Path, lines: TomlLines, error: ValidationError) -> list[Fault]:
    """Every fault pydantic found."""
    faults: list[Fault] = []
    for detail in error.errors(include_url=False):
        path: KeyPath = tuple(detail["loc"])
        if detail["type"] == "value_error" and not (path and path[-1] in SECRET_KEYS):
            faults += [_of_rule(file, lines, path, text) for text in str(detail["ctx"]["error"]).split("\n")]
        else:
            faults.append(Fault.at(file, lines, path, _words(detail, path)))
    return faults


def address_faults(file: Path, lines: TomlLines, data: dict[str, Any]) -> list[Fault]:
    """Addresses that look right and cannot be: a port above 65535, an octet above 255."""
    found: list[tuple[KeyPath, object]] = []
    nodes = data.get("node")
    for i, node in enumerate(nodes if isinstance(nodes, list) else []):
        for kind in ("control", "sip"):
            paths = node.get(kind) if isinstance(node, dict) else None
            if isinstance(paths, dict):
                found += [(("node", i, kind, p), value) for p, value in paths.items()]
    http = data.get("http")
    if isinstance(http, dict):
        found.append((("http", "listen"), http.get("listen")))
    faults = []
    for path, value in found:
        match = re.fullmatch(r"(.+):(\d{1,5})", value) if isinstance(value, str) else None
        if match is None:
            continue  # not an address at all: pydantic says so
        host, port = match[1], int(match[2])
        if not (0 < port <= 65535 or (path[0] == "http" and port == 0)):
            faults.append(Fault.at(file, lines, path, f"port {port} does not exist; a port is 1 to 65535"))
        if re.fullmatch(r"[\d.]+", host) and any(int(o or 256) > 255 for o in host.split(".")):
            faults.append(Fault.at(file, lines, path, f"{host} is not an IPv4 address; each part is 0 to 255"))
    return faults


def gateway_faults(file: Path, lines: TomlLines, settings: Settings, urls: Mapping[str, str]) -> list[tuple[str, Fault]]:
    """What the gateways' URLs say against the channels that use them, by gateway. No URL is ever quoted: it is a secret."""
    faults: list[tuple[str, Fault]] = []
    for i, gateway in enumerate(settings.gateway):
        if "://" not in urls.get(gateway.name, "://"):
            told = "what stands there is no Apprise URL: kind://…"
            faults.append((gateway.name, Fault.at(file, lines, ("gateway", i, "url"), told)))
    for i, person in enumerate(settings.contact):
        for channel in person.channels:
            url, told = urls.get(channel.via, ""), ""
            if url and not channel.to and "{to}" in url:
                told = f"via {channel.via!r} needs the person's address: to = …"
            elif url and channel.to and "{to}" not in url:
                told = f"the URL of {channel.via!r} has no {{to}}: leave `to` out"
            if told:
                faults.append((channel.via, Fault.at(file, lines, ("contact", i, "channels"), told)))
    return faults


def _of_rule(file: Path, lines: TomlLines, path: KeyPath, text: str) -> Fault:
    """A fault of a rule over several keys: its line is that of the key or value it names."""
    first = re.match(r"[a-z_]+", text)
    if first and lines.has((*path, first[0])):
        return Fault.at(file, lines, (*path, first[0]), text)
    mentioned = [lines.last_mention(v) for v in re.findall(r"[A-Za-z0-9_.:-]+", text) if len(v) > 1]
    known = [line for line in mentioned if line is not None]
    fallback = path or ("node", 0)
    about = first[0] if first and first[0] in _TABLES else "node"
    return Fault(file, max(known) if known else lines.of(fallback), dotted(path) or about, text)


def _words(detail: ErrorDetails, path: KeyPath) -> str:
    kind, given = detail["type"], detail["input"]
    if path and path[-1] in SECRET_KEYS and isinstance(given, str):
        return NOT_IN_THIS_FILE
    if kind == "missing":
        return f"is missing; add {_example(path)}"
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if any(p in SECRET_KEYS for p in path):  # what was found here is shown to nobody
        return f'{detail["msg"]}; right would be {{ file = "…" }} or {{ credential = "…" }}'
    found = f"found {given!r}" if isinstance(given, str | int | float | bool) else f"found a {type(given).__name__}"
    return f"{_demand(detail, path)}; {found}"


def _demand(detail: ErrorDetails, path: KeyPath) -> str:
    """What pydantic wanted, in the words of the file."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "enum" | "literal_error":
            return f"must be one of {context['expected']}"
        case "string_pattern_mismatch":
            return f"must be {_shape(str(context['pattern']))}"
        case "model_type" | "model_attributes_type":
            return f"must be a table, such as {_example(path)}"
        case "tuple_type":
            return f"must be {'tables headed' if len(path) == 1 else 'a list,'} {_example(path)}"
        case kind:
            return _DEMANDS.get(kind) or f"{detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _shape(pattern: str) -> str:
    if "number" in pattern:
        return "a channel with {number} in it, such as PJSIP/{number}@carrier"
    if pattern == "^[0-9+]{1,32}$":
        return "a telephone number: digits, perhaps a + in front"
    if ":" in pattern:
        return "host:port, such as 10.10.1.11:5038"
    return "a name: it begins with a letter or digit and has only letters, digits, '.', '_', '-', at most 63"


def _example(path: KeyPath) -> str:
    leaf = str(path[-1]) if path else ""
    if leaf in SECRET_KEYS:
        return f'{leaf} = {{ file = "…" }} or {leaf} = {{ credential = "…" }}'
    if leaf in {"control", "sip"}:
        port = 5038 if leaf == "control" else 5060
        return f'{leaf} = {{ a = "10.10.1.11:{port}", b = "10.10.2.11:{port}" }}'
    if path == ("site",):
        return '[site] with name = "…"'
    if path == ("node",):
        return "[[node]] for each Asterisk: one edge at least, a primary, a standby"
    if path in {("queue",), ("role",), ("gateway",), ("contact",), ("readiness",), ("response",)}:
        return f"[[{leaf}]]"
    if leaf == "role":
        return 'role = "edge", "primary", "standby" or "emergency"'
    if leaf in {"a", "b"}:
        return f'{leaf} = "host:port", the address on control network {leaf.upper()}'
    if leaf in _LISTS:
        return f"{leaf} = {_LISTS[leaf]}"
    if len(path) == 1:
        return f"[{leaf}]"
    return f'{leaf} = "…"'


def _unknown(path: KeyPath) -> str:
    known = sorted(field.alias or name for name, field in _model_at(path[:-1]).model_fields.items())
    near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"is no key of this table; {hint}it may have {', '.join(known)}"


def _model_at(path: KeyPath) -> type[BaseModel]:
    """The settings class that the table at `path` is read into."""
    model: type[BaseModel] = Settings
    for part in path:
        field = next((field for name, field in model.model_fields.items() if part == (field.alias or name)), None)
        if field is not None:
            model = _class_in(field.annotation) or model
    return model


def _class_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in typing.get_args(annotation):
        found = _class_in(inner)
        if found is not None:
            return found
    return None
