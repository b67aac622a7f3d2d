"""Issue 3, must show: "zero drift: the final state equals QueueStatus/CoreShowChannels exactly (nothing left over), and each counter
equals the ground truth computed independently from queue_log". Here on recorded streams of Asterisk 22.10.1."""

from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti_daemon.model.events import Event
from cti_daemon.model.ids import CallToken, QueueName
from cti_daemon.model.reasons import CallState
from cti_daemon.state.tally import QueueOutcome, Tally
from tests.state.listener import NODE, Listener
from tests.wire.streams import TRANSFERS_SYSTEM, queue_calls, transfers, transfers_log

pytestmark = pytest.mark.slow

TALKED = {"COMPLETECALLER": 6, "COMPLETEAGENT": 6, "BLINDTRANSFER": 8, "ATTENDEDTRANSFER": 8}
"""Where each of queue_log's events has the seconds talked."""


def listened(*chunks: bytes) -> Listener:
    listener = Listener(TRANSFERS_SYSTEM, {"name": "hotline"}, {"name": "support"})
    listener.hear(chunks)
    return listener


def figures(tally: Tally) -> dict[str, float]:
    outcomes = tally.outcomes
    return {
        "offered": tally.offered,
        "answered": outcomes[QueueOutcome.ANSWERED],
        "abandoned": outcomes[QueueOutcome.ABANDONED] + outcomes[QueueOutcome.SHORT_ABANDONED],
        "waited by answered": tally.answer.sum_seconds,
        "waited by abandoned": tally.abandon.sum_seconds,
        "conversations": sum(tally.talk.counts),
        "talked": tally.talk.sum_seconds,
    }


def by_queue_log(queue: str) -> dict[str, float]:
    """The same from Asterisk's own log: a recount that knows nothing of AMI."""
    rows = [row for row in transfers_log() if row[2] == queue]
    kinds = Counter(row[4] for row in rows)
    talks = [int(row[TALKED[row[4]]]) for row in rows if row[4] in TALKED]
    return {
        "offered": kinds["ENTERQUEUE"],
        "answered": kinds["CONNECT"],
        "abandoned": kinds["ABANDON"],
        "waited by answered": sum(int(row[5]) for row in rows if row[4] == "CONNECT"),
        "waited by abandoned": sum(int(row[7]) for row in rows if row[4] == "ABANDON"),
        "conversations": len(talks),
        "talked": sum(talks),
    }


def test_every_counter_equals_queue_log() -> None:
    listener = listened(transfers())
    for queue in ("hotline", "support"):
        assert figures(listener.site.queues.tally_of(QueueName(queue))) == by_queue_log(queue)
    assert listener.one.refused_blocks == 0


def test_nothing_is_left_over() -> None:
    site = listened(transfers()).site
    held = site.calls.channels(NODE)
    assert held is not None
    assert (held.by_id, held.parts) == ({}, {})
    assert list(site.calls.calls()) == []
    assert list(site.queues.callers.stays(NODE)) == []


def courses() -> dict[CallToken, list[CallState]]:
    """What each caller lived through, in order."""
    walked: defaultdict[CallToken, list[CallState]] = defaultdict(list)

    def look(_event: Event) -> None:
        for call in listener.site.calls.calls():
            if call.token is not None and walked[call.token][-1:] != [call.state]:
                walked[call.token].append(call.state)

    listener = Listener(TRANSFERS_SYSTEM)
    listener.seen = look
    listener.hear([transfers()])
    return walked


def test_callers_are_seen_through_transfer_hold_and_parking() -> None:
    """ "states, bridge, hold, blind and attended transfer, parking" """
    walked = {tuple(course) for course in courses().values()}
    waiting, talking, held = CallState.WAITING, CallState.TALKING, CallState.HELD
    parked, transferring = CallState.PARKED, CallState.TRANSFERRING
    assert (waiting, talking, transferring, waiting, talking) in {course[:5] for course in walked}  # blind, into a queue
    assert (waiting, talking, held, transferring, talking) in {course[:5] for course in walked}  # attended
    assert (waiting, talking, held, talking) in {course[:4] for course in walked}
    assert (talking, parked, talking) in {_settled(course)[:3] for course in walked}  # and retrieved
    assert (talking, parked) in {_settled(course) for course in walked}  # and not


def _settled(course: tuple[CallState, ...]) -> tuple[CallState, ...]:
    """Without the instants between two bridges, in which a caller is in none."""
    return tuple(state for state in course if state is not CallState.WAITING)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 300_000), max_size=30))
def test_the_state_is_the_same_whatever_the_chunking(cuts: list[int]) -> None:
    data = transfers()
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    whole, cut = listened(data), listened(*(data[a:b] for a, b in pairwise(places)))
    assert cut.posted == whole.posted
    for queue in ("hotline", "support"):
        name = QueueName(queue)
        assert cut.site.queues.tally_of(name).to_plain(cut.now) == whole.site.queues.tally_of(name).to_plain(whole.now)


def test_a_stream_cut_in_the_middle_holds_what_is_open() -> None:
    """40 calls by Local channels, cut while most of them are up: channels, bridges and served callers agree."""
    listener = Listener("a", {"name": "q"})
    listener.hear([queue_calls()])
    site = listener.site
    held = site.calls.channels(NODE)
    assert held is not None
    counted = Counter(call.state for call in site.calls.calls())
    assert sum(counted.values()) == len(held.parts)
    served = sum(site.queues.callers.with_seat(NODE, queue) for queue in site.queues.names())
    assert counted[CallState.TALKING] == served + 1 == 110  # one has just been completed and its channels are still in their bridge
