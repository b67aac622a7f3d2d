"""Text into lines of a width: Chinese breaks anywhere but before its closing signs and after its opening ones, other words break only where
they are longer than a line."""

import re
from collections.abc import Callable, Iterator

_NOT_FIRST = "，。；：、！？）》」』】〉…％,.;:!?)]}%’”·—"
_NOT_LAST = "（《「『【〈([{‘“¥$"
_WIDE = "\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6"
_TOKEN = re.compile(rf"[{_WIDE}]| +|[^ {_WIDE}]+")

Measure = Callable[[str], float]


def wrapped(text: str, width: float, measure: Measure) -> list[str]:
    """At least one line; none is wider than `width`, unless one sign alone is."""
    return [line for part in text.split("\n") for line in _lines(part, width, measure)]


def _lines(text: str, width: float, measure: Measure) -> Iterator[str]:
    line, used = "", 0.0
    for word in _words(text):
        needs = measure(word)
        if used + measure(word.rstrip(" ")) <= width:
            line, used = line + word, used + needs
            continue
        if line:
            yield line.rstrip(" ")
        line, used = "", 0.0
        rest = word.lstrip(" ")
        while measure(rest.rstrip(" ")) > width:
            cut = _fitting(rest, width, measure)
            yield rest[:cut]
            rest = rest[cut:]
        line, used = rest, measure(rest)
    yield line.rstrip(" ")


def _fitting(word: str, width: float, measure: Measure) -> int:
    """How much of a word that is too long fits; one sign at least."""
    used = 0.0
    for index, sign in enumerate(word):
        used += measure(sign)
        if used > width:
            return max(index, 1)
    return len(word)


def _words(text: str) -> Iterator[str]:
    """What must not be torn apart, with the blanks behind it."""
    held = ""
    for token in _TOKEN.findall(text):
        is_bound = not held or token[0] == " " or token[0] in _NOT_FIRST or held.rstrip(" ")[-1:] in set(_NOT_LAST)
        if held and not is_bound:
            yield held
            held = ""
        held += token
    if held:
        yield held
