"""One of two daemons: keeps the lease on the edge, tells the core who acts, and lets nothing out while that is not us.

The gate is a comparison of two floats, here and once more at the instant of each send (`NodeLinks.act_many`), so that a process that was
frozen in the middle of an effect does nothing when it runs again. Its clock goes on while the machine sleeps; that of a virtual machine
whose host has stopped it does not (docs/design/pair.md)."""

import asyncio
import secrets as randomness
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cti_daemon.model.affected import AskNumber, ForgetNumbers, KeepCaller, NoteRow
from cti_daemon.model.effects import Answer, AskEdge, ListEdge, ListNode, ProbeNode, Record, Report, SampleAudio
from cti_daemon.model.errands import Errand
from cti_daemon.model.events import Event, Outcome
from cti_daemon.model.ids import NodeName
from cti_daemon.model.lease import Claim, LeaseTaken
from cti_daemon.model.pair import Pair
from cti_daemon.model.plan_effects import CallIn, Carried, InformCallers, Notified, Notify, Summoned, SummonsAnswer, TestCalls
from cti_daemon.model.reasons import Result, Role
from cti_daemon.model.settings import Settings
from cti_daemon.policy.lease import Lease
from cti_daemon.shell import log
from cti_daemon.shell.ami.node_links import NOT_OURS, NodeLinks
from cti_daemon.wire.exposition import Family, Kind
from cti_daemon.wire.lease_text import claim_text

REGISTER, PULSE = "CTI_LEASE", "CTI_PULSE"
"""Global variables of the edge."""
MOST_DEADLINE_SECONDS = 0.4
GIVE_UP_SECONDS = 0.3

HARMLESS: frozenset[type[Any]] = frozenset(
    {AskEdge, SampleAudio, ProbeNode, ListEdge, ListNode, Record, Report, Answer, AskNumber, KeepCaller, NoteRow, ForgetNumbers, Errand}
)
"""Questions, and what stays on this machine or goes to whoever asked. Everything else acts."""

Doers = Mapping[type[Any], Callable[[Any], None]]


class PairRoom:
    """`notes`: what the other daemon is to know of us."""

    def __init__(self, settings: Settings, own: Pair, last_nonce: str, notes: Callable[[], Mapping[str, Any]]) -> None:
        edges = [node.name for node in settings.nodes(Role.EDGE)]
        self.edge = NodeName(own.edge or edges[0])
        self.lease = Lease(settings.site.daemon, own, randomness.token_hex(8), last_nonce)
        self._settings, self._notes = own, notes
        self._deadline_seconds = min(own.stop_after / 4, MOST_DEADLINE_SECONDS)
        self._links: NodeLinks | None = None
        self._post: Callable[[Event], None] = lambda _: None
        self._changed: Callable[[], None] = lambda: None
        self._looked_at: float | None = None
        self._refused = 0
        self._takeovers = 0
        self._is_ending = False
        self._log = log.get("pair")

    @staticmethod
    def clock() -> float:
        """Goes on while the machine sleeps, and is not set by anybody."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def may_act(self) -> bool:
        """Now. Asked right before each send."""
        return self.clock() < self.lease.until_at

    # --- the lease ----------------------------------------------------------------------------------------------------

    async def run(self, links: NodeLinks, post: Callable[[Event], None], changed: Callable[[], None]) -> None:
        """Look, beat, claim, and tell, until cancelled. `post`: what the core is told; `changed`: who acts has."""
        self._links, self._post, self._changed = links, post, changed
        while not self._is_ending:
            began_at = self.clock()
            await self._turn(links)
            self._tell()
            await asyncio.sleep(max(self._settings.renew - (self.clock() - began_at), 0.01))

    async def _turn(self, links: NodeLinks) -> None:
        asked_at = self.clock()
        actions = [_get(REGISTER), _get(PULSE)]
        beat = self.lease.pulse(self._notes())
        if beat is not None:
            actions.append(_set(PULSE, beat))
        register, pulse, *_ = await links.act_many(actions, self._deadline_seconds, is_for_lease=True)
        if register.result is not Result.DONE or pulse.result is not Result.DONE or self._is_ending:
            return
        self._looked_at = asked_at
        claim = self.lease.hear(register.value, pulse.value, asked_at, self.clock())
        self._tell()
        if claim is not None:
            await self._claim(links, claim, asked_at)

    async def _claim(self, links: NodeLinks, claim: Claim, asked_at: float) -> None:
        """Once: a claim that is written twice proves nothing. One that lies undelivered in TCP is not to be delivered later."""
        (reply,) = await links.act_many([_set(REGISTER, claim_text(claim))], self._deadline_seconds, end_if_late=True, is_for_lease=True)
        if reply.result is Result.DONE:
            self.lease.stand(claim, asked_at, self.clock())
            self._log.info("claims the lease", term=claim.term, edge=self.edge, acts_after_seconds=self._settings.take_after)

    def _tell(self) -> None:
        news = self.lease.news(self.clock())
        if news is not None:
            self._takeovers += isinstance(news, LeaseTaken)
            self._post(news)
            self._changed()

    async def give_up(self) -> None:
        """We are about to end, and act no more: the other one need not wait for our silence."""
        self._is_ending = True
        text = self.lease.let_go()
        if text is not None and self._links is not None:
            await self._links.act_many([_set(REGISTER, text)], GIVE_UP_SECONDS, end_if_late=True, is_for_lease=True)
            self._log.info("gave the lease up", edge=self.edge)

    # --- the gate -----------------------------------------------------------------------------------------------------

    def guarded(self, doers: Doers) -> Doers:
        """The same doers, of which those that act do so only while the lease is ours."""
        return {kind: doer if kind in HARMLESS else self._guard(doer) for kind, doer in doers.items()}

    def _guard(self, doer: Callable[[Any], None]) -> Callable[[Any], None]:
        def do(effects: list[Any]) -> None:
            if self.may_act():
                doer(effects)
            else:
                self._refuse(effects)

        return do

    def _refuse(self, effects: list[Any]) -> None:
        self._refused += len(effects)
        self._log.warning(NOT_OURS, kinds=sorted({type(effect).__name__ for effect in effects}), effects=len(effects))
        loop = asyncio.get_running_loop()
        for effect in effects:
            outcome = _undone(effect)
            if outcome is not None:
                loop.call_soon(self._post, outcome)

    # --- what is shown ------------------------------------------------------------------------------------------------

    def families(self) -> Iterator[Family]:
        """What Prometheus reads."""
        yield Family(
            "cti_pair_acting", Kind.GAUGE, "1: this daemon holds the lease and acts; 0: it stands by", (), [((), int(self.may_act()))]
        )
        age = [] if self._looked_at is None else [((), self.clock() - self._looked_at)]
        yield Family("cti_pair_lease_age_seconds", Kind.GAUGE, "Since the last good look at the lease on the edge", (), age)
        yield Family("cti_pair_term", Kind.GAUGE, "The claim that was seen last, counted over both daemons", (), [((), self.lease.term)])
        yield Family("cti_pair_takeovers_total", Kind.COUNTER, "How often this daemon began to act", (), [((), self._takeovers)])
        text = "Effects that did not leave because the lease was not ours"
        yield Family("cti_pair_refused_effects_total", Kind.COUNTER, text, (), [((), self._refused)])


def _undone(effect: object) -> Event | None:
    if isinstance(effect, Notify):
        return Notified(effect.notice, effect.role, "", "", is_delivered=False, reason=NOT_OURS)
    if isinstance(effect, CallIn):
        return Summoned(effect.summons, "", SummonsAnswer.UNREACHABLE, NOT_OURS)
    if isinstance(effect, InformCallers | TestCalls):
        return Carried(effect.order, is_done=False, said=NOT_OURS)
    effect_id = getattr(effect, "effect_id", None)
    return None if effect_id is None else Outcome(effect_id, Result.FAILED, NOT_OURS)


def _get(variable: str) -> dict[str, str]:
    return {"Action": "Getvar", "Variable": variable}


def _set(variable: str, value: str) -> dict[str, str]:
    return {"Action": "Setvar", "Variable": variable, "Value": value}
