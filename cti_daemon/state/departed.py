"""Callers who hung up lately. The edge cannot cancel an INVITE that got no answer at all, and repeats it for 32 s: a server that
comes back within that time takes it, and has a caller join whom nobody is any more."""

from cti_daemon.model.ids import CallToken

OLD_INVITE_SECONDS = 40.0
LATE_SECONDS = 2.0
"""A node's events may come this much later than the edge's."""


class Departed:
    """By token, the oldest first."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: dict[CallToken, float] = {}

    def note(self, token: CallToken, at: float) -> None:
        """Take down that the edge has lost his leg."""
        self._at[token] = at

    def is_long_gone(self, token: CallToken, at: float) -> bool:
        """Did he hang up some time ago? (Not just now: his node may only be late to tell that he had joined.)"""
        return token in self._at and at - self._at[token] > LATE_SECONDS

    def sweep(self, at: float) -> None:
        """Forget whom no INVITE can be about any more."""
        while self._at and at - next(iter(self._at.values())) > OLD_INVITE_SECONDS:
            del self._at[next(iter(self._at))]
