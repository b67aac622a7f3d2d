"""The judge's verdicts on hand-made captures: kept or lost, who hung up, which agent, how long silent."""

from pathlib import Path

import pytest

from lab import judge, pcap, sip
from lab.layout import CARRIER, EDGE, PBX_A, PBX_B, PHONES, Net

CALLER, GATE, SEATS = (host.address(Net.SVC) for host in (CARRIER, EDGE, PHONES))


def message(first: str, call_id: str, *, cseq: str = "1 INVITE", number: str = "555001", extra: str = "", body: str = "") -> bytes:
    return (
        f"{first}\r\nFrom: <sip:{number}@x>;tag=1\r\nTo: <sip:95598@x>\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n{extra}\r\n{body}".encode()
    )


def capture(path: Path, *packets: tuple[float, str, str, bytes]) -> Path:
    with path.open("wb") as stream:
        pcap.write(stream, (pcap.Datagram(wall, source, 5060, target, 5060, payload) for wall, source, target, payload in packets))
    return path


INVITE = "INVITE sip:95598@10.10.3.10 SIP/2.0"
SDP = "v=0\r\nm=audio 14356 RTP/AVP 0\r\n"


def test_a_call_that_the_edge_ended_is_told_from_one_the_caller_ended(tmp_path: Path) -> None:
    path = capture(
        tmp_path / "c.pcap",
        (1.0, CALLER, GATE, message(INVITE, "kept")),
        (1.1, CALLER, GATE, message(INVITE, "lost")),
        (1.2, GATE, CALLER, message("SIP/2.0 200 OK", "kept", body=SDP)),
        (1.3, GATE, CALLER, message("SIP/2.0 200 OK", "lost", body=SDP)),
        (2.0, GATE, CALLER, message("BYE sip:555001@x SIP/2.0", "lost", cseq="2 BYE")),
        (2.1, CALLER, GATE, message("SIP/2.0 200 OK", "lost", cseq="2 BYE")),
        (9.0, CALLER, GATE, message("BYE sip:95598@x SIP/2.0", "kept", cseq="2 BYE")),
        (9.5, CALLER, GATE, message("BYE sip:95598@x SIP/2.0", "kept", cseq="2 BYE")),
    )
    calls = judge.read_calls(path)
    assert (calls["lost"].ended_by, calls["kept"].ended_by) == ("edge", "carrier")
    assert calls["kept"].ended_wall == 9.0
    assert calls["kept"].edge_port == 14356
    assert (calls["kept"].is_up(1.15), calls["kept"].is_up(5.0), calls["lost"].is_up(5.0)) == (False, True, False)
    assert judge.first_answer_after(calls.values(), 1.05) is calls["lost"]


def test_a_refused_call_was_never_up(tmp_path: Path) -> None:
    path = capture(
        tmp_path / "c.pcap",
        (1.0, CALLER, GATE, message(INVITE, "a")),
        (1.1, GATE, CALLER, message("SIP/2.0 503 Service Unavailable", "a")),
    )
    call = judge.read_calls(path)["a"]
    assert (call.refused_status, call.is_up(2.0)) == (503, False)


def test_the_same_agent_is_found_by_caller_and_seat(tmp_path: Path) -> None:
    ring = "INVITE sip:seat7@10.10.3.40:5060 SIP/2.0"
    token = "X-CTI-Call: abc\r\n"
    first, second = (node.address(Net.SVC) for node in (PBX_A, PBX_B))
    path = capture(
        tmp_path / "p.pcap",
        (1.0, first, SEATS, message(ring, "one", extra=token)),
        (1.5, SEATS, first, message("SIP/2.0 200 OK", "one")),
        (3.0, second, SEATS, message(ring, "two", extra=token + "Replaces: one;to-tag=a;from-tag=b\r\n")),
        (3.1, SEATS, second, message("SIP/2.0 200 OK", "two")),
        (3.2, SEATS, first, message("BYE sip:x SIP/2.0", "one", cseq="2 BYE")),
    )
    dialogs = judge.read_dialogs(path)
    before, after = judge.seat_at(dialogs, "555001", 2.0), judge.seat_at(dialogs, "555001", 4.0, except_node="pbx-a")
    assert before is not None
    assert after is not None
    assert (before.seat, before.node, before.replaces, before.ended_by) == ("seat7", "pbx-a", False, "phone")
    assert (after.seat, after.node, after.replaces, after.token) == ("seat7", "pbx-b", True, "abc")
    assert judge.seat_at(dialogs, "555001", 1.2) is None


def test_a_hole_counts_from_the_last_packet_before_to_the_first_after() -> None:
    steady = [n * 0.02 for n in range(100)]
    audio = judge.Audio({1: [*steady, *(2.5 + n * 0.02 for n in range(100))], 2: steady})
    assert audio.hole(1, 2.0, 4.0) == pytest.approx(0.52)
    assert audio.hole(1, 0.5, 1.0) == pytest.approx(0.02)
    assert audio.hole(2, 2.0, 10.0) == pytest.approx(8.02)
    assert audio.hole(3, 0.0, 1.0) is None


def test_sound_is_back_with_the_first_packet_after_the_first_silence() -> None:
    """F4: "sound again for the caller"; a second hole, when the agent's audio takes over from the music, is another matter."""
    steady = [n * 0.02 for n in range(100)]
    audio = judge.Audio({1: [*steady, *(2.5 + n * 0.02 for n in range(20)), 3.5, 3.52], 2: steady})
    assert audio.sound_again(1, 1.0, 4.0) == pytest.approx(2.5)
    assert audio.sound_again(1, 2.2, 4.0) == pytest.approx(2.5), "the fault struck in the middle of a silence"
    assert audio.sound_again(1, 2.6, 4.0) == pytest.approx(3.5)
    assert audio.sound_again(2, 1.0, 4.0) is None, "it never came back"
    assert audio.sound_again(3, 0.0, 1.0) is None


def test_keep_alives_and_garbage_are_no_sip() -> None:
    assert sip.parse(b"\r\n\r\n") is None
    assert sip.parse(b"hello there all\r\n\r\n") is None
    compact = sip.parse(b"SIP/2.0 180 Ringing\r\ni: x\r\nf: <sip:1@x>\r\nCSeq: 1 INVITE\r\n\r\n")
    assert compact is not None
    assert (compact.call_id, compact.user("from"), compact.status, compact.method) == ("x", "1", 180, "INVITE")
