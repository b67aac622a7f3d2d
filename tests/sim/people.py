"""People at work on the site: what they order, and how: a dry run first, and then, with its token, the deed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from cti_daemon.model.effects import Answer
from cti_daemon.model.events import Command
from tests.sim.clock import Clock

USER = "alice"
THINKS_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Wish:
    at: float
    verb: str
    args: dict[str, Any] = field(default_factory=dict)


class Person:
    """`say` posts a command to the daemon."""

    def __init__(self, clock: Clock, say: Callable[[Command], None]) -> None:
        self._clock, self._say = clock, say
        self._ids = count(1)
        self._asked: dict[str, Wish] = {}

    def wish(self, wish: Wish) -> None:
        self._send(wish, dry_run=True)

    def hear(self, answer: Answer) -> None:
        wish = self._asked.pop(answer.command_id, None)
        if wish is not None and answer.code == "dry_run":
            confirm = str(answer.data.get("confirm", ""))
            self._clock.after(THINKS_SECONDS, partial(self._send, wish, confirm=confirm))

    def _send(self, wish: Wish, *, dry_run: bool = False, confirm: str = "") -> None:
        name = f"order-{next(self._ids)}"
        if dry_run:
            self._asked[name] = wish
        self._say(Command(name, wish.verb, USER, dry_run=dry_run, confirm=confirm, args=wish.args))
