"""Bodies of MQTT messages: requests decoded strictly, answers and reports spelled out. No clock: wall time is handed in."""

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NoReturn

from cti_daemon.model.effects import Answer, Report
from cti_daemon.model.events import Command
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.model.verbs import HARMLESS, MOST_REASON

MOST_BYTES = 16 * 1024
MOST_DEPTH = 8
MOST_SKEW_SECONDS = 5.0
MOST_EXPIRY_SECONDS = 3600.0
EXACT_INTEGERS = 2**53

_KEYS = frozenset({"id", "issued_at", "expires_in", "reason", "dry_run", "confirm", "if_epoch", "args"})
ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,63}"
_ID = re.compile(ID_PATTERN)


class RefusedError(Exception):
    """A request that never reaches the core. `request_id` is known when the body was readable that far."""

    def __init__(self, code: str, message: str, request_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request_id = request_id


def decode_request(user: str, verb: str, payload: bytes, now_wall: float) -> Command:
    """The command in a request's body. `now_wall` is seconds since 1970. Raises RefusedError."""
    body = _object(payload)
    request_id = body.get("id")
    if not isinstance(request_id, str) or not _ID.fullmatch(request_id):
        raise RefusedError("malformed", "id must be 1 to 64 letters, digits, '.', '_', ':' or '-', new for each request")
    try:
        return _command(user, verb, request_id, body, now_wall)
    except RefusedError as refused:
        refused.request_id = request_id
        raise


def answer_body(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.command_id,
        "status": answer.status,
        "code": answer.code,
        "message": answer.message,
        "data": answer.data,
        "epoch": answer.epoch,
    }


def without_data(body: bytes) -> bytes:
    """An answer that the broker does not take for its size, as one that it takes."""
    answer: dict[str, Any] = json.loads(body)
    told = f"{answer.get('message', '')}; the broker takes no {len(body)} bytes, so data is left out: ask on the daemon's machine"
    return encode(answer | {"code": "too_large", "message": told, "data": {}})


def refusal_body(refused: RefusedError, epoch: int) -> dict[str, Any]:
    return {
        "id": refused.request_id,
        "status": CommandStatus.REJECTED.value,
        "code": refused.code,
        "message": refused.message,
        "data": {},
        "epoch": epoch,
    }


def report_body(report: Report, at: str) -> dict[str, Any]:
    """`at` is the wall time of the thing itself, ISO 8601."""
    return {"kind": report.kind, "severity": report.severity, "text": report.text, "at": at, "data": report.data}


def encode(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def _command(user: str, verb: str, request_id: str, body: dict[str, Any], now_wall: float) -> Command:
    unknown = sorted(set(body) - _KEYS)
    if unknown:
        raise RefusedError("unknown_key", f"{unknown[0]!r} is no key of a request; it may have {', '.join(sorted(_KEYS))}")
    reason, confirm = _text(body, "reason", MOST_REASON), _text(body, "confirm", MOST_REASON)
    dry_run, if_epoch, args = body.get("dry_run", False), body.get("if_epoch"), body.get("args", {})
    if not isinstance(dry_run, bool):
        raise RefusedError("malformed", "dry_run must be true or false")
    if "if_epoch" in body and (isinstance(if_epoch, bool) or not isinstance(if_epoch, int) or if_epoch < 0):
        raise RefusedError("malformed", "if_epoch must be a whole number, the epoch of the state you have seen")
    if not isinstance(args, dict):
        raise RefusedError("malformed", "args must be an object")
    return Command(
        id=request_id,
        verb=verb,
        user=user,
        reason=reason,
        dry_run=dry_run,
        confirm=confirm,
        if_epoch=if_epoch,
        age_seconds=_age(body, verb, now_wall),
        expires_in_seconds=_expiry(body),
        args=args,
    )


def _age(body: dict[str, Any], verb: str, now_wall: float) -> float:
    if "issued_at" not in body:
        if verb in HARMLESS:
            return 0.0
        raise RefusedError("malformed", "issued_at is missing: a request that may have waited somewhere must say when it was made")
    age = now_wall - _instant(body["issued_at"])
    if age < -MOST_SKEW_SECONDS:
        raise RefusedError("clock_skew", f"issued_at is {-age:.0f} s in the future: set the clocks of both machines by NTP")
    return max(0.0, age)


def _instant(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return moment.timestamp()
    raise RefusedError("malformed", "issued_at must be ISO 8601 with a time zone (2026-01-31T12:00:00Z), or seconds since 1970")


def _expiry(body: dict[str, Any]) -> float:
    value = body.get("expires_in", 30.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MOST_EXPIRY_SECONDS:
        raise RefusedError("malformed", f"expires_in must be a number of seconds, above 0 and at most {MOST_EXPIRY_SECONDS:.0f}")
    return float(value)


def _text(body: dict[str, Any], key: str, longest: int) -> str:
    value = body.get(key, "")
    if not isinstance(value, str) or len(value) > longest:
        raise RefusedError("malformed", f"{key} must be text of at most {longest} characters")
    return value


# --- strict JSON --------------------------------------------------------------------------------------------------------


def _object(payload: bytes) -> dict[str, Any]:
    if len(payload) > MOST_BYTES:
        raise RefusedError("too_large", f"the body has {len(payload)} bytes; at most {MOST_BYTES} are read")
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise RefusedError("malformed", "the body is not UTF-8") from None
    if _depth(text) > MOST_DEPTH:
        raise RefusedError("malformed", f"the body is nested deeper than {MOST_DEPTH}")
    try:
        body = json.loads(text, object_pairs_hook=_no_doubles, parse_constant=_no_constant, parse_float=_finite, parse_int=_exact)
    except ValueError as error:
        raise RefusedError("malformed", f"the body is not JSON: {_plain(str(error))}") from None
    if not isinstance(body, dict):
        raise RefusedError("malformed", "the body must be a JSON object")
    for part in _strings(body):
        if any(unicodedata.category(c) in {"Cc", "Cs"} for c in part):
            raise RefusedError("malformed", "control characters are allowed in no text of a request")
    return body


def _depth(text: str) -> int:
    """Deepest nesting of brackets outside strings, found without recursion."""
    depth = deepest = 0
    in_string = escaped = False
    for c in text:
        if in_string:
            if escaped:
                escaped = False
            elif c == "\\":
                escaped = True
            elif c == '"':
                in_string = False
        elif c == '"':
            in_string = True
        elif c in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif c in "]}":
            depth -= 1
    return deepest


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _exact(text: str) -> int:
    value = int(text) if len(text) < 20 else EXACT_INTEGERS + 1
    if abs(value) > EXACT_INTEGERS:
        raise ValueError("a number is too large")
    return value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        yield from _strings_of(value.values())
    elif isinstance(value, list):
        yield from _strings_of(value)


def _strings_of(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        yield from _strings(value)


def _plain(text: str) -> str:
    """An error text without what the sender wrote into it."""
    return text if text.isprintable() else "unreadable"
