"""The lab's own hand on an Asterisk: a blocking AMI client that shares no code with the daemon.

It logs in from inside the host as `lab` (no events), so a fault on the daemon's networks does not disturb the judge.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from lab import network, secret
from lab.deadline import LabError
from lab.layout import AMI_PORT, Host

Message = dict[str, str]


class Ami:
    """One session. Every action waits for its answer; a list action returns its items."""

    def __init__(self, host: Host, *, seconds: float = 5.0, events: str = "off") -> None:
        """Connect and log in; OSError or LabError when the host does not answer."""
        self._numbers = itertools.count(1)
        with network.entered(host.namespace):
            self._socket = socket.create_connection(("127.0.0.1", AMI_PORT), timeout=seconds)
        self._stream = self._socket.makefile("rb")
        try:
            self._log_in(host, events)
        except BaseException:
            self.close()
            raise

    def _log_in(self, host: Host, events: str) -> None:
        if not self._stream.readline().startswith(b"Asterisk Call Manager"):
            raise LabError(f"{host.name}: no AMI banner")
        self.do("Login", Username="lab", Secret=secret.read(f"lab-{host.name}"), Events=events)

    def send(self, action: str, fields: Mapping[str, str]) -> str:
        """Write one action and return its id; nothing is awaited."""
        number = f"lab-{next(self._numbers)}"
        lines = [f"Action: {action}", f"ActionID: {number}", *(f"{key}: {value}" for key, value in fields.items())]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return number

    def read(self) -> Message:
        """Return the next message; of a repeated key the last one."""
        message: Message = {}
        while True:
            line = self._stream.readline()
            if not line:
                raise LabError("AMI session ended")
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            if text:
                key, _, value = text.partition(":")
                message[key] = value.strip()
            elif message:
                return message

    def ask(self, action: str, **fields: str) -> Message:
        """Send one action and return its response, Success or not."""
        number = self.send(action, fields)
        while True:
            message = self.read()
            if message.get("ActionID") == number and "Response" in message:
                return message

    def do(self, action: str, **fields: str) -> Message:
        """Like `ask`, LabError unless Asterisk says Success."""
        answer = self.ask(action, **fields)
        if answer["Response"] not in {"Success", "Goodbye"}:
            raise LabError(f"{action}: {answer.get('Message', answer)}")
        return answer

    def list(self, action: str, end: str, **fields: str) -> list[Message]:
        """Return the items of a list action, up to the event `end`."""
        number = self.send(action, fields)
        items: list[Message] = []
        while True:
            message = self.read()
            if message.get("Response") == "Error":
                # Some lists (PJSIPShowContacts) call an empty list an error.
                if message.get("Message", "").startswith("No "):
                    return []
                raise LabError(f"{action}: {message.get('Message')}")
            if message.get("ActionID") != number or "Event" not in message:
                continue
            if message["Event"] == end:
                return items
            items.append(message)

    def read_event(self, name: str) -> Message:
        """Return the next event of this name; the session must have asked for its class."""
        while True:
            message = self.read()
            if message.get("Event") == name:
                return message

    def get(self, variable: str, channel: str | None = None) -> str:
        """Return a global or channel variable, or the value of a dialplan function."""
        fields = {"Variable": variable} | ({} if channel is None else {"Channel": channel})
        return self.do("Getvar", **fields).get("Value", "")

    def set(self, variable: str, value: str, channel: str | None = None) -> None:
        """Set a global or channel variable."""
        fields = {"Variable": variable, "Value": value} | ({} if channel is None else {"Channel": channel})
        self.do("Setvar", **fields)

    def close(self) -> None:
        """End the session."""
        self._stream.close()
        self._socket.close()

    def __enter__(self) -> Self:
        """Return the session itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the session."""
        self.close()
