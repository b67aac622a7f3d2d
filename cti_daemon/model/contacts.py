"""The contact book of a site: who has which role, how he is reached, and who stands in for him."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from cti_daemon.model.fields import Name, Secret, Table

VOICE = "voice"
"""The channel that is a telephone call; every other one is a gateway's name."""
Phone = Annotated[str, Field(pattern=r"^\+?[0-9*#]{2,20}$")]


class People(Table):
    """How people are told."""

    attempt_deadline: Annotated[float, Field(ge=1, le=300)] = 30.0
    """One try on one channel takes no longer; then the next channel has its turn."""
    at_once: Annotated[int, Field(ge=1, le=32)] = 4
    """So many messages are on their way at the same time."""
    test_every_days: Annotated[int, Field(ge=0, le=366)] = 30
    """A test notice over every channel of every contact that has not delivered for so long; 0: never."""
    test_hour: Annotated[int, Field(ge=0, le=23)] = 10
    """The hour of the day, by this machine's clock, in which test notices are sent."""


class Gateway(Table):
    """A way out to people: mail, SMS, DingTalk, WeCom, Feishu, a webhook, whatever Apprise knows."""

    name: Name
    """As `via` of the contacts' channels says it; `voice` is taken: it is the telephone."""
    url: Secret
    """The Apprise URL, which holds passwords and keys. `{to}` in it is where the contact's own address goes."""


class Channel(Table):
    """One way to one person."""

    via: Name
    """A gateway's name, or `voice`: a call that must be confirmed by a key."""
    to: Annotated[str, Field(max_length=200)] = ""
    """The person's address there; left out where the gateway's URL has no `{to}`, and for `voice`."""


class Contact(Table):
    """A person, or a desk that somebody sits at."""

    name: Name
    """In the journal, in reports and in commands."""
    title: Annotated[str, Field(max_length=80)] = ""
    """How he is addressed, in any script."""
    user: Name | None = None
    """His name at the broker and on this machine, by which he acknowledges."""
    roles: tuple[Name, ...]
    """What he is told for; docs/design/plans.md has the roles that plans know."""
    channels: tuple[Channel, ...]
    """In the order in which they are tried."""
    phone: Phone | None = None
    """What the daemon dials for a call: as the emergency system or the edge dials it."""
    deputies: tuple[Name, ...] = ()
    """Told when he cannot be reached, and when he does not acknowledge in time."""
    minutes_away: Annotated[int, Field(ge=0, le=1440)] = 0
    """How far he is from the centre: whoever is nearest is called in first."""


class CallOut(Table):
    """Calls to people, confirmed by a key press. Needs the write class `originate` of one Asterisk's account (docs/operations.md)."""

    node: Name
    """The Asterisk that calls: an edge or the emergency system, with dialplan/cti-callout.conf."""
    username: Name
    """An AMI account of its own there, used for nothing else: write = originate,reporting,user and read = user."""
    secret: Secret
    """That account's secret."""
    lines: Annotated[int, Field(ge=1, le=32)] = 2
    """So many calls at the same time."""
    ring_seconds: Annotated[float, Field(ge=5, le=120)] = 30.0
    """How long a telephone rings."""
    answer_seconds: Annotated[float, Field(ge=10, le=300)] = 60.0
    """From the answer: whoever has pressed no key by then has not confirmed. No answering machine can."""


def book_faults(contacts: Iterable[Contact], gateways: Iterable[Gateway], call_out: CallOut | None, callers: Iterable[str]) -> list[str]:
    """What the tables say against one another, one sentence each. `callers`: nodes that may call people."""
    faults: list[str] = []
    people, ways = tuple(contacts), {gateway.name for gateway in gateways}
    names = [person.name for person in people]
    faults += [f"contact name {name!r} is used twice" for name in sorted({n for n in names if names.count(n) > 1})]
    gates = [gateway.name for gateway in gateways]
    faults += [f"gateway name {name!r} is used twice" for name in sorted({n for n in gates if gates.count(n) > 1})]
    if VOICE in ways:
        faults.append(f"gateway name {VOICE!r} is the telephone's own; give the gateway another name")
    if call_out is not None and call_out.node not in callers:
        faults.append(f"call_out: node {call_out.node!r} is no edge and no emergency system; it may be {', '.join(callers)}")
    for person in people:
        faults += _faults_of(person, ways, names, has_voice=call_out is not None)
    return faults


def _faults_of(person: Contact, ways: set[str], names: list[str], *, has_voice: bool) -> list[str]:
    faults = [f"contact {person.name}: no channel, so nothing can reach him"] if not person.channels else []
    for channel in person.channels:
        if channel.via == VOICE:
            if not has_voice:
                faults.append(f"contact {person.name}: a channel via {VOICE!r} needs the table [call_out]")
            elif person.phone is None:
                faults.append(f"contact {person.name}: a channel via {VOICE!r} needs his phone")
        elif channel.via not in ways:
            faults.append(f"contact {person.name}: no [[gateway]] is called {channel.via!r}; there is {', '.join(sorted(ways)) or 'none'}")
    for deputy in person.deputies:
        if deputy == person.name:
            faults.append(f"contact {person.name}: nobody is his own deputy")
        elif deputy not in names:
            faults.append(f"contact {person.name}: his deputy {deputy!r} is no [[contact]]")
    return faults
