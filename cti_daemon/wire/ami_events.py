"""AMI events as words of the house. Only proved blocks come here (`ami_proof`); the match holds the values."""

import re
from collections.abc import Callable
from functools import lru_cache

from cti_daemon.model.call_events import CallerUnserved
from cti_daemon.model.events import (
    DrillCallSeen,
    FaultMarked,
    LegRouted,
    LegSeen,
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
from cti_daemon.wire.ami_calls import CALL_READERS, seat_of, token_in
from cti_daemon.wire.ami_message import read_text

Match = re.Match[bytes]

_NODE = re.compile(rb"\r\nChanVariable: CTI_NODE=([0-9A-Za-z][0-9A-Za-z_.-]{0,62})(?=\r\n|\Z)")
_EPOCH = re.compile(rb"\r\nChanVariable: CTI_LEG_EPOCH=([0-9]{1,15})(?=\r\n|\Z)")
_DIALOG = re.compile(rb"\r\nChanVariable: CTI_DIALOG=([^\r\n]+)")
_ESCAPED = re.compile(rb"\\([\\'\"?])")  # Asterisk writes variables in C's escapes


class NotAttributableError(ValueError):
    """A proved event without the variable that says whose call it is (`channelvars` in manager.conf)."""


def read_event(kind: bytes, match: Match, node: NodeName) -> StreamEvent | None:
    """The event, or None for kinds that are only proved. Raises `NotAttributableError`."""
    reader = _READERS.get(kind)
    return reader(match, node) if reader else None


def read_member(match: Match, node: NodeName) -> MemberSeen:
    status, in_call, last_call = match.group("status", "in_call", "last_call")
    return MemberSeen(node, _membership(match.group(*_PLACE)), int(status), in_call == b"1", int(last_call))


_PLACE = ("queue", "name", "interface", "state_interface", "kind", "penalty", "paused", "reason", "ringinuse", "wrap_up")


@lru_cache(maxsize=16_384)
def _membership(place: tuple[bytes, ...]) -> Membership:
    """Kept, since nearly every event repeats one that was read before: a phone rings, a place in a queue stays."""
    queue, name, interface, state_interface, kind, penalty, paused, reason, ringinuse, wrap_up = place
    return Membership(
        QueueName(read_text(queue)),
        Interface(interface.decode("ascii")),
        seat_of(interface.decode("ascii")),
        name=read_text(name),
        state_interface=read_text(state_interface),
        kind=MemberKind(kind.decode("ascii")),
        penalty=int(penalty),
        paused=paused == b"1",
        reason=read_text(reason),
        ringinuse=ringinuse == b"1" if ringinuse else None,
        wrap_up_seconds=int(wrap_up),
    )


def read_leg(match: Match) -> LegSeen | None:
    """A row of CoreShowChannels as a caller's leg: it has a call token and a node. None: some other channel."""
    variables = match["variables"]
    token, node, epoch = token_in(variables), _NODE.search(variables), _EPOCH.search(variables)
    if token is None or node is None:
        return None
    return LegSeen(
        _uniqueid(match),
        ChannelName(read_text(match["channel"])),
        token,
        NodeName(node[1].decode("ascii")),
        int(epoch[1]) if epoch else 0,
        bool(match["bridge"]),
        read_text(_ESCAPED.sub(rb"\1", dialog[1])) if (dialog := _DIALOG.search(variables)) else "",
    )


def _uniqueid(match: Match) -> Uniqueid:
    return Uniqueid(match["uniqueid"].decode("ascii"))


def _read_member_gone(match: Match, node: NodeName) -> MemberGone:
    return MemberGone(node, QueueName(read_text(match["queue"])), Interface(match["interface"].decode("ascii")))


def _read_shutdown(_match: Match, node: NodeName) -> ShuttingDown:
    return ShuttingDown(node)


def _read_mixing(match: Match, node: NodeName) -> RecordingChanged:
    return RecordingChanged(node, _uniqueid(match), token_in(match["variables"]), is_on=True)


def _read_mixed(match: Match, node: NodeName) -> RecordingChanged:
    return RecordingChanged(node, _uniqueid(match), token_in(match["variables"]), is_on=False)


def _read_user_event(match: Match, node: NodeName) -> StreamEvent | None:
    """None: a heartbeat, which is the link's own business."""
    if match["nonce"] is not None:
        return None
    token = token_in(match["variables"] or b"")
    if match["uniqueid"] is None and match["seat"] is None:
        raise NotAttributableError("a CTI event that no channel sent")
    if match["recording"] is not None:
        return RecordingChanged(node, _uniqueid(match), token, is_on=match["recording"] == b"on")
    if match["unserved"] is not None:
        queue, channel = QueueName(read_text(match["unserved"])), ChannelName(read_text(match["channel"]))
        return CallerUnserved(node, queue, _uniqueid(match), token, match["status"].decode("ascii"), channel)
    if token is None:
        raise NotAttributableError("a CTI event without CTI_CALL: is `channelvars` set in manager.conf?")
    if match["seat"] is not None:
        seat = match["seat"].decode("ascii")
        call_id, to_tag, from_tag = (match[name].decode("ascii") for name in ("call_id", "to_tag", "from_tag"))
        return SeatTalking(node, token, SeatName(seat), f"{seat}!{call_id};to-tag={to_tag};from-tag={from_tag}")
    return _read_routed(match, node, token) if match["route_node"] is not None else _read_told(match, node, token)


def _read_told(match: Match, node: NodeName, token: CallToken) -> StreamEvent:
    """What a call's dialplan tells of it."""
    if match["fault"] is not None:
        return FaultMarked(node, token, seat_of(read_text(match["channel"])))
    if match["talk"] is not None:
        return SeatTalking(node, token, seat_of(read_text(match["channel"])), "")
    if match["survey"] is not None:
        return SurveyAnswered(node, QueueName(read_text(match["survey"])), token, _GRADES[int(match["grade"])])
    if match["outside"] is not None:
        return OutsideOffered(node, SeatName(match["outside"].decode("ascii")), _outcome(match["outcome"]))
    if match["seat_test"] is not None:
        return SeatAnswered(node, token)
    return DrillCallSeen(node, token, NodeName(match["test_node"].decode("ascii")))


def _read_routed(match: Match, node: NodeName, token: CallToken) -> LegRouted:
    epoch = _EPOCH.search(match["variables"])
    return LegRouted(
        node,
        _uniqueid(match),
        ChannelName(read_text(match["channel"])),
        token,
        NodeName(match["route_node"].decode("ascii")),
        int(epoch[1]) if epoch else 0,
    )


_GRADES = (SurveyGrade.NONE, *(grade for grade in SurveyGrade if grade is not SurveyGrade.NONE))
"""By key; the first is none."""


def _outcome(word: bytes) -> OfferOutcome:
    return _OUTCOMES.get(word, OfferOutcome.FAILED)


_OUTCOMES = {
    b"ACCEPTED": OfferOutcome.ACCEPTED,
    b"REFUSED": OfferOutcome.REFUSED,
    b"SILENT": OfferOutcome.SILENT,
    b"BUSY": OfferOutcome.BUSY,
    b"NOANSWER": OfferOutcome.UNANSWERED,
    b"CANCEL": OfferOutcome.WITHDRAWN,
}
"""What the dialplan says; the rest are Dial's words for a number that could not be called."""
_READERS: dict[bytes, Callable[[Match, NodeName], StreamEvent | None]] = {
    b"QueueMemberAdded": read_member,
    b"QueueMemberRemoved": _read_member_gone,
    b"QueueMemberPause": read_member,
    b"QueueMemberPenalty": read_member,
    b"QueueMemberStatus": read_member,
    b"QueueMemberRinginuse": read_member,
    b"Shutdown": _read_shutdown,
    b"UserEvent": _read_user_event,
    b"MixMonitorStart": _read_mixing,
    b"MixMonitorStop": _read_mixed,
    **CALL_READERS,
}
