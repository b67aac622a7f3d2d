"""The callers of a mixed run: sipp again, but each caller has a stay of his own, drawn beforehand from the seed.

A caller hangs up when his time is over, whatever happens to him then: in the queue that is an abandonment, with a seat the end of
the conversation. Some put the other side on hold for a while.
"""

from __future__ import annotations

import random
import signal
from dataclasses import dataclass

from lab import carrier, process
from lab.carrier import Audio, Group
from lab.layout import CARRIER, EDGE, HOTLINE, SIP_PORT, Net
from lab.office import SUPPORT_NUMBER

_LONGEST_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Temper:
    """A kind of caller: its share of all, the bounds of a stay in seconds, and whether such callers hold."""

    name: str
    share: float
    shortest_seconds: float
    longest_seconds: float
    holds: bool = False


TEMPERS = (
    Temper("hasty", 0.2, 0.4, 4.0),
    Temper("usual", 0.5, 4.0, 14.0),
    Temper("patient", 0.2, 12.0, 35.0),
    Temper("holder", 0.1, 8.0, 20.0, holds=True),
)
NUMBERS = ((HOTLINE, 0.75), (SUPPORT_NUMBER, 0.25))


@dataclass(frozen=True, slots=True)
class Part:
    """One sipp: callers of one temper for one number. `group` names its ports and its block of numbers."""

    group: Group
    temper: Temper
    stays_seconds: tuple[float, ...]


def plan(calls: int, rate: float, seed: int, *, first_slot: int = 10) -> list[Part]:
    """Return the parts of a crowd of exactly `calls` callers, `rate` of them a second."""
    draw = random.Random(seed)
    kinds = [(temper, number, share * temper.share) for number, share in NUMBERS for temper in TEMPERS]
    counts = [int(calls * share) for _, _, share in kinds]
    for index in range(calls - sum(counts)):
        counts[index % len(counts)] += 1
    parts = []
    for slot, ((temper, number, _), count) in enumerate(zip(kinds, counts, strict=True), first_slot):
        name = f"{temper.name}-{number}"
        group = Group(name, slot, count, rate * count / calls, _LONGEST_SECONDS, Audio.SPARSE, number)
        stays = tuple(round(draw.uniform(temper.shortest_seconds, temper.longest_seconds), 3) for _ in range(count))
        if count:
            parts.append(Part(group, temper, stays))
    return parts


def start(part: Part) -> None:
    """Start placing the part's calls; returns at once."""
    group = part.group
    carrier.write_audio(carrier.FOLDER, group.hold_seconds)
    scenario, stays = carrier.FOLDER / f"{group.name}.xml", carrier.FOLDER / f"{group.name}.csv"
    scenario.write_text(render(part))
    stays.write_text("SEQUENTIAL\n" + "".join(f"{round(seconds * 1000)};\n" for seconds in part.stays_seconds))
    words = [
        *("sipp", "-sf", str(scenario), "-inf", str(stays), "-s", group.service),
        *("-i", CARRIER.address(Net.SVC), "-p", str(group.sip_port), "-mp", str(group.media_port)),
        *("-m", str(group.calls), "-l", str(group.calls), "-r", f"{group.rate:g}"),
        *("-aa", "-nostdin", "-trace_err", "-error_file", str(carrier.FOLDER / f"{group.name}.err")),
        f"{EDGE.address(Net.SVC)}:{SIP_PORT}",
    ]
    process.start(_name(part), CARRIER, words, log=carrier.FOLDER / f"{group.name}.log")


def is_running(part: Part) -> bool:
    """Say whether some of the part's calls are still to be placed or up."""
    return process.find(_name(part)) is not None


def stop(part: Part) -> None:
    """End the part's callers at once, without BYE."""
    process.stop(_name(part), with_signal=signal.SIGKILL)


def _name(part: Part) -> str:
    return f"sipp-{part.group.name}"


def render(part: Part) -> str:
    """Return the scenario: the carrier's own up to the conversation, then this crowd's."""
    talking, ending = carrier.render(part.group, carrier.FOLDER).split('<recv request="BYE"', 1)
    stay = (
        '<nop><action><assignstr assign_to="text" value="[field0]"/><todouble assign_to="stay" variable="text"/></action></nop>\n'
        '<pause variable="stay"/>\n'
    )
    hold = _HOLD.replace("@NUMBER@", part.group.number_prefix) if part.temper.holds else ""
    # Whatever comes while the caller waits out his time (a BYE, above all) is sipp's own to answer.
    return talking + hold + stay + ending[ending.index('<label id="1"/>') :].replace("CSeq: 2 BYE", "CSeq: 9 BYE")


def _in_dialog(method: str, number: int, way: str) -> str:
    body = (
        "Content-Type: application/sdp\nContent-Length: [len]\n\n"
        "v=0\no=carrier 1 [call_number] IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 0\n"
        f"a=rtpmap:0 PCMU/8000\na={way}\n"
    )
    retrans = ' retrans="500"' if way else ""
    return (
        f"<send{retrans}><![CDATA[\n{method} [next_url] SIP/2.0\nVia: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        "[routes]\nFrom: <sip:@NUMBER@[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]\n[last_To:]\nCall-ID: [call_id]\n"
        f"CSeq: {number} {method}\nContact: <sip:@NUMBER@[call_number]@[local_ip]:[local_port]>\nMax-Forwards: 70\n"
        f"{body if way else 'Content-Length: 0' + chr(10)}\n]]></send>\n"
    )


def _hold() -> str:
    answered = '<recv response="100" optional="true"/>\n<recv response="200"/>\n'
    steps = ['<pause milliseconds="2500"/>\n']
    for number, way in ((2, "sendonly"), (3, "sendrecv")):
        steps += [_in_dialog("INVITE", number, way), answered, _in_dialog("ACK", number, ""), '<pause milliseconds="2000"/>\n']
    return "".join(steps)


_HOLD = _hold()
