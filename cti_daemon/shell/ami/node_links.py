"""One node as the daemon sees it: two links, one stream of events, actions with deadlines.

One link is *active*: its events are proved, read and posted. The other is a hot spare: its events are kept, so that it can take
over exactly where the active one ended. Actions go over the spare, so that a stuck action stops no events."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from cti_daemon.model.events import Event
from cti_daemon.model.ids import PATHS, NodeName, PathName
from cti_daemon.model.reasons import Result, Role
from cti_daemon.model.settings import Detection, Node
from cti_daemon.shell import log
from cti_daemon.shell.ami.life import Door, Patience
from cti_daemon.shell.ami.link import Link
from cti_daemon.shell.ami.session import Session
from cti_daemon.shell.ami.snapshot import Snapshots
from cti_daemon.wire.ami_message import Reply
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.ami_stream import Tally
from cti_daemon.wire.one_stream import OneStream
from cti_daemon.wire.takeover import Place

_log = log.get("ami")

NOT_OURS = "not sent: the lease is not ours"
ACTION_SECONDS = 0.5
COMPARE_SECONDS = 10.0
SEEK_SECONDS = 1.0


class NodeLinks:
    """`run()` until cancelled. Everything seen goes to `post`, in order, from the event loop."""

    def __init__(
        self,
        node: Node,
        *,
        secret: str,
        system_name: str,
        detection: Detection,
        post: Callable[[Event], None],
        patience: Patience | None = None,
    ) -> None:
        self.node = NodeName(node.name)
        self.is_edge = node.role is Role.EDGE
        self.observe_action: Callable[[str, Result, float], None] = lambda _action, _result, _seconds: None
        """Called for each answered or expired action: its name, how it ended, how long it took."""
        self.may_act: Callable[[], bool] | None = None
        """Where there is another daemon: asked at the instant of each send, for all that is no question."""
        self.tallies: dict[PathName, Tally] = {path: Tally() for path in PATHS}
        self._loop = asyncio.get_running_loop()
        self._heartbeat_seconds = detection.heartbeat
        self._seek_until_at = 0.0
        proof = Proof(system_name)
        self._stream = OneStream(self.node, proof, post, self._resync)
        self.links: dict[PathName, Link] = {}
        for path in PATHS:
            host, _, port = node.control.of(path).rpartition(":")
            self.links[path] = Link(
                Door(self.node, path, host, int(port), node.username, secret),
                proof=proof,
                tally=self.tallies[path],
                heartbeat_seconds=detection.heartbeat,
                owner=self,
                post=post,
                patience=patience,
            )
        self._snapshots = Snapshots(self.node, is_edge=self.is_edge, active=self._active_session, post=post, refused=self._refuse_list)

    # --- for the daemon ---

    async def run(self) -> None:
        tasks = [asyncio.create_task(link.run(), name=f"ami-{self.node}-{path}") for path, link in self.links.items()]
        tasks.append(asyncio.create_task(self._watch(), name=f"ami-{self.node}-watch"))
        try:
            await asyncio.gather(*tasks)
        finally:
            self._snapshots.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def act(self, fields: Mapping[str, str], deadline_seconds: float = ACTION_SECONDS) -> Reply:
        """One action, sent once. UNKNOWN when no answer came in time; FAILED when it was refused or could not be sent."""
        (reply,) = await self.act_many([fields], deadline_seconds)
        return reply

    async def act_many(
        self,
        actions: Sequence[Mapping[str, str]],
        deadline_seconds: float = ACTION_SECONDS,
        *,
        end_if_late: bool = False,
        is_for_lease: bool = False,
    ) -> list[Reply]:
        """All actions in one write, under one deadline; replies in the order of the actions. `end_if_late`: end the session over
        which an answer did not come, so that an order that lies undelivered in TCP is not carried out when the network heals.
        `is_for_lease`: of the daemons' own contest, which needs no lease."""
        session = self._session_for_actions()
        if session is None:
            return [Reply(Result.FAILED, "not sent: no link to the node")] * len(actions)
        if self.may_act is not None and not is_for_lease and not self.may_act() and not all(map(_is_question, actions)):
            return [Reply(Result.FAILED, NOT_OURS)] * len(actions)
        began_at = self._loop.time()
        futures = session.send_all(actions)
        for future, fields in zip(futures, actions, strict=True):
            future.add_done_callback(partial(self._observe, fields.get("Action", ""), began_at))
        try:
            if futures:
                await asyncio.wait(futures, timeout=deadline_seconds)
        finally:
            for future in futures:
                future.cancel()
        if end_if_late and any(future.cancelled() for future in futures):
            session.close()
        late = Reply(Result.UNKNOWN, f"no answer within {deadline_seconds:g} s")
        return [late if future.cancelled() else future.result() for future in futures]

    def list_now(self) -> None:
        """Take a snapshot; it is posted as `EdgeListed` or `QueuesListed`."""
        self._snapshots.take()

    def probe_now(self) -> None:
        """A heartbeat on each link now; links that are down try to connect now."""
        for link in self.links.values():
            link.probe()

    def set_heartbeat(self, seconds: float) -> None:
        self._heartbeat_seconds = seconds
        for link in self.links.values():
            link.set_heartbeat(seconds)

    @property
    def active_path(self) -> PathName | None:
        """The path whose events are applied; None while no link is up."""
        return self._stream.active

    @property
    def refused_blocks(self) -> int:
        return self._stream.refused_blocks

    @property
    def takeovers(self) -> Mapping[Place, int]:
        """How often the other link took over, exactly (FOUND) or with a resync (LOST)."""
        return self._stream.takeovers

    @property
    def events(self) -> int:
        """Events received, both sessions together."""
        return sum(tally.events for tally in self.tallies.values())

    @property
    def received_bytes(self) -> int:
        return sum(link.received_bytes for link in self.links.values())

    # --- Owner ---

    def link_heard(self, link: Link, kind: bytes, block: bytes, *, is_mark: bool) -> None:
        self._stream.hear(link.door.path, link.lives, kind, block, is_mark=is_mark)

    def link_refused(self, link: Link, kind: str, why: str) -> None:
        self._stream.refuse(link.door.path, kind, why)

    def link_came(self, link: Link) -> None:
        if self._stream.active is None:
            self._stream.begin(link.door.path)
        self._snapshots.take()

    def link_went(self, link: Link) -> None:
        if link.door.path != self._stream.active:
            return
        other = self._other(link)
        if other.is_up:
            self._take_over(other)
        else:
            self._stream.end()
            self._snapshots.stop()

    # --- inside ---

    def _other(self, link: Link) -> Link:
        return self.links[PATHS[1] if link.door.path == PATHS[0] else PATHS[0]]

    def _take_over(self, link: Link) -> None:
        self._seek_until_at = self._loop.time() + SEEK_SECONDS
        self._stream.take_over(link.door.path)
        if self._snapshots.is_under_way:
            self._snapshots.take()  # its session is gone or late

    def _resync(self) -> None:
        _log.warning("continuity lost, the state is read anew", node=self.node, path=self._stream.active)
        self._snapshots.take()

    def _refuse_list(self, kind: str, why: str) -> None:
        if self._stream.active is not None:
            self._stream.refuse(self._stream.active, kind, why)

    def _active_session(self) -> Session | None:
        return self.links[self._stream.active].session if self._stream.active is not None else None

    def _session_for_actions(self) -> Session | None:
        """The spare's, as long as it answers as freshly as the active one; a dead path would swallow the action."""
        up = [link for link in self.links.values() if link.is_up]
        if not up:
            return None
        spare_first = sorted(up, key=lambda link: link.door.path == self._stream.active)
        fresh = [link for link in spare_first if self._is_fresh(link)]
        return (fresh or sorted(up, key=lambda link: -(link.alive_at or 0.0)))[0].session

    def _is_fresh(self, link: Link) -> bool:
        age_seconds = self._loop.time() - (link.alive_at or float("-inf"))
        return link.is_up and age_seconds < 1.5 * self._heartbeat_seconds + 0.05

    async def _watch(self) -> None:
        """Moves the stream off a link that has fallen silent; compares the state from time to time."""
        compare_at = self._loop.time() + COMPARE_SECONDS
        while True:
            await asyncio.sleep(min(self._heartbeat_seconds, 0.1))
            now = self._loop.time()
            active = self.links[self._stream.active] if self._stream.active is not None else None
            if active is not None and active.alive_at is not None:
                late = now - active.alive_at > 1.5 * self._heartbeat_seconds + 0.05
                if late and self._is_fresh(self._other(active)):
                    _log.info("path is late, events move to the other one", node=self.node, path=active.door.path)
                    self._take_over(self._other(active))
            if self._stream.is_seeking and now > self._seek_until_at:
                self._stream.give_up()
            if now >= compare_at:
                compare_at = now + COMPARE_SECONDS
                self._snapshots.take()

    def _observe(self, name: str, began_at: float, done: "asyncio.Future[Reply]") -> None:
        result = Result.UNKNOWN if done.cancelled() else done.result().result
        self.observe_action(name, result, self._loop.time() - began_at)


def _is_question(fields: Mapping[str, str]) -> bool:
    return fields.get("Action") in ("Getvar", "PJSIPQualify")
