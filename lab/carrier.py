"""sipp as the carrier: callers who talk, callers who wait, new calls at a rate. Numbers are fictional and distinct."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lab import pcap, process, sound
from lab.layout import CARRIER, EDGE, HOTLINE, RUN, SIP_PORT, Net

FOLDER = RUN / "carrier"


class Audio(StrEnum):
    """What a caller sends."""

    FULL = "full"
    """50 packets a second, as a phone without silence suppression."""
    SPARSE = "sparse"
    """5 packets a second: like silence suppression; keeps the far phone's rtp_timeout quiet at a tenth of the cost."""
    NONE = "none"
    KEYS = "keys"
    """SPARSE, and the keys of `KEYS_PRESSED` as telephone-events."""


@dataclass(frozen=True, slots=True)
class Group:
    """Callers of one kind. `slot` (0–99) gives the group its ports and its block of numbers."""

    name: str
    slot: int
    calls: int
    rate: float
    hold_seconds: float
    audio: Audio
    service: str = HOTLINE
    """The number they dial."""
    known_as: str = ""
    """First digits of their numbers, where those must be known; else the group's own."""

    @property
    def number_prefix(self) -> str:
        """First digits of every caller's number in this group; the call's own number follows."""
        return self.known_as or f"5550{self.slot:02d}"

    @property
    def sip_port(self) -> int:
        """The group's own SIP port at the carrier."""
        return 5070 + self.slot

    @property
    def media_port(self) -> int:
        """First RTP port of the group (even); FULL streams count up from it."""
        return 20000 + 400 * self.slot


KEYS_PRESSED = ((1.0, 1), (2.5, 1), (3.0, 11))
"""Seconds after the answer, and the event: 11 is `#`."""
_EVENT = 101
_SPARSE_SECONDS = 0.2
_PACKET_BYTES = 160


def write_audio(folder: Path, hold_seconds: float) -> None:
    """Make the sound files: raw mu-law for FULL, a capture as long as the call for SPARSE."""
    folder.mkdir(parents=True, exist_ok=True)
    voice = sound.tone(2.0, 300, 410)
    (folder / "voice.ulaw").write_bytes(voice)
    with (folder / "keys.pcap").open("wb") as stream:
        pcap.write(stream, (pcap.Datagram(1e9 + wall, "127.0.0.1", 4000, "127.0.0.1", 4000, packet) for wall, packet in _pressed(voice)))
    count = round(hold_seconds / _SPARSE_SECONDS)
    with (folder / f"sparse-{hold_seconds:g}.pcap").open("wb") as stream:
        pcap.write(
            stream,
            (pcap.Datagram(1e9 + n * _SPARSE_SECONDS, "127.0.0.1", 4000, "127.0.0.1", 4000, _rtp(n, voice)) for n in range(count)),
        )


def _pressed(voice: bytes) -> list[tuple[float, bytes]]:
    """Half a minute of silence suppression with keys in it (RFC 4733): each with three packets while it is down, and three ends."""
    spoken = [(n * _SPARSE_SECONDS, 0, n * _SPARSE_SECONDS, voice[:_PACKET_BYTES]) for n in range(round(30 / _SPARSE_SECONDS))]
    for at, key in KEYS_PRESSED:
        for part in range(6):
            event = bytes([key, 0x8A if part >= 3 else 0x0A]) + (min(part + 1, 4) * 400).to_bytes(2)
            spoken.append((at + 0.02 * part + 0.001, _EVENT | (0x80 if part == 0 else 0), at, event))
    return [
        (wall, bytes([0x80, kind]) + number.to_bytes(2) + round(stamp * sound.RATE).to_bytes(4) + (0x0C711AB1).to_bytes(4) + payload)
        for number, (wall, kind, stamp, payload) in enumerate(sorted(spoken))
    ]


def _rtp(number: int, voice: bytes) -> bytes:
    stamp = round(number * _SPARSE_SECONDS * sound.RATE)
    head = bytes([0x80, 0x00]) + (number & 0xFFFF).to_bytes(2) + stamp.to_bytes(4) + (0x0C711AB1).to_bytes(4)
    return head + voice[:_PACKET_BYTES]


def render(group: Group, folder: Path) -> str:
    """Return the sipp scenario of one group."""
    play = {
        Audio.FULL: f'<nop><action><exec rtp_stream="{folder}/voice.ulaw,-1,0,PCMU/8000"/></action></nop>',
        Audio.SPARSE: (f'<nop><action><exec play_pcap_audio="{folder}/sparse-{group.hold_seconds:g}.pcap"/></action></nop>'),
        Audio.NONE: "",
        Audio.KEYS: f'<nop><action><exec play_pcap_audio="{folder}/keys.pcap"/></action></nop>',
    }[group.audio]
    port = "[rtpstream_audio_port]" if group.audio is Audio.FULL else "[media_port]"
    return (
        _SCENARIO.replace("@NAME@", group.name)
        .replace("@NUMBER@", group.number_prefix)
        .replace("@PORT@", port)
        .replace("@PLAY@", play)
        .replace("@EVENTS@", f" {_EVENT}\na=rtpmap:{_EVENT} telephone-event/8000" if group.audio is Audio.KEYS else "")
        .replace("@HOLD@", str(round(group.hold_seconds * 1000)))
    )


def start(group: Group) -> None:
    """Start placing the group's calls; returns at once."""
    write_audio(FOLDER, group.hold_seconds)
    scenario = FOLDER / f"{group.name}.xml"
    scenario.write_text(render(group, FOLDER))
    words = [
        "sipp",
        *("-sf", str(scenario), "-s", group.service, "-i", CARRIER.address(Net.SVC), "-p", str(group.sip_port)),
        *("-mp", str(group.media_port), "-m", str(group.calls), "-l", str(group.calls), "-r", f"{group.rate:g}"),
        # -aa: connected-line updates and the like are answered and do not end a call.
        *("-aa", "-nostdin", "-trace_err", "-error_file", str(FOLDER / f"{group.name}.err")),
        f"{EDGE.address(Net.SVC)}:{SIP_PORT}",
    ]
    process.start(_name(group), CARRIER, words, log=FOLDER / f"{group.name}.log")


def stop(group: Group) -> None:
    """End the group's callers at once, without BYE (their carrier fell over)."""
    process.stop(_name(group), with_signal=signal.SIGKILL)


def is_running(group: Group) -> bool:
    """Say whether some of the group's calls are still to be placed or up."""
    return process.find(_name(group)) is not None


def _name(group: Group) -> str:
    return f"sipp-{group.name}"


# The caller hangs up after the hold time, or accepts the other side's BYE.
_SCENARIO = """<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="@NAME@">
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:@NUMBER@[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:@NUMBER@[call_number]@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=carrier 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio @PORT@ RTP/AVP 0@EVENTS@
a=rtpmap:0 PCMU/8000
a=ptime:20

]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rtd="true" rrs="true"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From: <sip:@NUMBER@[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
@PLAY@
<recv request="BYE" timeout="@HOLD@" ontimeout="1"/>
<send next="2"><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
<label id="1"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From: <sip:@NUMBER@[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
<label id="2"/>
<nop/>
</scenario>
"""
