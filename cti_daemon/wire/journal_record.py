"""One line of the journal: canonical text and the hash that chains it to the line before, so that a line changed or taken
out later is seen."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

GENESIS = "0" * 64
"""What stands for the hash before the first line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`wall` is ISO 8601 in UTC, for people; `monotonic` (seconds) orders entries of one `boot_id`. `uid` names the entry
    before it has a number, so that a commit whose answer was lost is not written twice."""

    uid: str
    kind: str
    wall: str
    monotonic: float
    boot_id: str
    data: dict[str, Any]
    seq: int = 0
    hash: str = ""


def canonical(value: object) -> str:
    """JSON with one spelling for one value. What JSON lacks (enums, tuples, sets) becomes text or a list."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def chained(entry: Entry, seq: int, previous_hash: str) -> Entry:
    """The entry as number `seq`, bound to the hash of the line before it."""
    text = canonical([seq, entry.uid, entry.kind, entry.wall, entry.monotonic, entry.boot_id, entry.data])
    return replace(entry, seq=seq, hash=hashlib.sha256(f"{previous_hash}\n{text}".encode()).hexdigest())


def first_break(previous_hash: str, entries: Iterable[Entry]) -> int | None:
    """Number of the first entry whose hash does not follow from what stands before it; None: the chain holds."""
    for entry in entries:
        if chained(entry, entry.seq, previous_hash).hash != entry.hash:
            return entry.seq
        previous_hash = entry.hash
    return None


def _plain(value: object) -> object:
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)
