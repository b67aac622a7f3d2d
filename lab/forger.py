"""A caller who lies: a SIP INVITE of the carrier's whose caller number carries whole AMI events (7-asterisk, section 9)."""

from __future__ import annotations

import socket
from urllib.parse import quote

from lab import network
from lab.layout import CARRIER, EDGE, HOTLINE, SIP_PORT, Net

_PORT = 5099
_SDP = "v=0\r\no=x 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n"


def call_with_number(number: str, *, label: str) -> bytes:
    """Place one call whose From user part is `number` (any text, percent-encoded); return the edge's first answer."""
    ip, edge = CARRIER.address(Net.SVC), EDGE.address(Net.SVC)
    sdp = _SDP.format(ip=ip)
    request = (
        f"INVITE sip:{HOTLINE}@{edge} SIP/2.0\r\nVia: SIP/2.0/UDP {ip}:{_PORT};branch=z9hG4bK{label}\r\n"
        f"From: <sip:{quote(number, safe='')}@{ip}>;tag={label}\r\nTo: <sip:{HOTLINE}@{edge}>\r\nCall-ID: {label}@{ip}\r\n"
        f"CSeq: 1 INVITE\r\nContact: <sip:x@{ip}:{_PORT}>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(sdp)}\r\n\r\n{sdp}"
    )
    with network.entered(CARRIER.namespace):
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with line:
        line.bind((ip, _PORT))
        line.settimeout(5)
        line.sendto(request.encode(), (edge, SIP_PORT))
        answer: bytes = line.recv(4096)
        return answer


def event(name: str, **fields: str) -> str:
    """Return the text of an AMI event that ends the caller's number and stands as a block of its own."""
    lines = [f"Event: {name}", *(f"{key}: {value}" for key, value in fields.items())]
    return "1\r\n\r\n" + "\r\n".join(lines) + "\r\n\r\nX: y"
