"""4-interfaces: "Refused, with a reason …: retained, expired, unknown verb or key, … too large (16 KiB), malformed"."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti_daemon.model.events import Command
from cti_daemon.wire.mqtt_payload import MOST_BYTES, RefusedError, decode_request

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC).timestamp()


def ask(verb: str = "failover", **body: Any) -> bytes:
    given = {"id": "r-1", "issued_at": "2026-01-31T11:59:58Z"} | body
    return json.dumps({k: v for k, v in given.items() if v is not ...}).encode()


def refused(payload: bytes, verb: str = "failover") -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        decode_request("engineer-1", verb, payload, NOW)
    return caught.value


def test_a_whole_request_becomes_a_command() -> None:
    payload = ask(expires_in=10, reason="主备切换演练", dry_run=True, confirm="abc", if_epoch=7, args={"to": "pbx-b"})
    assert decode_request("engineer-1", "failover", payload, NOW) == Command(
        id="r-1",
        verb="failover",
        user="engineer-1",
        reason="主备切换演练",
        dry_run=True,
        confirm="abc",
        if_epoch=7,
        age_seconds=2.0,
        expires_in_seconds=10.0,
        args={"to": "pbx-b"},
    )


def test_a_question_that_changes_nothing_need_not_say_when() -> None:
    assert decode_request("grafana", "status", b'{"id": "1"}', NOW).age_seconds == 0
    assert refused(b'{"id": "1"}').code == "malformed"


def test_the_user_is_that_of_the_topic_and_never_of_the_body() -> None:
    assert refused(ask(user="root")).code == "unknown_key"


@pytest.mark.parametrize("issued_at", ["2026-01-31T12:00:04Z", NOW + 4, "2026-01-31T20:00:00+08:00"])
def test_a_clock_a_little_ahead_counts_as_now(issued_at: Any) -> None:
    assert decode_request("u", "failover", ask(issued_at=issued_at), NOW).age_seconds == 0


def test_a_clock_far_ahead_is_refused() -> None:
    """A request from the future could wait and be carried out later as if it were new."""
    assert refused(ask(issued_at=NOW + 6)).code == "clock_skew"


def test_an_old_request_carries_its_age_to_the_core() -> None:
    assert decode_request("u", "failover", ask(issued_at=NOW - 3600), NOW).age_seconds == pytest.approx(3600)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "not JSON"),
        (b"\xff{}", "not UTF-8"),
        (b"[]", "must be a JSON object"),
        (b'{"id": "1", "id": "2"}', "a key stands twice"),
        (b'{"id": "1", "args": {"a": 1, "a": 2}}', "a key stands twice"),
        (b'{"id": "1", "if_epoch": NaN}', "NaN is no number"),
        (b'{"id": "1", "expires_in": Infinity}', "Infinity is no number"),
        (b'{"id": "1", "expires_in": 1e999}', "too large"),
        (b'{"id": "1", "if_epoch": ' + b"9" * 5000 + b"}", "too large"),
        (b"[" * 10_000, "nested deeper"),
        (b'{"args": ' + b'{"a":' * 9 + b"1" + b"}" * 10, "nested deeper"),
        (b'{"id": "1", "reason": "a\\u0000b"}', "control characters"),
        (b'{"id": "1", "reason": "a\\r\\nAction: Command"}', "control characters"),
        (b'{"id": "1", "args": {"\\u001b[2J": 1}}', "control characters"),
        (b'{"id": "1", "reason": "\\ud800"}', "control characters"),
        (b'{"id": "1", "reason": "a\nb"}', "not JSON"),
        (b'{"id": ""}', "id must be"),
        (b'{"id": 7}', "id must be"),
        (b'{"id": "' + b"x" * 65 + b'"}', "id must be"),
        (ask(dry_run="yes"), "dry_run must be"),
        (ask(dry_run=1), "dry_run must be"),
        (ask(if_epoch=True), "if_epoch must be"),
        (ask(if_epoch=-1), "if_epoch must be"),
        (ask(args=[]), "args must be"),
        (ask(reason="x" * 501), "reason must be"),
        (ask(expires_in=0), "expires_in must be"),
        (ask(expires_in=4000), "expires_in must be"),
        (ask(expires_in="soon"), "expires_in must be"),
        (ask(issued_at="yesterday"), "issued_at must be"),
        (ask(issued_at="2026-01-31T12:00:00"), "issued_at must be"),
        (ask(issued_at=True), "issued_at must be"),
    ],
)
def test_a_malformed_request_is_refused_with_the_reason(payload: bytes, why: str) -> None:
    refusal = refused(payload)
    assert refusal.code == "malformed"
    assert why in refusal.message
    assert refusal.message.isprintable()


def test_sixteen_kilobytes_are_read_and_not_one_byte_more() -> None:
    padding = MOST_BYTES - len(b'{"id":"1","args":{"a":""}}')
    fits = b'{"id":"1","args":{"a":"' + b"x" * padding + b'"}}'
    assert len(fits) == MOST_BYTES
    assert decode_request("u", "status", fits, NOW).id == "1"
    assert refused(fits + b" ").code == "too_large"


def test_a_refusal_names_the_request_when_it_could_be_read_that_far() -> None:
    assert refused(ask(nonsense=1)).request_id == "r-1"
    assert refused(b"{}").request_id is None


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:0123456789.eE-+\\u nulltrefas\x00', max_size=200).map(str.encode))
def test_whatever_comes_is_a_command_or_a_refusal(payload: bytes) -> None:
    message = ""
    try:
        decode_request("u", "status", payload, NOW)
    except RefusedError as refusal:
        message = refusal.message
    assert message.isprintable()
