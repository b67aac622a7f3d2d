"""Witnesses that are not the daemon: the broker's subscribers, and the edge's own events.

Each line has the wall time at which the witness saw it, on the clock of the captures."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

from lab import process, secret
from lab.ami import Ami
from lab.deadline import LabError
from lab.layout import CTI, EDGE, HOTLINE, RUN

_BASE = f"cti/v1/{HOTLINE}"


@dataclass(frozen=True, slots=True)
class Told:
    """One MQTT message."""

    wall: float
    topic: str
    body: dict[str, Any]

    @property
    def kind(self) -> str:
        """`failover` for `…/events/failover`."""
        return self.topic.removeprefix(f"{_BASE}/events/")


class Subscriber:
    """mosquitto_sub, a client of its own, on all that the daemon publishes."""

    NAME = "subscriber"

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._log = RUN / "subscriber.log"

    def start(self) -> None:
        """Subscribe; returns when the retained state of this daemon or the subscription itself is there."""
        self._log.write_bytes(b"")
        words = ["mosquitto_sub", "-V", "5", "-u", "grafana", "-P", secret.read("mqtt-grafana"), "-t", f"{_BASE}/#", "-F", "%U\t%t\t%p"]
        process.start(self.NAME, CTI, words, log=self._log)

    def stop(self) -> None:
        """End the subscription; what was heard can still be read."""
        process.stop(self.NAME)

    def read(self) -> list[Told]:
        """Return all messages so far, in their order."""
        told: list[Told] = []
        for line in self._log.read_text(encoding="utf-8").splitlines():
            wall, _, rest = line.partition("\t")
            topic, _, payload = rest.partition("\t")
            if topic.startswith(_BASE) and payload.startswith("{"):
                told.append(Told(float(wall), topic, json.loads(payload)))
        return told

    def events(self, kind: str) -> list[Told]:
        """Return the events of one kind."""
        return [told for told in self.read() if told.topic == f"{_BASE}/events/{kind}"]


@dataclass(frozen=True, slots=True)
class Routed:
    """The edge dialled a node for a caller."""

    wall: float
    channel: str
    node: str


class EdgeListener:
    """The edge's dialplan says where it sends each caller (UserEvent CtiRoute); heard over a session of the lab's own."""

    def __init__(self) -> None:
        """Nothing is heard yet."""
        self.routed: list[Routed] = []
        self._ami: Ami | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen from now on."""
        self._ami = Ami(EDGE, seconds=3600.0, events="user")
        self._thread = threading.Thread(target=self._listen, args=(self._ami,), name="edge-listener", daemon=True)
        self._thread.start()

    def _listen(self, ami: Ami) -> None:
        try:
            while True:
                message = ami.read_event("UserEvent")
                if message.get("UserEvent") == "CtiRoute":
                    self.routed.append(Routed(time.time(), message.get("Channel", ""), message.get("Node", "")))
        except (LabError, OSError, ValueError):
            return  # the session was closed

    def stop(self) -> None:
        """Hear nothing more."""
        if self._ami is not None:
            self._ami.shut()
        if self._thread is not None:
            self._thread.join(5)
