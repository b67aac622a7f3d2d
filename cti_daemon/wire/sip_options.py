"""SIP OPTIONS (RFC 3261): the question we ask a node, and whether a datagram is an answer to it. Nothing else of SIP."""

import re
from dataclasses import dataclass

_MOST_BYTES = 8192
_STATUS = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2}) [^\r\n]*")
_BRANCH = re.compile(rb";\s*branch\s*=\s*([^\s;,]+)", re.IGNORECASE)
_NAMES = {b"v": b"via", b"i": b"call-id"}


@dataclass(frozen=True, slots=True)
class Question:
    """What makes an OPTIONS ours: a Call-ID, a number, and a branch that nobody can guess."""

    call_id: str
    cseq: int
    branch: str


def encode_options(question: Question, target: str, local: str) -> bytes:
    """The datagram. `target` and `local` are host:port."""
    host = local.rpartition(":")[0]
    return (
        f"OPTIONS sip:{target} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {local};rport;branch=z9hG4bK{question.branch}\r\n"
        "Max-Forwards: 70\r\n"
        f"From: <sip:cti-daemon@{host}>;tag={question.branch[:16]}\r\n"
        f"To: <sip:{target}>\r\n"
        f"Call-ID: {question.call_id}\r\n"
        f"CSeq: {question.cseq} OPTIONS\r\n"
        f"Contact: <sip:cti-daemon@{local}>\r\n"
        "User-Agent: cti-daemon\r\n"
        "Content-Length: 0\r\n"
        "\r\n"
    ).encode("ascii")


def read_answer(datagram: bytes) -> tuple[int, Question] | None:
    """Status and the question it answers; None for anything that is not a response to an OPTIONS."""
    if len(datagram) > _MOST_BYTES:
        return None
    first, *lines = datagram.partition(b"\r\n\r\n")[0].split(b"\r\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        return None
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        headers.setdefault(_NAMES.get(name, name), value.strip())  # the topmost Via is ours
    branch = _BRANCH.search(headers.get(b"via", b""))
    number, _, method = headers.get(b"cseq", b"").partition(b" ")
    if branch is None or method.strip() != b"OPTIONS" or not re.fullmatch(rb"[0-9]{1,10}", number):
        return None
    try:
        call_id = headers.get(b"call-id", b"").decode("ascii")
        cookie = branch[1].decode("ascii").removeprefix("z9hG4bK")
    except UnicodeDecodeError:
        return None
    return int(status[1]), Question(call_id, int(number), cookie)
