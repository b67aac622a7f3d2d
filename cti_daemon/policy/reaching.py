"""Who is told next: one notice on its way to a role.

Everybody of the role is told, each over his channels in order until one takes the message; whoever no channel reaches is stood
in for by his deputies. No channel is used twice for the same person: a try whose end nobody knows may have been delivered, so the
next channel has its turn."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from cti_daemon.model.contacts import Channel
from cti_daemon.model.plan_effects import Notified, Notify
from cti_daemon.state.contact_book import ContactBook


class TryResult(StrEnum):
    """How one try on one channel ended."""

    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"  # over its deadline, or we were restarted in the middle: perhaps delivered


class Try(NamedTuple):
    """One try: `place` is that of the channel among the person's."""

    person: str
    place: int
    channel: Channel


class Tried(NamedTuple):
    """A try that was begun; `result` None: nobody wrote down how it ended."""

    person: str
    place: int
    via: str
    result: TryResult | None
    reason: str = ""


class Next(NamedTuple):
    """What is to be tried now, and what has come to its end."""

    tries: tuple[Try, ...] = ()
    ended: tuple[Notified, ...] = ()


class Reaching:
    """`tried`: what was tried before a restart, in order."""

    def __init__(self, notice: Notify, book: ContactBook, tried: Iterable[Tried] = ()) -> None:
        self._notice = notice
        self._book = book
        self._places: dict[str, int] = {}
        """Everybody who was turned to: the place of the channel that is tried, or was last."""
        self._reasons: dict[str, list[str]] = {}
        self._is_over: set[str] = set()
        self._before: dict[tuple[str, int], Tried] = {(each.person, each.place): each for each in tried}

    @property
    def is_over(self) -> bool:
        return self._places.keys() == self._is_over

    @property
    def reached(self) -> tuple[str, ...]:
        return tuple(person for person in self._places if person in self._is_over and not self._reasons.get(person))

    def begin(self) -> Next:
        """Whom to turn to first. A role with nobody comes back at once, undelivered."""
        notice = self._notice
        asked = notice.people or self._book.of_role(notice.role)
        wanted = self._book.deputies(asked) if notice.is_to_deputy else asked
        if not wanted:
            reason = f"nobody of role {notice.role} has a deputy" if asked and notice.is_to_deputy else f"nobody has role {notice.role}"
            return Next(ended=(Notified(notice.notice, notice.role, "", "", is_delivered=False, reason=reason),))
        return self._turn_to(wanted)

    def learn(self, person: str, result: TryResult, reason: str = "") -> Next:
        """How the try that was on its way to `person` ended."""
        place = self._places.get(person)
        if place is None or person in self._is_over:
            return Next()
        channels = self._book.channels(person)
        via = channels[place].via if place < len(channels) else ""
        if result is TryResult.DELIVERED:
            self._is_over.add(person)
            self._reasons.pop(person, None)
            return Next(ended=(Notified(self._notice.notice, self._notice.role, person, via, is_delivered=True),))
        self._reasons.setdefault(person, []).append(f"{via}: {reason or result.value}")
        return self._try(person, place + 1)

    def _turn_to(self, people: Iterable[str]) -> Next:
        tries: list[Try] = []
        ended: list[Notified] = []
        for person in people:
            if person not in self._places:
                following = self._try(person, 0)
                tries += following.tries
                ended += following.ended
        return Next(tuple(tries), tuple(ended))

    def _try(self, person: str, place: int) -> Next:
        self._places[person] = place
        channels = self._book.channels(person)
        if place >= len(channels):
            return self._give_up(person)
        before = self._before.pop((person, place), None)
        if before is None:
            return Next(tries=(Try(person, place, channels[place]),))
        if before.result is None:
            return self.learn(person, TryResult.UNKNOWN, "we were restarted while it was on its way")
        return self.learn(person, before.result, before.reason)

    def _give_up(self, person: str) -> Next:
        """No channel is left: his deputies, unless they were turned to already."""
        self._is_over.add(person)
        reasons = self._reasons.setdefault(person, ["he has no channel, or is not in the contact book"])
        failed = Notified(self._notice.notice, self._notice.role, person, "", is_delivered=False, reason="; ".join(reasons))
        following = self._turn_to(self._book.deputies((person,)))
        return Next(following.tries, (failed, *following.ended))
