"""One media server in the care of the mirror: which of its members differ, what is under way, what is put off."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cti_daemon.model.effects import MemberChange, Report, SetMember
from cti_daemon.model.events import Membership, Outcome
from cti_daemon.model.ids import MemberKey, NodeName
from cti_daemon.model.reasons import Condition, Result, Verdict
from cti_daemon.policy.health import Health

AT_ONCE = 50
"""Deeds under way on one server. They share a session with its heartbeats: a whole roster in one write would look like silence."""
EVENT_COMES_SECONDS = 0.1
"""An answer may overtake its event, which comes over another session."""
ECHO_SECONDS = 1.0
"""What was done must show in the node's events within this time, else it is done again."""
ECHOES_LAST_SECONDS = 2.0
"""Events come over another session than answers. One that lags so far is not waited for: events have moved to the other path by then."""
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Waits after a first, second, … failure in a row."""

DYING_SECONDS = 0.2
"""A process that dies lets go of its sockets one by one: a manager that still answers is not one that has come back."""

_CALLS_ARE_DEAD = frozenset({Verdict.DEAD, Verdict.DEAD_SILENT, Verdict.HUNG})
_IN_DOUBT = frozenset({Verdict.SUSPECT, Verdict.UNKNOWN})


@dataclass(slots=True)
class _Errand:
    """One member: what was asked for last, and when the same may be asked for again."""

    wanted: Membership | None
    unanswered: set[int] = field(default_factory=set)
    worst: Result = Result.DONE
    why: str = ""
    first: MemberChange | None = None
    failures: int = 0
    again_at: float = float("-inf")


@dataclass(slots=True)
class Ward:
    """`is_open`: it may be told something. `is_held`: its members are kept paused until its stale calls are ended."""

    node: NodeName
    is_open: bool = False
    is_held: bool = False
    held_at: float = float("-inf")
    """Since when."""
    differing: set[MemberKey] = field(default_factory=set)
    todo: dict[MemberKey, None] = field(default_factory=dict)
    """Members to look at, in order."""
    ringinuse_due: set[MemberKey] = field(default_factory=set)
    """It changed where they are served, and here nobody has said yet what it is."""
    is_failing: bool = False
    """People were told that something was refused; they are told again only after all was well."""
    again_at: float = float("inf")
    _errands: dict[MemberKey, _Errand] = field(default_factory=dict)
    _asked: dict[int, MemberKey] = field(default_factory=dict)
    _answered_at: dict[MemberKey, float] = field(default_factory=dict)

    def judge(self, health: Health, at: float, *, is_serving: bool, is_settled: Callable[[NodeName], bool]) -> bool:
        """May it be told something, and what? True when that has changed."""
        before = (self.is_open, self.is_held)
        if is_serving:
            self.is_held = False
        elif health.verdict in _CALLS_ARE_DEAD:
            self.held_at = self.held_at if self.is_held else at
            self.is_held = True
        elif health.verdict is Verdict.HEALTHY and is_settled(self.node):
            self.is_held = False
        if self.is_held:
            self.is_open = Condition.OK in health.facts.links.values() and at >= self.held_at + DYING_SECONDS
        else:
            is_ready = is_serving or is_settled(self.node)
            self.is_open = is_ready and not health.is_condemned and health.verdict not in _IN_DOUBT
        return before != (self.is_open, self.is_held)

    @property
    def is_full(self) -> bool:
        return len(self._asked) >= AT_ONCE

    def may_ask(self, key: MemberKey, wanted: Membership | None, first: MemberChange, at: float) -> bool:
        """False while an answer is awaited, or when just this was asked for a moment ago. `first` is the first of the changes: a login
        that was taken is not asked for again before its event had time to come, whatever else is wanted by now."""
        errand = self._errands.get(key)
        if errand is None:
            return True
        if errand.unanswered:
            return False
        comes_at = self._answered_at.get(key, float("-inf")) + EVENT_COMES_SECONDS
        if errand.worst is Result.DONE and first is errand.first and first in (MemberChange.ADD, MemberChange.REMOVE) and at < comes_at:
            errand.again_at = comes_at
            self.again_at = min(self.again_at, comes_at)
            return False
        if errand.wanted == wanted and at < errand.again_at:
            self.again_at = min(self.again_at, errand.again_at)
            return False
        return True

    def ask(self, key: MemberKey, wanted: Membership | None, effects: list[SetMember]) -> None:
        errand = self._errands.setdefault(key, _Errand(wanted))
        if errand.wanted != wanted:
            errand.failures = 0
        errand.wanted, errand.worst = wanted, Result.DONE
        errand.first = effects[0].change
        for effect in effects:
            errand.unanswered.add(effect.effect_id)
            self._asked[effect.effect_id] = key
            if effect.change is MemberChange.RINGINUSE:
                self.ringinuse_due.discard(key)

    def has_asked(self, effect_id: int) -> bool:
        return effect_id in self._asked

    def learn(self, event: Outcome, at: float) -> None:
        """An answer to something that was asked. The member is looked at again when its last one is in."""
        effect_id, result = event.effect_id, event.result
        key = self._asked.pop(effect_id)
        self._answered_at[key] = at
        errand = self._errands[key]
        errand.unanswered.discard(effect_id)
        if result is not Result.DONE:
            errand.worst, errand.why = result, event.detail or result.value
        if errand.unanswered:
            return
        self.todo[key] = None
        if errand.worst is Result.DONE:
            errand.failures = 0
            errand.again_at = at + ECHO_SECONDS
        else:
            errand.again_at = at + RETRY_SECONDS[min(errand.failures, len(RETRY_SECONDS) - 1)]
            errand.failures += 1

    def is_a_persons(self, key: MemberKey, at: float) -> bool:
        """A change that is heard now is not of our making: the member was as it should be, and nothing was asked for it lately."""
        if not self.is_open or self.is_held or key in self.differing or key in self._errands:
            return False
        return at - self._answered_at.get(key, float("-inf")) > ECHOES_LAST_SECONDS

    def tell_refusal(self, event: Outcome) -> Report | None:
        """What people are told of an answer. A server that is held is a condemned one: nobody expects it to obey."""
        if event.result is Result.DONE or self.is_failing or self.is_held:
            return None
        self.is_failing = True
        why = f"{event.result.value}: {event.detail}" if event.detail else event.result.value
        text = f"{self.node} did not take a seat's login or pause ({why}); it is tried again"
        return Report("alarm", "warning", text, {"node": self.node, "result": event.result.value, "detail": event.detail})

    def is_about(self, key: MemberKey) -> bool:
        """Something was asked for this member, and has not been seen to hold."""
        return key in self._errands

    def refusal(self, key: MemberKey) -> str:
        """Why the last thing that was asked for this member was not done, in the server's words; empty while that is not known."""
        errand = self._errands.get(key)
        return errand.why if errand is not None and errand.failures else ""

    def settle(self, key: MemberKey) -> None:
        """It is as wanted."""
        errand = self._errands.get(key)
        if errand is not None and not errand.unanswered:
            del self._errands[key]
            self.is_failing = self.is_failing and bool(self._errands)

    def forget(self) -> None:
        """Its links are down: what is still unanswered will be told as lost; nothing is known to differ."""
        self.differing.clear()
        self.todo.clear()
        self.ringinuse_due.clear()

    def wake(self, at: float) -> None:
        """What was put off until now is looked at again."""
        if at < self.again_at:
            return
        self.again_at = float("inf")
        for key, again_at in self._put_off():
            if again_at <= at:
                self.todo[key] = None
            else:
                self.again_at = min(self.again_at, again_at)

    def _put_off(self) -> Iterator[tuple[MemberKey, float]]:
        return ((key, errand.again_at) for key, errand in self._errands.items() if not errand.unanswered)
