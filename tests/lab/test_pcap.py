"""The judge reads captures right: it alone says what was kept and how long it was silent."""

import io
import struct

import pytest

from lab import pcap

PACKET = pcap.Datagram(1795286423.154593, "10.10.3.10", 5060, "10.10.3.30", 5071, b"SIP/2.0 200 OK\r\n\r\n")


def written(*datagrams: pcap.Datagram) -> bytes:
    stream = io.BytesIO()
    pcap.write(stream, datagrams)
    return stream.getvalue()


def test_what_is_written_is_read_again() -> None:
    other = pcap.Datagram(1.5, "127.0.0.1", 4000, "127.0.0.2", 4002, bytes(172))
    first, second = pcap.read(io.BytesIO(written(PACKET, other)))
    assert first.wall == pytest.approx(PACKET.wall, abs=1e-6)
    assert (first.source, first.source_port, first.target, first.target_port, first.payload) == (
        PACKET.source,
        PACKET.source_port,
        PACKET.target,
        PACKET.target_port,
        PACKET.payload,
    )
    assert second == other


@pytest.mark.parametrize("cut", [1, 16, 40])
def test_a_capture_cut_in_its_last_record_gives_all_the_others(cut: int) -> None:
    assert len(list(pcap.read(io.BytesIO(written(PACKET, PACKET)[:-cut])))) == 1


def test_big_endian_and_nanosecond_captures_are_read() -> None:
    body = written(PACKET)[40:]
    head = struct.pack(">IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
    record = struct.pack(">IIII", 7, 250_000_000, len(body), len(body))
    (datagram,) = pcap.read(io.BytesIO(head + record + body))
    assert datagram.wall == pytest.approx(7.25)


def test_a_packet_cut_by_the_snap_length_keeps_its_ports() -> None:
    frame = written(PACKET)[40:]
    head = written()
    record = struct.pack("<IIII", 1, 0, 46, len(frame)) + frame[:46]
    (datagram,) = pcap.read(io.BytesIO(head + record))
    assert (datagram.source_port, datagram.payload) == (5060, b"SIP/")


def test_what_is_not_udp_is_left_out() -> None:
    content = bytearray(written(PACKET))
    content[40 + 14 + 9] = 6
    assert list(pcap.read(io.BytesIO(bytes(content)))) == []


@pytest.mark.parametrize("content", [b"", b"\x0a\x0d\x0d\x0a" + bytes(40), struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 113)])
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(pcap.PcapError):
        list(pcap.read(io.BytesIO(content)))
