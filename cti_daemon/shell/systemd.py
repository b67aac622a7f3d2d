"""What systemd is told (sd_notify): ready, stopping, a line of status, and that the loop lives."""

import os
import socket

from cti_daemon.shell import log

MOST_STATUS = 200


class Notifier:
    """Speaks to $NOTIFY_SOCKET; without one every word is free and silent. Never blocks and never raises: a full socket loses
    a word, and the watchdog's next one comes soon."""

    def __init__(self, address: str | None = None) -> None:
        named = address if address is not None else os.environ.get("NOTIFY_SOCKET", "")
        # "@name" is a name in the abstract namespace, which the kernel writes with a leading NUL
        self._address = "\0" + named[1:] if named.startswith("@") else named
        self._socket: socket.socket | None = None
        self._repeats = log.Repeats(log.get("systemd"))
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)

    def ready(self) -> None:
        self._say("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._say("STATUS=" + " ".join(text.split())[:MOST_STATUS])

    def watchdog(self) -> None:
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _say(self, text: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError as error:
            self._repeats.failed("notify", "systemd was not reached", word=text.partition("=")[0], fault=str(error))
        else:
            self._repeats.well("notify", "systemd is reached again")


def watchdog_seconds() -> float | None:
    """How long systemd waits for a sign of life of this process before it restarts it; None: no watchdog. Half of it is a good
    pause between two signs."""
    microseconds, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not microseconds.isdigit() or int(microseconds) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(microseconds) / 1_000_000
