"""The configuration reference: every table and key of the file, from the settings model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cti_daemon.model.settings import Settings

_HEAD = "<!-- made by `make docs` from the settings model (cti_daemon/model/settings.py): do not edit -->\n"
_INTRODUCTION = """# Configuration

One TOML file, `/etc/cti-daemon/cti-daemon.toml`; [the sample](../config/cti-daemon.toml) shows all of it in use. `cti-daemon
check-config` tells every fault at once, with file, line, key and what would be right. Durations are seconds. A secret is named, never
written here: `{ credential = "NAME" }` (a systemd credential) or `{ file = "PATH" }` (one line, mode 0600, relative to this file).
"""


def text() -> str:
    """Return the whole page."""
    schema = Settings.model_json_schema()
    return "\n".join([_HEAD + _INTRODUCTION, *(_table(name, part, schema) for name, part in schema["properties"].items())])


def _table(name: str, part: dict[str, Any], schema: dict[str, Any]) -> str:
    many = part.get("type") == "array"
    inner = _model(part.get("items", part), schema["$defs"])
    title = f"[[{name}]]" if many else f"[{name}]"
    needed = set(inner.get("required", ()))
    lines = [f"## {title}\n", _words(part), "", "| key | | default | |", "|---|---|---|---|"]
    lines += [row for key, field in inner["properties"].items() for row in _rows(key, field, schema["$defs"], needed)]
    return "\n".join([*lines, ""])


def _rows(key: str, field: dict[str, Any], defs: dict[str, Any], needed: set[str]) -> Iterator[str]:
    yield f"| `{key}` | {_kind(field, defs)} | {_default(key, field, needed)} | {_words(field)} |"


def _model(part: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    """Return the definition a field refers to, through `allOf` and `anyOf` with null; the field itself when it refers to none."""
    if "$ref" in part:
        found: dict[str, Any] = defs[part["$ref"].rpartition("/")[2]]
        return found
    for option in (*part.get("allOf", ()), *part.get("anyOf", ())):
        if option.get("type") != "null":
            return _model(option, defs)
    return part


def _kind(field: dict[str, Any], defs: dict[str, Any]) -> str:
    part = _model(field, defs)
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    match part.get("type"):
        case "array":
            return f"list of {_kind(part['items'], defs)}"
        case "object":
            return f"table: {', '.join(f'`{key}`' for key in part['properties'])}"
        case "number" | "integer" as kind:
            return _number("whole number" if kind == "integer" else "number", part)
        case "string":
            return {"date": "a day: `2027-01-01`", "time": "an hour: `08:30:00`"}.get(part.get("format", "")) or _string(part)
        case _:
            raise TypeError(part)


def _number(kind: str, part: dict[str, Any]) -> str:
    least = (
        f"above {part['exclusiveMinimum']:g}" if "exclusiveMinimum" in part else f"from {part['minimum']:g}" if "minimum" in part else ""
    )
    return " ".join(filter(None, (kind, least, f"to {part['maximum']:g}" if "maximum" in part else "")))


def _string(part: dict[str, Any]) -> str:
    pattern = str(part.get("pattern", ""))
    if ":" in pattern and "\\d{1,5}" in pattern:
        return "host:port"
    if pattern.startswith("^/"):
        return "absolute path"
    if "number" in pattern:
        return "a channel, with `{number}`"
    if pattern.startswith("^[0-9+]"):
        return "a telephone number"
    return "name: letters, digits, `_` `.` `-`" if pattern else "text"


def _default(key: str, field: dict[str, Any], needed: set[str]) -> str:
    if key in needed:
        return "needed"
    default = field.get("default")
    if default is None or default == []:
        return "none"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def _words(field: dict[str, Any]) -> str:
    words = field.get("description")
    if not words:
        raise ValueError(f"a setting says nothing about itself: give {field} a docstring")
    return " ".join(str(words).split())
