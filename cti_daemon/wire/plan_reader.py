"""A table of a plan file, read key by key: every fault is kept, each with line and key, and nothing is guessed."""

import difflib
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from typing_extensions import override

from cti_daemon.model.incidents import Titled
from cti_daemon.model.shapes import Span
from cti_daemon.wire.toml_lines import Path, TomlLines

MOST_SECONDS = 366 * 86_400.0
MOST_TEXT = 500
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,62}")
SOUND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_ROW = re.compile(r"[A-G][1-9]")
_SPAN = Span(MOST_SECONDS)
_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class PlanFault:
    """One fault of a plan file. Printed as `line: key: text`, behind the file's name."""

    line: int | None
    key: str
    text: str

    @override
    def __str__(self) -> str:
        return ": ".join(part for part in (str(self.line) if self.line else "", self.key, self.text) if part)


class Faults:
    """All that is found in one file."""

    def __init__(self, lines: TomlLines, time_scale: float = 1.0) -> None:
        self._lines = lines
        self.time_scale = time_scale
        self.found: list[PlanFault] = []

    def add(self, path: Path, text: str) -> None:
        key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        self.found.append(PlanFault(self._lines.of(path) or 1, key, text))


class Table:
    """Each key is asked for once; what nobody has asked for at the `end` is a fault. A faulty value reads as its default."""

    def __init__(self, data: Mapping[str, Any], path: Path, faults: Faults) -> None:
        self._data, self.path, self._faults = data, path, faults
        self._asked: set[str] = set()

    def has(self, key: str) -> bool:
        return key in self._data

    def at(self, path: Path) -> "Table":
        """A table further in, for a fault of several keys."""
        return Table({}, (*self.path, *path), self._faults)

    def fault(self, key: str, text: str) -> None:
        self._faults.add((*self.path, key) if key else self.path, text)

    def end(self) -> None:
        for key in self._data:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, n=1, cutoff=0.6)
                hint = f"did you mean {near[0]}? " if near else ""
                self.fault(key, f"is no key of this table; {hint}it may have {', '.join(sorted(self._asked))}")

    def _take(self, key: str, *, needed: str = "") -> Any:
        """None: not there. `needed`: what would be right."""
        self._asked.add(key)
        if key not in self._data and needed:
            self._faults.add((*self.path, key), f"is missing; add {needed}")
        return self._data.get(key)

    def text(self, key: str, *, needed: str = "", most: int = MOST_TEXT) -> str:
        value = self._take(key, needed=needed)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > most or (needed and not value.strip()):
            self.fault(key, f"must be text in quotes, of 1 to {most} characters; found {_shown(value)}")
            return ""
        return value

    def name(self, key: str, *, needed: str = "") -> str:
        value = self.text(key, needed=needed)
        if value and not NAME.fullmatch(value):
            self.fault(key, f"must be a name: letters, digits, '.', '_', '-', at most 63; found {_shown(value)}")
            return ""
        return value

    def sound(self, key: str, *, needed: str = "") -> str:
        """A sound file in Asterisk's own folder: no path, no ending, nothing that means something to a dialplan."""
        value = self.text(key, needed=needed)
        if value and not SOUND.fullmatch(value):
            self.fault(key, f"must be a sound file without folder and ending: letters, digits, '_', '-', at most 60; found {_shown(value)}")
            return ""
        return value

    def names(self, key: str, known: Collection[str] | None = None, *, needed: str = "", what: str = "name") -> tuple[str, ...]:
        """`known`: what there is; None: whatever is a name."""
        value = self._take(key, needed=needed)
        if value is None:
            return ()
        if not isinstance(value, list) or (needed and not value):
            self.fault(key, f"must be a list, such as {needed or f'{key} = […]'}; found {_shown(value)}")
            return ()
        good = [name for name in value if isinstance(name, str) and NAME.fullmatch(name) and (known is None or name in known)]
        for name in (name for name in value if name not in good):
            self.fault(key, unknown(what, name, known))
        if len(set(good)) < len(good):
            self.fault(key, "has something twice")
        return tuple(good)

    def rows(self) -> tuple[str, ...]:
        """Rows of the sources, `D1`."""
        rows = self.names("rows")
        for row in rows:
            if not _ROW.fullmatch(row):
                self.fault("rows", f"{row!r} is no row of the sources (docs/sources.md); right would be, for example, D1")
        return rows

    def one_of(self, key: str, known: Collection[str], *, needed: str = "", what: str = "name") -> str:
        value = self._take(key, needed=needed)
        if value is None:
            return ""
        if not isinstance(value, str) or value not in known:
            self.fault(key, unknown(what, value, known))
            return ""
        return value

    def word(self, key: str, words: type[_Word], default: _Word | None = None) -> _Word:
        """One of a closed set; needed where there is no default."""
        every = list(words)
        value = self.one_of(key, [word.value for word in every], needed=f'{key} = "{every[0]}"' if default is None else "", what="word")
        return words(value) if value else default or every[0]

    def span(self, key: str, default: float | None = None, *, needed: str = "") -> float | None:
        """Seconds, as long as the site's `time_scale` makes them."""
        seconds = self._span(key, default, needed)
        return None if seconds is None else seconds * self._faults.time_scale

    def _span(self, key: str, default: float | None, needed: str) -> float | None:
        value = self._take(key, needed=needed)
        if value is None:
            return default
        if value == 0 and not isinstance(value, bool):
            return 0.0
        seconds = _SPAN.seconds(value)
        if seconds is None or not math.isfinite(seconds):
            self.fault(key, f'must be a time: "90s", "15m", "2h", "1d" or a number of seconds, at most 366 d; found {_shown(value)}')
            return default
        return seconds

    def whole(self, key: str, default: int, most: int) -> int:
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            self.fault(key, f"must be a whole number from 0 to {most}; found {_shown(value)}")
            return default
        return value

    def flag(self, key: str) -> bool:
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            self.fault(key, f"must be true or false; found {_shown(value)}")
        return value is True

    def raw(self, key: str, *, needed: str = "") -> Any:
        return self._take(key, needed=needed)

    def table(self, key: str, *, needed: str = "") -> "Table | None":
        value = self._take(key, needed=needed)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(key, f"must be a table; found {_shown(value)}")
            return None
        return Table(value, (*self.path, key), self._faults)

    def tables(self, key: str, *, needed: str = "") -> list["Table"]:
        value = self._take(key, needed=needed)
        if value is None:
            return []
        if not isinstance(value, list) or not value or not all(isinstance(part, dict) for part in value):
            self.fault(key, f"must be tables, at least one; found {_shown(value)}")
            return []
        return [Table(part, (*self.path, key, place), self._faults) for place, part in enumerate(value)]

    def titled(self, key: str, *, needed: bool = True) -> Titled:
        """Text in both languages."""
        table = self.table(key, needed=f'{key} = {{ zh = "…", en = "…" }}' if needed else "")
        if table is None:
            return Titled("", "")
        title = Titled(table.text("zh", needed='zh = "…"'), table.text("en", needed='en = "…"'))
        table.end()
        return title


def unknown(what: str, given: object, known: Collection[str] | None) -> str:
    """What is said of a name that there is not."""
    if known is None:
        return f"must be names: letters, digits, '.', '_', '-', at most 63; found {_shown(given)}"
    near = difflib.get_close_matches(str(given), known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"there is no {what} {_shown(given)}; {hint}there are {', '.join(sorted(known))}"


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return f"a {'table' if isinstance(value, dict) else 'list'}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
