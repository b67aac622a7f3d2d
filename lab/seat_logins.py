"""The seats' logins: everybody signs off, and a media server that takes nobody's login any more (403), until it is put right.

Real refusals: the telephones go on asking every two seconds, and it is their servers who say no."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from lab import asterisk, pcap, sip
from lab.ami import Ami
from lab.deadline import LabError, wait_until
from lab.layout import PBX_A, PBX_B, PHONES, Host, Size

SERVERS = (PBX_A, PBX_B)
_OPEN, _SHUT = "max_contacts = 1\n", "max_contacts = 0\n"


def refuse_all(size: Size) -> float:
    """Change of shift: every seat signs off, then the servers refuse every one that signs on; when the last had signed off."""
    with Ami(PHONES) as phones:
        _each(phones, "PJSIPUnregister", size)
        wait_until("every seat to sign off", lambda: not any(asterisk.count_seats(host) for host in SERVERS), 15, every_seconds=0.1)
        struck_wall = time.time()
        for host in SERVERS:
            _set(host, _OPEN, _SHUT)
        _each(phones, "PJSIPRegister", size)
    return struck_wall


def accept_again(size: Size) -> float:
    """The servers are put right; returns when every seat has logged in by itself, with the instant of the repair."""
    mended_wall = time.time()
    for host in SERVERS:
        _set(host, _SHUT, _OPEN)
    for host in SERVERS:
        asterisk.wait_seats(host, size)
    return mended_wall


def count_refusals(phones_sip: Path) -> int:
    """How often a telephone was refused its login, from the capture at the telephones."""
    return sum(status == 403 for _, status in _answers(phones_sip))


def first_login_after(phones_sip: Path, wall: float) -> float | None:
    """When the first telephone was let in after this instant."""
    return next((answered_wall for answered_wall, status in _answers(phones_sip) if status == 200 and answered_wall > wall), None)


def _answers(phones_sip: Path) -> Iterator[tuple[float, int]]:
    with phones_sip.open("rb") as stream:
        for datagram in pcap.read(stream):
            message = sip.parse(datagram.payload)
            if message is not None and not message.is_request and message.method == "REGISTER":
                yield datagram.wall, message.status


def _each(phones: Ami, action: str, size: Size) -> None:
    for host in SERVERS:
        for seat in size.names(host):
            phones.do(action, Registration=f"{seat}-{host.name}")


def _set(host: Host, old: str, new: str) -> None:
    path = host.folder / "etc" / "pjsip.conf"
    text = path.read_text()
    if old not in text:
        raise LabError(f"{path} has no {old.strip()!r}: the sample is another one now")
    path.write_text(text.replace(old, new))
    asterisk.command(host, "module reload res_pjsip.so")
