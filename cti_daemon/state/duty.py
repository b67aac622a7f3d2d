"""How much of the seats' time is spent with callers: looked at once a second, on the serving node."""

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import SeatState
from cti_daemon.state.queues import Queues
from cti_daemon.state.roll import Roll

EVERY_SECONDS = 1.0
MOST_SECONDS = 5.0
"""A longer time between two looks is nobody's: we did not look, or the node was not heard."""

_BUSY = frozenset({SeatState.IN_CALL, SeatState.WRAP_UP})
_ON_DUTY = _BUSY | {SeatState.AVAILABLE, SeatState.RINGING}


class Duty:
    def __init__(self, roll: Roll, queues: Queues) -> None:
        self._roll = roll
        self._queues = queues
        self._looked_at: float | None = None

    def note(self, serving: NodeName, at: float) -> None:
        """Give the time since the last look to what the seats do now. Time in which they are not known is not counted."""
        before = self._looked_at
        if before is not None and at - before < EVERY_SECONDS:
            return
        self._looked_at = at
        if before is None or at - before > MOST_SECONDS:
            return
        for queue in self._roll.queues(serving, at):
            states = [seat.state for seat in self._roll.seats_of_queue(queue, serving, at)]
            on_duty = sum(state in _ON_DUTY for state in states)
            if on_duty:
                busy = sum(state in _BUSY for state in states)
                self._queues.tally_of(queue).staffed(busy * (at - before), on_duty * (at - before), at)
