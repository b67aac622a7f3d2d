"""Caller numbers are personal data: nothing that looks like one leaves through the log, or gets into the journal with what people
write. Why two digits stay: docs/design/privacy.md."""

import re
from dataclasses import replace
from typing import Any

from cti_daemon.model.events import Command

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


_OF_A_CASE = re.compile(r"#\d+")
_NAMES = frozenset({"seat", "node", "to", "queues", "interface", "system"})
"""Args that name what the site has: they are no text."""
_LEAST_NUMBER = 10**7


def without_numbers(command: Command) -> Command:
    """The command with every telephone number in its free text masked: journal and reports keep it for good, and nothing can be taken
    out of a chain of hashes. What has `#` before it is the number of a case and stays."""
    args = {masked(key): value if key in _NAMES else _remark(value) for key, value in command.args.items()}
    return replace(command, reason=_remark(command.reason), args=args)


def _remark(value: Any) -> Any:
    """Numbers too: a telephone number may stand there without quotes."""
    if isinstance(value, str):
        cases = _OF_A_CASE.findall(value)
        texts = [masked(text) for text in _OF_A_CASE.split(value)]
        return "".join(text + case for text, case in zip(texts, [*cases, ""], strict=True))
    if isinstance(value, int | float) and abs(value) >= _LEAST_NUMBER:
        return masked(f"{value:.0f}")
    if isinstance(value, dict):
        return {masked(key): _remark(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_remark(each) for each in value]
    return value


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
