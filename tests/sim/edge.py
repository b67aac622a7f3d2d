"""The edge: the dialplan's tries, callers' legs, and what it does when it is told to. It knows nothing of the daemon.

After `dialplan/cti-edge.conf`: a route is read once a round, CTI_NODE and CTI_LEG_EPOCH are set before each Dial, a
Redirect puts the leg into cti-resume, and nobody is ever hung up upon."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from cti_daemon.model.call_events import ChannelBridged, ChannelEnded
from cti_daemon.model.effects import AttachDialog, HangUp, RescueLeg, SetDrill, SetRoute, SetVia
from cti_daemon.model.events import EdgeListed, Event, LegRouted, LegSeen, SeatTalking
from cti_daemon.model.ids import PATHS, CallToken, ChannelName, NodeName, PathName, SeatName, Uniqueid
from cti_daemon.model.reasons import Result
from tests.sim.clock import Clock
from tests.sim.halves import BYES_AFTER, Half, Halves
from tests.sim.process import EdgeDeed
from tests.sim.truth import Truth
from tests.sim.world import EDGE, EMG, A, B

DEFAULT_ROUTE = (A, B, EMG)
ANSWER_SECONDS = 0.02
TRY_SECONDS, SETUP_SECONDS, ROUND_SECONDS = 1.5, 3.0, 1.0
INVITES_AT = (0.0, 0.5)
"""SIP sends a lost INVITE again after half a second; the third would come too late for a try."""


@dataclass(slots=True)
class Leg:
    """A caller's leg. `is_quiet`: on hold or with voice activity detection, so that its audio proves nothing."""

    uniqueid: Uniqueid
    pick_up_seconds: float
    is_quiet: bool = False
    talk_seconds: float | None = None
    """Then the seat hangs up; None: never."""
    node: NodeName | None = None
    epoch: int = -1
    dial: int = 0
    """Counts the dials; what was begun by an older one is void."""
    half: Half | None = None
    """The node's side of this call; None: not answered."""
    routed_at: float = 0.0
    is_talking: bool = False
    is_talk_known: bool = False
    """The daemon heard, or can read on this leg, that a seat talks to this caller."""
    is_over: bool = False
    """The seat has hung up; the edge may not have heard of it."""
    dialog: str = ""
    left: list[NodeName] = field(default_factory=list)

    @property
    def channel(self) -> ChannelName:
        return ChannelName(f"PJSIP/carrier-{self.uniqueid}")

    @property
    def token(self) -> CallToken:
        return CallToken(f"token-{self.uniqueid}")


class Edge:
    def __init__(self, clock: Clock, truth: Truth, chance: Random) -> None:
        self._clock, self._truth, self._chance = clock, truth, chance
        self.halves = Halves(clock, truth)
        self.emit: Callable[[NodeName, Event], None] = lambda _node, _event: None
        """An event leaves a node's manager."""
        self.on_redirect: Callable[[Leg, RescueLeg], None] = lambda _leg, _effect: None
        self.on_globals: Callable[[], None] = lambda: None
        self.on_hang_up: Callable[[Leg], None] = lambda _leg: None
        """A node was told to end the half of a caller who is still connected to it."""
        self._asleep: list[Callable[[], None]] = []
        self.boot()

    def boot(self) -> None:
        """A new process: it knows no leg, no route, no epoch."""
        self.legs: dict[Uniqueid, Leg] = {}
        self.route: tuple[NodeName, ...] = ()
        self.epoch = 0
        self._via: dict[NodeName, PathName | None] = {}
        self._asleep.clear()

    # --- asleep or awake --------------------------------------------------------------------------------------------

    def when_awake(self, act: Callable[[], None]) -> None:
        """At once, or in order when a frozen edge thaws; never when it is dead."""
        if self._truth.is_frozen(EDGE):
            self._asleep.append(act)
        elif not self._truth.is_dead(EDGE):
            act()

    def thaw(self) -> None:
        asleep, self._asleep = self._asleep, []
        for act in asleep:
            act()

    def _after(self, seconds: float, leg: Leg, act: Callable[[], None]) -> None:
        """Later, unless the leg has been dialled anew or has ended by then."""
        dial = leg.dial

        def still() -> None:
            if leg.dial == dial and self.legs.get(leg.uniqueid) is leg:
                act()

        self._clock.after(seconds, lambda: self.when_awake(still))

    # --- what it is told --------------------------------------------------------------------------------------------

    def do(self, deed: EdgeDeed) -> Result:
        match deed:
            case SetRoute(route=route, epoch=epoch):
                self.route, self.epoch = route, epoch
                self.on_globals()
            case SetVia(node=node, path=path):
                self._via[node] = path
            case SetDrill():
                pass  # nobody of this world makes test calls
            case AttachDialog(channel=channel, dialog=dialog):
                leg = next((leg for leg in self.legs.values() if leg.channel == channel), None)
                if leg is None:
                    return Result.GONE
                leg.dialog = dialog
            case RescueLeg(uniqueid=uniqueid):
                leg = self.legs.get(uniqueid)
                if leg is None:
                    return Result.GONE
                self.on_redirect(leg, deed)
                self._resume(leg)
            case HangUp():
                return self._end_half(deed)
        return Result.DONE

    def _end_half(self, deed: HangUp) -> Result:
        half = self.halves.of_channel(deed.node, deed.channel)
        if half is None:
            return Result.GONE
        self.halves.end(half)
        leg = next((leg for leg in self.legs.values() if leg.half is half), None)
        if leg is not None:
            self.on_hang_up(leg)
            self.hang_up(leg.uniqueid)
        return Result.DONE

    def listing(self) -> EdgeListed:
        legs = tuple(
            LegSeen(leg.uniqueid, leg.channel, leg.token, leg.node, leg.epoch, leg.half is not None, leg.dialog)
            for leg in self.legs.values()
            if leg.node is not None
        )
        return EdgeListed(EDGE, legs, self.route, self.epoch)

    # --- callers ----------------------------------------------------------------------------------------------------

    def arrive(self, leg: Leg) -> None:
        if not self._truth.is_dead(EDGE):
            self.legs[leg.uniqueid] = leg
            self.when_awake(partial(self._round, leg))

    def hang_up(self, uniqueid: Uniqueid) -> None:
        leg = self.legs.pop(uniqueid, None)
        if leg is not None:
            self._leave(leg)
            self.emit(EDGE, ChannelEnded(EDGE, uniqueid, leg.token, 16))

    def _leave(self, leg: Leg) -> None:
        """Its half is told to end."""
        if leg.half is not None:
            self.halves.leave(leg.half)
        leg.half, leg.is_talking, leg.is_over = None, False, False

    def _round(self, leg: Leg) -> None:
        """cti-route: every node of the route, by the contacts the edge believes in."""
        epoch, leg.left = self.epoch, list(self.route or DEFAULT_ROUTE)
        self._next(leg, epoch)

    def _next(self, leg: Leg, epoch: int) -> None:
        if not leg.left:
            self._after(ROUND_SECONDS, leg, partial(self._round, leg))
            return
        node = leg.left.pop(0)
        self._take(leg, node, epoch)
        via = self._via.get(node)
        believed = [via] if via else [path for path in PATHS if self._truth.edge_believes(node, path, self._clock.now)]
        if not believed:
            self._after(0.001, leg, partial(self._next, leg, epoch))
        else:
            self._dial(leg, node, believed[0], TRY_SECONDS, partial(self._next, leg, epoch))

    def _resume(self, leg: Leg) -> None:
        """Redirect: the leg is out of its call at once, and says where it goes when its own thread has come so far."""
        leg.dial += 1
        self._leave(leg)
        self._after(self._chance.uniform(0.0005, 0.003), leg, partial(self._explicit, leg))

    def _explicit(self, leg: Leg) -> None:
        """cti-resume: the first node by its addresses, then the rest of the route by contacts."""
        epoch, leg.left, leg.dialog = self.epoch, list(self.route or DEFAULT_ROUTE), ""
        node = leg.left.pop(0)
        self._take(leg, node, epoch)
        via = self._via.get(node)
        self._by_address(leg, node, [*([via] if via else []), *PATHS], epoch)

    def _by_address(self, leg: Leg, node: NodeName, paths: list[PathName], epoch: int) -> None:
        if not paths:
            self._next(leg, epoch)
        else:
            self._dial(leg, node, paths[0], SETUP_SECONDS, partial(self._by_address, leg, node, paths[1:], epoch))

    def _take(self, leg: Leg, node: NodeName, epoch: int) -> None:
        leg.node, leg.epoch, leg.dial, leg.routed_at = node, epoch, leg.dial + 1, self._clock.now
        self.emit(EDGE, LegRouted(EDGE, leg.uniqueid, leg.channel, leg.token, node, epoch))

    def _dial(self, leg: Leg, node: NodeName, path: PathName, seconds: float, failed: Callable[[], None]) -> None:
        leg.dial += 1
        loss = self._truth.loss
        for at in INVITES_AT:
            if not loss or self._chance.random() < (1 - loss) ** 2:
                self._after(at + ANSWER_SECONDS, leg, partial(self._answer, leg, node, path))
        self._after(seconds, leg, failed)

    def _answer(self, leg: Leg, node: NodeName, path: PathName) -> None:
        if not self._truth.edge_hears(node, path) or leg.half is not None:
            return
        leg.dial += 1
        leg.half, leg.is_talking, leg.is_talk_known = self.halves.begin(node, leg.token), False, False
        self.emit(EDGE, ChannelBridged(EDGE, leg.uniqueid, leg.token))
        self._after(leg.pick_up_seconds, leg, partial(self._pick_up, leg, leg.half))

    def _pick_up(self, leg: Leg, half: Half) -> None:
        """A seat is free: the node rings it and connects it."""
        node = half.node
        if not self.halves.lives(half):
            return  # it waits in a queue that is no more
        if not self._truth.sip_lives(node) or not self._truth.has_seats(node):
            self._after(1.0, leg, partial(self._pick_up, leg, half))
            return
        leg.is_talking = True
        seat = SeatName(f"seat-{leg.uniqueid}")
        self.halves.connect(half, seat)
        if leg.talk_seconds is not None:
            self._clock.after(leg.talk_seconds, partial(self._seat_hangs_up, leg, half))
        self.emit(node, SeatTalking(node, leg.token, seat, f"{seat}!{leg.dial};to-tag=t;from-tag=f"))

    def _seat_hangs_up(self, leg: Leg, half: Half) -> None:
        """The node ends the call, and says so to the edge as often as SIP allows; without an answer the edge knows of nothing."""
        if not self.halves.lives(half):
            return
        if self._truth.is_frozen(half.node):
            self._clock.after(1.0, partial(self._seat_hangs_up, leg, half))
            return
        self.halves.end(half)
        leg.is_over = leg.half is half
        for seconds in BYES_AFTER:
            self._clock.after(seconds, partial(self._bye, leg, half))

    def _bye(self, leg: Leg, half: Half) -> None:
        """An answered call that ends also ends the caller's leg."""
        heard = any(self._truth.edge_hears(half.node, path) for path in PATHS)
        if heard and leg.half is half and self.legs.get(leg.uniqueid) is leg:
            self.when_awake(partial(self.hang_up, leg.uniqueid))

    # --- what is so -------------------------------------------------------------------------------------------------

    def is_served(self, leg: Leg) -> bool:
        """The node that answered this leg still holds the call."""
        return leg.half is not None and self.halves.lives(leg.half)

    def has_audio(self, leg: Leg) -> bool:
        """Packets arrive on this leg: a seat's voice, or the queue's music."""
        return leg.node is not None and self.is_served(leg) and self._truth.audio_lives(leg.node) and not (leg.is_talking and leg.is_quiet)
