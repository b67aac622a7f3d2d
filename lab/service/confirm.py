"""Key presses over the package's socket unit: as the Asterisk that calls would ask, line by line."""

from __future__ import annotations

import re
import socket

from lab import network
from lab.deadline import LabError
from lab.layout import CTI
from lab.service.guest import Guest
from lab.service.report import must

SOCKET = "cti-confirm.socket"
_ADDRESS = ("127.0.0.1", 4573)
_ENVIRONMENT = "agi_network: yes\nagi_request: agi://127.0.0.1/confirm\nagi_channel: Local/1\n\n"
SCORE_AT_MOST = 1.0


def converse(key: str) -> str:
    """Return what the channel has for an answer in the end, when `key` is pressed at the first sound."""
    answer = ""
    with network.entered(CTI.namespace):
        channel = socket.create_connection(_ADDRESS, timeout=30)
    with channel, channel.makefile("rwb") as line:
        line.write(_ENVIRONMENT.encode())
        line.flush()
        for raw in line:
            words = raw.decode().replace('"', "").split()
            if words[:2] == ["SET", "VARIABLE"]:
                answer = words[3]
            line.write(f"{_said(words, key)}\n".encode())
            line.flush()
    return answer


def _said(words: list[str], key: str) -> str:
    """As res_agi answers."""
    if words[:3] == ["GET", "FULL", "VARIABLE"]:
        return f"200 result=1 ({words[3]})"
    if words[:2] == ["GET", "VARIABLE"]:
        return "200 result=1 (notice)" if words[2] == "CTI_KIND" else "200 result=0"
    if words[:2] == ["STREAM", "FILE"]:
        pressed = ord(key) if key and words[3:4] == ["12"] else 0
        return f"200 result={pressed} endpos=0"
    return "200 result=1" if words[:1] == ["SET"] else "200 result=0"


def try_it(guest: Guest) -> dict[str, object]:
    """Listen, be asked, and be stopped again. LabError when a key does not confirm, or when anything else does."""
    guest.run("systemctl", "start", SOCKET)
    try:
        confirmed, silent = converse("1"), converse("")
        text = guest.run("systemd-analyze", "security", "--no-pager", "cti-confirm@probe.service")
    finally:
        guest.run("systemctl", "stop", SOCKET)
    must(confirmed == "yes", f"key 1 was pressed, and the answer is {confirmed!r}")
    must(silent == "", f"no key was pressed, and the answer is {silent!r}")
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", text)
    if found is None:
        raise LabError(f"systemd-analyze says no score: {text[-300:]}")
    must(float(found[1]) <= SCORE_AT_MOST, f"exposure {found[1]}")
    return {"confirmed": confirmed, "silent": silent, "exposure": float(found[1])}
