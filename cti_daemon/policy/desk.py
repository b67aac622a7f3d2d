"""The desk where commands are taken: each is answered once, written down, and told to everybody.

An id that comes again gets the answer of the first time, also after a restart: answers are in the journal (`answer`), all but those of
questions and of dry runs, which change nothing and are asked anew. What is long (a report, a page of forms) is kept of few answers, and in
no journal."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from cti_daemon.model.effects import Answer, Effect, Record, Report
from cti_daemon.model.events import Command
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.model.verbs import HARMLESS, VERBS, Kind
from cti_daemon.policy.command import rule
from cti_daemon.policy.ruling import LastOrder, Ruling, Situation

ANSWERS_KEPT = 500
"""Of each user; the oldest go first. So nobody's questions push out another one's orders."""
USERS_KEPT = 1000
LONG_KEPT = 20
"""Answers of errands, in all: each may hold a whole report."""
LONG = "html"
"""What of an answer's data the journal does not hold."""
REFUSED_ANYWAY = frozenset({"not_allowed", "unknown_verb", "expired"})
"""Codes that the same request gets again after a restart: the journal need not keep the answer."""


class Desk:
    """`key` is a secret of this process, for the tokens that confirm dangerous commands. `answered`: what the journal holds, oldest
    first."""

    def __init__(self, key: bytes, answered: Iterable[Answer] = ()) -> None:
        self._key = key
        self._answered: OrderedDict[str, OrderedDict[str, Answer]] = OrderedDict()
        self._open: dict[tuple[str, str], int] = {}
        """Commands whose answer will come, and how often each was repeated meanwhile."""
        self._long: OrderedDict[tuple[str, str], Answer] = OrderedDict()
        self.last: LastOrder | None = None
        for answer in answered:
            self._keep(answer)

    def answer_again(self, command: Command, out: list[Effect]) -> bool:
        """Was this command heard before? Then its first answer is given again, at once or when it is known; nothing is done twice."""
        asked = (command.user, command.id)
        if asked in self._open:
            self._open[asked] += 1
            return True
        own = self._answered.get(command.user)
        first = self._long.get(asked) or (own.get(command.id) if own is not None else None)
        if first is not None:
            out.append(replace(first, status=CommandStatus.DUPLICATE.value))
        return first is not None

    def take(self, command: Command, now: Situation, out: list[Effect]) -> Ruling:
        """What is ruled; the record of it is in `out`. What it orders is the caller's to carry out."""
        ruling = rule(command, now, self._key)
        out.append(Record("command", _heard(command, ruling), is_awaited=_does_something(command, ruling)))
        if ruling.is_go and ruling.wishes is None and not ruling.is_errand:
            left = now.routing.serving if ruling.move is not None else None
            self.last = LastOrder(command.user, command.verb, command.reason, now.now, now.routing.epoch, left, ruling.order, ruling.drill)
        return ruling

    def defer(self, command: Command, ruling: Ruling, epoch: int, out: list[Effect]) -> None:
        """The answer comes later, by `close`. Should we die before that, this is what is known of it."""
        self._open[(command.user, command.id)] = 0
        if _is_question(command):
            return
        told = f"taken, but the daemon was restarted before the end was known: look whether it holds ({ruling.message})"
        out.append(_remembered(Answer(command.id, command.user, command.verb, ruling.status.value, "unknown_end", told, epoch)))

    def close(self, command: Command, ruling: Ruling, epoch: int, data: dict[str, Any], out: list[Effect]) -> None:
        """Answer, and tell. `epoch` is the one after the command."""
        data = data | ruling.data
        if ruling.plan:
            data = data | {"plan": ruling.plan}
        if ruling.confirm:
            data = data | {"confirm": ruling.confirm}
        answer = Answer(command.id, command.user, command.verb, ruling.status.value, ruling.code, ruling.message, epoch, data)
        is_kept = command.verb not in HARMLESS and not _is_question(command) and not command.dry_run
        if is_kept and ruling.code not in REFUSED_ANYWAY:
            # A deferred order's id is in the journal since it was taken: its end need not be durable before it is told.
            is_new = (command.user, command.id) not in self._open
            out.append(_remembered(answer, is_awaited=is_new and _does_something(command, ruling)))
        repeats = self._open.pop((command.user, command.id), 0)
        out.append(answer)
        out.extend([replace(answer, status=CommandStatus.DUPLICATE.value)] * repeats)
        self._keep(answer)
        text = f"{command.user}: {command.verb}: {ruling.code}"
        if (ruling.is_go or ruling.wishes is not None) and (command.reason or command.verb == "note"):
            text = f"{text}: {command.reason}"
        out.append(Report("command", "info", text, _heard(command, ruling)))

    def _keep(self, answer: Answer) -> None:
        verb = VERBS.get(answer.verb)
        if verb is not None and verb.is_errand:
            self._long[answer.user, answer.command_id] = answer
            self._long.move_to_end((answer.user, answer.command_id))
            while len(self._long) > LONG_KEPT:
                self._long.popitem(last=False)
            if verb.kind is Kind.QUESTION:
                return
            answer = replace(answer, data=_short(answer.data))
        own = self._answered.setdefault(answer.user, OrderedDict())
        self._answered.move_to_end(answer.user)
        own[answer.command_id] = answer
        own.move_to_end(answer.command_id)
        while len(own) > ANSWERS_KEPT:
            own.popitem(last=False)
        while len(self._answered) > USERS_KEPT:
            self._answered.popitem(last=False)


def _does_something(command: Command, ruling: Ruling) -> bool:
    """Does anything hang on it that must be durable first? Nobody waits for the disk to be told a question's answer, a plan or a no."""
    return not (ruling.is_refusal or command.dry_run or command.verb in HARMLESS or _is_question(command))


def _is_question(command: Command) -> bool:
    verb = VERBS.get(command.verb)
    return verb is not None and verb.kind is Kind.QUESTION


def _short(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != LONG}


def _remembered(answer: Answer, *, is_awaited: bool = True) -> Record:
    facts = {"user": answer.user, "id": answer.command_id, "verb": answer.verb, "status": answer.status, "code": answer.code}
    return Record("answer", facts | {"message": answer.message, "epoch": answer.epoch, "data": _short(answer.data)}, is_awaited=is_awaited)


def _heard(command: Command, ruling: Ruling) -> dict[str, Any]:
    heard: dict[str, Any] = {"user": command.user, "verb": command.verb, "id": command.id, "reason": command.reason}
    return heard | {"code": ruling.code, "message": ruling.message, "dry_run": command.dry_run, "args": command.args}
