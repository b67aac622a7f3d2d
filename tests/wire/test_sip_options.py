"""The SIP probe: only an answer to our own question is a sign of life."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti_daemon.wire.sip_options import Question, encode_options, read_answer

ASKED = Question("c0ffee", 7, "abc123")
ANSWER = (
    b"SIP/2.0 200 OK\r\n"
    b"Via: SIP/2.0/UDP 10.10.1.20:40000;rport=40000;received=10.10.1.20;branch=z9hG4bKabc123\r\n"
    b"Call-ID: c0ffee\r\nFrom: <sip:cti-daemon@10.10.1.20>;tag=abc123\r\nTo: <sip:10.10.1.11:5060>;tag=z\r\n"
    b"CSeq: 7 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


def test_a_question_has_what_rfc_3261_demands() -> None:
    text = encode_options(ASKED, "10.10.1.11:5060", "10.10.1.20:40000").decode()
    assert text.startswith("OPTIONS sip:10.10.1.11:5060 SIP/2.0\r\n")
    assert text.endswith("Content-Length: 0\r\n\r\n")
    for header in ("Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq"):
        assert f"\r\n{header}: " in text


@pytest.mark.parametrize("status", [b"200 OK", b"401 Unauthorized", b"404 Not Found", b"503 "])
def test_any_status_answers(status: bytes) -> None:
    assert read_answer(ANSWER.replace(b"200 OK", status)) == (int(status[:3]), ASKED)


def test_short_header_names_and_folded_case() -> None:
    short = ANSWER.replace(b"Via:", b"v:").replace(b"Call-ID:", b"I :").replace(b"branch=", b"Branch = ")
    assert read_answer(short) == (200, ASKED)


def test_the_topmost_via_counts() -> None:
    two = ANSWER.replace(b"Call-ID", b"Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKother\r\nCall-ID", 1)
    assert read_answer(two) == (200, ASKED)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\r\n\r\n",
        b"OPTIONS sip:me SIP/2.0\r\n\r\n",
        ANSWER.replace(b"7 OPTIONS", b"7 INVITE"),
        ANSWER.replace(b"CSeq: 7", b"CSeq: seven"),
        ANSWER.replace(b"branch=", b"twig="),
        ANSWER.replace(b"c0ffee", b"\xff"),
        ANSWER + b"x" * 9000,
        b"SIP/2.0 999 Odd\r\n\r\n",
    ],
)
def test_what_is_no_answer(datagram: bytes) -> None:
    assert read_answer(datagram) is None


@given(st.binary(max_size=400))
def test_no_datagram_breaks_it(datagram: bytes) -> None:
    read_answer(datagram)
    read_answer(ANSWER[:40] + datagram)
