"""AMI blocks as words: the reply to an action, and the few places where a block is read key by key."""

from dataclasses import dataclass, field

from cti_daemon.model.reasons import Result

_ACTION_ID = b"ActionID: "
_NO_CHANNEL = ("channel does not exist", "no such channel", "redirect failed, channel not up")  # the last: it is being hung up


@dataclass(frozen=True, slots=True)
class Reply:
    """How an action ended. `UNKNOWN`: no answer came in time, so nobody knows whether it was done."""

    result: Result
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def value(self) -> str:
        """The answer of a Getvar."""
        return self.headers.get("Value", "")


def read_text(value: bytes) -> str:
    """Lossless: what is not UTF-8 survives as surrogates and is encoded back to the same bytes."""
    return value.decode("utf-8", "surrogateescape")


def read_headers(block: bytes) -> list[tuple[str, str]]:
    """Every header in order, repeated keys kept. A line without a colon is a key with an empty value."""
    pairs: list[tuple[str, str]] = []
    for line in block.split(b"\r\n"):
        key, _, value = line.partition(b":")
        pairs.append((read_text(key), read_text(value.removeprefix(b" "))))
    return pairs


def action_id_of(response: bytes) -> str | None:
    """The ActionID of a response block. Only the second line counts: Asterisk puts it there, before any text of others."""
    _, _, rest = response.partition(b"\r\n")
    if not rest.startswith(_ACTION_ID):
        return None
    return read_text(rest[len(_ACTION_ID) :].partition(b"\r\n")[0])


def read_response(block: bytes) -> Reply:
    """A `Response:` block as a reply. The first of repeated keys counts."""
    headers: dict[str, str] = {}
    for key, value in read_headers(block):
        headers.setdefault(key, value)
    message = headers.get("Message", "")
    if headers.get("Response") in {"Success", "Goodbye", "Follows"}:
        return Reply(Result.DONE, message, headers)
    gone = message.lower().startswith(_NO_CHANNEL)
    return Reply(Result.GONE if gone else Result.FAILED, message, headers)
