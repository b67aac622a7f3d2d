"""Can people be told? Looks at the contact book, at what Apprise says to each gateway's URL, and at the last message over each channel;
sends nothing."""

import time
from collections.abc import Mapping
from pathlib import Path

from cti_daemon.model.contacts import Contact
from cti_daemon.model.settings import Settings
from cti_daemon.policy.contact_tests import DAY_SECONDS
from cti_daemon.policy.reaching import TryResult
from cti_daemon.shell import notice_sender
from cti_daemon.shell.contact_proofs import ContactProofs, Key, Proof
from cti_daemon.shell.doctor.finding import Finding, fault, judged, unseen, warning
from cti_daemon.shell.messengers import PROOFS
from cti_daemon.state.contact_book import ContactBook


async def questions(settings: Settings, gateways: Mapping[str, str]) -> list[Finding]:
    """Nothing where no contact is configured."""
    if not settings.contact:
        return []
    proofs = ContactProofs(Path(settings.journal.path).with_name(PROOFS)).read()
    return [
        *[await _gateway(gateway.name, gateways.get(gateway.name, "")) for gateway in settings.gateway],
        *(_reach(person, proofs, settings.people.test_every_days, time.time()) for person in settings.contact),
        *_roles(ContactBook(settings.contact)),
    ]


async def _gateway(name: str, url: str) -> Finding:
    looked = await notice_sender.check(notice_sender.address_in(url, "13800000000"))
    fix = "its URL, in the file or credential that [[gateway]] names: see the list of services in Apprise's documentation"
    return judged(looked.result is TryResult.DELIVERED, fault("gateway", name, looked.reason, fix), "its URL is one that Apprise knows")


def _reach(person: Contact, proofs: Mapping[Key, Proof], every_days: int, now_wall: float) -> Finding:
    """By the last message over each of his channels, a real one or a test."""
    told = [(channel.via, proofs.get((person.name, channel.via))) for channel in person.channels]
    broken = [f"{via}: {proof.reason or 'failed'}" for via, proof in told if proof is not None and not proof.is_well]
    working = [via for via, proof in told if proof is not None and proof.is_well]
    old = [via for via, proof in told if proof is not None and proof.is_well and _is_overdue(proof, every_days, now_wall)]
    send = f"`cti-daemon contacts test {person.name}` sends a test message now"
    if broken and not working:
        return fault("contact", person.name, f"cannot be reached: {'; '.join(broken)}", f"his addresses and gateways; {send}")
    if broken:
        return warning("contact", person.name, f"of his channels fail: {'; '.join(broken)}", f"his addresses and gateways; {send}")
    if not working:
        return unseen("contact", person.name, "no message was ever sent to him", f"{send}; the periodic test does it by itself")
    late = warning("contact", person.name, f"not proved for more than {every_days} days: {', '.join(old)}", f"does the daemon run? {send}")
    return judged(not old, late, f"reached over {', '.join(working)}")


def _is_overdue(proof: Proof, every_days: int, now_wall: float) -> bool:
    return every_days > 0 and now_wall - (proof.delivered_wall or 0.0) > (every_days + 2) * DAY_SECONDS


def _roles(book: ContactBook) -> list[Finding]:
    alone = sorted(role for role in book.roles if len(book.of_role(role)) == 1 and not book.deputies(book.of_role(role)))
    single = warning("deputies", "contact book", f"one person without a deputy: {', '.join(alone)}", 'deputies = ["…"], or a second person')
    return [judged(not alone, single, "every role has a second person or a deputy")]
