"""Issue 2: "any split of the byte stream gives the same messages; … limits enforced; … bounded memory"."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti_daemon.wire.ami_framing import Framer, Limits
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.ami_stream import Block, Sort, Stream
from tests.wire.streams import BANNER, HOSTILE_NUMBERS, NODE_SYSTEM, blocks_of, every_kind, genuine, queue_calls, with_caller

SMALL = Limits(line_bytes=64, block_bytes=256, headers=8)


def feed_in_pieces(framer: Framer, stream: bytes, cuts: list[int]) -> list[bytes]:
    blocks: list[bytes] = []
    edges = [0, *sorted(cuts), len(stream)]
    for start, end in pairwise(edges):
        blocks += framer.feed(stream[start:end])
    return blocks


def test_a_real_stream_is_framed_whole() -> None:
    framer = Framer()
    blocks = framer.feed(queue_calls())
    assert framer.banner == "Asterisk Call Manager/11.0.0"
    assert framer.fault is None
    assert b"\r\n\r\n".join(blocks) + b"\r\n\r\n" == queue_calls()[len(BANNER) :]


def test_byte_by_byte_gives_the_same_blocks() -> None:
    framer = Framer()
    stream = every_kind()
    one_by_one = [block for i in range(len(stream)) for block in framer.feed(stream[i : i + 1])]
    assert one_by_one == blocks_of(stream)


@given(
    st.lists(
        st.sampled_from([b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"Event: A", b": ", b"\xc3\xa9", b"\xe4\xb8", b"x" * 40, b""]), max_size=60
    ),
    st.data(),
)
def test_any_split_of_hostile_bytes_gives_the_same_blocks(pieces: list[bytes], data: st.DataObject) -> None:
    stream = BANNER + b"".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12))
    whole, split = Framer(SMALL), Framer(SMALL)
    expected = whole.feed(stream)
    assert feed_in_pieces(split, stream, cuts) == expected
    assert (split.fault is None) == (whole.fault is None)
    assert split.banner == whole.banner


def mutate(stream: bytes, chance: random.Random) -> bytes:
    broken = bytearray(stream)
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(broken))
        match chance.randrange(5):
            case 0:
                broken[at] = chance.randrange(256)
            case 1:
                del broken[at : at + chance.randrange(1, 64)]
            case 2:
                broken[at:at] = chance.choice(HOSTILE_NUMBERS)
            case 3:
                broken[at:at] = chance.randbytes(chance.randrange(1, 32))
            case _:
                other = chance.randrange(len(broken))
                broken[at:at] = broken[other : other + 200]
    return bytes(broken)


@pytest.mark.slow
def test_ten_thousand_random_splits_and_mutations_of_a_real_stream() -> None:
    """Same messages for every split, no crash, bounded memory."""
    chance = random.Random(20261121)
    body = every_kind()[len(BANNER) :]
    proof = Proof(NODE_SYSTEM)
    limits = Limits(line_bytes=1024, block_bytes=4096, headers=64)
    proved = 0
    for _ in range(10_000):
        start = chance.randrange(len(body) - 3000)
        stream = BANNER + mutate(body[start : start + 3000], chance)
        whole, split = Stream(proof, limits=limits), Stream(proof, limits=limits)
        expected = whole.feed(stream)
        got: list[Block] = []
        at = 0
        while at < len(stream):
            step = chance.randrange(1, 1200)
            got += split.feed(stream[at : at + step])
            at += step
            assert split.buffered_bytes <= limits.block_bytes + 4
        assert got == expected
        for sort, kind, block in got:
            if sort in {Sort.STREAM, Sort.ITEM}:
                if proof.match(kind, block) is None:
                    assert proof.fault(kind, block)
                else:
                    proved += 1
    assert proved > 10_000


@pytest.mark.parametrize(
    "stream",
    [
        b"x" * 65 + b"\r\n\r\n",
        b"a: b\r\n" * 9 + b"\r\n",
        b"k: " + b"v" * 20 + (b"\r\nk: " + b"v" * 20) * 12 + b"\r\n\r\n",
        b"y" * 400,
    ],
    ids=["line", "headers", "block", "block without end"],
)
def test_a_broken_limit_ends_the_stream_for_good(stream: bytes) -> None:
    framer = Framer(SMALL)
    good = BANNER + b"Event: Before\r\n\r\n"
    assert framer.feed(good + stream) == [b"Event: Before"]
    assert framer.fault is not None
    assert framer.buffered_bytes == 0
    assert framer.feed(b"Event: After\r\n\r\n") == []


def test_a_stream_without_a_banner_is_not_an_asterisk() -> None:
    for opening in (b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"A" * 300, b"Asterisk\r\n"):
        framer = Framer()
        assert framer.feed(opening) == []
        assert framer.fault is not None, opening


def test_leading_blank_lines_are_skipped() -> None:
    """Seen on a real node: "one block began with an empty line"."""
    assert blocks_of(BANNER + b"\r\n\r\nEvent: A\r\n\r\n\r\nEvent: B\r\n\r\n") == [b"Event: A", b"Event: B"]


def test_a_character_cut_by_a_read_survives() -> None:
    """Bytes are framed before text is decoded: panoramisk decodes each read and loses the character."""
    block = "Event: A\r\nName: 王丽".encode()
    stream = BANNER + block + b"\r\n\r\n"
    for cut in range(len(stream)):
        assert feed_in_pieces(Framer(), stream, [cut]) == [block]


def test_unwanted_kinds_cost_no_object_and_are_counted() -> None:
    stream = Stream(Proof(NODE_SYSTEM))
    wanted = stream.feed(every_kind())
    assert {kind for sort, kind, _ in wanted if sort is Sort.STREAM}.isdisjoint({b"DialBegin", b"DeviceStateChange"})
    counted = stream.tally.by_kind()
    assert counted["DeviceStateChange"] == 19
    assert counted["Hangup"] == 10
    assert not [sort for sort, _, _ in wanted if sort is Sort.STRANGE]


def test_unknown_events_are_counted_never_fatal_and_cannot_name_our_counters() -> None:
    stream = Stream(Proof(NODE_SYSTEM))
    head = f"\r\nPrivilege: call,all\r\nSystemName: {NODE_SYSTEM}\r\nX: y\r\n\r\n".encode()
    assert stream.feed(BANNER + b"Event: Brandnew" + head * 1) == []
    forged = stream.feed(b"Event: Forged\r\nX-Evil: yes\r\n\r\nX-Evil: yes\r\n\r\n")
    assert [sort for sort, _, _ in forged] == [Sort.STRANGE, Sort.STRANGE]
    assert stream.tally.by_kind() == {"Brandnew": 1, "(unproved)": 2}


def test_kinds_without_end_do_not_fill_the_memory() -> None:
    stream = Stream(Proof(NODE_SYSTEM))
    stream.feed(BANNER)
    head = f"\r\nPrivilege: call,all\r\nSystemName: {NODE_SYSTEM}\r\nX: y\r\n\r\n".encode()
    for i in range(2000):
        stream.feed(b"Event: Kind%d" % i + head)
    assert len(stream.tally.by_kind()) < 600
    assert stream.tally.events == 2000


@pytest.mark.parametrize("number", HOSTILE_NUMBERS)
@pytest.mark.parametrize("kind", ["Newchannel", "Hangup", "BridgeEnter", "QueueCallerJoin", "QueueEntry", "CoreShowChannel"])
def test_no_forged_number_gets_anything_proved(kind: str, number: bytes) -> None:
    """7-asterisk.md §9: caller text is raw after SystemName; a block that lacks a key or repeats one is not believed."""
    proof = Proof(NODE_SYSTEM)
    stream = Stream(proof)
    refused = 0
    for sort, found, block in stream.feed(BANNER + with_caller(genuine(kind), number) + b"\r\n\r\n"):
        if sort in {Sort.STREAM, Sort.ITEM}:
            assert proof.match(found, block) is None, block
        refused += 1
    assert refused or b"\r\n" not in number
