"""A network engineer at the broker, or on the daemon's own machine: sends a command as the documents say, waits for its answer."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import uuid
from typing import Any

from lab import daemon, network, secret
from lab.deadline import LabError
from lab.layout import CTI, HOTLINE, REPOSITORY

_BASE = f"cti/v1/{HOTLINE}"


def command(user: str, verb: str, *, seconds: float = 5.0, as_user: str | None = None, **body: object) -> dict[str, Any]:
    """Publish a request as `user` (on the topic of `as_user`, by default his own); return the answer. LabError when none comes."""
    request = {"id": uuid.uuid4().hex, "issued_at": time.time(), "expires_in": 30, **body}
    words = [
        "mosquitto_rr",
        *("-V", "5", "-u", user, "-P", secret.read(f"mqtt-{user}"), "-q", "1", "-W", f"{seconds:g}"),
        *("-t", f"{_BASE}/request/{as_user or user}/{verb}", "-e", f"{_BASE}/response/{user}/{verb}"),
        *("-m", json.dumps(request)),
    ]
    done = subprocess.run([*network.inside(CTI.namespace), *words], capture_output=True, text=True, timeout=seconds + 10, check=False)
    if not done.stdout.strip():
        raise LabError(f"no answer to {verb} of {user}: {done.stderr.strip()}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def here(*words: str, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
    """The command line beside the daemon, as root, who has the engineer's role in the lab."""
    command = [sys.executable, "-m", "cti_daemon", *words, "--config", str(daemon.CONFIGURATION)]
    inside = [*network.inside(CTI.namespace), *command]
    return subprocess.run(inside, capture_output=True, text=True, check=False, timeout=seconds, stdin=subprocess.DEVNULL, cwd=REPOSITORY)


def note_here(count: int, text: str) -> None:
    """Write so many notes as root over the daemon's control socket, each answered before the next; LabError when one is not taken."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asker:
        asker.settimeout(10)
        asker.connect(str(daemon.CONTROL))
        with asker.makefile("rb") as answers:
            for number in range(1, count + 1):
                body = {"id": uuid.uuid4().hex, "issued_at": time.time(), "expires_in": 30, "reason": f"{text} {number}"}
                asker.sendall(f"note {json.dumps(body)}\n".encode())
                answer = json.loads(answers.readline())
                if answer["status"] != "ok":
                    raise LabError(f"note {number} was not taken: {answer}")
