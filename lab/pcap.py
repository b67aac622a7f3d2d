"""Packet captures as files: a reader for what tcpdump writes, a writer for audio that sipp plays. Pure bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
_ETHERNET = 1
_IPV4 = 0x0800
_UDP = 17
_TCP = 6


class PcapError(ValueError):
    """Not a capture this reader understands."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """One UDP datagram; `payload` may be shorter than it was on the wire (snap length)."""

    wall: float
    source: str
    source_port: int
    target: str
    target_port: int
    payload: bytes


def read(stream: BinaryIO) -> Iterator[Datagram]:
    """Yield the UDP datagrams of an Ethernet capture; a record cut by the end of the file is left out."""
    for wall, frame in _frames(stream):
        datagram = _parse(wall, frame)
        if datagram is not None:
            yield datagram


def _frames(stream: BinaryIO) -> Iterator[tuple[float, bytes]]:
    head = stream.read(24)
    if len(head) < 24 or head[:4] not in _MAGICS:
        raise PcapError("no pcap header")
    order, unit = _MAGICS[head[:4]]
    (link,) = struct.unpack(order + "I", head[20:24])
    if link != _ETHERNET:
        raise PcapError(f"link type {link} is not Ethernet")
    record = struct.Struct(order + "IIII")
    while True:
        header = stream.read(record.size)
        if len(header) < record.size:
            return
        seconds, fraction, kept, _ = record.unpack(header)
        frame = stream.read(kept)
        if len(frame) < kept:
            return
        yield seconds + fraction * unit, frame


@dataclass(frozen=True, slots=True)
class Segment:
    """One TCP segment with payload, as it was captured (not reassembled)."""

    wall: float
    source: str
    source_port: int
    target: str
    target_port: int
    sequence: int
    payload: bytes


def read_segments(stream: BinaryIO) -> Iterator[Segment]:
    """Yield the TCP segments of an Ethernet capture that carry something."""
    for wall, frame in _frames(stream):
        if len(frame) < 14 + 20 + 20 or int.from_bytes(frame[12:14]) != _IPV4 or frame[14 + 9] != _TCP:
            continue
        tcp = 14 + (frame[14] & 0x0F) * 4
        end = 14 + int.from_bytes(frame[16:18])
        payload = frame[tcp + (frame[tcp + 12] >> 4) * 4 : end]
        if payload:
            source_port, target_port, sequence = struct.unpack_from(">HHI", frame, tcp)
            yield Segment(wall, _dotted(frame[26:30]), source_port, _dotted(frame[30:34]), target_port, sequence, payload)


def _parse(wall: float, frame: bytes) -> Datagram | None:
    if len(frame) < 14 + 20 + 8 or int.from_bytes(frame[12:14]) != _IPV4 or frame[14 + 9] != _UDP:
        return None
    # A fragment after the first has no UDP header of its own.
    if int.from_bytes(frame[20:22]) & 0x1FFF:
        return None
    udp = 14 + (frame[14] & 0x0F) * 4
    if len(frame) < udp + 8:
        return None
    source_port, target_port, length = struct.unpack_from(">HHH", frame, udp)
    return Datagram(
        wall,
        _dotted(frame[26:30]),
        source_port,
        _dotted(frame[30:34]),
        target_port,
        frame[udp + 8 : udp + max(length, 8)],
    )


def _dotted(address: bytes) -> str:
    return ".".join(map(str, address))


def write(stream: BinaryIO, datagrams: Iterable[Datagram]) -> None:
    """Write datagrams as an Ethernet capture (checksums left 0)."""
    stream.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, _ETHERNET))
    for datagram in datagrams:
        udp = struct.pack(">HHHH", datagram.source_port, datagram.target_port, 8 + len(datagram.payload), 0)
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp) + len(datagram.payload), 0, 0x4000, 64, _UDP, 0)
        ip += b"".join(bytes(map(int, address.split("."))) for address in (datagram.source, datagram.target))
        frame = b"\x02" * 12 + _IPV4.to_bytes(2) + ip + udp + datagram.payload
        seconds = int(datagram.wall)
        micros = round((datagram.wall - seconds) * 1e6)
        stream.write(struct.pack("<IIII", seconds, micros, len(frame), len(frame)) + frame)
