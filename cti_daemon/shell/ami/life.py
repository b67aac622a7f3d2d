"""One connection life of a link: connect, banner, login, boot, then heartbeats until it is over."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from cti_daemon.model.ids import NodeName, PathName
from cti_daemon.model.reasons import Loss, Result
from cti_daemon.shell.ami.one_life import OneLife
from cti_daemon.shell.ami.session import Session
from cti_daemon.shell.pulse import Pulse
from cti_daemon.wire.ami_action import ActionIds
from cti_daemon.wire.ami_message import Reply
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.ami_stream import Tally

_T = TypeVar("_T")
_MOST_NONCES = 256
_PHASES = {"a": 0.0, "b": 0.5}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a link waits, in seconds."""

    connect: float = 1.0
    banner: float = 1.0
    login: float = 1.0
    boot: float = 1.0
    """After the first nonce: an account without read class `system` is never told FullyBooted."""
    silent: float = 3.0
    """Without a nonce of its own for so long, a link is closed and opened anew."""
    stood: float = 1.0
    """A life this long earns an attempt at once when it ends."""
    first_retry: float = 0.05
    last_retry: float = 1.0
    denied_retry: float = 10.0


@dataclass(frozen=True, slots=True)
class Door:
    """Where a link goes in, and as whom."""

    node: NodeName
    path: PathName
    host: str
    port: int
    username: str
    secret: str = field(repr=False)


class LifeFailedError(Exception):
    """The life did not come to be, or ended; `loss` says how."""

    def __init__(self, loss: Loss, detail: str = "") -> None:
        super().__init__(detail or loss.value)
        self.loss = loss


class Witness(Protocol):
    """Who is told of a life, in the order of the stream."""

    def life_heard(self, life: "Life", kind: bytes, block: bytes, *, is_mark: bool) -> None:
        """An event that both sessions receive; `is_mark` for a proved heartbeat, whoever sent it."""

    def life_refused(self, life: "Life", kind: str, why: str) -> None:
        """A block was dropped."""

    def life_beats(self, life: "Life") -> None:
        """Our nonce came back."""

    def life_ended(self, life: "Life", loss: Loss) -> None:
        """The connection is gone."""


class Life:
    """`open()` once; `over` holds how it ended."""

    def __init__(self, door: Door, *, proof: Proof, tally: Tally, witness: Witness, patience: Patience, heartbeat_seconds: float) -> None:
        self._door, self._proof, self._witness, self._patience = door, proof, witness, patience
        self._loop = asyncio.get_running_loop()
        self.session = Session(proof, tally, ActionIds(secrets.token_hex(16)), self)
        self.over: asyncio.Future[Loss] = self._loop.create_future()
        self.alive_at: float | None = None
        self.trouble = ""
        self._booted: asyncio.Future[None] = self._loop.create_future()
        self._answered: asyncio.Future[None] = self._loop.create_future()
        self._pulse = Pulse(heartbeat_seconds, _PHASES.get(door.path, 0.25), self._on_beat)
        self._nonces: dict[str, None] = {}
        self._excused_at = 0.0

    async def open(self) -> None:
        """To a booted, logged-in session with a beating heart. Raises `LifeFailedError`; then the life is over."""
        try:
            await self._connect()
            await self._within(self._patience.banner, self.session.banner, Loss.SILENT)
            await self._log_in()
            self._excused_at = self._loop.time()
            self._pulse.start()
            self.beat()
            await self._wait_for_boot()
        except LifeFailedError as failed:
            self.trouble = self.trouble or str(failed)
            self.close(failed.loss)
            raise
        except asyncio.CancelledError:
            self.close(Loss.CLOSED)
            raise

    def close(self, loss: Loss) -> None:
        """End it now."""
        self._end(loss)
        self.session.close()

    def beat(self) -> None:
        """One heartbeat now, besides those of the clock."""
        if not self._pulse.is_beating:
            return
        nonce = secrets.token_hex(8)
        self._nonces[nonce] = None
        if len(self._nonces) > _MOST_NONCES:
            del self._nonces[next(iter(self._nonces))]
        self.session.ask({"Action": "UserEvent", "UserEvent": "CtiHeartbeat", "Nonce": nonce}, self._take_beat_reply)

    def set_heartbeat(self, seconds: float) -> None:
        self._pulse.set_seconds(seconds)

    # --- Ears ---

    def hear(self, kind: bytes, block: bytes) -> None:
        is_mark = False
        if kind == b"UserEvent" and b"CtiHeartbeat" in block:
            match = self._proof.match(kind, block)
            if match is not None and match["nonce"] is not None:
                is_mark = True
                self._take_nonce(match["nonce"].decode("ascii"))
        self._witness.life_heard(self, kind, block, is_mark=is_mark)

    def hear_booted(self) -> None:
        if not self._booted.done():
            self._booted.set_result(None)

    def hear_refused(self, kind: str, why: str) -> None:
        self._witness.life_refused(self, kind, why)

    def hear_lost(self, exc: Exception | None) -> None:
        if self.session.garbled is not None:
            self.trouble = self.session.garbled
            self._end(Loss.GARBLED)
        else:
            self._end(Loss.SILENT if isinstance(exc, TimeoutError) else Loss.CLOSED)

    # --- inside ---

    def _end(self, loss: Loss) -> None:
        """Told once; the first reason stays."""
        if self.over.done():
            return
        self._pulse.stop()
        self.over.set_result(loss)
        self._witness.life_ended(self, loss)

    async def _connect(self) -> None:
        manager = OneLife(self._door.host, self._door.port, lambda: self.session)
        try:
            async with asyncio.timeout(self._patience.connect):
                await manager.connect()
        except ConnectionRefusedError as fault:
            raise LifeFailedError(Loss.REFUSED) from fault
        except (TimeoutError, OSError) as fault:
            raise LifeFailedError(Loss.UNREACHABLE, str(fault)) from fault

    async def _log_in(self) -> None:
        challenge = await self._reply({"Action": "Challenge", "AuthType": "MD5"})
        if challenge.result is not Result.DONE or "Challenge" not in challenge.headers:
            raise LifeFailedError(Loss.DENIED, f"no MD5 challenge: {challenge.message}")
        # AMI's challenge login knows nothing but MD5; it is better than the secret in clear.
        key = hashlib.md5((challenge.headers["Challenge"] + self._door.secret).encode(), usedforsecurity=False).hexdigest()
        login = {"Action": "Login", "AuthType": "MD5", "Username": self._door.username, "Key": key, "Events": "on"}
        answer = await self._reply(login)
        if answer.result is not Result.DONE:
            raise LifeFailedError(Loss.DENIED, answer.message)

    async def _reply(self, fields: dict[str, str]) -> Reply:
        reply = await self._within(self._patience.login, self.session.send(fields), Loss.SILENT)
        if reply.result is Result.UNKNOWN or not self.session.is_open:
            raise LifeFailedError(self.over.result() if self.over.done() else Loss.CLOSED)
        return reply

    async def _wait_for_boot(self) -> None:
        """FullyBooted may come late from a node that is still starting; where it is not told at all, the first nonce must do."""
        await self._either(self._booted, self._patience.boot)
        if not self._booted.done():
            await self._within(self._patience.silent, self._answered, Loss.SILENT)
        if self.over.done():
            raise LifeFailedError(self.over.result())

    async def _within(self, seconds: float, future: "asyncio.Future[_T]", loss: Loss) -> _T:
        """The future's result; `loss` when it takes too long, the life's own loss when that ends first."""
        await self._either(future, seconds)
        if future.done() and not future.cancelled():
            return future.result()
        future.cancel()
        raise LifeFailedError(self.over.result() if self.over.done() else loss)

    async def _either(self, future: "asyncio.Future[Any]", seconds: float) -> None:
        """Until the future or the life is done, or the time is up."""
        ends: set[asyncio.Future[Any]] = {future, self.over}
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    def _on_beat(self, late_seconds: float) -> None:
        now = self._loop.time()
        if late_seconds > max(self._pulse.seconds, 0.2):
            self._excused_at = now  # we ourselves were away: silence in that time proves nothing
        if now - max(self.alive_at or 0.0, self._excused_at) > self._patience.silent:
            self.close(Loss.SILENT)
        else:
            self.beat()

    def _take_nonce(self, nonce: str) -> None:
        """The other session's nonces are heard here too; only our own proves this session."""
        if nonce not in self._nonces:
            return
        while (oldest := next(iter(self._nonces))) != nonce:
            del self._nonces[oldest]
        del self._nonces[nonce]
        self.alive_at = self._loop.time()
        if not self._answered.done():
            self._answered.set_result(None)
        self._witness.life_beats(self)

    def _take_beat_reply(self, reply: Reply) -> None:
        if reply.result is Result.FAILED and self.session.is_open and reply.headers:
            self.trouble = f"heartbeats are refused (write class `user` is needed): {reply.message}"
            self.close(Loss.DENIED)
