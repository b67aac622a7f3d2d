"""A witness that is not the daemon: a subscriber at the broker. Each line has the wall time at which it was heard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lab import process, secret
from lab.layout import CTI, HOTLINE, RUN

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
        self.path = RUN / "subscriber.log"

    def start(self) -> None:
        """Subscribe; returns when the retained state of this daemon or the subscription itself is there."""
        self.path.write_bytes(b"")
        words = ["mosquitto_sub", "-V", "5", "-u", "alice", "-P", secret.read("mqtt-alice"), "-t", f"{_BASE}/#", "-F", "%U\t%t\t%p"]
        # A broker that is frozen for minutes answers no ping: the witness waits, so that nothing is said while it is away.
        words += ["-k", "3600"]
        process.start(self.NAME, CTI, words, log=self.path)

    def stop(self) -> None:
        """End the subscription; what was heard can still be read."""
        process.stop(self.NAME)

    def read(self) -> list[Told]:
        """Return all messages so far, in their order."""
        told: list[Told] = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            wall, _, rest = line.partition("\t")
            topic, _, payload = rest.partition("\t")
            if topic.startswith(_BASE) and payload.startswith("{"):
                told.append(Told(float(wall), topic, json.loads(payload)))
        return told

    def events(self, kind: str) -> list[Told]:
        """Return the events of one kind."""
        return [told for told in self.read() if told.topic == f"{_BASE}/events/{kind}"]
