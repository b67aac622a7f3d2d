"""The other end of the control socket, for the command line."""

import json
import socket
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

ANSWER_SECONDS = 8.0
"""Longer than the daemon itself waits for its core."""


class UnreachableError(Exception):
    """Why the daemon cannot be asked, and what to do about it."""


class ControlClient:
    """One connection, as a context. Raises UnreachableError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_SECONDS)
        try:
            self._socket.connect(str(path))
        except PermissionError:
            self._socket.close()
            raise UnreachableError(f"{path}: you may not connect; be root or in the group that owns it (ls -l {path})") from None
        except OSError as error:
            self._socket.close()
            raise UnreachableError(f"{path}: {error.strerror}; does the daemon run? (systemctl status cti-daemon)") from None
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def ask(self, verb: str, **body: Any) -> dict[str, Any]:
        """The answer to one request. What is None is left away."""
        request = {"id": uuid.uuid4().hex, "issued_at": datetime.now(UTC).isoformat(), **{k: v for k, v in body.items() if v is not None}}
        try:
            self._socket.sendall(f"{verb} {json.dumps(request, ensure_ascii=False)}\n".encode())
            line = self._file.readline()
        except OSError as error:
            raise UnreachableError(f"{self._path}: no answer: {error.strerror or error}") from None
        if not line.endswith(b"\n"):
            raise UnreachableError(f"{self._path}: the daemon hung up; its log says why (journalctl -u cti-daemon)")
        answer: dict[str, Any] = json.loads(line)
        return answer
