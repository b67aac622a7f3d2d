"""Is this block the node's own? A caller can write lines, and whole blocks, into an AMI stream; nothing is believed without this.

Proved is a block whose third line names the node's secret system name, whose keys are exactly the canonical ones in their order,
and whose channel ids begin with that name (docs: forged events). Everything else is refused, with the reason."""

import re

from cti_daemon.wire import ami_keys


class Proof:
    """One per node. `system_name` is the `systemname` of its asterisk.conf, unguessable."""

    __slots__ = ("_head", "_list", "_patterns", "_system_line")

    def __init__(self, system_name: str) -> None:
        name = system_name.encode("utf-8")
        if not re.fullmatch(rb"[\x21-\x7e]+", name):
            raise ValueError("a system name is visible ASCII without blanks")
        stream = ami_keys.stream_patterns(name)
        lists = ami_keys.list_patterns(name)
        self._patterns = {kind: re.compile(pattern) for kind, pattern in (stream | lists).items()}
        self._list = frozenset(lists)
        self._head = re.compile(ami_keys.head(rb"[^\r\n]+", name) + rb"(?:\r\n|\Z)")
        self._system_line = b"\r\nSystemName: " + name

    @property
    def stream_kinds(self) -> frozenset[bytes]:
        return frozenset(self._patterns) - self._list

    @property
    def list_kinds(self) -> frozenset[bytes]:
        return self._list

    def match(self, kind: bytes, block: bytes) -> re.Match[bytes] | None:
        """The whole block in its canonical form, or None. `kind` is one of ours."""
        return self._patterns[kind].fullmatch(block)

    def is_head_ours(self, block: bytes) -> bool:
        """Whether the lines before any text of others are the node's own."""
        return self._head.match(block) is not None

    def is_foreign_user_event(self, block: bytes) -> bool:
        """A site's own UserEvent: genuine head, none of our names in it. Not read, not a fault."""
        return self.is_head_ours(block) and b"\r\nUserEvent: Cti" not in block and b"\r\nUserEvent: " in block

    def fault(self, kind: bytes, block: bytes) -> str:
        """Why `match` said no: for people, so never with the block's text."""
        if kind not in self._list and not self.is_head_ours(block):
            return "no proof of origin: the system name is missing or wrong"
        keys = [line.partition(b":")[0] for line in block.split(b"\r\n")]
        doubles = sorted({k for k in keys if k != b"ChanVariable" and keys.count(k) > 1})
        if doubles:
            return f"repeated keys: {_named(doubles)}"
        if kind == b"UserEvent" and b"\r\nUserEvent: CtiDialog" in block:
            return "a dialog with keys or characters that are not allowed"
        return "keys or values are not the canonical ones of this kind"


def _named(keys: list[bytes]) -> str:
    """Keys come from strangers: only short plain ones are repeated to people."""
    plain = [k.decode("ascii") for k in keys if re.fullmatch(rb"[A-Za-z-]{1,32}", k)]
    return ", ".join(plain[:4]) or "unreadable"
