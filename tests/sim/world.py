"""A model world in virtual time around the real core: nodes that beat, an edge that answers, faults that can be set.

It answers effects as the real shell and the real Asterisk do (delays measured in the lab), and writes a transcript that
a reviewer can read. It is never a substitute for the lab, only for a million cases of it."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from cti_daemon.engine import Engine
from cti_daemon.model.call_events import ChannelBridged, ChannelEnded
from cti_daemon.model.effects import (
    Answer,
    AskEdge,
    AttachDialog,
    Effect,
    ListEdge,
    ProbeNode,
    Record,
    Report,
    RescueLeg,
    SampleAudio,
    SetRoute,
    SetVia,
)
from cti_daemon.model.events import (
    AudioSampled,
    EdgeListed,
    EdgeSaw,
    Event,
    LegRouted,
    LegSeen,
    LinkAlive,
    LinkLost,
    LinkUp,
    MemberSeen,
    Membership,
    Outcome,
    QueuesListed,
    SeatTalking,
    SipAlive,
    SipRefused,
    Tick,
)
from cti_daemon.model.ids import PATHS, CallToken, ChannelName, Interface, NodeName, PathName, QueueName, SeatName, Uniqueid
from cti_daemon.model.reasons import Loss, Result
from cti_daemon.model.records import Standing
from cti_daemon.model.settings import Settings

ACTION_SECONDS = 0.003
EDGE_HEARS_SECONDS = 0.002


def settings() -> Settings:
    def node(name: str, role: str, host: int) -> dict[str, object]:
        return {
            "name": name,
            "role": role,
            "control": {"a": f"10.10.1.{host}:5038", "b": f"10.10.2.{host}:5038"},
            "sip": {"a": f"10.10.1.{host}:5060", "b": f"10.10.2.{host}:5060"},
            "username": "cti",
            "secret": {"credential": f"ami-{name}"},
            "system_name": {"credential": f"system-name-{name}"},
        }

    return Settings.model_validate(
        {
            "site": {"name": "95598"},
            "node": [
                node("edge1", "edge", 10),
                node("pbx-a", "primary", 11),
                node("pbx-b", "standby", 12),
                node("emg", "emergency", 13),
            ],
            "role": [{"name": "engineers", "users": ["alice"], "verbs": ["status", "failover"]}],
        }
    )


EDGE = NodeName("edge1")
A, B, EMG = NodeName("pbx-a"), NodeName("pbx-b"), NodeName("emg")


@dataclass
class Faults:
    """What is wrong with one node, seen from the daemon and from the edge."""

    silent: set[tuple[str, PathName]] = field(default_factory=set)
    """(`link` or `sip`, path) that do not answer."""
    refused: bool = False
    edge_deaf: set[PathName] = field(default_factory=set)
    audio: bool = True


class World:
    def __init__(self, standing: Standing | None = None, *, start: float = 0.0) -> None:
        self.now = start
        self.settings = settings()
        self.engine = Engine(self.settings, standing, b"confirm", start)
        self.nodes = [NodeName(n.name) for n in self.settings.node]
        self.faults = {node: Faults() for node in self.nodes}
        self.transcript: list[str] = []
        self.effects: list[tuple[float, Effect]] = []
        self.legs: dict[Uniqueid, LegSeen] = {}
        self.edge_route: tuple[NodeName, ...] = ()
        self.edge_epoch = 0
        self.records: list[Record] = []
        self.redirects: list[tuple[float, Uniqueid, int]] = []
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._ids = count()
        self._up: set[tuple[NodeName, PathName]] = set()
        self._tick_at = float("inf")
        self._generation = 0
        self.is_daemon_dead = False
        self.dies_after: str | None = None
        for n, node in enumerate(self.nodes):
            for p, path in enumerate(PATHS):
                self._later(0.001 + 0.01 * n + 0.05 * p, partial(self._beat, node, path))
                self._later(0.101 + 0.01 * n + 0.05 * p, partial(self._probe, node, path))
        self._wake()

    # --- time -------------------------------------------------------------------------------------------------------

    def run(self, until: float) -> None:
        while self._queue and self._queue[0][0] <= until:
            self.now, _, act = heapq.heappop(self._queue)
            act()
        self.now = until

    def at(self, when: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (when, next(self._ids), act))

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self.at(self.now + seconds, act)

    def _wake(self) -> None:
        wanted = max(self.engine.next_at, self.now)
        if wanted < self._tick_at:
            self._tick_at = wanted
            self.at(wanted, self._tick)

    def _tick(self) -> None:
        if self.now >= self._tick_at:
            self._tick_at = float("inf")
        if self.now >= self.engine.next_at:
            self.feed(Tick())
        else:
            self._wake()

    def skip(self, seconds: float) -> None:
        """The daemon does not run for a while: what was due in it happens at its end, unheard."""
        until = self.now + seconds
        kept = [item for item in self._queue if item[0] > until]
        late = [(until, number, act) for when, number, act in self._queue if when <= until]
        self._queue = kept + late
        heapq.heapify(self._queue)
        self.now = until

    def restart(self, standing: Standing | None) -> None:
        """A new daemon: it knows the journal's last word, and asks for the rest."""
        self._generation += 1
        self.is_daemon_dead, self.dies_after = False, None
        self.engine = Engine(self.settings, standing, b"confirm", self.now)
        self._up.clear()
        self._tick_at = float("inf")
        self._wake()

    def last_token(self) -> str:
        """The confirm token of the newest dry run."""
        answers = [effect for _, effect in self.effects if isinstance(effect, Answer)]
        return str(answers[-1].data["confirm"])

    # --- the daemon -------------------------------------------------------------------------------------------------

    def feed(self, event: Event) -> None:
        if self.is_daemon_dead:
            return
        for effect in self.engine.feed(event, self.now):
            self.effects.append((self.now, effect))
            self._do(effect)
            if isinstance(effect, Record) and effect.kind == self.dies_after:
                self.is_daemon_dead = True
                self._say("-- the daemon dies")
                return
        self._wake()

    def _say(self, text: str) -> None:
        self.transcript.append(f"{self.now:8.3f}  {text}")

    def _do(self, effect: Effect) -> None:  # noqa: C901 - one case per effect, nothing else
        match effect:
            case Record(kind=kind):
                self.records.append(effect)
                self._say(f"journal  {kind}")
            case Report(kind=kind, severity=severity, text=text):
                self._say(f"{severity:8} {kind}: {text}")
            case SetRoute():
                self._say(f"edge     route {','.join(effect.route)} epoch {effect.epoch}")
                asked_by = self._generation
                self._later(ACTION_SECONDS, lambda: self._take_route(effect, asked_by))
            case SetVia(node=node, path=path):
                self._say(f"edge     {node} over {path or 'any path'}")
                self._answer_edge(effect.effect_id)
            case RescueLeg():
                self._say(f"edge     redirect {effect.uniqueid} epoch {effect.epoch}")
                asked_by = self._generation
                self._later(ACTION_SECONDS, lambda: self._redirect(effect, asked_by))
            case AttachDialog(channel=channel, dialog=dialog):
                self._say(f"edge     dialog of {channel} is {dialog}")
                self._answer_edge(effect.effect_id)
            case AskEdge(node=node):
                self._ask_edge(node)
            case SampleAudio() if self._is_edge_silent():
                pass
            case SampleAudio(node=node, legs=legs):
                ids = frozenset(uniqueid for uniqueid, _ in legs)
                moving = ids if self.faults[node].audio else frozenset()
                self._later(0.085, lambda: self.feed(AudioSampled(EDGE, node, moving, ids - moving)))
            case ProbeNode(node=node):
                for path in PATHS:
                    self._later(0.0003, partial(self._probe, node, path, once=True))
            case ListEdge():
                self._later(ACTION_SECONDS, self.list_edge)
            case Answer(status=status, code=code, message=message):
                self._say(f"answer   {status} {code}: {message}")
            case _:
                raise AssertionError(effect)

    # --- evidence ---------------------------------------------------------------------------------------------------

    def _beat(self, node: NodeName, path: PathName) -> None:
        """The AMI session of one path: beats, or tries to come back."""
        self._later(self.settings.detection.heartbeat, lambda: self._beat(node, path))
        faults = self.faults[node]
        if faults.refused:
            self._up.discard((node, path))
            self.feed(LinkLost(node, path, Loss.REFUSED))
        elif ("link", path) not in faults.silent:
            if (node, path) not in self._up:
                self._up.add((node, path))
                self.feed(LinkUp(node, path))
                if node == EDGE:
                    self.list_edge()
                else:
                    self.list_queues(node)
            self.feed(LinkAlive(node, path))

    def _probe(self, node: NodeName, path: PathName, *, once: bool = False) -> None:
        if not once:
            self._later(self.settings.detection.heartbeat, lambda: self._probe(node, path))
        faults = self.faults[node]
        if faults.refused:
            self.feed(SipRefused(node, path))
        elif ("sip", path) not in faults.silent:
            self.feed(SipAlive(node, path))

    def _is_edge_silent(self) -> bool:
        return all(("link", path) in self.faults[EDGE].silent for path in PATHS)

    def _ask_edge(self, node: NodeName) -> None:
        if self._is_edge_silent():
            return
        for path in PATHS:
            heard = not self.faults[node].refused and path not in self.faults[node].edge_deaf
            delay = EDGE_HEARS_SECONDS if heard else self.settings.detection.edge_answer
            self._later(delay, partial(self.feed, EdgeSaw(EDGE, node, path, heard)))

    # --- the edge ---------------------------------------------------------------------------------------------------

    def _outcome(self, effect_id: int, result: Result, asked_by: int) -> None:
        """An answer reaches only the daemon that asked."""
        if asked_by == self._generation:
            self.feed(Outcome(effect_id, result))

    def _answer_edge(self, effect_id: int) -> None:
        asked_by = self._generation
        self._later(ACTION_SECONDS, lambda: self._outcome(effect_id, Result.DONE, asked_by))

    def _take_route(self, effect: SetRoute, asked_by: int) -> None:
        self.edge_route, self.edge_epoch = effect.route, effect.epoch
        self._outcome(effect.effect_id, Result.DONE, asked_by)

    def _redirect(self, effect: RescueLeg, asked_by: int) -> None:
        self.redirects.append((self.now, effect.uniqueid, effect.epoch))
        leg = self.legs.get(effect.uniqueid)
        if leg is None:
            self._outcome(effect.effect_id, Result.GONE, asked_by)
            return
        self._outcome(effect.effect_id, Result.DONE, asked_by)
        self.route_leg(leg.uniqueid, next(iter(self.edge_route), A))

    def list_edge(self) -> None:
        self.feed(EdgeListed(EDGE, tuple(self.legs.values()), self.edge_route, self.edge_epoch))

    def list_queues(self, node: NodeName) -> None:
        queue = QueueName("hotline")
        seats = [SeatName(f"seat{n}") for n in range(1, 4)]
        members = tuple(MemberSeen(node, Membership(queue, Interface(f"PJSIP/{seat}"), seat), 1, in_call=False) for seat in seats)
        self.feed(QueuesListed(node, members, ()))

    # --- callers ----------------------------------------------------------------------------------------------------

    def route_leg(self, uniqueid: Uniqueid, node: NodeName) -> None:
        """The edge's dialplan dials `node` for this caller; a living node answers."""
        channel, token = ChannelName(f"PJSIP/carrier-{uniqueid}"), CallToken(f"token-{uniqueid}")
        self.legs[uniqueid] = LegSeen(uniqueid, channel, token, node, self.edge_epoch, bridged=False)
        self.feed(LegRouted(EDGE, uniqueid, channel, token, node, self.edge_epoch))
        faults = self.faults[node]
        if not faults.refused and len(faults.edge_deaf) < len(PATHS):
            self._later(0.02, lambda: self._answer_leg(uniqueid, node))

    def _answer_leg(self, uniqueid: Uniqueid, node: NodeName) -> None:
        leg = self.legs.get(uniqueid)
        if leg is None or leg.node != node:
            return
        self.legs[uniqueid] = LegSeen(uniqueid, leg.channel, leg.token, node, leg.epoch, bridged=True)
        self.feed(ChannelBridged(EDGE, uniqueid, leg.token))

    def talk(self, uniqueid: Uniqueid, seat: str) -> None:
        leg = self.legs[uniqueid]
        self.feed(SeatTalking(leg.node, leg.token, SeatName(seat), f"{seat}!dialog-{uniqueid};to-tag=t;from-tag=f"))

    def hang_up(self, uniqueid: Uniqueid) -> None:
        leg = self.legs.pop(uniqueid)
        self.feed(ChannelEnded(EDGE, uniqueid, leg.token, 16))

    def calls(self, *, talking: int, waiting: int, on: NodeName = A) -> None:
        for n in range(talking + waiting):
            uniqueid = Uniqueid(f"call-{len(self.legs)}")
            self.route_leg(uniqueid, on)
            if n < talking:
                self._later(0.05, partial(self.talk, uniqueid, f"seat{n + 1}"))

    # --- faults -----------------------------------------------------------------------------------------------------

    def kill(self, node: NodeName) -> None:
        """SIGKILL: the kernel closes the sessions and refuses everything after."""
        self.faults[node] = Faults(refused=True, edge_deaf=set(PATHS), audio=False)
        for n, path in enumerate(PATHS):
            self._up.discard((node, path))
            self._later(0.01 + 0.02 * n, partial(self.feed, LinkLost(node, path, Loss.CLOSED)))
            self._later(0.0105 + 0.02 * n, partial(self.feed, LinkLost(node, path, Loss.REFUSED)))

    def black_hole(self, node: NodeName) -> None:
        everything = {(kind, path) for kind in ("link", "sip") for path in PATHS}
        self.faults[node] = Faults(silent=everything, edge_deaf=set(PATHS), audio=False)

    def heal(self, node: NodeName) -> None:
        self.faults[node] = Faults()
