"""Emergency seats that are outside numbers (客服断网断电: 备用电话、手机): what came of each offer.

A seat that a mailbox answers again and again takes no call, and nobody would notice before it is needed."""

from collections import Counter

from cti_daemon.model.effects import Effect, Record, Report
from cti_daemon.model.events import OutsideOffered
from cti_daemon.model.ids import SeatName
from cti_daemon.model.reasons import OfferOutcome

SILENT_IN_A_ROW = 3
"""Then people are told, and again when it has happened so often again."""


class OutsideSeats:
    def __init__(self, counter: Counter[tuple[str, ...]]) -> None:
        self._counter = counter
        self._silent: Counter[SeatName] = Counter()

    def take(self, event: OutsideOffered, out: list[Effect]) -> None:
        self._counter[(event.seat, event.outcome.value)] += 1
        facts = {"seat": event.seat, "node": event.node, "outcome": event.outcome.value}
        out.append(Record("outside_seat", facts, is_awaited=False))
        if event.outcome in (OfferOutcome.ACCEPTED, OfferOutcome.REFUSED):
            del self._silent[event.seat]
        elif event.outcome is OfferOutcome.SILENT:
            self._silent[event.seat] += 1
            if self._silent[event.seat] % SILENT_IN_A_ROW == 0:
                times = self._silent[event.seat]
                text = f"outside seat {event.seat}: answered {times} times in a row, and no key was pressed: a mailbox?"
                out.append(Report("alarm", "warning", text, facts | {"times": times}))
