"""One AMI connection life: bytes to blocks, actions to replies, lists to whole answers. Handed to panoramisk as its protocol."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, cast

from typing_extensions import override

from cti_daemon.model.reasons import Result
from cti_daemon.shell.ami.breath import Breath
from cti_daemon.wire.ami_action import ActionIds, LocalProtocolError, encode_action
from cti_daemon.wire.ami_list import ListAnswer, ListRefused
from cti_daemon.wire.ami_message import Reply, action_id_of, read_response
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.ami_stream import Sort, Stream, Tally

_MOST_UNSENT_BYTES = 1 << 20
_USER_TIMEOUT_SECONDS = 5.0
_NOT_SENT = Reply(Result.FAILED, "not sent: the link is down or the node does not read")

ListItems = list[tuple[bytes, Any]]
Ended = Callable[[ListItems | ListRefused], None]


class Ears(Protocol):
    """Who listens to a session. All calls come in the order of the stream."""

    def hear(self, kind: bytes, block: bytes) -> None:
        """An event of the stream, not proved yet."""

    def hear_booted(self) -> None:
        """FullyBooted."""

    def hear_refused(self, kind: str, why: str) -> None:
        """A block that no genuine Asterisk writes was dropped."""

    def hear_lost(self, exc: Exception | None) -> None:
        """The connection is gone; nothing comes after this."""


class Session(asyncio.Protocol):
    """Built by `link`, connected by `one_life`. Every answer comes once; what is unanswered at the end is UNKNOWN."""

    def __init__(self, proof: Proof, tally: Tally, ids: ActionIds, ears: Ears) -> None:
        self._proof = proof
        self._ids = ids
        self._ears = ears
        self._stream = Stream(proof, tally)
        self._transport: asyncio.Transport | None = None
        self._breath: Breath | None = None
        self._pending: dict[str, Callable[[Reply], None]] = {}
        self._lists: dict[str, tuple[ListAnswer, Ended]] = {}
        self.banner: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.received_bytes = 0
        self.late_replies = 0
        self.factory: Any = None  # set by panoramisk, as are queue, log, config, encoding and responses

    # --- asyncio ---

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._breath = Breath(self._transport)
        sock = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(_USER_TIMEOUT_SECONDS * 1000))

    @override
    def data_received(self, data: bytes) -> None:
        self.received_bytes += len(data)
        ears = self._ears
        for sort, kind, block in self._stream.feed(data):
            if sort is Sort.STREAM:
                ears.hear(kind, block)
            elif sort is Sort.RESPONSE:
                self._take_response(block)
            elif sort is Sort.ITEM:
                self._take_item(kind, block)
            elif sort is Sort.BOOTED:
                ears.hear_booted()
            else:
                ears.hear_refused("(unproved)", "no proof of origin: not a block that an Asterisk writes")
        if self._stream.banner is not None and not self.banner.done():
            self.banner.set_result(self._stream.banner)
        if self._stream.fault is not None:
            self.close()
        if self._breath is not None:
            self._breath.took(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        pending, self._pending = self._pending, {}
        lists, self._lists = self._lists, {}
        self._transport = None
        if not self.banner.done():
            self.banner.cancel()
        self._ears.hear_lost(exc)
        for take in pending.values():
            take(Reply(Result.UNKNOWN, "the link was lost before the answer"))
        for _, ended in lists.values():
            ended(ListRefused("the link was lost"))
        if self.factory is not None:
            self.factory.connection_lost(exc)

    # --- for panoramisk and for us ---

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def garbled(self) -> str | None:
        """Why the stream broke a limit of the wire, if it did."""
        return self._stream.fault.why if self._stream.fault is not None else None

    def close(self) -> None:
        """End this life without waiting for anything unsent."""
        if self._transport is not None:
            self._transport.abort()

    def send(self, data: Mapping[str, str], as_list: object = None) -> "asyncio.Future[Reply]":  # noqa: ARG002  # panoramisk's signature
        """The future of one action's reply: panoramisk's way in (`Manager.send_action`)."""
        return self.send_all([data])[0]

    def send_all(self, actions: Sequence[Mapping[str, str]]) -> "list[asyncio.Future[Reply]]":
        """All actions in one write. A cancelled future is forgotten; an action that cannot be encoded fails alone, unsent."""
        futures: list[asyncio.Future[Reply]] = []
        chunks: list[bytes] = []
        takers: dict[str, Callable[[Reply], None]] = {}
        loop = asyncio.get_running_loop()
        for fields in actions:
            action_id = self._ids.next()
            future: asyncio.Future[Reply] = loop.create_future()
            futures.append(future)
            try:
                chunks.append(encode_action(fields, action_id))
            except LocalProtocolError as fault:
                future.set_result(Reply(Result.FAILED, f"not sent: {fault}"))
                continue
            takers[action_id] = _settling(future)
            future.add_done_callback(partial(self._forget, action_id))
        if self._write(b"".join(chunks)):
            self._pending |= takers
        else:
            for take in takers.values():
                take(_NOT_SENT)
        return futures

    def ask(self, fields: Mapping[str, str], take: Callable[[Reply], None]) -> None:
        """One action whose reply is taken in the order of the stream, before the next block is heard."""
        action_id = self._ids.next()
        if self._write(encode_action(fields, action_id)):
            self._pending[action_id] = take
        else:
            take(_NOT_SENT)

    def collect(self, fields: Mapping[str, str], make: Callable[[str], ListAnswer], ended: Ended) -> None:
        """A list action; `ended` is called once, in the order of the stream."""
        action_id = self._ids.next()
        if not self._write(encode_action(fields, action_id)):
            ended(ListRefused(_NOT_SENT.message))
            return
        self._lists[action_id] = (make(action_id), ended)
        self._pending[action_id] = lambda reply: self._begin_list(action_id, reply)

    def abandon_lists(self) -> None:
        """Nobody waits any longer: late items find no list and are dropped."""
        for action_id in list(self._lists):
            self._end_list(action_id, ListRefused("no whole answer in time"))

    # --- inside ---

    def _write(self, data: bytes) -> bool:
        transport = self._transport
        if transport is None or transport.is_closing() or transport.get_write_buffer_size() > _MOST_UNSENT_BYTES:
            return False
        transport.write(data)
        return True

    def _forget(self, action_id: str, _future: "asyncio.Future[Reply]") -> None:
        self._pending.pop(action_id, None)

    def _take_response(self, block: bytes) -> None:
        action_id = action_id_of(block)
        if action_id is None or not self._ids.is_own(action_id):
            self._ears.hear_refused("(response)", "an answer to nothing that was asked")
            return
        take = self._pending.pop(action_id, None)
        if take is None:
            self.late_replies += 1
        else:
            take(read_response(block))

    def _begin_list(self, action_id: str, reply: Reply) -> None:
        if action_id not in self._lists:
            return  # ended with the connection, or abandoned
        if reply.result is Result.DONE:
            self._lists[action_id][0].begun = True
        else:
            self._end_list(action_id, ListRefused(reply.message or "refused"))

    def _take_item(self, kind: bytes, block: bytes) -> None:
        match = self._proof.match(kind, block)
        if match is None:
            why = self._proof.fault(kind, block)
            self._taint_lists(why)
            self._ears.hear_refused(kind.decode("ascii"), why)
            return
        action_id = match["action"].decode("ascii")
        answer, _ = self._lists.get(action_id, (None, None))
        if answer is None:
            if not self._ids.is_own(action_id):
                self._taint_lists("an item that nobody asked for")
                self._ears.hear_refused(kind.decode("ascii"), "an item that nobody asked for")
        elif kind == answer.complete:
            self._end_list(action_id, answer.end(match))
        else:
            answer.add(kind, match)

    def _taint_lists(self, why: str) -> None:
        """An Asterisk writes a list in one go: what stands in between came out of one of its items."""
        for answer, _ in self._lists.values():
            if answer.begun:
                answer.taint(why)

    def _end_list(self, action_id: str, result: "ListItems | ListRefused") -> None:
        _, ended = self._lists.pop(action_id)
        self._pending.pop(action_id, None)
        ended(result)


def _settling(future: "asyncio.Future[Reply]") -> Callable[[Reply], None]:
    def take(reply: Reply) -> None:
        if not future.done():
            future.set_result(reply)

    return take
