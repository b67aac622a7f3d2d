"""Can people be told? Looks at the contact book, at what Apprise says to each gateway's URL, and at the last message over each channel;
sends nothing."""

import time
from collections.abc import Mapping
from pathlib import Path

from cti_daemon.model.contacts import Contact
from cti_daemon.model.ids import PATHS
from cti_daemon.model.plan_tables import ROLES
from cti_daemon.model.settings import Settings
from cti_daemon.policy.contact_tests import DAY_SECONDS
from cti_daemon.policy.reaching import TryResult
from cti_daemon.shell import lacks, notice_sender
from cti_daemon.shell.ami.life import LifeFailedError
from cti_daemon.shell.call_out import CallOutLines
from cti_daemon.shell.contact_proofs import ContactProofs, Key, Proof
from cti_daemon.shell.doctor.finding import Finding, fault, judged, unseen, warning
from cti_daemon.shell.doctor.visit import visit
from cti_daemon.shell.messengers import PROOFS
from cti_daemon.shell.secret_files import Secrets
from cti_daemon.state.contact_book import ContactBook


async def questions(settings: Settings, secrets: Secrets) -> list[Finding]:
    """Nothing where no contact is configured."""
    wanting = [fault(lack.part, lack.name or "secret", lacks.words(lack), "the secret's file or credential") for lack in secrets.lacks]
    if not settings.contact:
        return wanting
    proofs = ContactProofs(Path(settings.journal.path).with_name(PROOFS)).read()
    return [
        *wanting,
        *[
            await _gateway(gateway.name, secrets.gateways.get(gateway.name, ""))
            for gateway in settings.gateway
            if gateway.name in secrets.gateways
        ],
        *(_reach(person, proofs, settings.people.test_every_days, time.time()) for person in settings.contact),
        *_roles(ContactBook(settings.contact)),
        *([await _calls(CallOutLines(settings, secrets))] if settings.call_out is not None and secrets.call_out is not None else []),
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
    unknown = sorted(book.roles - ROLES.keys())
    odd = warning("role names", "contact book", f"no plan knows: {', '.join(unknown)}", f"plans know {', '.join(ROLES)}")
    return [
        judged(not alone, single, "every role has a second person or a deputy"),
        judged(not unknown, odd, "plans know every role"),
    ]


async def _calls(lines: CallOutLines) -> Finding:
    """May the account call, and is the dialplan there? Nobody is called."""
    name, sample = lines.node.name, "[cti-call] of config/asterisk/manager.conf.sample"
    try:
        async with visit(lines.node, PATHS[0], lines.secrets) as guest:
            may = await guest.do(Action="ListCommands")
            there = await guest.get("DIALPLAN_EXISTS(cti-confirm,s,1)")
            script = await guest.get("CTI_CALLOUT_AGI")
    except LifeFailedError as failed:
        return fault("calls", name, f"the account of [call_out] is not let in: {failed}", sample)
    excess = sorted({"Command", "Redirect", "QueueAdd", "DBPut"} & may.headers.keys())
    if "Originate" not in may.headers:
        return fault("calls", name, "the account of [call_out] may not originate", sample)
    if there == "0" or not script:
        return fault("calls", name, "cannot ask for a key", "#include dialplan/cti-callout.conf, and set the globals that its head names")
    more = warning(
        "calls", name, f"the account of [call_out] may also use {', '.join(excess)}", f"write = originate,reporting,user: {sample}"
    )
    return judged(not excess, more, "people can be called, and confirm by a key")
