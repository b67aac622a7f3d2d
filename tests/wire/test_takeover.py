"""Issue 2: "events … move to B without a gap": exact takeover between the two sessions of a node, no event lost, none doubled."""

from hypothesis import given
from hypothesis import strategies as st

from cti_daemon.model.call_events import ChannelEnded, StreamBegan
from cti_daemon.model.events import BlockRefused, Event
from cti_daemon.model.ids import PATHS, NodeName, PathName
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.one_stream import OneStream
from cti_daemon.wire.takeover import Place, Ring, Takeover, Trail
from tests.wire.streams import NODE_SYSTEM, genuine, with_caller

A, B = PATHS
PROOF = Proof(NODE_SYSTEM)
HANGUP = genuine("Hangup")
BEAT = genuine("UserEvent", 0)


def hangup(number: int) -> bytes:
    """Few different ones, so that equal blocks stand beside each other: the hard case."""
    return HANGUP.replace(b"Cause: 0", b"Cause: %d" % number)


def beat(number: int) -> bytes:
    return BEAT.replace(b"0123456789abcdef\r\n", b"0123456789abcdef\r\n").replace(b"Nonce: 0123456789abcdef", b"Nonce: %016x" % number)


class Node:
    """Both sessions of a node, fed from one truth with delays of their own."""

    def __init__(self, truth: list[int | None]) -> None:
        self.truth = [(b"Hangup", hangup(t), False) if t is not None else (b"UserEvent", beat(i), True) for i, t in enumerate(truth)]
        self.posted: list[Event] = []
        self.resyncs = 0
        self.at = dict.fromkeys(PATHS, 0)
        self.stream = OneStream(NodeName("pbx-a"), PROOF, self.posted.append, self._resync)

    def _resync(self) -> None:
        self.resyncs += 1

    def deliver(self, path: PathName, count: int) -> None:
        for kind, block, is_mark in self.truth[self.at[path] : self.at[path] + count]:
            self.at[path] += 1
            self.stream.hear(path, 1, kind, block, is_mark=is_mark)

    def causes(self) -> list[int]:
        return [event.cause for event in self.posted if isinstance(event, ChannelEnded)]


Steps = list[tuple[PathName, int]]

TRUTH = st.lists(st.one_of(st.none(), st.integers(0, 2)), min_size=1, max_size=60)
STEPS = st.lists(st.tuples(st.sampled_from(PATHS), st.integers(0, 8)), max_size=20)


@given(TRUTH, STEPS, st.integers(0, 60), STEPS)
def test_no_event_lost_none_doubled_for_any_cut(truth: list[int | None], before: Steps, cut: int, after: Steps) -> None:
    node = Node(truth)
    node.stream.begin(A)
    for path, count in before:
        node.deliver(path, count)
    node.deliver(A, cut)
    node.stream.take_over(B)
    for path, count in after:
        node.deliver(B if path == A else path, count)
    node.deliver(B, len(truth))
    exact = [t for t in truth if t is not None]
    if node.resyncs == 0 and not node.stream.is_seeking:
        assert node.causes() == exact
    else:
        # It gave up, and said so: only where no mark had been applied, or the spare never came to it.
        seen_marks = [t for t in truth[: node.at[A]] if t is None]
        assert node.resyncs + node.stream.is_seeking == 1
        assert not seen_marks or node.stream.is_seeking is False


@given(TRUTH, st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_with_a_mark_before_the_cut_and_a_spare_that_heard_it_takeover_is_always_exact(
    truth: list[int | None], first: int, lead_a: int, lead_b: int
) -> None:
    truth = [None, *truth]
    node = Node(truth)
    node.stream.begin(A)
    node.deliver(A, 1)
    node.deliver(B, 1 + lead_b)
    node.deliver(A, lead_a)
    node.stream.take_over(B)
    node.deliver(B, first)
    node.deliver(B, len(truth))
    assert node.resyncs == 0
    assert node.causes() == [t for t in truth if t is not None]


@given(TRUTH, st.lists(st.integers(0, 9), min_size=2, max_size=12))
def test_there_and_back_again(truth: list[int | None], steps: list[int]) -> None:
    """The stream moves from A to B and back, as often as you like, while both sessions live."""
    truth = [None, *truth, None]
    node = Node(truth)
    node.stream.begin(A)
    node.deliver(A, 1)
    node.deliver(B, 1)
    path = A
    for step in steps:
        node.deliver(A, step)
        node.deliver(B, (step * 7) % 5)
        path = B if path == A else A
        node.stream.take_over(path)
    node.deliver(A, len(truth))
    node.deliver(B, len(truth))
    assert node.resyncs == 0
    assert not node.stream.is_seeking
    assert node.causes() == [t for t in truth if t is not None]


def test_without_a_mark_it_is_not_guessed() -> None:
    node = Node([1, 1, 1, 1])
    node.stream.begin(A)
    node.deliver(A, 2)
    node.deliver(B, 3)
    node.stream.take_over(B)
    assert node.resyncs == 1
    assert node.stream.takeovers == {Place.FOUND: 0, Place.LOST: 1}
    node.deliver(B, 1)
    assert node.causes() == [1, 1, 1]


def test_marks_from_before_the_active_session_began_do_not_mislead() -> None:
    """Seen on a real node: at the start the spare has heard heartbeats that the active one's series never had."""
    for spare_first in (True, False):
        node = Node([None, None, 1, None, 2, 3, None])
        if spare_first:
            node.deliver(B, 2)
        node.deliver(A, 1)
        node.stream.begin(A)
        if not spare_first:
            node.deliver(B, 2)
        node.deliver(A, 4)
        node.stream.take_over(B)
        node.deliver(B, 9)
        assert node.resyncs == 0
        assert node.causes() == [1, 2, 3]


def test_a_new_life_of_the_spare_does_not_continue_its_old_one() -> None:
    node = Node([None, 1, 2, 3, None])
    node.stream.begin(A)
    node.deliver(A, 1)
    node.deliver(B, 1)
    node.at[B] = 2  # the spare was away for block 1
    for kind, block, is_mark in node.truth[2:4]:
        node.stream.hear(B, 2, kind, block, is_mark=is_mark)
    node.stream.take_over(B)
    node.stream.hear(B, 2, *node.truth[4][:2], is_mark=True)
    assert node.resyncs == 1


def test_a_mismatch_after_the_mark_is_not_papered_over() -> None:
    trail = Trail()
    trail.note(b"mark", is_mark=True)
    trail.note(b"one", is_mark=False)
    takeover = Takeover(trail)
    assert takeover.seek(b"older", is_mark=False) is Place.SEEKING
    assert takeover.seek(b"mark", is_mark=True) is Place.SEEKING
    assert takeover.seek(b"two", is_mark=False) is Place.LOST


def test_the_spares_memory_is_bounded_in_blocks_bytes_and_marks() -> None:
    for ring, kept in ((Ring(most_blocks=10), 10), (Ring(most_bytes=1000), 10), (Ring(most_marks=5), 50)):
        for number in range(1000):
            ring.keep(b"K", b"x" * 100, is_mark=number % 10 == 9)
        assert len(ring) == kept
        assert len(ring.drain()) == kept
        assert len(ring) == 0


def test_a_trail_without_marks_gives_up_its_memory() -> None:
    trail = Trail()
    trail.note(b"mark", is_mark=True)
    for _ in range(60_000):
        trail.note(b"x", is_mark=False)
    assert len(trail.since) < 60_000
    assert Takeover(trail).place is Place.LOST


def test_forgeries_are_posted_once_and_survive_a_takeover() -> None:
    """Both streams carry the same forged block: it counts once, and the place is still found."""
    forged = with_caller(HANGUP, b"1\r\nUniqueid: evil-1")
    node = Node([None, 5, None])
    node.truth.insert(1, (b"Hangup", forged, False))
    node.stream.begin(A)
    node.deliver(B, 2)
    node.deliver(A, 2)
    node.stream.take_over(B)
    node.deliver(B, 9)
    assert [type(e) for e in node.posted] == [StreamBegan, BlockRefused, ChannelEnded]
    assert node.stream.refused_blocks == 1
    assert node.resyncs == 0


def test_what_a_caller_made_of_a_list_answer_stands_in_one_stream_only() -> None:
    node = Node([None, 5])
    node.stream.begin(A)
    node.deliver(A, 1)
    node.deliver(B, 1)
    node.stream.hear(B, 1, b"Hangup", b"Event: Hangup\r\nUniqueid: evil-1", is_mark=False)
    node.stream.take_over(B)
    node.deliver(B, 1)
    assert node.causes() == [5]
    assert node.resyncs == 0
