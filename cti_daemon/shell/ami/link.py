"""One node over one control network, kept alive for ever: life after life.

The next attempt follows at once when a life that had stood was closed by the other end (a refused attempt then tells a dead
process from a lost session); otherwise after a jittered, capped backoff. A denied login is tried again slowly and loudly."""

import asyncio
from collections.abc import Callable
from random import SystemRandom
from typing import Protocol

from cti_daemon.model.events import Event, LinkAlive, LinkLost, LinkUp
from cti_daemon.model.reasons import Loss
from cti_daemon.shell import log
from cti_daemon.shell.ami.life import Door, Life, LifeFailedError, Patience
from cti_daemon.shell.ami.session import Session
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.ami_stream import Tally

_log = log.get("ami")
_chance = SystemRandom()

_HURRY_SECONDS = (0.0, 0.002, 0.005, 0.01, 0.02)
"""A dying process still has its listening socket for some milliseconds: asked again until it refuses."""


class Owner(Protocol):
    """The node that a link belongs to. Calls come in the order of the stream."""

    def link_heard(self, link: "Link", kind: bytes, block: bytes, *, is_mark: bool) -> None:
        """An event of the stream of a link that is up, or about to be."""

    def link_refused(self, link: "Link", kind: str, why: str) -> None:
        """A block was dropped."""

    def link_came(self, link: "Link") -> None:
        """`LinkUp` was just posted."""

    def link_went(self, link: "Link") -> None:
        """`LinkLost` was just posted, of a link that was up."""


class Link:
    """`run()` until cancelled."""

    def __init__(
        self,
        door: Door,
        *,
        proof: Proof,
        tally: Tally,
        heartbeat_seconds: float,
        owner: Owner,
        post: Callable[[Event], None],
        patience: Patience | None = None,
    ) -> None:
        self.door = door
        self._proof, self._tally = proof, tally
        self._owner, self._post = owner, post
        self._patience = patience or Patience()
        self._heartbeat_seconds = heartbeat_seconds
        self._life: Life | None = None
        self._wake = asyncio.Event()
        self._said: Loss | None = None
        self._past_bytes = 0
        self.is_up = False
        self.lives = 0

    @property
    def session(self) -> Session | None:
        """The logged-in session, None while the link is down."""
        return self._life.session if self._life is not None and self.is_up else None

    @property
    def alive_at(self) -> float | None:
        """Monotonic instant of the last own nonce of this life."""
        return self._life.alive_at if self._life is not None and self.is_up else None

    @property
    def received_bytes(self) -> int:
        return self._past_bytes + (self._life.session.received_bytes if self._life is not None else 0)

    async def run(self) -> None:
        retry_seconds = self._patience.first_retry
        hurries: list[float] = []
        loop = asyncio.get_running_loop()
        while True:
            began_at = loop.time()
            loss = await self._live()
            if loop.time() - began_at >= self._patience.stood:
                retry_seconds = self._patience.first_retry
                hurries = list(_HURRY_SECONDS)
            if loss is Loss.DENIED:
                await asyncio.sleep(self._patience.denied_retry * _chance.uniform(0.8, 1.2))
            elif loss is Loss.CLOSED and hurries:
                await asyncio.sleep(hurries.pop(0))
            else:
                await self._pause(retry_seconds * _chance.uniform(0.5, 1.0))
                retry_seconds = min(retry_seconds * 2, self._patience.last_retry)

    def probe(self) -> None:
        """A heartbeat now; a link that waits for its next attempt makes it now."""
        self._wake.set()
        if self._life is not None:
            self._life.beat()

    def set_heartbeat(self, seconds: float) -> None:
        self._heartbeat_seconds = seconds
        if self._life is not None:
            self._life.set_heartbeat(seconds)

    # --- Witness ---

    def life_heard(self, life: Life, kind: bytes, block: bytes, *, is_mark: bool) -> None:
        if life is self._life:
            self._owner.link_heard(self, kind, block, is_mark=is_mark)

    def life_refused(self, life: Life, kind: str, why: str) -> None:
        if life is self._life:
            self._owner.link_refused(self, kind, why)

    def life_beats(self, life: Life) -> None:
        if life is self._life and self.is_up:
            self._post(LinkAlive(self.door.node, self.door.path))

    def life_ended(self, life: Life, loss: Loss) -> None:
        if life is self._life and self.is_up:
            self.is_up = False
            self._tell_loss(life, loss)
            self._owner.link_went(self)

    # --- inside ---

    async def _live(self) -> Loss:
        life = Life(
            self.door,
            proof=self._proof,
            tally=self._tally,
            witness=self,
            patience=self._patience,
            heartbeat_seconds=self._heartbeat_seconds,
        )
        self._life = life
        self.lives += 1
        try:
            await life.open()
            self.is_up = True
            self._said = None
            _log.info("link up", node=self.door.node, path=self.door.path, banner=life.session.banner.result())
            self._post(LinkUp(self.door.node, self.door.path))
            self._owner.link_came(self)
            return await life.over
        except LifeFailedError as failed:
            self._tell_loss(life, failed.loss)
            return failed.loss
        finally:
            self.is_up = False
            self._life = None
            self._past_bytes += life.session.received_bytes
            life.close(Loss.CLOSED)

    async def _pause(self, seconds: float) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _tell_loss(self, life: Life, loss: Loss) -> None:
        """WARNING for the first of a kind, then DEBUG; a denied login is loud each time."""
        say = _log.warning if loss is not self._said or loss is Loss.DENIED else _log.debug
        say("link lost", node=self.door.node, path=self.door.path, how=loss.value, trouble=life.trouble)
        self._said = loss
        self._post(LinkLost(self.door.node, self.door.path, loss))
