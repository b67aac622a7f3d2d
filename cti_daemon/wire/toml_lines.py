"""Where in a TOML text a key stands: what `tomllib` forgets and a person with a fault needs."""

import re

Path = tuple[str | int, ...]

_KEY = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*""")


class TomlLines:
    """Line numbers (from 1) of the tables and keys of a text that `tomllib` accepts.

    A path is that of the parsed data: `("node", 1, "control", "a")`. Keys inside inline tables and arrays have the line of
    the key that holds them."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._at: dict[Path, int] = {}
        self._scan()

    def of(self, path: Path) -> int | None:
        """Line of `path`, else of the nearest table or key around it; None for the root."""
        for length in range(len(path), 0, -1):
            line = self._at.get(path[:length])
            if line is not None:
                return line
        return None

    def has(self, path: Path) -> bool:
        return path in self._at

    def last_mention(self, value: str) -> int | None:
        """The last line outside comments on which `value` stands in quotes."""
        quoted = (f'"{value}"', f"'{value}'")
        for number in range(len(self._lines), 0, -1):
            line = self._lines[number - 1]
            if not line.lstrip().startswith("#") and any(q in line for q in quoted):
                return number
        return None

    def _scan(self) -> None:
        table: Path = ()
        arrays: dict[Path, int] = {}
        number = 0
        while number < len(self._lines):
            line = self._lines[number].strip()
            number += 1
            if not line or line.startswith("#"):
                continue
            if line.startswith("["):
                is_array = line.startswith("[[")
                table = self._resolve(_keys(line[2 if is_array else 1 :]), arrays, is_array=is_array)
                self._at[table] = number
                continue
            keys = _keys(line)
            path = (*table, *keys)
            self._at.setdefault(path, number)
            number += _lines_of_value(self._lines[number - 1 :]) - 1

    def _resolve(self, keys: tuple[str, ...], arrays: dict[Path, int], *, is_array: bool) -> Path:
        """A header's path with the index of every array of tables on its way; counts a new element."""
        path: Path = ()
        for depth, key in enumerate(keys):
            path = (*path, key)
            if is_array and depth == len(keys) - 1:
                arrays[path] = arrays.get(path, -1) + 1
                self._at.setdefault(path, 0)
            if path in arrays:
                path = (*path, arrays[path])
        if is_array and self._at.get(path[:-1]) == 0:
            del self._at[path[:-1]]
        return path


def _keys(text: str) -> tuple[str, ...]:
    """The dotted key at the head of `text`."""
    keys: list[str] = []
    position = 0
    while match := _KEY.match(text, position):
        double, single, bare = match.groups()
        keys.append(next(k for k in (double, single, bare) if k is not None))
        position = match.end()
        if not text.startswith(".", position):
            break
        position += 1
    return tuple(keys)


def _lines_of_value(lines: list[str]) -> int:
    """How many lines the assignment at the head of `lines` takes (multi-line strings and arrays)."""
    depth = 0
    quote = ""
    for count, line in enumerate(lines, 1):
        i = 0
        while i < len(line):
            here = line[i:]
            if quote:
                if quote[0] == '"' and here[0] == "\\":
                    i += 2
                    continue
                if here.startswith(quote):
                    i += len(quote)
                    quote = ""
                    continue
                i += 1
                continue
            if here[0] == "#":
                break
            opened = next((q for q in ('"""', "'''", '"', "'") if here.startswith(q)), "")
            if opened:
                quote = opened
            depth += (here[0] in "[{") - (here[0] in "]}")
            i += len(opened) or 1
        if len(quote) == 1:  # a one-line string never goes on: the text is damaged here
            quote = ""
        if depth <= 0 and not quote:
            return count
    return len(lines)
