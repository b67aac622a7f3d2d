"""Everything that carries words to people, in one place for the daemon: notices, test notices, calls, and their figures."""

from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from cti_daemon.model.plan_effects import CallIn, Notified, Notify, Summoned
from cti_daemon.model.settings import Settings
from cti_daemon.policy.reaching import Try, TryResult
from cti_daemon.shell.call_out import CallOutLines
from cti_daemon.shell.contact_proofs import ContactProofs
from cti_daemon.shell.contact_tests import ContactTests
from cti_daemon.shell.instruments import Tally
from cti_daemon.shell.notice_notes import NoticeNotes
from cti_daemon.shell.notice_sender import Sent
from cti_daemon.shell.notices import Notices
from cti_daemon.shell.secret_files import Secrets
from cti_daemon.shell.summonses import Summonses
from cti_daemon.wire.exposition import Family, Kind

NOTES = "notices.jsonl"
PROOFS = "contacts.json"
"""Both beside the journal."""


class Messengers:
    """`spawn` runs what takes its time beside the loop; `post` takes what comes back. `may_act`: where there is another
    daemon, whether test notices are ours to send."""

    def __init__(
        self,
        settings: Settings,
        secrets: Secrets,
        post: Callable[[Notified | Summoned], None],
        spawn: Callable[[Coroutine[Any, Any, Any], str], None],
        may_act: Callable[[], bool] | None = None,
    ) -> None:
        beside = Path(settings.journal.path)
        self._spawn = spawn
        self._notes = NoticeNotes(beside.with_name(NOTES))
        self._sent = Tally(
            "cti_notices_total", Kind.COUNTER, "Messages to people, by how the channel took them", ("channel", "result", "drill")
        )
        for via in {channel.via for person in settings.contact for channel in person.channels}:
            for result in TryResult:  # a counter that began with 1 would hide its first rise
                self._sent.add(via, result.value, "false", count=0)
        lines = self.lines = CallOutLines(settings, secrets) if settings.call_out is not None and secrets.call_out is not None else None
        self._notices = Notices(settings, secrets.gateways, self._notes, post, self._observe, lines)
        self._summonses = Summonses(self._notices, self._notes, post, lines)
        self._tests = ContactTests(settings, self._notices, ContactProofs(beside.with_name(PROOFS)), may_act)

    def doers(self) -> dict[type[Any], Callable[[Any], None]]:
        """What of the core's effects is carried out here."""
        return {Notify: self._tell, CallIn: self._call_in}

    async def run(self) -> None:
        """Until cancelled."""
        await self._tests.run()

    def read(self) -> None:
        """What earlier runs noted. Before the first effect."""
        self._notes.read()

    def families(self) -> Iterator[Family]:
        yield self._sent.family()

    def _tell(self, notices: list[Notify]) -> None:
        for notice in notices:
            self._spawn(self._notices.tell(notice), f"notice-{notice.notice}")

    def _call_in(self, summonses: list[CallIn]) -> None:
        for summons in summonses:
            self._spawn(self._summonses.call_in(summons), f"summons-{summons.summons}")

    def _observe(self, each: Try, sent: Sent, is_drill: bool) -> None:  # noqa: FBT001
        self._sent.add(each.channel.via, sent.result.value, "true" if is_drill else "false")
        self._tests.learn(each, sent)
        self._spawn(self._tests.save(), "contacts")
