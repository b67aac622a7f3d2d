"""Caller numbers are personal data: nothing that looks like one leaves through the log. Why two digits stay:
docs/design/privacy.md."""

import re
from typing import Any

KEPT_DIGITS = 2

_LIKE_A_NUMBER = re.compile(
    r"""
      (?P<token>(?<![0-9A-Za-z])(?=[0-9a-f]*[a-f])[0-9a-f]{32,64}(?![0-9A-Za-z]))   # a call token or digest
    | (?P<serial>-0000[0-9a-f]{4}(?:;[12])?(?![0-9A-Za-z]))     # the counter at the end of a channel's name
    | (?P<run>\d{7,})
    | (?P<groups>(?<!\d)\d{2,4}(?:[ -]\d{3,4}){2,}(?!\d))       # 138 1234 5678; not a date, whose groups are shorter
    """,
    re.VERBOSE,
)
MOST_DEPTH = 8


def masked(text: str) -> str:
    """`text` with every run of seven or more digits (also when grouped by blanks or hyphens) shown as `*…NN`."""
    return _LIKE_A_NUMBER.sub(_hide, text)


def masked_value(value: Any, depth: int = 0) -> Any:
    """The same for every string in a nested value, keys included."""
    if isinstance(value, str):
        return masked(value)
    if depth >= MOST_DEPTH:
        return masked(str(value))
    if isinstance(value, dict):
        return {masked(str(k)): masked_value(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked_value(v, depth + 1) for v in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return masked(str(value))


def _hide(match: re.Match[str]) -> str:
    if match["token"] or match["serial"]:
        return match[0]
    digits = sum(c.isdigit() for c in match[0])
    return "*" * (digits - KEPT_DIGITS) + match[0][-KEPT_DIGITS:]
