"""Commands of people on this machine, over a Unix socket: they work also when the broker does not.

A line in, a line out: the verb, a space and the body of an MQTT request; then the answer, as JSON. Who asks is what the kernel says of
the peer (SO_PEERCRED, unix(7)), by name as in the site's roles; nothing that is sent can change it."""

import asyncio
import pwd
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cti_daemon.model.effects import Answer
from cti_daemon.model.events import Command
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.shell import log
from cti_daemon.shell.privacy import without_numbers
from cti_daemon.wire.mqtt_payload import MOST_BYTES, RefusedError, answer_body, decode_request, encode, refusal_body
from cti_daemon.wire.mqtt_topics import is_verb

MOST_CONNECTIONS = 32
IDLE_SECONDS = 300.0
ANSWER_SECONDS = 5.0
_PEER = struct.Struct("3i")  # pid, uid, gid


Private = Callable[[Command], Awaitable[Answer]]
"""Carries out what the core must not hear of, since it may hold a number of a person; may raise RefusedError."""


class ControlSocket:
    """`private`: verbs that only this socket takes, and that go past the core. `post` takes a command; its answer comes back through
    `answer`, which says whether it was for a caller here. `count_command` is told verb and result of each, `refused` user, verb and code
    of what was turned away before the core saw it."""

    def __init__(
        self,
        path: str,
        post: Callable[[Command], None],
        epoch: Callable[[], int],
        *,
        count_command: Callable[[str, str], None],
        refused: Callable[[str, str, str], None],
        private: Mapping[str, Private] | None = None,
    ) -> None:
        self._path = Path(path)
        self._private = private if private is not None else {}
        self._post = post
        self._epoch = epoch
        self._count = count_command
        self._refused = refused
        self._server: asyncio.Server | None = None
        self._connections = 0
        self._awaited: dict[tuple[str, str], asyncio.Future[Answer]] = {}
        self._log = log.get("control")
        self._repeats = log.Repeats(self._log)

    async def start(self) -> None:
        """Listen. A socket that cannot be made does not stop the daemon: it is said, and commands come over MQTT only."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            with suppress(FileNotFoundError):
                self._path.unlink()
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=MOST_BYTES + 1024)
            self._path.chmod(0o660)
        except OSError as error:
            self._log.error("no commands of this machine: the control socket cannot be made", path=str(self._path), fault=str(error))

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            with suppress(OSError):
                self._path.unlink()

    def answer(self, answer: Answer) -> bool:
        """Give it to whoever asked here; False when nobody did."""
        waiting = self._awaited.get((answer.user, answer.command_id))
        if waiting is None or waiting.done():
            return False
        waiting.set_result(answer)
        self._count(answer.verb, answer.status)
        return True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections > MOST_CONNECTIONS:
                self._repeats.failed("full", "a caller of the control socket is turned away: too many are connected", most=MOST_CONNECTIONS)
                return
            self._repeats.well("full", "the control socket takes callers again")
            user = _user_of(writer.get_extra_info("socket"))
            while line := await asyncio.wait_for(_line(reader), IDLE_SECONDS):
                writer.write(await self._take(user, line) + b"\n")
                await writer.drain()
        except (OSError, TimeoutError):
            return
        finally:
            self._connections -= 1
            writer.close()

    async def _take(self, user: str, line: bytes) -> bytes:
        try:
            command = _decode(user, line)
            private = self._private.get(command.verb)
            if private is not None:
                answer = await private(command)
                self._count(answer.verb, answer.status)
                return encode(answer_body(replace(answer, epoch=self._epoch())))
            command = without_numbers(command)
        except RefusedError as refused:
            self._log.warning("request refused", user=user, code=refused.code, why=refused.message)
            verb = line.partition(b" ")[0].decode("ascii", "replace")
            verb = verb if is_verb(verb) else "?"
            self._count(verb, CommandStatus.REJECTED)
            self._refused(user, verb, refused.code)
            return encode(refusal_body(refused, self._epoch()))
        key = (user, command.id)
        answered = self._awaited[key] = asyncio.get_running_loop().create_future()
        try:
            self._post(command)
            return encode(answer_body(await asyncio.wait_for(answered, ANSWER_SECONDS)))
        except TimeoutError:
            slow = RefusedError("no_answer", "taken, but not answered in time: look at `status` before you ask again", command.id)
            return encode(refusal_body(slow, self._epoch()))
        finally:
            if self._awaited.get(key) is answered:
                del self._awaited[key]


async def _line(reader: asyncio.StreamReader) -> bytes:
    """One line; what is too long comes back cut, and is refused for its size. Empty at the end."""
    try:
        return await reader.readline()
    except ValueError:  # LimitOverrunError: what was read is thrown away by readline
        return b" " + b"x" * MOST_BYTES + b"x"


def _decode(user: str, line: bytes) -> Command:
    """Raises RefusedError."""
    verb, _, body = line.partition(b" ")
    try:
        name = verb.decode("ascii")
    except UnicodeDecodeError:
        name = ""
    if len(line) <= MOST_BYTES and not is_verb(name):
        raise RefusedError("malformed", "a request is one line: the verb, a space, a JSON object")
    return decode_request(user, name, body, time.time())


def _user_of(peer: socket.socket) -> str:
    """The peer's login name; its number where it has none."""
    _, uid, _ = _PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"
