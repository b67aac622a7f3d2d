"""Whole, counted pictures of one node, taken on its active session so that they stand in order with its events.

An edge is asked for its channels and the globals of the route, any other node for its channels and then its queues. What is not
proved is refused as a whole and asked for again, a few times, ever slower; the comparison every few seconds asks anyway."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from cti_daemon.model.call_events import ChannelsListed
from cti_daemon.model.events import EdgeListed, QueuesListed
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Result
from cti_daemon.shell import log
from cti_daemon.shell.ami.session import ListItems, Session
from cti_daemon.wire.ami_list import ListRefused, channel_answer, queue_answer, read_channels, read_edge, read_queues
from cti_daemon.wire.ami_message import Reply

_log = log.get("ami")

_ANSWER_SECONDS = 3.0
_RETRY_SECONDS = (0.1, 0.3, 1.0, 2.0)


Listed = EdgeListed | ChannelsListed | QueuesListed


class Snapshots:
    """One at a time. `take()` while one is under way asks for another one after it."""

    def __init__(
        self,
        node: NodeName,
        *,
        is_edge: bool,
        active: Callable[[], Session | None],
        post: Callable[[Listed], None],
        refused: Callable[[str, str], None],
    ) -> None:
        self._node, self._is_edge = node, is_edge
        self._active, self._post, self._refused = active, post, refused
        self._loop = asyncio.get_running_loop()
        self._session: Session | None = None
        self._again = False
        self._tries = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._began_at = 0.0
        self._route = self._epoch = ""
        self._globals_missing = ""
        self._life = ""
        self.taken = 0
        self.failed = 0

    @property
    def is_under_way(self) -> bool:
        return self._session is not None or self._retry is not None

    def take(self) -> None:
        """Ask now, afresh: earlier failures count no longer."""
        self._tries = 0
        if self._session is not None and self._session is self._active():
            self._again = True
            return
        self._begin()

    def stop(self) -> None:
        for timer in (self._deadline, self._retry):
            if timer is not None:
                timer.cancel()
        self._session = self._deadline = self._retry = None
        self._again = False

    def _begin(self) -> None:
        self.stop()
        session = self._active()
        if session is None:
            return
        self._session = session
        self._began_at = self._loop.time()
        self._deadline = self._loop.call_later(_ANSWER_SECONDS, session.abandon_lists)
        self._life = ""
        session.ask({"Action": "CoreStatus"}, self._take_life)
        if self._is_edge:
            self._route = self._epoch = self._globals_missing = ""
            session.ask({"Action": "Getvar", "Variable": "CTI_ROUTE"}, self._take_route)
            session.ask({"Action": "Getvar", "Variable": "CTI_EPOCH"}, self._take_epoch)
        session.collect({"Action": "CoreShowChannels"}, channel_answer, lambda result: self._take_channels(session, result))

    def _take_life(self, reply: Reply) -> None:
        """When this process of the node was started, in the node's own words."""
        self._life = f"{reply.headers.get('CoreStartupDate', '')} {reply.headers.get('CoreStartupTime', '')}".strip()

    def _take_route(self, reply: Reply) -> None:
        self._route = reply.value
        if reply.result is not Result.DONE:
            self._globals_missing = reply.message

    def _take_epoch(self, reply: Reply) -> None:
        self._epoch = reply.value
        if reply.result is not Result.DONE:
            self._globals_missing = reply.message

    def _take_channels(self, session: Session, result: ListItems | ListRefused) -> None:
        if session is not self._session:
            return  # of an earlier active session
        if isinstance(result, list) and self._is_edge and self._globals_missing:
            result = ListRefused(f"the globals could not be read: {self._globals_missing}")
        if isinstance(result, ListRefused):
            self._refuse(session, result.why)
            return
        if self._is_edge:
            listed = read_edge(result, self._node, self._route, self._epoch)
            self._post(replace(listed, took_seconds=self._loop.time() - self._began_at))
        self._post(read_channels(result, self._node, self._life))
        if self._is_edge:
            self._succeed()
        else:
            session.collect({"Action": "QueueStatus"}, queue_answer, lambda result: self._take_queues(session, result))

    def _take_queues(self, session: Session, result: ListItems | ListRefused) -> None:
        if session is not self._session:
            return
        if isinstance(result, ListRefused):
            self._refuse(session, result.why)
            return
        self._post(read_queues(result, self._node))
        self._succeed()

    def _succeed(self) -> None:
        again = self._again
        self.stop()
        self.taken += 1
        self._tries = 0
        if again:
            self._begin()

    def _refuse(self, session: Session, why: str) -> None:
        tries = self._tries
        self.stop()
        self._fail(session, why, tries)

    def _fail(self, session: Session, why: str, tries: int) -> None:
        self.failed += 1
        if not session.is_open:
            return  # the next active session takes its own
        _log.warning("a list answer was refused", node=self._node, why=why, tries=tries + 1)
        self._refused("list", why)
        if tries < len(_RETRY_SECONDS):
            self._tries = tries + 1
            self._retry = self._loop.call_later(_RETRY_SECONDS[tries], self._begin)
