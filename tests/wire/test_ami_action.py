"""Issue 2: "CR, LF, NUL refused in every outgoing key and value". panoramisk sends them: CR LF in a value injects an action."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti_daemon.wire.ami_action import ActionIds, LocalProtocolError, encode_action

CONTROLS = ["\r", "\n", "\0", "\r\n\r\nAction: Originate", "\x1b", "\x7f", "\x85", "\u2028"]


def test_an_action_as_asterisk_reads_it() -> None:
    assert encode_action({"Queue": "hotline", "Action": "QueueAdd", "MemberName": "王"}, "p-1") == (
        b"Action: QueueAdd\r\nActionID: p-1\r\nQueue: hotline\r\nMemberName: " + "王".encode() + b"\r\n\r\n"
    )


@pytest.mark.parametrize("control", CONTROLS)
def test_controls_are_refused_in_values_and_keys(control: str) -> None:
    with pytest.raises(LocalProtocolError, match="control character"):
        encode_action({"Action": "Redirect", "Channel": f"PJSIP/a{control}b"}, "p-1")
    with pytest.raises(LocalProtocolError, match="not a header name"):
        encode_action({"Action": "Redirect", f"Chan{control}nel": "x"}, "p-1")
    with pytest.raises(LocalProtocolError):
        encode_action({"Action": f"Redirect{control}"}, "p-1")


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=40), max_size=6))
def test_whatever_is_sent_is_exactly_one_action(fields: dict[str, str]) -> None:
    try:
        encoded = encode_action({"Action": "UserEvent"} | fields, "p-1")
    except LocalProtocolError:
        return
    assert encoded.endswith(b"\r\n\r\n")
    lines = encoded[:-4].split(b"\r\n")
    assert len(lines) == len({"Action": ""} | fields) + 1
    assert encoded.count(b"\n") == encoded.count(b"\r") == len(lines) + 1


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Action": "A", "ActionID": "mine"},
        {"Action": "A", "actionid": "mine"},
        {"Action": "A", "V": "x" * 1100},
        {"Action": "A", "": "x"},
    ],
    ids=["no action", "own id", "own id in small letters", "longer than Asterisk reads", "no key"],
)
def test_what_asterisk_would_misread_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(LocalProtocolError):
        encode_action(fields, "p-1")


def test_too_many_headers_are_refused() -> None:
    with pytest.raises(LocalProtocolError, match="headers"):
        encode_action({"Action": "A"} | {f"K{i}": "" for i in range(130)}, "p-1")


def test_bytes_of_others_go_back_as_they_came() -> None:
    assert b"Channel: PJSIP/\xff-1\r\n" in encode_action({"Action": "Hangup", "Channel": "PJSIP/\udcff-1"}, "p-1")
    with pytest.raises(LocalProtocolError, match="cannot be sent"):
        encode_action({"Action": "Hangup", "Channel": "\ud800"}, "p-1")


def test_action_ids_are_counted_behind_a_secret() -> None:
    ids = ActionIds("0123456789abcdef")
    assert [ids.next(), ids.next()] == ["0123456789abcdef-1", "0123456789abcdef-2"]
    assert ids.is_own("0123456789abcdef-9")
    assert not ids.is_own("0123456789abcde-9")
    with pytest.raises(ValueError, match="prefix"):
        ActionIds("short")
