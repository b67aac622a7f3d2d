"""Two sessions of one node, one series of events: the active session's blocks are proved, read and posted, the spare's are kept,
and when the active one ends the spare takes over where it stopped (`takeover`)."""

from collections.abc import Callable

from cti_daemon.model.call_events import StreamBegan
from cti_daemon.model.events import BlockRefused, Event
from cti_daemon.model.ids import PATHS, NodeName, PathName
from cti_daemon.wire.ami_events import NotAttributableError, read_event
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.takeover import Place, Ring, Takeover, Trail


class OneStream:
    """`resync` is called when continuity is lost: the node's state must be read anew."""

    def __init__(self, node: NodeName, proof: Proof, post: Callable[[Event], None], resync: Callable[[], None]) -> None:
        self._node, self._proof, self._post, self._resync = node, proof, post, resync
        self._trail = Trail()
        self._takeover: Takeover | None = None
        self._rings = {path: Ring() for path in PATHS}
        self._ring_lives = dict.fromkeys(PATHS, 0)
        self.active: PathName | None = None
        self.refused_blocks = 0
        self.takeovers = {Place.FOUND: 0, Place.LOST: 0}

    @property
    def is_seeking(self) -> bool:
        """A takeover waits for the spare to come to where the active session was."""
        return self._takeover is not None

    def begin(self, path: PathName) -> None:
        """Make this session the active one; nothing of before is continued."""
        self.active = path
        self._takeover = None
        self._trail = Trail()
        self._post(StreamBegan(self._node))
        for _, block, is_mark in self._rings[path].drain():
            if is_mark:
                self._trail.know(block)
        for ring in self._rings.values():
            ring.drain()

    def end(self) -> None:
        """No session is left."""
        self.active = self._takeover = None

    def take_over(self, path: PathName) -> None:
        """Go on with this session, exactly after the last block that was applied. `resync` is called if that cannot be done."""
        if self.active is not None:
            self._keep_place(self.active)
        self.active = path
        self._takeover = takeover = Takeover(self._trail)
        for kind, block, is_mark in self._from_mark(self._rings[path].drain()):
            if not self._follow(takeover, path, kind, block, is_mark=is_mark):
                return
        if takeover.place is Place.LOST:
            self.give_up()

    def give_up(self) -> None:
        """The place is not found: go on from here, and have the state read anew."""
        self._takeover = None
        self._trail = Trail()
        self.takeovers[Place.LOST] += 1
        self._post(StreamBegan(self._node))
        self._resync()

    def hear(self, path: PathName, life: int, kind: bytes, block: bytes, *, is_mark: bool) -> None:
        """The next block of one session. `life` numbers its connection lives: what one of them missed, the next does not know."""
        if path == self.active:
            self._ring_lives[path] = life
            if self._takeover is None:
                self._apply(path, kind, block, is_mark=is_mark)
            else:
                self._follow(self._takeover, path, kind, block, is_mark=is_mark)
            return
        if self._ring_lives[path] != life:
            self._ring_lives[path] = life
            self._rings[path].drain()
        if self._proof.is_head_ours(block):  # what a caller made of a list answer stands in one stream only
            self._rings[path].keep(kind, block, is_mark=is_mark)

    def refuse(self, path: PathName, kind: str, why: str) -> None:
        """Count and post a block that was dropped. Both streams carry the same forgeries: the spare's are not counted again."""
        if path == self.active:
            self.refused_blocks += 1
            self._post(BlockRefused(self._node, path, kind, why))

    def _from_mark(self, kept: list[tuple[bytes, bytes, bool]]) -> list[tuple[bytes, bytes, bool]]:
        """What stands before the last mark was applied long ago; it may be older than all that the active session knew."""
        for index, (_, block, _) in enumerate(kept):
            if block == self._trail.last_mark:
                return kept[index:]
        return kept

    def _keep_place(self, path: PathName) -> None:
        """A session that hands over may be asked to take over again: its ring begins with where it stands."""
        ring, trail = self._rings[path], self._trail
        ring.drain()
        passed = len(trail.since) if self._takeover is None else self._takeover.matched
        if trail.last_mark is None or passed is None:
            return
        ring.keep(b"UserEvent", trail.last_mark, is_mark=True)
        for block in trail.since[:passed]:
            ring.keep(block[7 : block.find(b"\r\n")], block, is_mark=False)

    def _follow(self, takeover: Takeover, path: PathName, kind: bytes, block: bytes, *, is_mark: bool) -> bool:
        """Seek, or apply once the place is found. False: it was given up at this block."""
        before = takeover.place
        if before is Place.FOUND:
            self._apply(path, kind, block, is_mark=is_mark)
            return True
        after = takeover.seek(block, is_mark=is_mark) if self._proof.is_head_ours(block) else before
        if after is Place.FOUND:
            self._takeover = None
            self.takeovers[Place.FOUND] += 1
        elif after is Place.LOST:
            self.give_up()
        return after is not Place.LOST

    def _apply(self, path: PathName, kind: bytes, block: bytes, *, is_mark: bool) -> None:
        match = self._proof.match(kind, block)
        if match is None:
            if self._proof.is_head_ours(block):
                self._trail.note(block, is_mark=False)
            if kind != b"UserEvent" or not self._proof.is_foreign_user_event(block):
                self.refuse(path, kind.decode("ascii"), self._proof.fault(kind, block))
            return
        self._trail.note(block, is_mark=is_mark)
        if is_mark:
            return
        try:
            event = read_event(kind, match, self._node)
        except NotAttributableError as fault:
            self.refuse(path, kind.decode("ascii"), str(fault))
            return
        if event is not None:
            self._post(event)
