"""Issue 2: "origin proved …"; D3: `ListItems` must equal what came, any miss refuses the whole answer."""

import pytest

from cti_daemon.model.call_events import QueueCounted, WaitingSeen
from cti_daemon.model.events import MemberSeen, Membership
from cti_daemon.model.ids import Interface, NodeName, QueueName, SeatName, Uniqueid
from cti_daemon.wire.ami_list import ListAnswer, ListRefused, channel_answer, queue_answer, read_edge, read_queues
from cti_daemon.wire.ami_message import action_id_of, read_headers, read_response
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.ami_stream import Sort, Stream
from tests.wire.streams import BANNER, HOSTILE_NUMBERS, NODE_SYSTEM, blocks_of, every_kind, genuine, with_caller

PROOF = Proof(NODE_SYSTEM)
NODE = NodeName("pbx-a")


def collect(answer: ListAnswer, stream: bytes) -> object:
    """What a session does with the blocks of a list answer."""
    for sort, kind, block in Stream(PROOF).feed(stream):
        if sort is Sort.STRANGE:
            answer.taint("strange")
        if sort is not Sort.ITEM:
            continue
        match = PROOF.match(kind, block)
        if match is None:
            answer.taint(PROOF.fault(kind, block))
        elif match["action"] != answer.action_id.encode():
            continue
        elif kind == answer.complete:
            return answer.end(match)
        else:
            answer.add(kind, match)
    return None


def rows(action: bytes, *kinds: bytes) -> list[bytes]:
    return [b for b in blocks_of(every_kind()) if b.split(b"\r\n")[0][7:] in kinds and b"ActionID: " + action in b]


QUEUE_ROWS = rows(b"q1", b"QueueParams", b"QueueMember", b"QueueEntry", b"QueueStatusComplete")


def stream_of(blocks: list[bytes]) -> bytes:
    return BANNER + b"".join(block + b"\r\n\r\n" for block in blocks)


def test_a_queues_answer_is_whole() -> None:
    items = collect(queue_answer("q1"), stream_of(QUEUE_ROWS))
    assert isinstance(items, list)
    listed = read_queues(items, NODE)
    wang = Membership(QueueName("hotline"), Interface("PJSIP/seat1"), SeatName("seat1"), name="Wang", state_interface="PJSIP/seat1")
    assert listed.members == (MemberSeen(NODE, wang, 2, in_call=True),)
    assert listed.members[0].membership.ringinuse is None  # a status row does not say it
    assert listed.waiting == (WaitingSeen(QueueName("hotline"), Uniqueid(f"{NODE_SYSTEM}-1795285940.9"), 2.0, 1),)
    assert listed.counted == (QueueCounted(QueueName("hotline"), 0, 0),)


def test_an_edges_answer_is_whole() -> None:
    items = collect(channel_answer("c1"), every_kind())
    assert isinstance(items, list)
    listed = read_edge(items, NodeName("edge1"), "pbx-b, emg", "7")
    assert len(listed.legs) == 2
    assert (listed.route, listed.epoch) == (("pbx-b", "emg"), 7)
    assert read_edge(items, NodeName("edge1"), "", "").route == ()


@pytest.mark.parametrize("number", HOSTILE_NUMBERS)
def test_a_forged_item_refuses_the_whole_answer(number: bytes) -> None:
    """D3: ActionID is the last line, after CallerIDNum: a forged block carried our genuine secret ActionID."""
    forged = [with_caller(b, number) if b.startswith(b"Event: QueueEntry") else b for b in QUEUE_ROWS]
    if b"\r\n" in number:
        assert isinstance(collect(queue_answer("q1"), stream_of(forged)), ListRefused)


def test_a_missing_or_doubled_item_refuses_the_whole_answer() -> None:
    assert isinstance(collect(queue_answer("q1"), stream_of(QUEUE_ROWS[1:])), ListRefused)
    assert isinstance(collect(queue_answer("q1"), stream_of(QUEUE_ROWS[:1] + QUEUE_ROWS)), ListRefused)


def test_an_item_of_another_answer_is_not_ours() -> None:
    answer = queue_answer("q1")
    match = PROOF.match(b"CoreShowChannel", genuine("CoreShowChannel"))
    assert match is not None
    answer.add(b"CoreShowChannel", match)
    assert isinstance(collect(answer, stream_of(QUEUE_ROWS)), ListRefused)


def test_replies() -> None:
    responses = [b for b in blocks_of(every_kind()) if b.startswith(b"Response: ")]
    by_id: dict[str | None, list[bytes]] = {}
    for block in responses:
        by_id.setdefault(action_id_of(block), []).append(block)
    assert read_response(by_id["g1"][0]).value == "pbx-a,emg"
    assert read_response(by_id["r"][0]).result == "gone"
    assert read_response(by_id["r2"][0]).result == "gone"
    assert read_response(by_id["n"][0]).result == "failed"
    assert read_response(by_id["h1"][0]).result == "done"


def test_an_action_id_counts_only_in_its_own_place() -> None:
    """A forged response in a list item is followed by the item's genuine ActionID, but never on the second line."""
    assert action_id_of(b"Response: Error\r\nMessage: x\r\nActionID: q1") is None
    assert action_id_of(b"Response: Error\r\nActionID: q1\r\nMessage: x") == "q1"
    assert action_id_of(b"Response: Error") is None


def test_headers_keep_order_doubles_and_odd_bytes() -> None:
    assert read_headers(b"Event: A\r\nOutput: 1\r\nOutput: \xff\r\nEmpty:") == [
        ("Event", "A"),
        ("Output", "1"),
        ("Output", "\udcff"),
        ("Empty", ""),
    ]
