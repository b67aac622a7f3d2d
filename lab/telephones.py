"""Telephones of the public network: they ring once, answer, say nothing, and take the other side's BYE."""

from __future__ import annotations

from lab import process
from lab.carrier import FOLDER
from lab.layout import CARRIER, Net

NAME = "sipp-telephones"
PORT = 5099


def dial() -> str:
    """Return the channel by which the edge rings one of them, as the daemon's `[callback] dial` has it."""
    return f"PJSIP/carrier/sip:{{number}}@{CARRIER.address(Net.SVC)}:{PORT}"


def start() -> None:
    """Begin to answer; returns at once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    scenario = FOLDER / "telephones.xml"
    scenario.write_text(_SCENARIO)
    words = ["sipp", "-sf", str(scenario), "-i", CARRIER.address(Net.SVC), "-p", str(PORT), "-mp", "40000", "-aa", "-nostdin"]
    process.start(NAME, CARRIER, [*words, "-trace_err", "-error_file", str(FOLDER / "telephones.err")], log=FOLDER / "telephones.log")


def stop() -> None:
    """End them."""
    process.stop(NAME)


_SCENARIO = """<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="telephones">
<recv request="INVITE" crlf="true"/>
<send><![CDATA[
SIP/2.0 180 Ringing
[last_Via:]
[last_From:]
[last_To:];tag=[pid]t[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Length: 0

]]></send>
<pause milliseconds="700"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]t[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=telephone 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=ptime:20

]]></send>
<recv request="ACK" rtd="true"/>
<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""
