"""panoramisk's Manager, for exactly one connection life.

What it does by itself after a loss is shut out here: it would reconnect on its own clock, log in in clear, ping without looking
at the answer and send unanswered actions once more."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from panoramisk import Manager

_QUIET = logging.getLogger("cti_daemon.panoramisk")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False  # what matters is said by `link`, once and with names


class EveryAction:
    """Stands as panoramisk's list of actions that need not be sent again: all of them."""

    def __contains__(self, _name: object) -> bool:
        return True


class OneLife(Manager):  # type: ignore[misc]  # panoramisk ships no types
    """`connect()` works once; nothing is ever repeated."""

    def __init__(self, host: str, port: int, protocol_factory: Callable[[], asyncio.Protocol]) -> None:
        super().__init__(
            loop=asyncio.get_running_loop(),
            host=host,
            port=port,
            protocol_factory=protocol_factory,
            forgetable_actions=EveryAction(),
            log=_QUIET,
        )
        self._begun = False
        self.pinger: Any = None

    def connect(self, *_args: Any, **_kwargs: Any) -> "asyncio.Task[Any]":
        """The attempt, as a task to be awaited under a deadline. Raises RuntimeError when asked a second time."""
        if self._begun:
            raise RuntimeError("one life, one connection")
        self._begun = True
        task: asyncio.Task[Any] = super().connect()
        return task

    def connection_made(self, f: "asyncio.Future[Any]") -> None:
        """Called by panoramisk when the attempt has ended, also without success: then whoever awaits `connect` is told."""
        if f.cancelled() or f.exception() is not None:
            return
        super().connection_made(f)
        self.pinger.cancel()
        self.pinger = None

    def ping(self) -> None:
        """Here panoramisk would send a Ping and not look at the answer; the heartbeat's nonce proves more."""

    def connection_lost(self, _exc: object) -> None:
        """Here panoramisk would reconnect."""
        self._connected = False

    async def send_awaiting_actions(self, *_: Any) -> None:
        """Here panoramisk would send the unanswered actions of an earlier life."""
        self.awaiting_actions.clear()
