"""Issue 2: "origin proved by system name, key set and Uniqueid prefix"; 7-asterisk.md §9, D3, D4."""

import pytest

from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.ami_stream import Sort, Stream
from tests.wire.streams import NODE_SYSTEM, QUEUE_SYSTEM, every_kind, genuine, queue_calls, with_caller


@pytest.mark.parametrize(("recorded", "system"), [("queue_calls", QUEUE_SYSTEM), ("every_kind", NODE_SYSTEM)])
def test_every_genuine_block_is_proved(recorded: str, system: str) -> None:
    stream = {"queue_calls": queue_calls, "every_kind": every_kind}[recorded]()
    proof = Proof(system)
    proved = 0
    for sort, kind, block in Stream(proof).feed(stream):
        if sort in {Sort.STREAM, Sort.ITEM}:
            assert proof.match(kind, block) is not None, block
            proved += 1
        assert sort is not Sort.STRANGE, block
    assert proved > 50


def test_another_nodes_name_proves_nothing() -> None:
    proof = Proof("pbx-b-fedcba9876543210")
    block = genuine("Hangup")
    assert proof.match(b"Hangup", block) is None
    assert "system name" in proof.fault(b"Hangup", block)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"Uniqueid: pbx-a-0123456789abcdef-", b"Uniqueid: evil-", "canonical"),
        (b"Linkedid: pbx-a-0123456789abcdef-", b"Linkedid: evil-", "canonical"),
        (b"\r\nSystemName: pbx-a-0123456789abcdef", b"", "origin"),
        (b"Privilege: call,all", b"Privilege: call,all\r\nSystemName: evil", "origin"),
        (b"\r\nLanguage: en", b"", "canonical"),
        (b"\r\nLanguage: en", b"\r\nLanguage: en\r\nLanguage: en", "repeated keys: Language"),
        (b"\r\nCause-txt:", b"\r\nX-Evil: yes\r\nCause-txt:", "canonical"),
        (b"ChannelState: 6", b"ChannelState: six", "canonical"),
        (b"\r\nCause: ", b"\r\nCause: x", "canonical"),
    ],
)
def test_a_block_that_is_not_canonical_is_refused_with_the_reason(old: bytes, new: bytes, why: str) -> None:
    proof = Proof(NODE_SYSTEM)
    block = genuine("Hangup")
    assert proof.match(b"Hangup", block)
    changed = block.replace(old, new)
    assert changed != block
    assert proof.match(b"Hangup", changed) is None
    assert why in proof.fault(b"Hangup", changed)


def test_a_head_that_is_genuine_does_not_prove_the_body() -> None:
    """D4: the genuine Newchannel is cut at the forged blank line, and lines injected before it sit inside the proved block."""
    proof = Proof(NODE_SYSTEM)
    cut = with_caller(genuine("Newchannel"), b"1\r\nUniqueid: evil-1\r\n\r\n").split(b"\r\n\r\n")[0]
    assert proof.is_head_ours(cut)
    assert proof.match(b"Newchannel", cut) is None


def test_optional_lines_of_asterisk_are_known() -> None:
    """`timestampevents` and manager debug write lines before SystemName, a SIP hang-up may add TechCause."""
    proof = Proof(NODE_SYSTEM)
    block = genuine("Hangup")
    stamped = block.replace(b"\r\nSystemName", b"\r\nTimestamp: 1795285940.123456\r\nSystemName")
    assert proof.match(b"Hangup", stamped)
    assert proof.match(b"Hangup", block + b"\r\nTechCause: 486")


def test_a_sites_own_user_event_is_no_fault() -> None:
    proof = Proof(NODE_SYSTEM)
    foreign = genuine("UserEvent", 1).replace(b"UserEvent: CtiRoute\r\nNode: pbx-a", b"UserEvent: Lunch\r\nWho: Wang")
    assert proof.match(b"UserEvent", foreign) is None
    assert proof.is_foreign_user_event(foreign)
    ours_broken = genuine("UserEvent", 1) + b"\r\nNode: emg"
    assert not proof.is_foreign_user_event(ours_broken)


def test_the_reason_never_repeats_a_strangers_text() -> None:
    proof = Proof(NODE_SYSTEM)
    block = with_caller(genuine("Hangup"), b"13800138000\r\n<script>: 1\r\n<script>: 2")
    why = proof.fault(b"Hangup", block)
    assert "13800138000" not in why
    assert "script" not in why


@pytest.mark.parametrize("name", ["", "two words", "line\nbreak", "名"])
def test_a_system_name_must_be_plain(name: str) -> None:
    with pytest.raises(ValueError, match="system name"):
        Proof(name)
