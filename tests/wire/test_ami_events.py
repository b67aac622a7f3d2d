"""AMI events as words of the house: `model/events.py` from real blocks."""

from dataclasses import replace

import pytest

from cti_daemon.model.call_events import (
    CallerDone,
    CallerJoined,
    CallerLeft,
    CallerServed,
    ChannelBegan,
    ChannelBridged,
    ChannelChanged,
    ChannelEnded,
    ChannelUnbridged,
)
from cti_daemon.model.events import (
    DrillCallSeen,
    FaultMarked,
    LegRouted,
    MemberGone,
    MemberSeen,
    Membership,
    OutsideOffered,
    SeatAnswered,
    SeatTalking,
    ShuttingDown,
    StreamEvent,
    SurveyAnswered,
)
from cti_daemon.model.ids import CallToken, ChannelName, Interface, NodeName, QueueName, SeatName, Uniqueid
from cti_daemon.model.reasons import MemberKind, OfferOutcome, SurveyGrade
from cti_daemon.model.recording import RecordingChanged
from cti_daemon.wire.ami_calls import seat_of
from cti_daemon.wire.ami_events import NotAttributableError, read_event, read_leg
from cti_daemon.wire.ami_proof import Proof
from tests.wire.streams import NODE_SYSTEM, genuine

NODE = NodeName("pbx-a")
TOKEN = CallToken("ebefe8ed4a611483c187917b59346208383fa2bc")
PROOF = Proof(NODE_SYSTEM)
MARK = genuine("UserEvent", 2).partition(b"UserEvent: CtiDialog")[0] + b"UserEvent: CtiFault"
"""As Asterisk 22.10.1 prints `UserEvent(CtiFault)` on a seat's channel: the snapshot, and nothing behind the name."""


def read(kind: str, block: bytes | None = None, nth: int = 0) -> StreamEvent | None:
    match = PROOF.match(kind.encode(), block if block is not None else genuine(kind, nth))
    assert match is not None
    return read_event(kind.encode(), match, NODE)


def uniqueid(tail: str) -> Uniqueid:
    return Uniqueid(f"{NODE_SYSTEM}-{tail}")


def test_a_callers_leg_is_routed() -> None:
    assert read("UserEvent", nth=1) == LegRouted(
        NODE, uniqueid("1795285939.1"), ChannelName("Local/95598@cti-trunk-00000000;2"), TOKEN, NodeName("pbx-a"), 0
    )


def test_a_test_call_is_told_by_the_edge() -> None:
    """As the dialplan's `UserEvent(CtiTest,Node: …)` prints it, which is the block of CtiRoute under another name."""
    block = genuine("UserEvent", 1).replace(b"UserEvent: CtiRoute", b"UserEvent: CtiTest")
    assert read("UserEvent", block) == DrillCallSeen(NODE, TOKEN, NodeName("pbx-a"))


def test_a_seat_has_answered_a_drill_s_test_call() -> None:
    """As `UserEvent(CtiSeatTest,Said: answered)` prints it; whose seat it was, the token says."""
    block = genuine("UserEvent", 1).replace(b"UserEvent: CtiRoute\r\nNode: pbx-a", b"UserEvent: CtiSeatTest\r\nSaid: answered")
    assert read("UserEvent", block) == SeatAnswered(NODE, TOKEN)


def test_a_seat_talks() -> None:
    event = read("UserEvent", nth=2)
    assert event == SeatTalking(
        NODE,
        TOKEN,
        SeatName("seat1"),
        "seat1!efdcbb8c-6f03-4c7c-ae0c-529e0af28965;to-tag=fa71c350-c4dc-4a2c-8da8-0f211abac03d;from-tag=64d5038b-1375-4be3-a7f0-8e0dd40cf0c9",
    )


def test_an_agent_marks_a_call() -> None:
    """突发事件 七: "第一时间收集网络异常". The seat is whose channel it is; a text that somebody wrote is not in it."""
    assert read("UserEvent", MARK) == FaultMarked(NODE, TOKEN, SeatName("seat1"))


def said(channel: bytes, event: bytes) -> bytes:
    """What a dialplan's UserEvent prints on that channel, in a call of the hotline."""
    return MARK.replace(b"Channel: PJSIP/seat1-", b"Channel: " + channel + b"-", 1).replace(b"UserEvent: CtiFault", event)


def test_an_outside_seat_talks_and_has_no_dialog_to_take_over() -> None:
    block = said(b"Local/out1@cti-outside", b"UserEvent: CtiTalk")
    assert read("UserEvent", block) == SeatTalking(NODE, TOKEN, SeatName("out1"), "")


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        (b"ACCEPTED", OfferOutcome.ACCEPTED),
        (b"SILENT", OfferOutcome.SILENT),
        (b"NOANSWER", OfferOutcome.UNANSWERED),
        (b"CHANUNAVAIL", OfferOutcome.FAILED),
    ],
)
def test_what_came_of_an_offer_to_an_outside_seat(word: bytes, outcome: OfferOutcome) -> None:
    block = said(b"PJSIP/trunk", b"UserEvent: CtiOutside\r\nSeat: out1\r\nOutcome: " + word)
    assert read("UserEvent", block) == OutsideOffered(NODE, SeatName("out1"), outcome)
    assert PROOF.match(b"UserEvent", block + b"\r\nNumber: 1") is None


@pytest.mark.parametrize(
    ("key", "grade"),
    [(0, SurveyGrade.NONE), (1, SurveyGrade.VERY_SATISFIED), (3, SurveyGrade.NEUTRAL), (5, SurveyGrade.VERY_DISSATISFIED)],
)
def test_a_caller_gives_a_grade(key: int, grade: SurveyGrade) -> None:
    """电信 4.3: "满意度五级". It is said on the caller's own channel."""
    block = said(b"PJSIP/edge", b"UserEvent: CtiSurvey\r\nQueue: hotline\r\nGrade: %d" % key)
    assert read("UserEvent", block) == SurveyAnswered(NODE, QueueName("hotline"), TOKEN, grade)


@pytest.mark.parametrize("grade", [b"6", b"11", b"", b"1\r\nGrade: 5", b"5\r\n"])
def test_no_other_key_is_a_grade(grade: bytes) -> None:
    assert PROOF.match(b"UserEvent", said(b"PJSIP/edge", b"UserEvent: CtiSurvey\r\nQueue: hotline\r\nGrade: " + grade)) is None


@pytest.mark.parametrize(("kind", "is_on"), [("MixMonitorStart", True), ("MixMonitorStop", False)])
def test_a_recording_begins_and_stops(kind: str, is_on: bool) -> None:
    """A bare snapshot of the channel that is recorded."""
    head = MARK.partition(b"\r\nUserEvent: ")[0].replace(b"Event: UserEvent", b"Event: " + kind.encode())
    block = head.replace(b"Privilege: user,all", b"Privilege: call,all")
    found = read(kind, block)
    assert isinstance(found, RecordingChanged)
    assert (found.token, found.is_on) == (TOKEN, is_on)
    assert PROOF.match(kind.encode(), block + b"\r\nFile: x") is None


@pytest.mark.parametrize(("word", "is_on"), [(b"on", True), (b"off", False)])
def test_a_recorder_of_the_sites_own_says_the_same(word: bytes, is_on: bool) -> None:
    found = read("UserEvent", said(b"PJSIP/edge", b"UserEvent: CtiRecording\r\nState: " + word))
    assert isinstance(found, RecordingChanged)
    assert (found.token, found.is_on) == (TOKEN, is_on)


@pytest.mark.parametrize("tail", [b"\r\nSeat: seat9", b"\r\nChanVariable: CTI_CALL=" + b"0" * 40, b"\r\n", b"X"])
def test_a_mark_with_anything_in_it_is_not_believed(tail: bytes) -> None:
    assert PROOF.match(b"UserEvent", MARK + tail) is None


def test_a_mark_that_no_channel_sent_is_not_believed() -> None:
    """An AMI account may send UserEvents: only the dialplan, on a seat's channel in a call of the hotline, may mark."""
    head = MARK.partition(b"\r\nChannel:")[0]
    with pytest.raises(NotAttributableError):
        read("UserEvent", head + b"\r\nUserEvent: CtiFault")
    without_call = MARK.replace(TOKEN.encode(), b"")
    with pytest.raises(NotAttributableError):
        read("UserEvent", without_call)


def test_the_life_of_a_queued_call() -> None:
    """Issue 3: "every channel and call on every node: states, bridge, the queue and seat it is with"."""
    caller, seat, hotline = uniqueid("1795285939.3"), uniqueid("1795285939.4"), QueueName("hotline")
    began = read("Newchannel", nth=3)
    assert began == ChannelBegan(NODE, caller, caller, None, 4, SeatName("pbx-a"))
    assert read("Newchannel", nth=4) == ChannelBegan(NODE, seat, caller, None, 0, SeatName("seat1"))
    assert read("Newstate") == ChannelChanged(NODE, caller, caller, TOKEN, 6)
    bridge = "ef2e3ad3-6b3d-4caa-bdab-343d7a7a974b"
    edge, first = uniqueid("1795285939.2"), uniqueid("1795285939.0")
    assert read("BridgeEnter") == ChannelBridged(NODE, edge, TOKEN, first, bridge, 1)
    assert isinstance(read("BridgeLeave"), ChannelUnbridged)
    channel = ChannelName("PJSIP/pbx-a-00000001")
    assert read("QueueCallerJoin") == CallerJoined(NODE, hotline, caller, TOKEN, 1, channel)
    assert read("QueueCallerLeave") == CallerLeft(NODE, hotline, caller, TOKEN, abandoned=False)
    assert read("AgentConnect") == CallerServed(NODE, hotline, caller, TOKEN, SeatName("seat1"), 0, seat)
    assert read("AgentComplete") == CallerDone(NODE, hotline, caller, TOKEN, SeatName("seat1"), 8, "agent")
    abandoned = read("QueueCallerAbandon")
    assert isinstance(abandoned, CallerLeft)
    assert (abandoned.abandoned, abandoned.waited_seconds) == (True, 7)
    ended = read("Hangup")
    assert isinstance(ended, ChannelEnded)
    assert ended.cause == 0


LI = Membership(
    QueueName("hotline"),
    Interface("PJSIP/seat9"),
    SeatName("seat9"),
    name="Li",
    state_interface="PJSIP/seat9",
    kind=MemberKind.DYNAMIC,
    penalty=3,
    paused=True,
    reason="lunch, a",
    ringinuse=False,
)


def test_members() -> None:
    """Login, pause and reason, penalty, ringinuse: all that a person may change is read."""
    assert read("QueueMemberAdded") == MemberSeen(NODE, LI, 4, in_call=False)
    back = replace(LI, paused=False, reason="")
    assert read("QueueMemberPause") == MemberSeen(NODE, back, 4, in_call=False)
    assert read("QueueMemberPenalty") == MemberSeen(NODE, replace(back, penalty=4), 4, in_call=False)
    assert read("QueueMemberRinginuse") == MemberSeen(NODE, replace(back, penalty=4, ringinuse=True), 4, in_call=False)
    assert read("QueueMemberRemoved") == MemberGone(NODE, QueueName("hotline"), Interface("PJSIP/seat9"))


def test_the_end_of_a_call_shows_in_the_member() -> None:
    ended = read("QueueMemberStatus", nth=1)
    assert isinstance(ended, MemberSeen)
    assert (ended.device_state, ended.in_call, ended.last_call_wall) == (1, False, 1795285947)
    assert ended.membership.kind is MemberKind.STATIC


def test_a_place_that_is_repeated_is_one_object() -> None:
    """Two thousand seats in two queues on two nodes are a few thousand objects, however often their phones ring."""
    ringing, ended = read("QueueMemberStatus", nth=0), read("QueueMemberStatus", nth=1)
    assert isinstance(ringing, MemberSeen)
    assert isinstance(ended, MemberSeen)
    assert ringing.membership is ended.membership


def test_a_node_that_stops_says_so() -> None:
    assert read("Shutdown") == ShuttingDown(NODE)


def test_kinds_that_are_only_proved_give_nothing() -> None:
    assert read("UserEvent", nth=0) is None  # a heartbeat


def test_a_route_without_its_token_is_not_guessed() -> None:
    block = b"\r\n".join(line for line in genuine("UserEvent", 1).split(b"\r\n") if b"CTI_CALL" not in line)
    with pytest.raises(NotAttributableError, match="channelvars"):
        read("UserEvent", block)


def test_a_token_counts_only_in_a_line_of_its_own() -> None:
    block = genuine("Hangup", 1)
    smuggled = block.replace(b"CTI_NODE=", b"CTI_NODE=x ChanVariable: CTI_CALL=" + b"0" * 40)
    event = read("Hangup", smuggled)
    assert isinstance(event, ChannelEnded)
    assert event.token != "0" * 40


@pytest.mark.parametrize("call_id", [b'a"b', b"a;b", b"a,b", b"a b", b"${SHELL(id)}", b"a\\b", b"a|b"])
def test_a_dialog_with_odd_characters_is_refused(call_id: bytes) -> None:
    """It will stand in a dialplan variable and in a header: "keep quoting safe"."""
    block = genuine("UserEvent", 2).replace(b"efdcbb8c-6f03-4c7c-ae0c-529e0af28965", call_id)
    assert PROOF.match(b"UserEvent", block) is None
    assert "dialog" in PROOF.fault(b"UserEvent", block)


def test_the_edges_list_shows_callers_legs_only() -> None:
    rows = [PROOF.match(b"CoreShowChannel", genuine("CoreShowChannel", n)) for n in range(10)]
    legs = [leg for row in rows if row is not None and (leg := read_leg(row)) is not None]
    assert [leg.token for leg in legs] == ["e36171668e243844f837e0dbafc43b1a23284ee2", TOKEN]
    assert all(leg.bridged and leg.node == "pbx-a" and leg.epoch == 0 and leg.dialog == "" for leg in legs)


def test_a_leg_carries_its_dialog_and_epoch() -> None:
    block = genuine("CoreShowChannel", 2).replace(
        b"CTI_LEG_EPOCH=0", rb"CTI_LEG_EPOCH=17" + b"\r\nChanVariable: CTI_DIALOG=" + rb"seat1!a\'b@c;to-tag=x;from-tag=y"
    )
    row = PROOF.match(b"CoreShowChannel", block)
    assert row is not None
    leg = read_leg(row)
    assert leg is not None
    assert (leg.epoch, leg.dialog) == (17, "seat1!a'b@c;to-tag=x;from-tag=y")


@pytest.mark.parametrize(
    ("interface", "seat"),
    [("PJSIP/seat12", "seat12"), ("PJSIP/seat12-0000001a", "seat12"), ("Local/109@seats/n", "109"), ("Agent:7", "Agent:7")],
)
def test_seats_by_their_interface(interface: str, seat: str) -> None:
    assert seat_of(interface) == seat
