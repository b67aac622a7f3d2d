"""A call centre of a few lines that tells a `Site` what an Asterisk would tell it, and counts for itself what happened."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from cti_daemon.model.call_events import (
    UP,
    CallerDone,
    CallerJoined,
    CallerLeft,
    CallerServed,
    CallerUnserved,
    ChannelBegan,
    ChannelEnded,
    ChannelSeen,
    ChannelsListed,
    QueueCounted,
    StreamBegan,
    WaitingSeen,
)
from cti_daemon.model.events import EdgeListed, LegRouted, LegSeen, LinkLost, LinkUp, QueuesListed, SeatTalking
from cti_daemon.model.ids import CallToken, ChannelName, NodeName, PathName, QueueName, SeatName, Uniqueid
from cti_daemon.model.reasons import Loss
from cti_daemon.state import ledger
from cti_daemon.state.site import Site
from tests.state.listener import settings

EDGE, A, B = NodeName("edge1"), NodeName("pbx-a"), NodeName("pbx-b")
HOTLINE = QueueName("hotline")
SEAT = SeatName("seat1")
PATH = PathName("a")


Told = CallerJoined | CallerLeft | CallerServed | CallerDone | CallerUnserved | ChannelBegan | ChannelEnded


@dataclass
class Caller:
    number: int
    node: NodeName
    uniqueid: Uniqueid
    joined_at: float
    state: str = "waiting"  # waiting, menu, talking
    waited_before: int = 0
    is_counted: bool = True

    @property
    def token(self) -> CallToken:
        return CallToken(f"{self.number:040x}")

    @property
    def leg(self) -> Uniqueid:
        return Uniqueid(f"edge-{self.number}")


class Centre:
    def __init__(self) -> None:
        self.site = Site(settings({"name": "hotline"}), 0.0)
        self.at = 0.0
        self.serving = A
        self.callers: list[Caller] = []
        self.truth: Counter[str] = Counter()
        self.waits: dict[str, list[int]] = {"answered": [], "abandoned": []}
        self.deaf: set[NodeName] = set()
        self.counted = {A: Counter[str](), B: Counter[str]()}
        """The nodes' own counters."""
        self._late: list[Told] | None = None
        self._numbers = 0
        self._left = "", 0.0
        for node in (EDGE, A, B):
            self.site.witness(LinkUp(node, PATH), 0.0)
        for node in (A, B):
            self.list(node)

    # --- what happens -------------------------------------------------------------------------------------------------

    def arrive(self) -> None:
        self._numbers += 1
        caller = Caller(self._numbers, self.serving, Uniqueid(f"{self.serving}-{self._numbers}.0"), self.at)
        self.callers.append(caller)
        self.truth["offered"] += 1
        self._enter(caller)

    def answer(self, which: int) -> None:
        if (caller := self._pick(which, "waiting")) is None:
            return
        waited = int(self.at) - int(caller.joined_at)
        caller.state = "talking"
        if caller.is_counted:
            self.truth["answered"] += 1
            if caller.node not in self.deaf:
                self.waits["answered"].append(caller.waited_before + waited)
        self._tell(caller.node, CallerLeft(caller.node, HOTLINE, caller.uniqueid, caller.token, abandoned=False))
        self._tell(caller.node, CallerServed(caller.node, HOTLINE, caller.uniqueid, caller.token, SEAT, waited))

    def abandon(self, which: int) -> None:
        if (caller := self._pick(which, "waiting")) is None:
            return
        waited = int(self.at) - int(caller.joined_at)
        self.counted[caller.node]["abandoned"] += 1
        if caller.is_counted:
            self.truth["abandoned"] += 1
            if caller.node not in self.deaf:
                self.waits["abandoned"].append(caller.waited_before + waited)
        left = CallerLeft(caller.node, HOTLINE, caller.uniqueid, caller.token, abandoned=True, waited_seconds=waited)
        self._tell(caller.node, left)
        self._tell(caller.node, left._replace(abandoned=False, waited_seconds=None))
        self._leave(caller)

    def time_out(self, which: int) -> None:
        if (caller := self._pick(which, "waiting")) is None:
            return
        caller.state = "menu"
        if caller.is_counted:
            self.truth["timeout"] += 1
        self.counted[caller.node]["abandoned"] += 1  # app_queue does not tell them apart
        waited = int(self.at) - int(caller.joined_at)
        left = CallerLeft(caller.node, HOTLINE, caller.uniqueid, caller.token, abandoned=True, waited_seconds=waited)
        self._tell(caller.node, left)
        self._tell(caller.node, left._replace(abandoned=False, waited_seconds=None))
        self._tell(caller.node, CallerUnserved(caller.node, HOTLINE, caller.uniqueid, caller.token, "TIMEOUT"))

    def come_back(self, which: int) -> None:
        """The dialplan sends an unserved caller into the queue once more: a new offer."""
        if (caller := self._pick(which, "menu")) is not None:
            caller.state, caller.joined_at, caller.waited_before, caller.is_counted = "waiting", self.at, 0, True
            self.truth["offered"] += 1
            self._tell(caller.node, CallerJoined(caller.node, HOTLINE, caller.uniqueid, caller.token, 0))

    def finish(self, which: int) -> None:
        if (caller := self._pick(which, "talking")) is None:
            return
        self.counted[caller.node]["completed"] += 1
        self._tell(caller.node, CallerDone(caller.node, HOTLINE, caller.uniqueid, caller.token, SEAT, 1, "caller"))
        self._leave(caller)

    def send_back(self, which: int) -> None:
        """His seat sends him to the same queue once more. He may join it before the conversation is told to be over."""
        if (caller := self._pick(which, "talking")) is None:
            return
        caller.state, caller.joined_at, caller.waited_before, caller.is_counted = "waiting", self.at, 0, True
        self.truth["offered"] += 1
        self.counted[caller.node]["completed"] += 1
        joined = CallerJoined(caller.node, HOTLINE, caller.uniqueid, caller.token, 0)
        done = CallerDone(caller.node, HOTLINE, caller.uniqueid, caller.token, SEAT, 1, "transfer")
        for event in (joined, done) if which % 2 else (done, joined):
            self._tell(caller.node, event)

    def fail_over(self, fates: list[int]) -> None:
        """The serving node dies. Each caller's fate: 0 hangs up, 1 goes on with his seat where he talked, else the other queue."""
        dead, self.serving = self.serving, B
        if dead is B:
            return
        self.site.witness(LinkLost(dead, PATH, Loss.REFUSED), self.at)
        for index, caller in enumerate(list(self.callers)):
            fate = fates[index % len(fates)] if fates else 2
            if fate == 0 or caller.state == "menu":
                self._hang_up_on_the_dead(caller)
                continue
            was_waiting = caller.state == "waiting"
            waited = caller.waited_before + int(self.at - caller.joined_at)
            caller.node, caller.uniqueid, caller.joined_at = B, Uniqueid(f"{B}-{caller.number}.1"), self.at
            self.site.route(LegRouted(EDGE, caller.leg, ChannelName("x"), caller.token, B, 1), self.at)
            if not was_waiting and fate == 1:
                self.site.talk(SeatTalking(B, caller.token, SEAT, "d"), self.at)
                self.callers.remove(caller)  # no queue knows him any more
                continue
            caller.state = "waiting"
            caller.waited_before = waited if was_waiting else 0
            caller.is_counted = caller.is_counted and was_waiting
            self.truth["rescued"] += 1
            self._tell(B, ChannelBegan(B, caller.uniqueid, caller.uniqueid, caller.token, UP, SeatName("edge")))
            self._tell(B, CallerJoined(B, HOTLINE, caller.uniqueid, caller.token, 0))

    def settle(self) -> None:
        """Time passes until nobody's word is waited for."""
        self.at += 6.0
        self.list(B)

    def deafen(self, node: NodeName) -> None:
        """Both links of a node are gone; it goes on without us."""
        self.deaf.add(node)
        self.site.witness(LinkLost(node, PATH, Loss.CLOSED), self.at)

    def listen(self, node: NodeName, between: Callable[[], None] = lambda: None, *, late: bool = False) -> None:
        """Its links are back. What happens `between` the list of channels and the list of queues is told before the second, or, `late`,
        after it."""
        self.deaf.discard(node)
        self.site.witness(LinkUp(node, PATH), self.at)
        self.site.begin(StreamBegan(node), self.at)
        self._list_channels(node)
        self._late = [] if late else None
        between()
        self._list_queues(node)
        told, self._late = self._late or [], None
        for event in told:
            self._tell(event.node, event)

    def stop(self) -> None:
        """The daemon ends; what it leaves is its ledger."""
        self._left = json.dumps(ledger.to_plain(self.site.queues, self.at)), self.at
        self.deaf = {EDGE, A, B}

    def start(self) -> None:
        """And is started again."""
        plain, left_at = self._left
        self.site = Site(settings({"name": "hotline"}), self.at)
        ledger.restore(self.site.queues, json.loads(plain), self.at - left_at, self.at)
        legs = [LegSeen(c.leg, ChannelName("x"), c.token, c.node, 0, bridged=True) for c in self.callers]
        self.site.list_edge(EdgeListed(EDGE, tuple(legs), (self.serving,), 0), self.at)
        self.deaf.clear()
        for node in (EDGE, A, B):
            self.site.witness(LinkUp(node, PATH), self.at)
        for node in (A, B):
            self.listen(node)

    def list(self, node: NodeName) -> None:
        self._list_channels(node)
        self._list_queues(node)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _list_channels(self, node: NodeName) -> None:
        rows = [self._row(caller) for caller in self.callers if caller.node == node]
        agents = [row._replace(uniqueid=Uniqueid(f"{row.uniqueid}9"), queue=None, is_agent=True) for row in rows if row.bridge]
        self.site.list_channels(ChannelsListed(node, (*rows, *agents), life="1"), self.at)

    def _list_queues(self, node: NodeName) -> None:
        waiting = [c for c in self.callers if c.node == node and c.state == "waiting"]
        entries = [WaitingSeen(HOTLINE, c.uniqueid, int(self.at) - int(c.joined_at), i) for i, c in enumerate(waiting, 1)]
        counted = QueueCounted(HOTLINE, self.counted[node]["completed"], self.counted[node]["abandoned"])
        self.site.list_queues(QueuesListed(node, (), tuple(entries), (counted,)), self.at)

    def _row(self, caller: Caller) -> ChannelSeen:
        bridge = f"b{caller.number}" if caller.state == "talking" else ""
        queue = HOTLINE if caller.state != "menu" else None
        return ChannelSeen(caller.uniqueid, caller.uniqueid, ChannelName("x"), caller.token, UP, bridge, SeatName("edge"), queue)

    def _pick(self, which: int, state: str) -> Caller | None:
        found = [caller for caller in self.callers if caller.state == state]
        return found[which % len(found)] if found else None

    def _enter(self, caller: Caller) -> None:
        if EDGE not in self.deaf:
            self.site.route(LegRouted(EDGE, caller.leg, ChannelName("x"), caller.token, caller.node, 0), self.at)
        self._tell(caller.node, ChannelBegan(caller.node, caller.uniqueid, caller.uniqueid, None, UP, SeatName("edge")))
        self._tell(caller.node, CallerJoined(caller.node, HOTLINE, caller.uniqueid, caller.token, 0))

    def _leave(self, caller: Caller) -> None:
        self.callers.remove(caller)
        self._tell(caller.node, ChannelEnded(caller.node, caller.uniqueid, caller.token, 16))
        self._tell(EDGE, ChannelEnded(EDGE, caller.leg, caller.token, 16))

    def _hang_up_on_the_dead(self, caller: Caller) -> None:
        self.callers.remove(caller)
        if caller.state == "waiting" and caller.is_counted:
            self.truth["abandoned"] += 1
            self.waits["abandoned"].append(caller.waited_before + int(self.at - caller.joined_at))
        self.site.end(ChannelEnded(EDGE, caller.leg, caller.token, 16), self.at)

    def _tell(self, node: NodeName, event: Told) -> None:
        if node in self.deaf:
            return
        if self._late is not None:
            self._late.append(event)
            return
        queues, calls, at = self.site.queues, self.site.calls, self.at
        match event:
            case CallerJoined():
                queues.join(event, at)
            case CallerLeft():
                queues.leave(event, at)
            case CallerServed():
                queues.serve(event, at)
            case CallerDone():
                queues.finish(event, at)
            case CallerUnserved():
                queues.give_back(event, at)
            case ChannelBegan():
                calls.begin(event, at)
            case ChannelEnded():
                self.site.end(event, at)
