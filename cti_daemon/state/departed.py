"""Callers who hung up lately. The edge cannot cancel an INVITE that got no answer at all, and repeats it for 32 s: a server that
comes back within that time takes it, and has a caller join whom nobody is any more."""

from cti_daemon.model.ids import CallToken, NodeName

OLD_INVITE_SECONDS = 40.0
LATE_SECONDS = 2.0
"""A node's events may come this much later than the edge's."""


class Departed:
    """By token, the oldest first."""

    __slots__ = ("_gone",)

    def __init__(self) -> None:
        self._gone: dict[CallToken, tuple[float, NodeName | None]] = {}

    def note(self, token: CallToken, at: float, node: NodeName | None) -> None:
        """Take down that the edge has lost his leg, and which node had it; None: it was on its way to another one."""
        self._gone[token] = at, node

    def is_nobody(self, token: CallToken, node: NodeName, at: float) -> bool:
        """Is it an old INVITE that `node` has taken for him? It is one if he hung up while he was with another node, or some time ago.
        (Not just now: his node may only be late to tell that he had joined.)"""
        if token not in self._gone:
            return False
        gone_at, last = self._gone[token]
        return at - gone_at > LATE_SECONDS or last not in {None, node}

    def sweep(self, at: float) -> None:
        """Forget whom no INVITE can be about any more."""
        while self._gone and at - next(iter(self._gone.values()))[0] > OLD_INVITE_SECONDS:
            del self._gone[next(iter(self._gone))]
