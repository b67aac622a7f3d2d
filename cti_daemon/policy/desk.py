"""The desk where commands are taken: each is answered once, written down, and told to everybody."""

from collections import OrderedDict
from dataclasses import replace
from typing import Any

from cti_daemon.model.effects import Answer, Effect, Record, Report
from cti_daemon.model.events import Command
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.policy.command import rule
from cti_daemon.policy.ruling import LastOrder, Ruling, Situation

ANSWERS_KEPT = 1000
"""Answers to commands that are given again when a command's id is repeated."""


class Desk:
    """`key` is a secret of this process, for the tokens that confirm dangerous commands."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._answered: OrderedDict[tuple[str, str], Answer] = OrderedDict()
        self.last: LastOrder | None = None

    def answer_again(self, command: Command) -> Answer | None:
        """The first answer, when this command was answered before: nothing is done a second time."""
        first = self._answered.get((command.user, command.id))
        return None if first is None else replace(first, status=CommandStatus.DUPLICATE.value)

    def take(self, command: Command, now: Situation, out: list[Effect]) -> Ruling:
        """What is ruled; the record of it is in `out`. What it orders is the caller's to carry out."""
        ruling = rule(command, now, self._key)
        out.append(Record("command", _heard(command, ruling)))
        if ruling.is_go:
            left = now.routing.serving if ruling.move is not None else None
            self.last = LastOrder(command.user, command.verb, command.reason, now.now, now.routing.epoch, left, ruling.order)
        return ruling

    def close(self, command: Command, ruling: Ruling, epoch: int, data: dict[str, Any], out: list[Effect]) -> None:
        """Answer, and tell. `epoch` is the one after the command."""
        if ruling.plan:
            data = data | {"plan": ruling.plan}
        if ruling.confirm:
            data = data | {"confirm": ruling.confirm}
        answer = Answer(command.id, command.user, command.verb, ruling.status.value, ruling.code, ruling.message, epoch, data)
        out.append(answer)
        self._answered[(command.user, command.id)] = answer
        while len(self._answered) > ANSWERS_KEPT:
            self._answered.popitem(last=False)
        text = f"{command.user}: {command.verb}: {ruling.code}"
        if ruling.is_go and (command.reason or command.verb == "note"):
            text = f"{text}: {command.reason}"
        out.append(Report("command", "info", text, _heard(command, ruling)))


def _heard(command: Command, ruling: Ruling) -> dict[str, Any]:
    heard: dict[str, Any] = {"user": command.user, "verb": command.verb, "id": command.id, "reason": command.reason}
    return heard | {"code": ruling.code, "message": ruling.message, "dry_run": command.dry_run, "args": command.args}
