"""What the daemon asks the edge: does it hear a node, and does audio arrive? (`shell/ami/edge_eye.py`, `audio_ear.py`)"""

from functools import partial

from cti_daemon.model.effects import SampleAudio
from cti_daemon.model.events import AudioSampled, EdgeSaw
from cti_daemon.model.ids import PATHS, NodeName, PathName
from cti_daemon.model.settings import Detection
from tests.sim.clock import Clock
from tests.sim.edge import Edge
from tests.sim.truth import Truth
from tests.sim.wires import Wires
from tests.sim.world import EDGE

LOOK_SECONDS = 0.003
APART_SECONDS = 0.085


class Eye:
    """One question at a time for each node; datagrams that are lost are sent again while it lasts."""

    def __init__(self, clock: Clock, truth: Truth, edge: Edge, wires: Wires, detection: Detection) -> None:
        self._clock, self._truth, self._edge, self._wires = clock, truth, edge, wires
        self._answer_seconds, self._silent_seconds = detection.edge_answer, detection.edge_silent
        self._asking: dict[NodeName, set[PathName]] = {}

    def ask(self, node: NodeName) -> None:
        if node in self._asking or not any(link.carries for link in self._wires.up(EDGE)):
            return
        waiting = self._asking[node] = set(PATHS)
        self._edge.when_awake(partial(self._asked, node, waiting))

    def _asked(self, node: NodeName, waiting: set[PathName]) -> None:
        half = self._answer_seconds / 2
        for at in (0.0, half, half + self._answer_seconds, half + 2 * self._answer_seconds):
            self._clock.after(at + LOOK_SECONDS, partial(self._look, node, waiting))
        self._clock.after(self._answer_seconds + LOOK_SECONDS, partial(self._unheard, node, waiting))
        self._clock.after(self._silent_seconds, partial(self._over, node, waiting))

    def _look(self, node: NodeName, waiting: set[PathName]) -> None:
        for path in PATHS:
            if path in waiting and self._truth.edge_hears(node, path) and not self._wires.is_datagram_lost():
                waiting.discard(path)
                self._tell(node, path, heard=True)
        if not waiting:
            self._over(node, waiting)

    def _unheard(self, node: NodeName, waiting: set[PathName]) -> None:
        for path in PATHS:
            if path in waiting:
                self._tell(node, path, heard=False)

    def _over(self, node: NodeName, waiting: set[PathName]) -> None:
        if self._asking.get(node) is waiting:
            del self._asking[node]

    def _tell(self, node: NodeName, path: PathName, *, heard: bool) -> None:
        """Only while the edge itself answers."""
        if self._truth.ami_lives(EDGE) and any(link.carries for link in self._wires.up(EDGE)):
            self._clock.after(self._wires.trip_seconds(EDGE), partial(self._wires.post, EdgeSaw(EDGE, node, path, heard)))


class Ear:
    def __init__(self, clock: Clock, edge: Edge, wires: Wires) -> None:
        self._clock, self._edge, self._wires = clock, edge, wires

    def sample(self, question: SampleAudio) -> None:
        if any(link.carries for link in self._wires.up(EDGE)):
            self._clock.after(APART_SECONDS, lambda: self._edge.when_awake(partial(self._answer, question)))

    def _answer(self, question: SampleAudio) -> None:
        """A leg without a peer cannot be read and is in neither set."""
        legs = [leg for uniqueid, _ in question.legs if (leg := self._edge.legs.get(uniqueid)) is not None]
        bridged = [leg for leg in legs if leg.half is not None and leg.node == question.node]
        moving = frozenset(leg.uniqueid for leg in bridged if self._edge.has_audio(leg))
        still = frozenset(leg.uniqueid for leg in bridged) - moving
        if any(link.carries for link in self._wires.up(EDGE)):
            event = AudioSampled(EDGE, question.node, moving, still)
            self._clock.after(self._wires.trip_seconds(EDGE), partial(self._wires.post, event))
