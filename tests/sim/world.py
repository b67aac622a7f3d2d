"""A model world in virtual time around the real core: nodes that beat, an edge that answers, faults that can be set.

It answers effects as the real shell and the real Asterisk do (delays measured in the lab), and writes a transcript that
a reviewer can read. It is never a substitute for the lab, only for a million cases of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from typing_extensions import override

from cti_daemon.model.call_events import UP, ChannelBridged, ChannelEnded, ChannelSeen, ChannelsListed
from cti_daemon.model.effects import Answer, AskEdge, Effect, HangUp, ProbeNode, Record, Report, RescueLeg, SampleAudio, SetMember, SetRoute
from cti_daemon.model.events import (
    AudioSampled,
    EdgeListed,
    EdgeSaw,
    LegRouted,
    LegSeen,
    LinkAlive,
    LinkLost,
    LinkUp,
    MemberGone,
    Membership,
    Outcome,
    SeatTalking,
    SipAlive,
    SipRefused,
)
from cti_daemon.model.ids import PATHS, CallToken, ChannelName, MemberKey, NodeName, PathName, QueueName, SeatName, Uniqueid
from cti_daemon.model.reasons import Loss, Result
from cti_daemon.model.records import Standing, StandingOrders
from cti_daemon.model.settings import Settings
from cti_daemon.model.verbs import VERBS
from cti_daemon.wire.standing import answers
from tests.sim.clock import Clock
from tests.sim.members import listed, obey, seen, static_members
from tests.sim.process import Deed, Process, line

ACTION_SECONDS = 0.003
HOTLINE = QueueName("hotline")
EDGE_HEARS_SECONDS = 0.002


def settings(failover: Mapping[str, object] | None = None) -> Settings:
    """The lab's site; `failover` is its table of that name."""

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
            "failover": dict(failover or {}),
            "role": [{"name": "engineers", "users": ["alice", "bob"], "verbs": tuple(VERBS)}],
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


class World(Process):
    def __init__(self, standing: Standing | None = None, *, start: float = 0.0, failover: Mapping[str, object] | None = None) -> None:
        super().__init__(Clock(start), settings(failover))
        self.nodes = [NodeName(n.name) for n in self.settings.node]
        self.faults = {node: Faults() for node in self.nodes}
        self.members = {node: static_members(3) for node in self.nodes}
        self.reachable_seats: dict[NodeName, int | None] = dict.fromkeys(self.nodes)
        """Of its seats' phones, the first so many; None: all."""
        self.transcript: list[str] = []
        self.effects: list[tuple[float, Effect]] = []
        self.legs: dict[Uniqueid, LegSeen] = {}
        self.edge_route: tuple[NodeName, ...] = ()
        self.edge_epoch = 0
        self.node_lives = dict.fromkeys(self.nodes, 0)
        """Counts the starts of each node's process."""
        self.known_lives = dict.fromkeys(self.nodes, "life 0")
        """What the journal has of them."""
        self.lives_of_halves: dict[Uniqueid, int] = {}
        """In which life its node answered each caller."""
        self.talking: dict[Uniqueid, SeatName] = {}
        self.left_behind: dict[NodeName, dict[ChannelName, ChannelSeen]] = {node: {} for node in self.nodes}
        """Halves of callers who were moved while their node could hear no BYE."""
        self.records: list[Record] = []
        self.recorded_at: list[float] = []
        self.redirects: list[tuple[float, Uniqueid, int]] = []
        self._up: set[tuple[NodeName, PathName]] = set()
        self.dies_after: str | None = None
        """Killed as soon as an entry of this kind is in the journal."""
        self.begin(standing)
        self.engine.halves.remember(self.known_lives)
        for n, node in enumerate(self.nodes):
            for p, path in enumerate(PATHS):
                self._later(0.001 + 0.01 * n + 0.05 * p, partial(self._beat, node, path))
                self._later(0.101 + 0.01 * n + 0.05 * p, partial(self._probe, node, path))
        self.wake()

    @property
    def now(self) -> float:
        return self.clock.now

    def run(self, until: float) -> None:
        self.clock.run(until)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self.clock.after(seconds, act)

    def skip(self, seconds: float) -> None:
        """The daemon does not run for a while: what was due in it happens at its end, unheard."""
        self.clock.skip(seconds)

    def restart(self, standing: Standing | None, orders: StandingOrders | None = None, *, has_journal: bool = True) -> None:
        """A new daemon: it knows the journal's last word, and asks for the rest."""
        self.dies_after = None
        self._up.clear()
        self.begin(standing, orders, answers(record.data for record in self.records if record.kind == "answer") if has_journal else ())
        self.engine.halves.remember(self.known_lives)
        self.wake()

    def last_token(self, user: str) -> str:
        """The confirm token of this user's newest dry run."""
        tokens = [str(e.data["confirm"]) for _, e in self.effects if isinstance(e, Answer) and e.user == user and "confirm" in e.data]
        return tokens[-1]

    # --- the daemon -------------------------------------------------------------------------------------------------

    @override
    def act(self, effects: list[Effect]) -> None:
        for effect in effects:
            self.effects.append((self.now, effect))
            told = line(effect)
            if told is not None:
                self._say(told)
            self.do(effect)
            if isinstance(effect, Record) and effect.kind == self.dies_after:
                self.is_dead = True
                self._say("-- the daemon dies")
                return

    def _say(self, text: str) -> None:
        self.transcript.append(f"{self.now:8.3f}  {text}")

    @override
    def tell(self, word: Record | Report | Answer) -> None:
        if isinstance(word, Record):
            self.records.append(word)
            self.recorded_at.append(self.now)
            if word.kind == "node_life":
                self.known_lives[word.data["node"]] = word.data["life"]

    @override
    def order(self, deed: Deed) -> None:
        self._later(ACTION_SECONDS, partial(self._execute, deed, self.life))

    def _execute(self, deed: Deed, asked_by: int) -> None:
        """The edge does what it was told. An answer reaches only the daemon that asked."""
        result = Result.DONE
        match deed:
            case SetRoute(route=route, epoch=epoch):
                self.edge_route, self.edge_epoch = route, epoch
            case RescueLeg(uniqueid=uniqueid, epoch=epoch):
                self.redirects.append((self.now, uniqueid, epoch))
                result = Result.DONE if uniqueid in self.legs else Result.GONE
                self._leave_behind(uniqueid)
            case HangUp(node=node, channel=channel):
                result = Result.DONE if self.left_behind[node].pop(channel, None) else Result.GONE
            case SetMember():
                result = self._set_member(deed)
            case _:
                pass
        if asked_by == self.life:
            self.feed(Outcome(deed.effect_id, result))
        if isinstance(deed, RescueLeg) and result is Result.DONE:
            self.route_leg(deed.uniqueid, next(iter(self.edge_route), A))

    @override
    def sample_audio(self, question: SampleAudio) -> None:
        if not self._is_edge_silent():
            ids = frozenset(uniqueid for uniqueid, _ in question.legs)
            moving = ids if self.faults[question.node].audio else frozenset()
            self._later(0.085, lambda: self.feed(AudioSampled(EDGE, question.node, moving, ids - moving)))

    @override
    def probe(self, wish: ProbeNode) -> None:
        for path in PATHS:
            self._later(0.0003, partial(self._probe, wish.node, path, once=True))

    @override
    def take_picture(self, node: NodeName) -> None:
        self._later(ACTION_SECONDS, self.list_edge if node == EDGE else partial(self._answer_picture, node))

    def _answer_picture(self, node: NodeName) -> None:
        if self._is_heard(node) and not self.faults[node].refused:
            self.list_channels(node)

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
                    self.list_channels(node)
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

    @override
    def ask_edge(self, question: AskEdge) -> None:
        if self._is_edge_silent():
            return
        for path in PATHS:
            faults = self.faults[question.node]
            heard = not faults.refused and path not in faults.edge_deaf
            delay = EDGE_HEARS_SECONDS if heard else self.settings.detection.edge_answer
            self._later(delay, partial(self.feed, EdgeSaw(EDGE, question.node, path, heard)))

    # --- the edge ---------------------------------------------------------------------------------------------------

    def list_edge(self) -> None:
        self.feed(EdgeListed(EDGE, tuple(self.legs.values()), self.edge_route, self.edge_epoch))

    def list_channels(self, node: NodeName) -> None:
        """What the node itself holds: the calls that its present life has answered."""
        rows: list[ChannelSeen] = []
        for leg in self.legs.values():
            if leg.node == node and self.lives_of_halves.get(leg.uniqueid) == self.node_lives[node]:
                mine = Uniqueid(f"{node}-{leg.uniqueid}")
                seat = self.talking.get(leg.uniqueid)
                bridge = f"bridge-{mine}" if seat else ""
                rows.append(ChannelSeen(mine, mine, ChannelName(f"PJSIP/edge-{mine}"), leg.token, UP, bridge, SeatName("edge"), HOTLINE))
                if seat:
                    other = Uniqueid(f"{mine}s")
                    rows.append(ChannelSeen(other, mine, ChannelName(f"PJSIP/{seat}-{mine}"), leg.token, UP, bridge, seat, is_agent=True))
        rows += self.left_behind[node].values()
        self.feed(ChannelsListed(node, tuple(rows), life=f"life {self.node_lives[node]}"))

    def _leave_behind(self, uniqueid: Uniqueid) -> None:
        leg = self.legs.get(uniqueid)
        if leg is None or not leg.bridged or self.faults[leg.node].refused or not self.faults[leg.node].edge_deaf:
            return
        mine, channel = Uniqueid(f"{leg.node}-{uniqueid}"), ChannelName(f"PJSIP/edge-{uniqueid}")
        self.left_behind[leg.node][channel] = ChannelSeen(mine, mine, channel, leg.token, UP, "", SeatName("edge"), HOTLINE)

    def list_queues(self, node: NodeName) -> None:
        self.feed(listed(node, self.members[node], reachable=self.reachable_seats[node]))

    def _set_member(self, deed: SetMember) -> Result:
        if not self._is_heard(deed.node):
            return Result.UNKNOWN
        result, event = obey(self.members[deed.node], deed)
        if event is not None:
            self.feed(event)
        return result

    def _is_heard(self, node: NodeName) -> bool:
        return any((node, path) in self._up and ("link", path) not in self.faults[node].silent for path in PATHS)

    def seat(self, node: NodeName, member: Membership) -> None:
        """A person logs a seat in, pauses it, …: `member` is what it is then."""
        self.members[node][member.key] = member
        if self._is_heard(node):
            self.feed(seen(node, member))

    def unseat(self, node: NodeName, key: MemberKey) -> None:
        del self.members[node][key]
        if self._is_heard(node):
            self.feed(MemberGone(node, *key))

    # --- callers ----------------------------------------------------------------------------------------------------

    def route_leg(self, uniqueid: Uniqueid, node: NodeName) -> None:
        """The edge's dialplan dials `node` for this caller; a living node answers."""
        self.lives_of_halves.pop(uniqueid, None)
        self.talking.pop(uniqueid, None)
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
        self.lives_of_halves[uniqueid] = self.node_lives[node]
        self.feed(ChannelBridged(EDGE, uniqueid, leg.token))

    def talk(self, uniqueid: Uniqueid, seat: str) -> None:
        leg = self.legs[uniqueid]
        self.talking[uniqueid] = SeatName(seat)
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

    def seats(self, node: NodeName, reachable: int) -> None:
        """So many of its three seats can be reached from now on."""
        self.reachable_seats[node] = reachable
        self.list_queues(node)

    # --- faults -----------------------------------------------------------------------------------------------------

    def kill(self, node: NodeName) -> None:
        """SIGKILL: the kernel closes the sessions and refuses everything after."""
        self.node_lives[node] += 1
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
