"""When each channel of each contact last worked: what the doctor looks at, and what the periodic test notices go by.

`contacts.json` beside the journal: a level, replaced as a whole. No address is in it."""

import json
from pathlib import Path
from typing import NamedTuple

from cti_daemon.shell import log

_log = log.get("contacts")
Key = tuple[str, str]
"""A person and a channel's name."""


class Proof(NamedTuple):
    """The last try. `delivered_wall` None: never yet."""

    tried_wall: float
    delivered_wall: float | None
    reason: str = ""

    @property
    def is_well(self) -> bool:
        return self.delivered_wall == self.tried_wall


class ContactProofs:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._repeats = log.Repeats(_log)

    def read(self) -> dict[Key, Proof]:
        """Empty when there is nothing, or nothing that can be read: then everything is due for a test."""
        try:
            told = json.loads(self._path.read_bytes())
            return {
                (str(person), str(via)): Proof(float(each["tried"]), _wall(each["delivered"]), str(each["reason"]))
                for person, channels in told.items()
                for via, each in channels.items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            _log.warning("when contacts were reached last cannot be read; they are tested anew", fault=str(fault))
            return {}

    def write(self, proofs: dict[Key, Proof]) -> None:
        """Never raises for the disk."""
        told: dict[str, dict[str, dict[str, float | str | None]]] = {}
        for (person, via), proof in proofs.items():
            each = {"tried": proof.tried_wall, "delivered": proof.delivered_wall, "reason": proof.reason}
            told.setdefault(person, {})[via] = each
        fresh = self._path.with_name(f"{self._path.name}.new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            fresh.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
            fresh.chmod(0o640)
            fresh.replace(self._path)
        except OSError as fault:
            self._repeats.failed("write", "when contacts were reached last cannot be kept", fault=str(fault))
        else:
            self._repeats.well("write", "when contacts were reached last is kept again")


def _wall(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
