"""The promises that the simulator holds the daemon to, and what breaking one looks like."""

from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override


class Promise(StrEnum):
    TRUE_CAUSE = "F5: no failover without a true cause on the node that was left"
    IN_TIME = "F1-F3, F7: a true cause that lasts is answered within its deadline"
    LIVING_CALL = "F4: no caller is taken out of a conversation that is alive"
    ONCE = "F4, F9: nobody is moved twice"
    LEVEL = "rule 4 of the house: the edge's epoch never goes back, and desired state is reached when faults end"
    NOBODY_LEFT = "F4, F9: nobody is left on a node that was given up"
    HELD = "F7, F10: every held caller ends somewhere"
    NO_FLAPPING = "F6: at most one failover for a cause, and nothing goes back by itself before the hold-down"
    ONE_TARGET = "never two targets: one epoch, one head of the route"
    DRAIN = "failback, switchover: new calls go home, calls in progress stay where they are"
    PAUSED = "pause: judged and told, not acted upon"
    SEATS = "F8: login, pause and penalty are the same on both media servers when faults end"


@dataclass(frozen=True, slots=True)
class Breach:
    at: float
    promise: Promise
    text: str

    @override
    def __str__(self) -> str:
        return f"{self.at:8.3f}  BROKEN   {self.text} ({self.promise.value})"
