"""One emergency seat in a drill: is it called, and what came of it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cti_daemon.model.drills import SeatResult
from cti_daemon.model.ids import CallToken, SeatName


@dataclass(slots=True)
class SeatCall:
    """`result` None: not known yet. `seconds`: from the order to the answer."""

    seat: SeatName
    interface: str
    result: SeatResult | None = None
    seconds: float | None = None
    attempts: int = 0
    why: str = ""
    token: CallToken | None = None
    """Of the call that is under way: from the order until nothing of it is left."""
    effect_id: int = 0
    began_at: float = 0.0
    until_at: float = 0.0
    """By then it has ended by itself."""
    is_seen: bool = False
    """The node has shown its channel."""

    def as_data(self) -> dict[str, Any]:
        """For the record."""
        result = (self.result or SeatResult.NOT_CALLED).value
        seconds = None if self.seconds is None else round(self.seconds, 1)
        return {"seat": self.seat, "result": result, "seconds": seconds, "attempts": self.attempts, "why": self.why}

    def to_plain(self, now: float) -> dict[str, Any]:
        """For the next life of ours."""
        return self.as_data() | {
            "result": self.result.value if self.result is not None else None,
            "interface": self.interface,
            "token": self.token,
            "began": round(now - self.began_at, 3),
            "until": round(self.until_at - now, 3),
        }


def seat_call_from(plain: Mapping[str, Any], written_at: float) -> SeatCall:
    """Raises KeyError, TypeError or ValueError for what cannot be read."""
    return SeatCall(
        seat=SeatName(str(plain["seat"])),
        interface=str(plain["interface"]),
        result=None if plain["result"] is None else SeatResult(plain["result"]),
        seconds=None if plain["seconds"] is None else float(plain["seconds"]),
        attempts=int(plain["attempts"]),
        why=str(plain["why"]),
        token=None if plain["token"] is None else CallToken(str(plain["token"])),
        began_at=written_at - float(plain["began"]),
        until_at=written_at + float(plain["until"]),
    )
