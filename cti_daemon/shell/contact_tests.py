"""Test notices: once in a while a message over every channel of every contact, and a note of which ones arrived."""

import asyncio
import time
from collections.abc import Callable

from cti_daemon.model.settings import Settings
from cti_daemon.policy.contact_tests import due
from cti_daemon.policy.reaching import Try, TryResult
from cti_daemon.shell import log
from cti_daemon.shell.contact_proofs import ContactProofs, Proof
from cti_daemon.shell.notice_sender import Message, Sent
from cti_daemon.shell.notices import Notices

LOOK_SECONDS = 60.0
_log = log.get("contacts")


def test_message(site: str) -> Message:
    text = "这是通知渠道的定期测试,无须处理。\nThis is the periodic test of this channel. Nothing has happened; there is nothing to do."
    return Message(f"【测试 TEST】[{site}] cti-daemon", text, "info")


class ContactTests:
    """What real messages proved counts as well: `learn`."""

    def __init__(self, settings: Settings, notices: Notices, proofs: ContactProofs, may_act: Callable[[], bool] | None = None) -> None:
        self._may_act = may_act
        self._settings = settings
        self._notices = notices
        self._file = proofs
        self._proofs = proofs.read()
        self._order = asyncio.Lock()

    def learn(self, each: Try, sent: Sent) -> None:
        """How a try ended, a real one or a test."""
        key = (each.person, each.channel.via)
        now = time.time()
        before = self._proofs.get(key)
        is_delivered = sent.result is TryResult.DELIVERED
        self._proofs[key] = Proof(now, now if is_delivered else before.delivered_wall if before else None, sent.reason)

    async def save(self) -> None:
        """On disk when this returns, or said why not; a disk that hangs holds nothing else up."""
        async with self._order:
            await asyncio.to_thread(self._file.write, dict(self._proofs))

    async def run(self) -> None:
        """Until cancelled: in the hour of tests, one after another."""
        while True:
            is_ours = self._may_act is None or self._may_act()
            if is_ours and time.localtime().tm_hour == self._settings.people.test_hour:
                await self.test_due()
            await asyncio.sleep(LOOK_SECONDS)

    async def test_due(self) -> None:
        """A test over every channel that is due."""
        last = {key: (proof.tried_wall, proof.delivered_wall) for key, proof in self._proofs.items()}
        for person, place in due(self._settings.contact, last, self._settings.people.test_every_days, time.time()):
            each = Try(person, place, self._notices.book.channels(person)[place])
            sent = await self._notices.test(each, test_message(self._settings.site.name))
            self.learn(each, sent)
            await self.save()
            if sent.result is TryResult.DELIVERED:
                _log.info("a channel was tested: it works", person=person, channel=each.channel.via)
            else:
                _log.error("a contact could not be reached by a test notice", person=person, channel=each.channel.via, reason=sent.reason)
