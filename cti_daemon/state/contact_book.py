"""The contact book as it is asked: who has a role, in which order, and who stands in."""

from collections.abc import Iterable

from cti_daemon.model.contacts import Channel, Contact


class ContactBook:
    """Made of what the site configures; it does not change."""

    def __init__(self, contacts: Iterable[Contact]) -> None:
        self._people = {contact.name: contact for contact in contacts}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._people)

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(role for person in self._people.values() for role in person.roles)

    def person(self, name: str) -> Contact | None:
        return self._people.get(name)

    def of_role(self, role: str) -> tuple[str, ...]:
        """Everybody who has it, in the order of the book."""
        return tuple(name for name, person in self._people.items() if role in person.roles)

    def nearest(self, role: str) -> tuple[str, ...]:
        """The same, whoever is nearest first."""
        return tuple(sorted(self.of_role(role), key=lambda name: self._people[name].minutes_away))

    def channels(self, name: str) -> tuple[Channel, ...]:
        person = self._people.get(name)
        return person.channels if person is not None else ()

    def deputies(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those who stand in for any of `names`, each once, none of `names` itself."""
        known = tuple(names)
        found: dict[str, None] = {}
        for name in known:
            person = self._people.get(name)
            for deputy in person.deputies if person is not None else ():
                if deputy not in known:
                    found[deputy] = None
        return tuple(found)
