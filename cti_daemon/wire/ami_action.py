"""Outgoing AMI actions. A key or value that could break out of its line is refused before a byte leaves."""

import re
from collections.abc import Mapping

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_LINE_BYTES = 1000  # Asterisk cuts a line at 1024 bytes and says nothing
_HEADERS = 120  # Asterisk takes 128


class LocalProtocolError(ValueError):
    """What we were about to send is not a valid action. Nothing was sent."""


def encode_action(fields: Mapping[str, str], action_id: str) -> bytes:
    """One action as bytes, `Action` first, with its ActionID. Raises `LocalProtocolError`."""
    if "Action" not in fields:
        raise LocalProtocolError("an action needs a header Action")
    if any(key.lower() == "actionid" for key in fields):
        raise LocalProtocolError("the ActionID is given by the session")
    if len(fields) > _HEADERS:
        raise LocalProtocolError(f"{len(fields)} headers are more than Asterisk takes")
    lines = [_line("Action", fields["Action"]), _line("ActionID", action_id)]
    lines += [_line(key, value) for key, value in fields.items() if key != "Action"]
    return b"".join(lines) + b"\r\n"


def _line(key: str, value: str) -> bytes:
    if not _KEY.fullmatch(key):
        raise LocalProtocolError(f"not a header name: {key[:40]!r}")
    if control := _CONTROL.search(value):
        raise LocalProtocolError(f"the value of {key} has the control character {control[0]!r} at {control.start()}")
    try:
        encoded = f"{key}: {value}\r\n".encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as fault:
        raise LocalProtocolError(f"the value of {key} cannot be sent: {fault.reason}") from None
    if len(encoded) > _LINE_BYTES:
        raise LocalProtocolError(f"the value of {key} has {len(encoded)} bytes, Asterisk would cut it")
    return encoded


class ActionIds:
    """Numbers the actions of one session. `prefix` is unguessable and comes from the shell."""

    __slots__ = ("_count", "prefix")

    def __init__(self, prefix: str) -> None:
        if not re.fullmatch(r"[0-9a-z-]{8,64}", prefix):
            raise ValueError("an ActionID prefix is 8 to 64 characters of 0-9 a-z -")
        self.prefix = prefix
        self._count = 0

    def next(self) -> str:
        self._count += 1
        return f"{self.prefix}-{self._count}"

    def is_own(self, action_id: str) -> bool:
        return action_id.startswith(f"{self.prefix}-")
