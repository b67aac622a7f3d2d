"""客服断网断电: "备用电话、手机". What came of each offer to an outside number, and who is told of a mailbox."""

from collections import Counter

import pytest

from cti_daemon.model.effects import Effect, Record, Report
from cti_daemon.model.events import OutsideOffered, SeatTalking
from cti_daemon.model.ids import CallToken, NodeName, SeatName
from cti_daemon.model.reasons import OfferOutcome
from cti_daemon.policy.outside_seats import OutsideSeats
from tests.policy.aftermath_site import Aftermath

EMG = NodeName("emg")
ACCEPTED, SILENT, BUSY = OfferOutcome.ACCEPTED, OfferOutcome.SILENT, OfferOutcome.BUSY


def offers(*outcomes: OfferOutcome, seat: str = "out1") -> tuple[Counter[tuple[str, ...]], list[Effect]]:
    counter: Counter[tuple[str, ...]] = Counter()
    seats, out = OutsideSeats(counter), list[Effect]()
    for outcome in outcomes:
        seats.take(OutsideOffered(EMG, SeatName(seat), outcome), out)
    return counter, out


def test_each_offer_is_counted_and_written_down() -> None:
    counter, out = offers(ACCEPTED, SILENT)
    assert counter == {("out1", "accepted"): 1, ("out1", "silent"): 1}
    assert [(e.kind, e.data["outcome"], e.is_awaited) for e in out if isinstance(e, Record)] == [
        ("outside_seat", "accepted", False),
        ("outside_seat", "silent", False),
    ]


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ((SILENT, SILENT), 0),
        ((SILENT, SILENT, SILENT), 1),
        ((SILENT, BUSY, SILENT, SILENT), 1),
        ((SILENT, SILENT, ACCEPTED, SILENT), 0),
        (6 * (SILENT,), 2),
    ],
)
def test_a_seat_that_a_mailbox_answers_is_told_of(outcomes: tuple[OfferOutcome, ...], told: int) -> None:
    assert sum(isinstance(effect, Report) for effect in offers(*outcomes)[1]) == told


def test_who_talked_to_a_mobile_was_handled_on_an_emergency_seat() -> None:
    """The same record as for every emergency seat: nobody rings him up again."""
    site = Aftermath()
    site.calls(talking=0, waiting=1, on=EMG)
    site.feed(SeatTalking(EMG, CallToken("token-call-0"), SeatName("out1"), ""))
    site.run(7.0)
    assert [(harmed.harm.value, harmed.state.value) for harmed in site.kept] == [("emergency", "closed")]
