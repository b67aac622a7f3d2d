"""A name server of one name, on the daemon's loopback: `python -m lab.name_server` answers A questions with 127.0.0.1."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time

from lab import network, process
from lab.deadline import LabError, wait_until
from lab.layout import CTI, REPOSITORY, RUN

NAME = "name-server"
BROKER = "broker.lab.invalid"
_PORT = 53
_ANSWER_SECONDS = 1


def start() -> None:
    """Start it in the daemon's namespace; returns when it answers."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process.start(NAME, CTI, [sys.executable, "-m", "lab.name_server"], log=RUN / "name-server.log", environment=environment)
    wait_until("the name server to answer", _answers, 10)


def fall_silent() -> float:
    """Stop answering; questions are swallowed."""
    pid = process.find(NAME)
    if pid is None:
        raise LabError("the name server is not running")
    struck_wall = time.time()
    os.kill(pid, signal.SIGSTOP)
    return struck_wall


def speak_again() -> float:
    """End `fall_silent`."""
    pid = process.find(NAME)
    if pid is None:
        raise LabError("the name server is not running")
    os.kill(pid, signal.SIGCONT)
    return time.time()


def _answers() -> bool:
    with network.entered(CTI.namespace), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.5)
        try:
            probe.sendto(_question(), ("127.0.0.1", _PORT))
            return len(probe.recv(512)) > len(_question())
        except OSError:
            return False


def _question() -> bytes:
    name = b"".join(bytes([len(part)]) + part for part in BROKER.encode().split(b"."))
    return b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + name + b"\x00\x00\x01\x00\x01"


def answer(question: bytes) -> bytes:
    """Reply to one question: an address to A, nothing to any other type. Answers live a second, so they are asked again."""
    name_end = question.index(0, 12) + 1
    asked = question[12 : name_end + 4]
    is_address = question[name_end : name_end + 2] == b"\x00\x01"
    head = question[:2] + b"\x85\x80\x00\x01" + (b"\x00\x01" if is_address else b"\x00\x00") + b"\x00\x00\x00\x00"
    record = b"\xc0\x0c\x00\x01\x00\x01" + _ANSWER_SECONDS.to_bytes(4) + b"\x00\x04\x7f\x00\x00\x01"
    return head + asked + (record if is_address else b"")


def serve() -> None:
    """Answer until killed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", _PORT))
        while True:
            question, asker = server.recvfrom(512)
            server.sendto(answer(question), asker)


if __name__ == "__main__":
    serve()
