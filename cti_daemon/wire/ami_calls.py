"""Proved blocks about channels and queue callers as words of the house: the hot ones."""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import methodcaller

from cti_daemon.model.call_events import (
    CallerDone,
    CallerJoined,
    CallerLeft,
    CallerServed,
    CallEvent,
    ChannelBegan,
    ChannelBridged,
    ChannelChanged,
    ChannelEnded,
    ChannelHeld,
    ChannelSeen,
    ChannelTransferred,
    ChannelUnbridged,
    QueueCounted,
    WaitingSeen,
)
from cti_daemon.model.ids import CallToken, ChannelName, NodeName, QueueName, SeatName, Uniqueid
from cti_daemon.wire.ami_message import read_text

Match = re.Match[bytes]

_TOKEN = re.compile(rb"\r\nChanVariable: CTI_CALL=([0-9a-f]{40})(?=\r\n|\Z)")
_INSTANCE = re.compile(r"-[0-9a-f]{8}$")
_PARKING = b"parking"
_QUEUE_APPLICATION = b"Queue"
_AGENT_APPLICATION = b"AppQueue"


_id: Callable[[bytes], Uniqueid] = methodcaller("decode", "ascii")
"""In C from end to end: these readers are the hottest lines of the daemon."""


@lru_cache(maxsize=16_384)
def seat_of(interface: str) -> SeatName:
    """`PJSIP/seat12`, `PJSIP/seat12-0000001a`, `Local/seat12@seats/n` → `seat12`."""
    name = interface.partition("/")[2] or interface
    return SeatName(_INSTANCE.sub("", re.split("[@/;]", name, maxsplit=1)[0]))


def token_in(variables: bytes) -> CallToken | None:
    """`CTI_CALL` among the lines `ChanVariable: …`."""
    if not variables:
        return None
    found = _TOKEN.search(variables)
    return CallToken(found[1].decode("ascii")) if found else None


def read_waiting(match: Match) -> WaitingSeen:
    queue, uniqueid, wait, position = match.group("queue", "uniqueid", "wait", "position")
    return WaitingSeen(_queue(queue), Uniqueid(uniqueid.decode("ascii")), float(wait), int(position))


def read_counted(match: Match) -> QueueCounted:
    queue, completed, abandoned = match.group("queue", "completed", "abandoned")
    return QueueCounted(_queue(queue), int(completed), int(abandoned))


def read_channel(match: Match) -> ChannelSeen:
    """A row of CoreShowChannels."""
    application = match["application"]
    uniqueid, linkedid, state, channel = match.group("uniqueid", "linkedid", "state", "channel")
    return ChannelSeen(
        Uniqueid(uniqueid.decode("ascii")),
        Uniqueid(linkedid.decode("ascii")),
        ChannelName(read_text(channel)),
        token_in(match["variables"]),
        int(state),
        match["bridge"].decode("ascii"),
        _endpoint(channel),
        _queue(match["application_data"].partition(b",")[0]) if application == _QUEUE_APPLICATION else None,
        application == _AGENT_APPLICATION,
    )


def read_began(match: Match, node: NodeName) -> ChannelBegan:
    uniqueid, linkedid, state, channel, variables = match.group("uniqueid", "linkedid", "state", "channel", "variables")
    return ChannelBegan(node, _id(uniqueid), _id(linkedid), token_in(variables), int(state), _endpoint(channel))


def read_changed(match: Match, node: NodeName) -> ChannelChanged:
    uniqueid, linkedid, state, variables = match.group("uniqueid", "linkedid", "state", "variables")
    return ChannelChanged(node, _id(uniqueid), _id(linkedid), token_in(variables), int(state))


def read_hangup(match: Match, node: NodeName) -> ChannelEnded:
    uniqueid, variables, cause = match.group("uniqueid", "variables", "cause")
    return ChannelEnded(node, _id(uniqueid), token_in(variables), int(cause))


def read_bridge_enter(match: Match, node: NodeName) -> ChannelBridged:
    uniqueid, linkedid, variables, bridge, kind, members = match.group(
        "uniqueid", "linkedid", "variables", "bridge", "bridge_type", "members"
    )
    return ChannelBridged(
        node,
        _id(uniqueid),
        token_in(variables),
        _id(linkedid),
        bridge.decode("ascii"),
        int(members),
        kind == _PARKING,
    )


def read_bridge_leave(match: Match, node: NodeName) -> ChannelUnbridged:
    uniqueid, linkedid, variables, bridge = match.group("uniqueid", "linkedid", "variables", "bridge")
    return ChannelUnbridged(node, _id(uniqueid), _id(linkedid), token_in(variables), bridge.decode("ascii"))


def read_hold(match: Match, node: NodeName) -> ChannelHeld:
    return ChannelHeld(node, _uniqueid(match), held=True)


def read_unhold(match: Match, node: NodeName) -> ChannelHeld:
    return ChannelHeld(node, _uniqueid(match), held=False)


def read_blind_transfer(match: Match, node: NodeName) -> ChannelTransferred | None:
    """None: the transfer failed, or moved a whole bridge."""
    if match["result"] != b"Success" or match["transferee"] is None:
        return None
    return ChannelTransferred(node, Uniqueid(match["transferee"].decode("ascii")))


def read_join(match: Match, node: NodeName) -> CallerJoined:
    channel = ChannelName(read_text(match["channel"]))
    return CallerJoined(node, _queue(match["queue"]), _uniqueid(match), token_in(match["variables"]), int(match["position"]), channel)


def read_leave(match: Match, node: NodeName) -> CallerLeft:
    return CallerLeft(node, _queue(match["queue"]), _uniqueid(match), token_in(match["variables"]), abandoned=False)


def read_abandon(match: Match, node: NodeName) -> CallerLeft:
    """Asterisk says QueueCallerAbandon first and QueueCallerLeave after it: the second finds nobody."""
    waited = int(match["waited"])
    return CallerLeft(node, _queue(match["queue"]), _uniqueid(match), token_in(match["variables"]), abandoned=True, waited_seconds=waited)


def read_connect(match: Match, node: NodeName) -> CallerServed | None:
    """None: neither caller nor seat is there any more to say whose it was."""
    uniqueid, token = _caller_of(match)
    if uniqueid is None:
        return None
    queue, interface, waited, channel = match.group("queue", "interface", "waited", "seat")
    seat_channel = None if channel is None else Uniqueid(channel.decode("ascii"))
    return CallerServed(node, _queue(queue), uniqueid, token, seat_of(interface.decode("ascii")), int(waited), seat_channel)


def read_complete(match: Match, node: NodeName) -> CallerDone | None:
    """None: as with `read_connect`."""
    uniqueid, token = _caller_of(match)
    if uniqueid is None:
        return None
    queue, interface, talked, how = match.group("queue", "interface", "talked", "how")
    return CallerDone(node, _queue(queue), uniqueid, token, seat_of(interface.decode("ascii")), int(talked), how.decode("ascii"))


def _caller_of(match: Match) -> tuple[Uniqueid | None, CallToken | None]:
    """The caller of an agent event. When his channel is gone, the seat's tells whose call it belongs to: the seat was called for
    him, so its linkedid is his channel."""
    uniqueid, variables = match.group("uniqueid", "variables")
    if uniqueid is None:
        uniqueid, variables = match.group("seat_linkedid", "seat_variables")
    if uniqueid is None:
        return None, None
    return Uniqueid(uniqueid.decode("ascii")), token_in(variables.replace(b"\r\nDest", b"\r\n"))


CALL_READERS: dict[bytes, Callable[[Match, NodeName], CallEvent | None]] = {
    b"Newchannel": read_began,
    b"Newstate": read_changed,
    b"Hangup": read_hangup,
    b"BridgeEnter": read_bridge_enter,
    b"BridgeLeave": read_bridge_leave,
    b"Hold": read_hold,
    b"Unhold": read_unhold,
    b"BlindTransfer": read_blind_transfer,
    b"QueueCallerJoin": read_join,
    b"QueueCallerLeave": read_leave,
    b"QueueCallerAbandon": read_abandon,
    b"AgentConnect": read_connect,
    b"AgentComplete": read_complete,
}


def _uniqueid(match: Match) -> Uniqueid:
    return Uniqueid(match["uniqueid"].decode("ascii"))


@lru_cache(maxsize=1024)
def _queue(name: bytes) -> QueueName:
    """The few queues of a site, each one object."""
    return QueueName(read_text(name))


def _endpoint(channel: bytes) -> SeatName:
    """Without the part that makes each channel's name another one, so that the few that are left are kept."""
    return _named(channel.rpartition(b"-")[0] or channel)


@lru_cache(maxsize=16_384)
def _named(channel: bytes) -> SeatName:
    return seat_of(read_text(channel))
