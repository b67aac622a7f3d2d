"""Carries notices to people, beside the loop: who is next says `policy/reaching`, what was handed over is noted on disk before it leaves.

A notice is a level: ordered again, while on its way or after a restart, it is not sent again; its outcome is told again."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from cti_daemon.model.contacts import VOICE
from cti_daemon.model.plan_effects import NoticeKind, Notified, Notify
from cti_daemon.model.settings import Settings
from cti_daemon.policy.reaching import Next, Reaching, Tried, Try, TryResult
from cti_daemon.shell import log
from cti_daemon.shell.notice_notes import NoticeNotes
from cti_daemon.shell.notice_sender import Message, Sent, address_in, send
from cti_daemon.shell.privacy import masked
from cti_daemon.state.contact_book import ContactBook

_KINDS = {NoticeKind.ALARM: "failure", NoticeKind.LATE: "failure", NoticeKind.RECOVERED: "success"}
DRILL_TITLE = "【演练 DRILL】"
DRILL_TEXT = "演练,不是真实事件。 This is a drill: nothing has happened."


class Voice(Protocol):
    """Rings a person; DELIVERED when a key confirmed it."""

    async def tell(self, person: str, call: str, *, is_drill: bool) -> Sent: ...


class Notices:
    """`post` takes each outcome; `observe` each try, how it ended, and whether it was for a drill."""

    def __init__(
        self,
        settings: Settings,
        gateways: Mapping[str, str],
        notes: NoticeNotes,
        post: Callable[[Notified], None],
        observe: Callable[[Try, Sent, bool], None],
        voice: Voice | None = None,
    ) -> None:
        self._site = settings.site.name
        self._people = settings.people
        self.book = ContactBook(settings.contact)
        self._gateways = gateways
        self._notes = notes
        self._post = post
        self._observe = observe
        self._voice = voice
        self._room = asyncio.Semaphore(settings.people.at_once)
        self._running: set[str] = set()
        self._log = log.get("notices")

    async def tell(self, notice: Notify) -> None:
        """Until everybody was reached or given up. Each outcome is posted when it is known."""
        if notice.notice in self._running:
            return
        self._running.add(notice.notice)
        try:
            await self._tell(notice)
        finally:
            self._running.discard(notice.notice)

    async def _tell(self, notice: Notify) -> None:
        reaching = Reaching(notice, self.book, self._notes.tried(notice.notice))
        on_the_way: set[asyncio.Task[tuple[Try, Sent]]] = set()
        following = reaching.begin()
        try:
            while True:
                self._end(notice, following)
                on_the_way |= {asyncio.ensure_future(self._try(notice, each)) for each in following.tries}
                if not on_the_way:
                    return
                done, on_the_way = await asyncio.wait(on_the_way, return_when=asyncio.FIRST_COMPLETED)
                steps = [reaching.learn(each.person, sent.result, sent.reason) for each, sent in (task.result() for task in done)]
                following = Next(tuple(t for step in steps for t in step.tries), tuple(e for step in steps for e in step.ended))
        finally:
            for task in on_the_way:
                task.cancel()

    async def write_to(self, notice: Notify, person: str) -> Notified:
        """To this one person, over his channels but the telephone; nobody stands in for him. The outcome is not posted."""
        before = {tried.place: tried.result for tried in self._notes.tried(notice.notice)}
        reasons: list[str] = []
        for place, channel in enumerate(self.book.channels(person)):
            if channel.via == VOICE:
                continue
            result, reason = before.get(place, TryResult.UNKNOWN), "tried before a restart"
            if place not in before:
                _, (result, reason) = await self._try(notice, Try(person, place, channel))
            if result is TryResult.DELIVERED:
                return Notified(notice.notice, notice.role, person, channel.via, is_delivered=True)
            reasons.append(f"{channel.via}: {reason}")
        return Notified(notice.notice, notice.role, person, "", is_delivered=False, reason="; ".join(reasons))

    def _end(self, notice: Notify, following: Next) -> None:
        for outcome in following.ended:
            if outcome.is_delivered:
                self._log.info("told", notice=outcome.notice, role=outcome.role, person=outcome.person, channel=outcome.channel)
            else:
                fields = {"notice": outcome.notice, "role": outcome.role, "person": outcome.person, "drill": notice.is_drill}
                self._log.error("could not be told", **fields, reason=masked(outcome.reason))
            self._post(outcome)

    async def _try(self, notice: Notify, each: Try) -> tuple[Try, Sent]:
        via = each.channel.via
        async with self._room:
            await self._notes.note(notice.notice, Tried(each.person, each.place, via, None))
            sent = await self._carry(each, self._message(notice), f"{notice.notice}/{each.person}", is_drill=notice.is_drill)
        self._observe(each, sent, notice.is_drill)
        if sent.result is not TryResult.DELIVERED:
            self._log.warning("a channel failed", person=each.person, channel=via, result=sent.result.value, reason=sent.reason)
        await self._notes.note(notice.notice, Tried(each.person, each.place, via, sent.result, sent.reason))
        return each, sent

    async def test(self, each: Try, message: Message) -> Sent:
        """A message that belongs to no incident."""
        async with self._room:
            return await self._carry(each, message, f"test/{each.person}", is_drill=True)

    async def _carry(self, each: Try, message: Message, call: str, *, is_drill: bool) -> Sent:
        via = each.channel.via
        if via == VOICE:
            ringing = self._voice.tell(each.person, call, is_drill=is_drill) if self._voice is not None else None
            sent = (
                await ringing if ringing is not None else Sent(TryResult.FAILED, "[call_out] is not configured, or its secret was not read")
            )
        elif url := self._gateways.get(via):
            sent = await send(address_in(url, each.channel.to), message, self._people.attempt_deadline)
        else:
            sent = Sent(TryResult.FAILED, "its gateway's URL was not read")
        return Sent(sent.result, masked(sent.reason))

    def _message(self, notice: Notify) -> Message:
        lines = [notice.text, "", f"{notice.grade.value} · {notice.incident} · {self._site}"]
        if notice.is_drill:
            lines = [DRILL_TEXT, "", *lines]
        if notice.time_scale != 1.0:
            lines.append(f"time_scale = {notice.time_scale:g}: 时间已缩短 (times are shortened)")
        title = f"{DRILL_TITLE if notice.is_drill else ''}[{self._site}] {notice.title}"
        return Message(title, "\n".join(lines), _KINDS.get(notice.kind, "warning"))
