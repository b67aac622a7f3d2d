"""What really happened, from the captures alone: calls at the carrier, dialogs at the phones, holes in the audio.

All instants are wall times of the capture's clock, the same that `lab.faults` returns.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from lab import pcap, sip
from lab.layout import CARRIER, EDGE, NODES, PHONES, Net

SILENCE_SECONDS = 0.06
"""Three packets missing: a person hears that."""
_NODE_OF = {node.address(net): node.name for node in NODES for net in Net}


@dataclass(slots=True)
class Call:
    """One call as the carrier saw it."""

    call_id: str
    number: str
    invited_wall: float
    answered_wall: float | None = None
    refused_status: int | None = None
    ended_wall: float | None = None
    ended_by: str | None = None
    """`carrier` (the caller hung up) or `edge` (we ended it)."""
    edge_port: int | None = None
    """RTP port at the edge: names the call in the audio capture, stays through a redirect."""

    def is_up(self, wall: float) -> bool:
        """Say whether the call was answered and not ended at that instant."""
        return self.answered_wall is not None and self.answered_wall <= wall and not self.is_over(wall)

    def is_over(self, wall: float) -> bool:
        """Say whether the call had ended at that instant."""
        return self.ended_wall is not None and self.ended_wall <= wall


@dataclass(slots=True)
class Dialog:
    """One call leg at a phone, as the phone saw it."""

    call_id: str
    token: str
    number: str
    seat: str
    node: str
    replaces: bool
    invited_wall: float
    answered_wall: float | None = None
    refused_status: int | None = None
    ended_wall: float | None = None
    ended_by: str | None = None
    """`node`, or `phone` (the person, or a Replaces, hung up)."""

    def is_up(self, wall: float) -> bool:
        """Say whether the agent was connected by this dialog at that instant."""
        return self.answered_wall is not None and self.answered_wall <= wall and (self.ended_wall is None or self.ended_wall > wall)


@dataclass(slots=True)
class Audio:
    """Arrival times of RTP at the carrier, by the edge's source port."""

    arrivals: dict[int, list[float]] = field(default_factory=dict)

    def hole(self, port: int, from_wall: float, until_wall: float) -> float | None:
        """Return the longest silence (seconds) that overlaps the window; None when the port never sent.

        Silence that lasts to the end of the window counts up to that end.
        """
        times = self.arrivals.get(port)
        if not times:
            return None
        first = max(bisect_left(times, from_wall) - 1, 0)
        inside = [*times[first : bisect_right(times, until_wall)], until_wall]
        return max((b - a for a, b in pairwise(inside)), default=None)

    def sound_again(self, port: int, from_wall: float, until_wall: float) -> float | None:
        """Return when the first silence that ends after `from_wall` ended; None when there was none, or it lasted until the end."""
        times = self.arrivals.get(port, [])
        window = times[max(bisect_left(times, from_wall) - 1, 0) : bisect_right(times, until_wall)]
        return next((b for a, b in pairwise(window) if b - a > SILENCE_SECONDS), None)

    def count(self, port: int, from_wall: float, until_wall: float) -> int:
        """Return the packets that arrived in the window."""
        times = self.arrivals.get(port, [])
        return bisect_right(times, until_wall) - bisect_left(times, from_wall)


Seen = tuple[pcap.Datagram, sip.SipMessage]


def _messages(path: Path) -> Iterable[Seen]:
    with path.open("rb") as stream:
        for datagram in pcap.read(stream):
            message = sip.parse(datagram.payload)
            if message is not None:
                yield datagram, message


def read_calls(path: Path) -> dict[str, Call]:
    """Return the carrier's calls by Call-ID."""
    calls: dict[str, Call] = {}
    carrier = CARRIER.address(Net.SVC)
    for datagram, message in _messages(path):
        outward = datagram.source == carrier
        call = calls.get(message.call_id)
        if call is None:
            if outward and message.is_request and message.method == "INVITE":
                calls[message.call_id] = Call(message.call_id, message.user("from"), datagram.wall)
            continue
        if message.is_request:
            if message.method == "BYE" and call.ended_wall is None:
                call.ended_wall, call.ended_by = datagram.wall, "carrier" if outward else "edge"
        elif message.method == "INVITE" and not outward:
            call.edge_port = message.audio_port or call.edge_port
            if 200 <= message.status < 300:
                call.answered_wall = call.answered_wall or datagram.wall
            elif message.status >= 300:
                call.refused_status = message.status
    return calls


def read_dialogs(path: Path) -> list[Dialog]:
    """Return the phones' dialogs in order of their INVITE."""
    dialogs: dict[str, Dialog] = {}
    phones = PHONES.address(Net.SVC)
    for datagram, message in _messages(path):
        outward = datagram.source == phones
        dialog = dialogs.get(message.call_id)
        if dialog is None:
            if not outward and message.is_request and message.method == "INVITE":
                dialogs[message.call_id] = Dialog(
                    message.call_id,
                    message.headers.get("x-cti-call", ""),
                    message.user("from"),
                    message.user("uri"),
                    _NODE_OF.get(datagram.source, datagram.source),
                    "replaces" in message.headers,
                    datagram.wall,
                )
            continue
        if message.is_request:
            if message.method == "BYE" and dialog.ended_wall is None:
                dialog.ended_wall, dialog.ended_by = datagram.wall, "phone" if outward else "node"
        elif message.method == "INVITE" and outward:
            if 200 <= message.status < 300:
                dialog.answered_wall = dialog.answered_wall or datagram.wall
            elif message.status >= 300:
                dialog.refused_status = message.status
    return list(dialogs.values())


def read_audio(path: Path) -> Audio:
    """Return when RTP of the edge reached the carrier."""
    arrivals: defaultdict[int, list[float]] = defaultdict(list)
    edge = EDGE.address(Net.SVC)
    with path.open("rb") as stream:
        for datagram in pcap.read(stream):
            # Payload type 0 in the second byte: RTP with PCMU, no RTCP.
            if datagram.source == edge and len(datagram.payload) >= 12 and datagram.payload[1] & 0x7F == 0:
                arrivals[datagram.source_port].append(datagram.wall)
    for times in arrivals.values():
        times.sort()
    return Audio(dict(arrivals))


def seat_at(dialogs: Sequence[Dialog], number: str, wall: float, *, except_node: str = "") -> Dialog | None:
    """Return the dialog by which this caller was with an agent at that instant."""
    found = None
    for dialog in dialogs:
        if dialog.number == number and dialog.node != except_node and dialog.is_up(wall):
            found = dialog
    return found


def first_answer_after(calls: Iterable[Call], wall: float) -> Call | None:
    """Return, of the calls *placed* after that instant, the one that was answered first."""
    later = [call for call in calls if call.invited_wall >= wall and call.answered_wall is not None]
    return min(later, key=lambda call: call.answered_wall or 0.0, default=None)
