"""Compares the daemon's picture with Asterisk's all through a run, by brackets: ask Asterisk, read the daemon, ask Asterisk again."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from lab import page, picture, process
from lab.ami import Ami
from lab.deadline import LabError
from lab.layout import BY_NAME, PBX_A, PBX_B, Host

EVERY_SECONDS = 1.0
STEADY_SECONDS = 0.06
"""A fact must have held for so long before the daemon is asked: its events are on their way for some milliseconds."""
DECIDED_SECONDS = 0.5
LATE_SECONDS = 2.0
"""A word that is wrong and becomes right within this, while the fact still holds, is late; else it is a mismatch."""


@dataclass(slots=True)
class Samples:
    """What was compared."""

    samples: int = 0
    judged: dict[str, int] = field(default_factory=dict)
    unsteady: int = 0
    """Facts that changed between the two looks: not judged."""
    unknown: int = 0
    """Facts of which the daemon said that it did not know them."""
    late: list[dict[str, Any]] = field(default_factory=list)
    undecided: list[dict[str, Any]] = field(default_factory=list)
    """Not yet right when the fact changed, and not seen to be wrong for DECIDED_SECONDS."""
    mismatches: list[dict[str, Any]] = field(default_factory=list)


class Sampler(threading.Thread):
    """Runs beside everything until `stop`."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        super().__init__(name="sampler", daemon=True)
        self.found = Samples()
        self._over = threading.Event()
        self._hands: dict[str, Ami] = {}

    def stop(self) -> Samples:
        """End, and return what was found."""
        self._over.set()
        self.join()
        for hand in self._hands.values():
            hand.close()
        return self.found

    @override
    def run(self) -> None:
        """Sample until told to stop."""
        while not self._over.wait(EVERY_SECONDS):
            status = page.status()
            host = BY_NAME.get(status.get("serving") or "")
            if host is not None:
                try:
                    self._sample(host)
                except (OSError, LabError):
                    continue  # one of them is dying or starting: it has no picture now

    def _sample(self, host: Host) -> None:
        first = self._look(host)
        time.sleep(STEADY_SECONDS)
        word = picture.told(page.status(), host.name)
        second = self._look(host)
        self.found.samples += 1
        for key, fact in first.items():
            if key not in second or second[key].identity != fact.identity:
                self.found.unsteady += 1
            elif word.get(key) is None:
                self.found.unknown += 1
            else:
                self.found.judged[key[0]] = self.found.judged.get(key[0], 0) + 1
                if word[key] != fact.value:
                    self._pursue(host, key, fact, word[key])

    def _pursue(self, host: Host, key: picture.Key, fact: picture.Fact, said: object) -> None:
        """Is it late, or wrong?"""
        began_at = time.monotonic()
        evidence = {
            "at": time.strftime("%H:%M:%S"),
            "node": host.name,
            "fact": " ".join(key),
            "asterisk": fact.value,
            "daemon": said,
            "identity": repr(fact.identity)[:2000],
        }
        wrong_for, asked = 0.0, 0
        # However slow the looks are, a word is asked for twice before it is said to be undecided.
        while (passed := time.monotonic() - began_at) < LATE_SECONDS or asked == 1:
            word = picture.told(page.status(), host.name)
            if self._look(host).get(key) != fact:
                break  # it has changed before the daemon was right
            if word.get(key) == fact.value:
                self.found.late.append(evidence | {"late_seconds": round(STEADY_SECONDS + passed, 3)})
                return
            # Only a word that was wrong while the fact still held counts, however long the last question to Asterisk took.
            wrong_for, asked = passed, asked + 1
            time.sleep(0.05)
        kind = self.found.mismatches if wrong_for >= DECIDED_SECONDS else self.found.undecided
        kind.append(evidence | {"wrong_for_seconds": round(wrong_for, 3), "asked": asked})

    def _look(self, host: Host) -> dict[picture.Key, picture.Fact]:
        others = [self._look_at(other) for other in (PBX_A, PBX_B) if other is not host and process.find(other.name) is not None]
        return picture.facts(self._look_at(host), others)

    def _look_at(self, host: Host) -> picture.NodePicture:
        try:
            hand = self._hands.get(host.name)
            if hand is None:
                hand = self._hands[host.name] = Ami(host)
            return picture.look(hand)
        except (OSError, LabError):
            self._hands.pop(host.name, None)
            raise
