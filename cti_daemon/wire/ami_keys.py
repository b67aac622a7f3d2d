"""The canonical keys of AMI blocks, in Asterisk's order, as patterns. Learnt from Asterisk 22.10.1 (binaries and streams).

A caller's number can carry CR LF and so break into lines of its own. Each pattern is the whole block: exactly these keys, in
this order, none twice, nothing between and nothing after, closed values in their closed shapes. `CallerIDNum`, `Exten` and
`AccountCode` are the raw ones; whatever they inject makes the match fail."""

import re

TEXT = rb"[^\r\n]*+"
NUMBER = rb"-?[0-9]{1,18}"
FLAG = rb"[01]"
NAME = rb"[0-9A-Za-z][0-9A-Za-z_.-]{0,62}"
WORD = rb"[\x21-\x7e]{1,256}"
SOME = rb"[^\r\n]++"
DIALOG_WORD = rb"[!%&'()*+./:=?@_~0-9A-Za-z-]{1,255}"  # safe in a header, in a dialplan variable and behind ';'


def line(key: bytes, value: bytes = TEXT) -> bytes:
    """One header line. Every line but the first begins with the CR LF that ends the one before."""
    return rb"\r\n" + re.escape(key) + b": " + value


def optional(pattern: bytes) -> bytes:
    return b"(?:" + pattern + b")?"


def group(name: str, value: bytes) -> bytes:
    return b"(?P<" + name.encode("ascii") + b">" + value + b")"


def head(kind: bytes, system_name: bytes) -> bytes:
    """The lines that Asterisk writes before any text of others: `SystemName` proves whose block this is.
    `timestampevents` and manager debug add lines of their own here."""
    return (
        b"Event: "
        + kind
        + line(b"Privilege", rb"[a-z,]+")
        + optional(line(b"Timestamp", rb"[0-9.]+"))
        + optional(line(b"SequenceNumber", NUMBER) + line(b"File") + line(b"Line", NUMBER) + line(b"Func"))
        + line(b"SystemName", re.escape(system_name))
    )


def channel(system_name: bytes) -> bytes:
    """A channel snapshot with its configured variables (`channelvars`). Groups: channel, state, uniqueid, linkedid, variables."""
    own_id = own_uniqueid(system_name)
    return (
        line(b"Channel", group("channel", SOME))
        + line(b"ChannelState", group("state", NUMBER))
        + line(b"ChannelStateDesc", rb"[0-9A-Za-z() -]+")
        + line(b"CallerIDNum")
        + line(b"CallerIDName")
        + line(b"ConnectedLineNum")
        + line(b"ConnectedLineName")
        + line(b"Language")
        + line(b"AccountCode")
        + line(b"Context")
        + line(b"Exten")
        + line(b"Priority", NUMBER)
        + line(b"Uniqueid", group("uniqueid", own_id))
        + line(b"Linkedid", group("linkedid", own_id))
        + group("variables", b"(?:" + line(b"ChanVariable") + b")*+")
    )


def other_channel(prefix: bytes, system_name: bytes, name: str) -> bytes:
    """The snapshot of a further channel of the same event, its keys prefixed (`Dest…`, `Transferee…`). Groups: `name` (its
    Uniqueid), and with `_linkedid` and `_variables` behind that name."""
    own_id = own_uniqueid(system_name)
    texts = (b"CallerIDNum", b"CallerIDName", b"ConnectedLineNum", b"ConnectedLineName", b"Language", b"AccountCode", b"Context", b"Exten")
    return (
        line(prefix + b"Channel", SOME)
        + line(prefix + b"ChannelState", NUMBER)
        + line(prefix + b"ChannelStateDesc", rb"[0-9A-Za-z() -]+")
        + b"".join(line(prefix + key) for key in texts)
        + line(prefix + b"Priority", NUMBER)
        + line(prefix + b"Uniqueid", group(name, own_id))
        + line(prefix + b"Linkedid", group(f"{name}_linkedid", own_id))
        + group(f"{name}_variables", b"(?:" + line(prefix + b"ChanVariable") + b")*+")
    )


def own_uniqueid(system_name: bytes) -> bytes:
    return re.escape(system_name) + rb"-[0-9]+\.[0-9]+"


def bridge() -> bytes:
    """Groups: bridge, bridge_type, members."""
    return (
        line(b"BridgeUniqueid", group("bridge", rb"[\x21-\x7e]+"))
        + line(b"BridgeType", group("bridge_type", rb"[a-z]*"))
        + line(b"BridgeTechnology", rb"[a-z_]*")
        + line(b"BridgeCreator")
        + line(b"BridgeName")
        + line(b"BridgeNumChannels", group("members", NUMBER))
        + line(b"BridgeVideoSourceMode", rb"[a-z]*")
        + optional(line(b"BridgeVideoSource"))
    )


def member(name: bytes, interface: bytes, ringinuse: bytes) -> bytes:
    """A queue member; events and status rows name two keys differently. Groups: queue, name, interface, state_interface, kind,
    penalty, last_call, in_call, status, paused, reason, wrap_up; in events ringinuse."""
    return (
        line(b"Queue", group("queue", SOME))
        + line(name, group("name", TEXT))
        + line(interface, group("interface", WORD))
        + line(b"StateInterface", group("state_interface", TEXT))
        + line(b"Membership", group("kind", rb"static|dynamic|realtime"))
        + line(b"Penalty", group("penalty", NUMBER))
        + line(b"CallsTaken", NUMBER)
        + line(b"LastCall", group("last_call", NUMBER))
        + line(b"LastPause", NUMBER)
        + line(b"LoginTime", NUMBER)
        + line(b"InCall", group("in_call", FLAG))
        + line(b"Status", group("status", rb"[0-9]"))
        + line(b"Paused", group("paused", FLAG))
        + line(b"PausedReason", group("reason", TEXT))
        + ringinuse
        + line(b"Wrapuptime", group("wrap_up", NUMBER))
    )


def user_events() -> bytes:
    """The UserEvents that are ours. Groups: route_node; test_node; seat_test; seat, call_id, to_tag, from_tag; unserved (a queue), status;
    fault; talk; outside (a seat), outcome; survey (a queue), grade; recording; nonce."""
    return (
        b"(?:"
        + line(b"UserEvent", b"CtiRoute")
        + line(b"Node", group("route_node", NAME))
        + b"|"
        + line(b"UserEvent", b"CtiTest")
        + line(b"Node", group("test_node", NAME))
        + b"|"
        + line(b"UserEvent", b"CtiSeatTest")
        + line(b"Said", group("seat_test", rb"answered"))
        + b"|"
        + line(b"UserEvent", b"CtiDialog")
        + line(b"Seat", group("seat", NAME))
        + line(b"CallId", group("call_id", DIALOG_WORD))
        + line(b"ToTag", group("to_tag", DIALOG_WORD))
        + line(b"FromTag", group("from_tag", DIALOG_WORD))
        + b"|"
        + line(b"UserEvent", b"CtiUnserved")
        + line(b"Queue", group("unserved", SOME))
        + line(b"Status", group("status", rb"[A-Z]{1,32}"))
        + b"|"
        + line(b"UserEvent", group("fault", b"CtiFault"))
        + b"|"
        + line(b"UserEvent", group("talk", b"CtiTalk"))
        + b"|"
        + line(b"UserEvent", b"CtiOutside")
        + line(b"Seat", group("outside", NAME))
        + line(b"Outcome", group("outcome", rb"[A-Z]{1,32}"))
        + b"|"
        + line(b"UserEvent", b"CtiSurvey")
        + line(b"Queue", group("survey", SOME))
        + line(b"Grade", group("grade", rb"[0-5]"))
        + b"|"
        + line(b"UserEvent", b"CtiRecording")
        + line(b"State", group("recording", rb"on|off"))
        + b"|"
        + line(b"UserEvent", b"CtiHeartbeat")
        + optional(line(b"ActionID", WORD))
        + line(b"Nonce", group("nonce", rb"[0-9a-f]{8,64}"))
        + b")"
    )


def call_bodies(system_name: bytes) -> dict[bytes, bytes]:
    """Channels and queue callers. Groups besides the channel's: bridge, cause; result, transferee; queue, position, waited, interface,
    talked, how."""
    one_channel = channel(system_name)
    queue = line(b"Queue", group("queue", SOME))
    position = line(b"Position", group("position", NUMBER))
    agent = optional(one_channel) + optional(other_channel(b"Dest", system_name, "seat")) + queue  # who is gone is left out
    agent += line(b"Interface", group("interface", WORD)) + line(b"MemberName")
    hold_time = line(b"HoldTime", group("waited", NUMBER))
    return {
        b"Newchannel": one_channel,
        b"Newstate": one_channel,
        b"Hangup": one_channel + line(b"Cause", group("cause", NUMBER)) + line(b"Cause-txt") + optional(line(b"TechCause", NUMBER)),
        b"BridgeEnter": bridge() + one_channel + optional(line(b"SwapUniqueid")),
        b"BridgeLeave": bridge() + one_channel,
        b"Hold": one_channel + optional(line(b"MusicClass")),
        b"Unhold": one_channel,
        b"BlindTransfer": line(b"Result", group("result", rb"[A-Za-z ]+"))
        + other_channel(b"Transferer", system_name, "transferer")
        + optional(other_channel(b"Transferee", system_name, "transferee"))
        + optional(bridge())
        + line(b"IsExternal", rb"(?:Yes|No)")
        + line(b"Context")
        + line(b"Extension"),
        b"QueueCallerJoin": one_channel + queue + position + line(b"Count", NUMBER),
        b"QueueCallerLeave": one_channel + queue + position + line(b"Count", NUMBER),
        b"QueueCallerAbandon": one_channel + queue + position + line(b"OriginalPosition", NUMBER) + hold_time,
        b"AgentConnect": agent + hold_time + line(b"RingTime", NUMBER),
        b"AgentComplete": agent + hold_time + line(b"TalkTime", group("talked", NUMBER)) + line(b"Reason", group("how", rb"[a-z]+")),
    }


def stream_patterns(system_name: bytes) -> dict[bytes, bytes]:
    """Events that are read from the stream, and some that are only proved because callers' text shows in them first."""
    one_channel = channel(system_name)
    bodies = call_bodies(system_name) | {
        b"Shutdown": line(b"Shutdown", rb"[A-Za-z]+") + line(b"Restart", rb"[A-Za-z]+"),
        b"UserEvent": optional(one_channel) + user_events(),
        b"MixMonitorStart": one_channel,
        b"MixMonitorStop": one_channel,
    }
    bodies |= dict.fromkeys(
        (
            b"QueueMemberAdded",
            b"QueueMemberRemoved",
            b"QueueMemberPause",
            b"QueueMemberPenalty",
            b"QueueMemberStatus",
            b"QueueMemberRinginuse",
        ),
        member(b"MemberName", b"Interface", line(b"Ringinuse", group("ringinuse", FLAG))),
    )
    return {kind: head(kind, system_name) + body for kind, body in bodies.items()}


def list_patterns(system_name: bytes) -> dict[bytes, bytes]:
    """Items and ends of list answers. Group: action (the ActionID)."""
    action = line(b"ActionID", group("action", WORD))
    complete = action + line(b"EventList", b"Complete") + line(b"ListItems", group("items", NUMBER))
    bodies = {
        b"QueueParams": line(b"Queue", group("queue", SOME))
        + line(b"Max", NUMBER)
        + line(b"Strategy", rb"[a-z]+")
        + line(b"Calls", NUMBER)
        + line(b"Holdtime", NUMBER)
        + line(b"TalkTime", NUMBER)
        + line(b"Completed", group("completed", NUMBER))
        + line(b"Abandoned", group("abandoned", NUMBER))
        + line(b"ServiceLevel", NUMBER)
        + line(b"ServicelevelPerf", rb"[0-9.na-]+")
        + line(b"ServicelevelPerf2", rb"[0-9.na-]+")
        + line(b"Weight", NUMBER)
        + action,
        b"QueueMember": member(b"Name", b"Location", group("ringinuse", b"")) + action,
        b"QueueEntry": line(b"Queue", group("queue", SOME))
        + line(b"Position", group("position", NUMBER))
        + line(b"Channel", SOME)
        + line(b"Uniqueid", group("uniqueid", own_uniqueid(system_name)))
        + line(b"CallerIDNum")
        + line(b"CallerIDName")
        + line(b"ConnectedLineNum")
        + line(b"ConnectedLineName")
        + line(b"Wait", group("wait", NUMBER))
        + line(b"Priority", NUMBER)
        + action,
        b"QueueStatusComplete": complete,
        b"CoreShowChannel": action
        + channel(system_name)
        + line(b"Application", group("application", TEXT))
        + line(b"ApplicationData", group("application_data", TEXT))
        + line(b"Duration", rb"[0-9:]+")
        + line(b"BridgeId", group("bridge", rb"[0-9A-Za-z-]*")),
        b"CoreShowChannelsComplete": complete,
    }
    return {kind: b"Event: " + kind + body for kind, body in bodies.items()}
