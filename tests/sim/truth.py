"""What is so, whoever knows it: processes, networks, and from them who hears whom. Faults may overlap."""

from dataclasses import dataclass, field

from cti_daemon.model.ids import PATHS, NodeName, PathName
from tests.sim.faults import Fault, Kind
from tests.sim.world import EDGE

NEVER = float("-inf")
Place = tuple[NodeName, PathName]


@dataclass(slots=True)
class Cause:
    """A span in which the edge cannot get a call to a node: the only true cause of a failover."""

    node: NodeName
    number: int
    since_at: float
    until_at: float | None = None


@dataclass
class Truth:
    nodes: list[NodeName]
    active: list[Fault] = field(default_factory=list)
    incarnation: dict[NodeName, int] = field(init=False)
    causes: list[Cause] = field(default_factory=list)
    touched_at: dict[NodeName | None, float] = field(default_factory=dict)
    """When a fault of this node (None: of everybody) last began or ended."""

    def __post_init__(self) -> None:
        self.incarnation = dict.fromkeys(self.nodes, 0)
        self._booting = dict.fromkeys(self.nodes, 0)
        self._changed_at: dict[Place, float] = {}
        self._audio_since = dict.fromkeys(self.nodes, 0.0)
        self._seatless_since: dict[NodeName, float] = {}
        self._settle(0.0)

    # --- changes ----------------------------------------------------------------------------------------------------

    def begin(self, fault: Fault, now: float) -> None:
        self.active.append(fault)
        self.touched_at[fault.node] = now
        if fault.kind is Kind.KILL and fault.node is not None:
            self.incarnation[fault.node] += 1
        if fault.kind is Kind.EDGE_KILL:
            self.incarnation[EDGE] += 1
        self._settle(now)

    def end(self, fault: Fault, now: float) -> None:
        self.active.remove(fault)
        self.touched_at[fault.node] = now
        if fault.kind is Kind.KILL and fault.node is not None:
            self._booting[fault.node] += 1
        self._settle(now)

    def booted(self, node: NodeName, now: float) -> None:
        """Its SIP answers again, a while after its AMI."""
        self._booting[node] -= 1
        self.touched_at[node] = now
        self._settle(now)

    def _settle(self, now: float) -> None:
        """Draw the conclusions once for each change, not once for each question."""
        self._dead = {f.node for f in self.active if f.kind is Kind.KILL}
        if self._has(Kind.EDGE_KILL):
            self._dead.add(EDGE)
        self._frozen = {f.node for f in self.active if f.kind is Kind.FREEZE}
        if self._has(Kind.EDGE_FROZEN):
            self._frozen.add(EDGE)
        self.loss = max((f.level for f in self.active if f.kind is Kind.LOSS), default=0.0)
        self.jitter = {n: max((f.level for f in self.active if f.kind is Kind.JITTER and f.node == n), default=0.0) for n in self.nodes}
        places = [(node, path) for node in self.nodes for path in PATHS]
        self._reaches = {place: self._daemon_reaches(*place) for place in places}
        before = getattr(self, "_heard", {})
        self._heard = {place: self.sip_lives(place[0]) and self._edge_reaches(*place) for place in places}
        for place in places:
            if before and before[place] != self._heard[place]:
                self._changed_at[place] = now
        for node in self.nodes:
            self._note_cause(node, now)
            if self.has_seats(node):
                self._seatless_since.pop(node, None)
            else:
                self._seatless_since.setdefault(node, now)
            if not self.audio_lives(node):
                self._audio_since[node] = float("inf")
            elif self._audio_since[node] == float("inf"):
                self._audio_since[node] = now

    def _note_cause(self, node: NodeName, now: float) -> None:
        held = self.cause_of(node)
        is_so = node != EDGE and not any(self._heard[node, path] for path in PATHS)
        if is_so and held is None:
            self.causes.append(Cause(node, len(self.causes), now))
        elif held is not None and not is_so:
            held.until_at = now

    # --- questions --------------------------------------------------------------------------------------------------

    def _has(self, kind: Kind, node: NodeName | None = None, path: PathName | None = None) -> bool:
        return any(f.kind is kind and f.node == node and (f.path is None or f.path == path) for f in self.active)

    def is_active(self, *kinds: Kind) -> bool:
        return any(f.kind in kinds for f in self.active)

    def level(self, kind: Kind) -> float:
        return max((f.level for f in self.active if f.kind is kind), default=0.0)

    def is_dead(self, node: NodeName) -> bool:
        return node in self._dead

    def is_frozen(self, node: NodeName) -> bool:
        return node in self._frozen

    def sip_lives(self, node: NodeName) -> bool:
        hung = self._has(Kind.SIP_HUNG, node) or self._has(Kind.SIP_AND_AUDIO_HUNG, node)
        return not (node in self._dead or node in self._frozen or self._booting[node] or hung)

    def ami_lives(self, node: NodeName) -> bool:
        return not (node in self._dead or node in self._frozen or self._has(Kind.AMI_SILENT, node))

    def ami_is_refused(self, node: NodeName) -> bool:
        return node in self._dead or self._has(Kind.AMI_REFUSED, node)

    def probe_is_refused(self, node: NodeName) -> bool:
        return node in self._dead or self._has(Kind.PROBE_REFUSED, node)

    def probe_is_answered(self, node: NodeName) -> bool:
        return self.sip_lives(node) and not self._has(Kind.PROBE_SILENT, node)

    def audio_lives(self, node: NodeName) -> bool:
        gone = any(self._has(kind, node) for kind in (Kind.BLACK_HOLE, Kind.SIP_AND_AUDIO_HUNG))
        return not (node in self._dead or node in self._frozen or gone)

    def audio_since(self, node: NodeName) -> float:
        """Since when audio flows without a break; inf while it does not."""
        return self._audio_since[node]

    def has_seats(self, node: NodeName) -> bool:
        return not self._has(Kind.SEATS_GONE, node)

    def seatless_seconds(self, node: NodeName, now: float) -> float:
        return now - self._seatless_since.get(node, now)

    def daemon_reaches(self, node: NodeName, path: PathName) -> bool:
        return self._reaches[node, path]

    def edge_hears(self, node: NodeName, path: PathName) -> bool:
        return self._heard[node, path]

    def edge_believes(self, node: NodeName, path: PathName, now: float) -> bool:
        """The edge's own contact status: its qualify sees a change about a second late."""
        heard = self._heard[node, path]
        return heard if now - self._changed_at.get((node, path), NEVER) > 1.0 else not heard

    def cause_of(self, node: NodeName) -> Cause | None:
        """What keeps calls from this node now."""
        return next((c for c in reversed(self.causes) if c.node == node and c.until_at is None), None)

    def _carries(self, node: NodeName, path: PathName) -> bool:
        holes = self._has(Kind.BLACK_HOLE, node) or self._has(Kind.CONTROL_HOLE, node)
        return not (holes or self._has(Kind.NETWORK_LOST, None, path) or self._has(Kind.PATH_LOST, node, path))

    def _daemon_reaches(self, node: NodeName, path: PathName) -> bool:
        return self._carries(node, path) and not (self._has(Kind.ISOLATED) or self._has(Kind.CUT_OFF, node))

    def _edge_reaches(self, node: NodeName, path: PathName) -> bool:
        return self._carries(node, path) and self._carries(EDGE, path) and not self._has(Kind.EDGE_DEAF, node, path)
