"""Calls an echelon in, nearest first: by telephone where there is one, with a key for an answer; else, and where the telephone brought
nothing, by message. What was answered is noted on disk: ordered again, nobody is called twice."""

import asyncio
from collections.abc import Callable
from functools import partial

from cti_daemon.model.contacts import VOICE
from cti_daemon.model.plan_effects import CallIn, Notified, Notify, Summoned, SummonsAnswer
from cti_daemon.policy.reaching import Tried, TryResult
from cti_daemon.shell import log
from cti_daemon.shell.call_out import CallOutLines, Said
from cti_daemon.shell.notice_notes import NoticeNotes
from cti_daemon.shell.notices import Notices
from cti_daemon.shell.privacy import masked

_LEVELS = {"standby": "请待命 (stand by)", "come": "请立即到岗 (please come to the centre)"}
_ANSWERS = {Said.YES: SummonsAnswer.YES, Said.NO: SummonsAnswer.NO, Said.SILENT: SummonsAnswer.SILENT, Said.ANSWERED: SummonsAnswer.SILENT}
ANSWER_PLACE = -1
"""Among a person's noted tries: his answer over the telephone. Channels have places from 0."""


class Summonses:
    """`post` takes each answer as soon as it is there."""

    def __init__(self, notices: Notices, notes: NoticeNotes, post: Callable[[Summoned], None], lines: CallOutLines | None) -> None:
        self._notices = notices
        self._notes = notes
        self._post = post
        self._lines = lines
        self._running: set[str] = set()
        self._log = log.get("summonses")

    async def call_in(self, summons: CallIn) -> None:
        """Until everybody of the role has answered, or cannot."""
        if summons.summons in self._running:
            return
        self._running.add(summons.summons)
        try:
            people = self._notices.book.nearest(summons.role)
            if not people:
                self._tell(Summoned(summons.summons, "", SummonsAnswer.UNREACHABLE, f"nobody has role {summons.role}"))
            await asyncio.gather(*(self._summon(summons, person) for person in people))
        finally:
            self._running.discard(summons.summons)

    async def _summon(self, summons: CallIn, person: str) -> None:
        answer, reason = await self._ring(summons, person)
        if answer in {SummonsAnswer.YES, SummonsAnswer.NO}:
            self._tell(Summoned(summons.summons, person, answer, reason))
            return
        told = await self._write_to(summons, person)
        final = SummonsAnswer.SILENT if told.is_delivered or answer is SummonsAnswer.SILENT else SummonsAnswer.UNREACHABLE
        self._tell(Summoned(summons.summons, person, final, masked("; ".join(filter(None, (reason, told.reason))))))

    async def _ring(self, summons: CallIn, person: str) -> tuple[SummonsAnswer, str]:
        """Silent or unreachable are no answers yet: a message follows."""
        contact = self._notices.book.person(person)
        if self._lines is None or contact is None or contact.phone is None:
            return SummonsAnswer.UNREACHABLE, "" if self._lines is None else "he has no phone"
        name = f"{summons.summons}/{person}"
        for tried in self._notes.tried(name):
            if tried.place == ANSWER_PLACE:
                known = SummonsAnswer(tried.reason) if tried.reason in set(SummonsAnswer) else SummonsAnswer.SILENT
                return known, "called before a restart" if tried.result is None else ""
        begun = partial(self._notes.note, name, Tried(person, ANSWER_PLACE, VOICE, None))
        said, why = await self._lines.ask(person, name, summons.level.value, is_drill=summons.is_drill, begun=begun)
        answer = SummonsAnswer.UNREACHABLE if said is None else _ANSWERS.get(said, SummonsAnswer.UNREACHABLE)
        result = TryResult.DELIVERED if answer in {SummonsAnswer.YES, SummonsAnswer.NO} else TryResult.FAILED
        await self._notes.note(name, Tried(person, ANSWER_PLACE, VOICE, result, answer.value))
        return answer, why

    async def _write_to(self, summons: CallIn, person: str) -> Notified:
        """A message over his channels but the telephone, which was tried. No deputy: whom an echelon lacks, the next echelon is for."""
        text = f"{_LEVELS[summons.level.value]}\n{summons.text}"
        name = f"{summons.summons}/{person}"
        notice = Notify(name, summons.incident, summons.role, summons.title, text, summons.is_drill, people=(person,))
        return await self._notices.write_to(notice, person)

    def _tell(self, outcome: Summoned) -> None:
        self._log.info("called in", summons=outcome.summons, person=outcome.person, answer=outcome.answer.value, reason=outcome.reason)
        self._post(outcome)
