"""Telephones that do more than the phone bank can: hold a caller, take the call back, transfer with REFER. sipp plays them.

They are reachable at a static contact (`office.DESKS`), each takes any number of calls, so the node's queue alone keeps them to
one. What a desk does with a call is drawn by sipp, from the chances given.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass

from lab import process
from lab.layout import PHONES, RUN, Net
from lab.office import DESK_PORT, TO_SUPPORT

NAME = "sipp-desks"
_FOLDER = RUN / "desks"


@dataclass(frozen=True, slots=True)
class Habit:
    """What desks do with a call they answered; chances of 0 to 1, seconds."""

    hold: float = 0.4
    refer: float = 0.3
    """Of those calls that are not held any more: transferred to `refer_to`."""
    refer_to: str = TO_SUPPORT
    talk_seconds: float = 2.0
    """Before and after each thing done; the desk hangs up in the end."""


def start(habit: Habit) -> None:
    """Start the desks; returns at once."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    scenario = _FOLDER / "desk.xml"
    scenario.write_text(render(habit))
    address = PHONES.address(Net.SVC)
    words = [
        *("sipp", "-sf", str(scenario), "-i", address, "-p", str(DESK_PORT), "-mp", "26000"),
        *("-aa", "-nostdin", "-rtp_echo", "-trace_err", "-error_file", str(_FOLDER / "desks.err")),
    ]
    process.start(NAME, PHONES, words, log=_FOLDER / "desks.log")


def stop() -> None:
    """Pull the plug of every desk."""
    process.stop(NAME, with_signal=signal.SIGKILL)


def render(habit: Habit) -> str:
    """Return the sipp scenario."""
    pause = f'<pause distribution="uniform" min="{round(habit.talk_seconds * 500)}" max="{round(habit.talk_seconds * 1500)}"/>\n'
    return (
        _HEAD
        + pause
        + _chance(habit.hold, "hold")
        + '<label id="1"/>\n'
        + _chance(habit.refer, "refer").replace('"hold"', '"refer"')
        + pause
        + _request("BYE", 4)
        + '<recv response="200" next="9"/>\n'
        + '<label id="2"/>\n'
        + _request("INVITE", 2, body=_SDP.replace("@WAY@", "sendonly"))
        + '<recv response="100" optional="true"/><recv response="200"/>\n'
        + _request("ACK", 2)
        + pause
        + _request("INVITE", 3, body=_SDP.replace("@WAY@", "sendrecv"))
        + '<recv response="100" optional="true"/><recv response="200"/>\n'
        + _request("ACK", 3)
        + '<nop next="1"/>\n'
        + '<label id="3"/>\n'
        + _request("REFER", 4, headers=f"Refer-To: <sip:{habit.refer_to}@media-server.invalid>\nReferred-By: <sip:desk@[local_ip]>\n")
        + '<recv response="202"/>\n<recv request="BYE" timeout="5000" ontimeout="4"/>\n'
        + _answer()
        + '<nop next="9"/>\n<label id="4"/>\n'
        + _request("BYE", 5)
        + '<recv response="200"/>\n<label id="9"/><nop/>\n</scenario>\n'
    )


def _chance(share: float, where: str) -> str:
    label = {"hold": 2, "refer": 3}[where]
    return f'<nop next="{label}" chance="{share:.3f}"/>\n'


def _request(method: str, number: int, *, headers: str = "", body: str = "") -> str:
    """One request inside the dialog, from us who were called."""
    content = f"Content-Type: application/sdp\nContent-Length: [len]\n\n{body}" if body else "Content-Length: 0\n"
    retrans = "" if method == "ACK" else ' retrans="500"'
    return (
        f"<send{retrans}><![CDATA[\n{method} [$uri] SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        "From:[$us];tag=[pid]d[call_number]\nTo:[$them]\nCall-ID: [call_id]\n"
        f"CSeq: {number} {method}\nContact: <sip:desk@[local_ip]:[local_port]>\nMax-Forwards: 70\n{headers}{content}\n]]></send>\n"
    )


def _answer() -> str:
    headers = "\n".join(f"[last_{name}:]" for name in ("Via", "From", "To", "Call-ID", "CSeq"))
    return f"<send><![CDATA[\nSIP/2.0 200 OK\n{headers}\nContent-Length: 0\n\n]]></send>\n"


_SDP = """v=0
o=desk 1 [call_number] IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=@WAY@
"""

_HEAD = (
    """<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="desk">
<recv request="INVITE"><action>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="them"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="us"/>
<ereg regexp="sip:[^>;]*" search_in="hdr" header="Contact:" assign_to="uri"/>
</action></recv>
<send><![CDATA[
SIP/2.0 180 Ringing
[last_Via:]
[last_From:]
[last_To:];tag=[pid]d[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:desk@[local_ip]:[local_port]>
Content-Length: 0

]]></send>
<pause distribution="uniform" min="200" max="1200"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]d[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:desk@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

"""
    + _SDP.replace("@WAY@", "sendrecv")
    + """
]]></send>
<recv request="ACK"/>
"""
)
