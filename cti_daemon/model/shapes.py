"""What a person may say with an order: what is admitted, and the same as JSON Schema (draft 2020-12), for those who send and those who
read. A schema may admit a little more than the shape (it cannot count bytes), never less."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

_SPAN = re.compile(r"([0-9]{1,6})(s|m|h|d)")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


class Shape(Protocol):
    """`python`: what a value is on the command line."""

    @property
    def python(self) -> type: ...

    def admits(self, value: object) -> bool: ...

    def schema(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Flag:
    python: type = bool

    def admits(self, value: object) -> bool:
        return isinstance(value, bool)

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    least: int = 0
    most: int = 2**53
    python: type = int

    def admits(self, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Text:
    """`pattern` is for the whole of it, in the dialect that Python and ECMA 262 share."""

    pattern: str | None = None
    most: int = 500
    least: int = 0
    python: type = str

    def admits(self, value: object) -> bool:
        if not isinstance(value, str) or not self.least <= len(value) <= self.most:
            return False
        return self.pattern is None or re.fullmatch(self.pattern, value) is not None

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string", "maxLength": self.most}
        if self.least:
            schema["minLength"] = self.least
        if self.pattern is not None:
            schema["pattern"] = f"^(?:{self.pattern})$"
        return schema


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number, true, false, or a short text."""

    most: int = 80
    python: type = str

    def admits(self, value: object) -> bool:
        if isinstance(value, float) and not isfinite(value):
            return False
        return isinstance(value, bool | int | float) or (isinstance(value, str) and 0 < len(value) <= self.most)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "number"}, {"type": "boolean"}, {"type": "string", "minLength": 1, "maxLength": self.most}]}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these words."""

    of: tuple[str, ...]
    python: type = str

    def admits(self, value: object) -> bool:
        return isinstance(value, str) and value in self.of

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.of)}


@dataclass(frozen=True, slots=True)
class Span:
    """A time: a number of seconds, or `90s`, `30m`, `2h`, `1d`."""

    most_seconds: float
    python: type = str

    def seconds(self, value: object) -> float | None:
        """None: not a time, or not one that is allowed."""
        if isinstance(value, str) and (found := _SPAN.fullmatch(value)):
            value = int(found[1]) * _UNITS[found[2]]
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= self.most_seconds:
            return None
        return float(value)

    def admits(self, value: object) -> bool:
        return self.seconds(value) is not None

    def schema(self) -> dict[str, Any]:
        number = {"type": "number", "exclusiveMinimum": 0, "maximum": self.most_seconds}
        return {"anyOf": [number, {"type": "string", "pattern": f"^{_SPAN.pattern}$"}]}


@dataclass(frozen=True, slots=True)
class Names:
    """A list of names, not empty."""

    of: Text
    most: int = 100
    python: type = list[str]

    def admits(self, value: object) -> bool:
        return isinstance(value, list) and 0 < len(value) <= self.most and all(self.of.admits(name) for name in value)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.of.schema(), "minItems": 1, "maxItems": self.most}


def closed(properties: Mapping[str, Any], needed: list[str]) -> dict[str, Any]:
    """The schema of an object with these properties and no others."""
    schema: dict[str, Any] = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return schema | ({"required": needed} if needed else {})
