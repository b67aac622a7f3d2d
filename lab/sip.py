"""Just enough of SIP to judge a capture: start line, headers by name, body."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Compact forms that Asterisk or sipp could use.
_COMPACT = {"i": "call-id", "f": "from", "t": "to", "v": "via", "m": "contact", "l": "content-length"}
_USER = re.compile(r"sips?:([^@;>]*)@")
_AUDIO = re.compile(rb"^m=audio (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SipMessage:
    """A request (`method`, `status` 0) or a response (`status`, `method` of its CSeq)."""

    method: str
    status: int
    uri: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_request(self) -> bool:
        """Say whether this is a request."""
        return self.status == 0

    @property
    def call_id(self) -> str:
        """Call-ID, or empty."""
        return self.headers.get("call-id", "")

    @property
    def audio_port(self) -> int | None:
        """Port of the first audio stream in the SDP body."""
        found = _AUDIO.search(self.body)
        return int(found[1]) if found else None

    def user(self, header: str) -> str:
        """Return the user part of a header's (or the request's own, header `uri`) SIP address."""
        found = _USER.search(self.uri if header == "uri" else self.headers.get(header, ""))
        return found[1] if found else ""

    @property
    def is_first(self) -> bool:
        """Say whether this is a request outside of a dialog (its To has no tag)."""
        return ";tag=" not in self.headers.get("to", "")


def parse(payload: bytes) -> SipMessage | None:
    """Return the message, or None for anything that is not SIP (keep-alives)."""
    head, _, body = payload.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "replace").split("\r\n")
    first = lines[0].split(" ", 2)
    if len(first) < 3:
        return None
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if colon:
            headers.setdefault(_COMPACT.get(name, name), value.strip())
    if first[0] == "SIP/2.0":
        return SipMessage(headers.get("cseq", " ").split(" ")[-1], int(first[1]), "", headers, body)
    if first[2] != "SIP/2.0":
        return None
    return SipMessage(first[0], 0, first[1], headers, body)
