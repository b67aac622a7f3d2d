"""Callers in queues, from the moment they join to the end of their conversation, on whichever node: who waits, who is served,
and how each stay ended.

A stay begins with a join and with nothing else, so an event about a caller who is not held is one that a list has already told.
A caller who is carried over to another node keeps the wait he had, and is not offered a second time."""

from collections.abc import Callable, Iterator
from enum import Enum

from cti_daemon.model.call_events import CallerDone, CallerJoined, CallerLeft, CallerServed, CallerUnserved, ChannelEnded
from cti_daemon.model.ids import CallToken, NodeName, QueueName, SeatName, Uniqueid
from cti_daemon.state.tally import QueueOutcome, Tally

DONE_WITHIN_SECONDS = 5.0
"""AgentComplete comes from a thread of its own and may follow the caller's Hangup; after this long it does not come any more."""

_TIMEOUT = "TIMEOUT"


class Stage(Enum):
    WAITING = "waiting"
    LEAVING = "leaving"  # out of the queue: the next event tells whether served or given back
    SERVED = "served"
    ADRIFT = "adrift"  # waited on a node that has him no more; his leg may come to another one
    AWAY = "away"  # was served by a node that has him no more; the conversation may go on elsewhere
    ENDED = "ended"  # hung up while served: only the seat's side of it is still to come


_TALKING = frozenset({Stage.SERVED, Stage.AWAY, Stage.ENDED})


class Stay:
    """One caller in one queue. `waited_before`: seconds already waited on other nodes. `is_counted`: False for one who had been
    served and only came back because his node died."""

    __slots__ = (
        "ended_at",
        "is_counted",
        "joined_at",
        "node",
        "queue",
        "seat",
        "served_at",
        "stage",
        "token",
        "uniqueid",
        "waited_before",
    )

    def __init__(self, node: NodeName, queue: QueueName, uniqueid: Uniqueid, token: CallToken | None, at: float) -> None:
        self.node = node
        self.queue = queue
        self.uniqueid = uniqueid
        self.token = token
        self.stage = Stage.WAITING
        self.joined_at = at
        self.waited_before = 0
        self.is_counted = True
        self.seat: SeatName | None = None
        self.served_at = at
        self.ended_at = at

    def waited_seconds(self, now: float) -> float:
        return self.waited_before + max(now - self.joined_at, 0.0)


StayKey = tuple[NodeName, Uniqueid, QueueName]


class Callers:
    """`tally_of` gives a queue's counters. `is_moving(token, node)`: was this caller just sent away from that node by the edge?"""

    def __init__(self, tally_of: Callable[[QueueName], Tally], is_moving: Callable[[CallToken, NodeName], bool]) -> None:
        self._tally_of = tally_of
        self._is_moving = is_moving
        self._stays: dict[StayKey, Stay] = {}
        self._of_channel: dict[tuple[NodeName, Uniqueid], list[Stay]] = {}
        self._by_token: dict[CallToken, Stay] = {}
        self._lines: dict[tuple[NodeName, QueueName], list[Stay]] = {}
        self._served: dict[tuple[NodeName, QueueName], int] = {}
        self._ended: dict[StayKey, Stay] = {}

    # --- out --------------------------------------------------------------------------------------------------------

    def waiting(self, node: NodeName, queue: QueueName) -> list[Stay]:
        """In the order of the queue."""
        return self._lines.get((node, queue), [])

    def served(self, node: NodeName, queue: QueueName) -> int:
        """How many are with a seat that this queue gave them, by the node's own count."""
        return self._served.get((node, queue), 0)

    def lines(self) -> set[tuple[NodeName, QueueName]]:
        """Where somebody waits or is served."""
        return {key for key, line in self._lines.items() if line} | {key for key, n in self._served.items() if n}

    def of_token(self, token: CallToken) -> Stay | None:
        """The stay this caller began last, while it lasts."""
        return self._by_token.get(token)

    def stays(self, node: NodeName) -> Iterator[Stay]:
        return (stay for stay in list(self._stays.values()) if stay.node == node)

    def get(self, node: NodeName, uniqueid: Uniqueid, queue: QueueName) -> Stay | None:
        return self._stays.get((node, uniqueid, queue))

    # --- in ---------------------------------------------------------------------------------------------------------

    def join(self, event: CallerJoined, at: float) -> None:
        held = self._stays.get((event.node, event.uniqueid, event.queue))
        if held is not None:
            if held.stage is Stage.WAITING:
                return  # a list was quicker
            if held.stage in {Stage.SERVED, Stage.ENDED}:  # sent back to the queue he came from
                self._tally_of(held.queue).talked(int(at - held.served_at), at)
                self._close(held)
            else:
                self._give_back(held, _TIMEOUT, at)
        self.admit(event.node, event.queue, event.uniqueid, event.token, event.position, at)

    def leave(self, event: CallerLeft, at: float) -> None:
        stay = self._stays.get((event.node, event.uniqueid, event.queue))
        if stay is None or stay.stage not in {Stage.WAITING, Stage.LEAVING}:
            return
        if stay.token is not None and self._is_moving(stay.token, stay.node):
            self._set(stay, Stage.ADRIFT)
        elif event.abandoned:
            waited = int(stay.waited_seconds(at)) if event.waited_seconds is None else stay.waited_before + event.waited_seconds
            self._abandon(stay, waited, at)
        else:
            self._set(stay, Stage.LEAVING)

    def serve(self, event: CallerServed, at: float) -> None:
        stay = self._stays.get((event.node, event.uniqueid, event.queue))
        if stay is None or stay.stage not in {Stage.WAITING, Stage.LEAVING}:
            return
        self._set(stay, Stage.SERVED)
        stay.served_at, stay.seat = at, event.seat
        if stay.is_counted:
            self._tally_of(stay.queue).answered(stay.waited_before + event.waited_seconds, at)

    def finish(self, event: CallerDone, at: float) -> None:
        stay = self._stays.get((event.node, event.uniqueid, event.queue))
        if stay is not None and stay.stage in {Stage.SERVED, Stage.ENDED}:
            self._tally_of(stay.queue).talked(event.talked_seconds, at)
            self._close(stay)

    def give_back(self, event: CallerUnserved, at: float) -> None:
        stay = self._stays.get((event.node, event.uniqueid, event.queue))
        if stay is not None and stay.stage in {Stage.WAITING, Stage.LEAVING}:
            self._give_back(stay, event.status, at)
        elif stay is None and event.status in {"FULL", "JOINEMPTY", "JOINUNAVAIL"}:  # never let in
            tally = self._tally_of(event.queue)
            tally.offer(at)
            tally.turned_away(QueueOutcome.OVERFLOWED, at)

    def end(self, event: ChannelEnded, at: float) -> None:
        """The caller's channel on a node is gone."""
        for stay in list(self._of_channel.get((event.node, event.uniqueid), ())):
            match stay.stage:
                case Stage.WAITING:
                    self._abandon(stay, int(stay.waited_seconds(at)), at)
                case Stage.LEAVING:
                    self._give_back(stay, _TIMEOUT, at)
                case Stage.SERVED:
                    self._set(stay, Stage.ENDED)
                    stay.ended_at = at
                    self._ended[(stay.node, stay.uniqueid, stay.queue)] = stay
                case Stage.ADRIFT | Stage.AWAY | Stage.ENDED:
                    pass

    def end_leg(self, token: CallToken, at: float, *, is_node_heard: Callable[[NodeName], bool]) -> None:
        """The caller hung up, the edge says. Where the node of his stay can still be heard, its own word counts."""
        stay = self._by_token.get(token)
        if stay is None or (stay.stage not in {Stage.ADRIFT, Stage.AWAY} and is_node_heard(stay.node)):
            return
        self.lose(stay, at)

    def talk_elsewhere(self, token: CallToken, node: NodeName) -> None:
        """A seat of `node` talks to this caller: what the node of his stay still says about him is over."""
        stay = self._by_token.get(token)
        if stay is not None and stay.node != node and stay.stage in {Stage.SERVED, Stage.ENDED}:
            self._set(stay, Stage.AWAY)

    def sweep(self, at: float) -> None:
        """Conversations whose AgentComplete has not come: ours is the only measure of them."""
        for stay in [s for s in self._ended.values() if at - s.ended_at > DONE_WITHIN_SECONDS]:
            self._tally_of(stay.queue).talked(int(stay.ended_at - stay.served_at), stay.ended_at)
            self._close(stay)

    # --- for lists ----------------------------------------------------------------------------------------------------

    def admit(self, node: NodeName, queue: QueueName, uniqueid: Uniqueid, token: CallToken | None, position: int, at: float) -> Stay:
        """Somebody joins: a new caller, or one carried over from another node."""
        stay = Stay(node, queue, uniqueid, token, at)
        before = self._by_token.get(token) if token is not None else None
        if before is not None and before.node != node:
            self._carry(before, stay, at)
        else:
            self._tally_of(queue).offer(at)
        self._hold(stay, position)
        return stay

    def recall(self, stay: Stay, position: int = 0) -> Stay:
        """Hold somebody whom a list shows and who was counted before or is counted by others."""
        self._hold(stay, position)
        return stay

    def drop(self, stay: Stay) -> None:
        """Forget a stay whose end was counted by others."""
        self._close(stay)

    def mark_served(self, stay: Stay, at: float) -> None:
        """A list shows this caller with a seat; the answer was counted by others."""
        self._set(stay, Stage.SERVED)
        stay.served_at = at

    def set_adrift(self, stay: Stay) -> None:
        """The node has forgotten this caller; his leg may still come to another one."""
        self._set(stay, Stage.AWAY if stay.stage in _TALKING else Stage.ADRIFT)

    def lose(self, stay: Stay, at: float) -> None:
        """The caller is gone, and no node will say so."""
        if stay.stage in _TALKING:
            self._tally_of(stay.queue).talked(int(at - stay.served_at), at)
            self._close(stay)
        else:
            self._abandon(stay, int(stay.waited_seconds(at)), at)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _carry(self, before: Stay, stay: Stay, at: float) -> None:
        """The caller of `before` has come to another node."""
        if before.stage in _TALKING:
            until = before.ended_at if before.stage is Stage.ENDED else at
            self._tally_of(before.queue).talked(int(until - before.served_at), at)
            stay.is_counted = False
        else:
            stay.waited_before = int(before.waited_seconds(at))
            stay.is_counted = before.is_counted
        self._tally_of(before.queue).rescued(at)
        if before.queue != stay.queue:  # another queue takes over: for the first one this was the end
            if before.is_counted and before.stage not in _TALKING:
                self._tally_of(before.queue).turned_away(QueueOutcome.OVERFLOWED, at)
            stay.is_counted = True
            self._tally_of(stay.queue).offer(at)
        self._close(before)

    def _abandon(self, stay: Stay, waited_seconds: int, at: float) -> None:
        if stay.is_counted:
            self._tally_of(stay.queue).abandoned(waited_seconds, at)
        self._close(stay)

    def _give_back(self, stay: Stay, status: str, at: float) -> None:
        if stay.is_counted and stay.stage in {Stage.WAITING, Stage.LEAVING, Stage.ADRIFT}:
            outcome = QueueOutcome.TIMEOUT if status == _TIMEOUT else QueueOutcome.OVERFLOWED
            self._tally_of(stay.queue).turned_away(outcome, at)
        self._close(stay)

    def _hold(self, stay: Stay, position: int) -> None:
        self._stays[(stay.node, stay.uniqueid, stay.queue)] = stay
        self._of_channel.setdefault((stay.node, stay.uniqueid), []).append(stay)
        if stay.token is not None:
            self._by_token[stay.token] = stay
        self._enter(stay, position)

    def _enter(self, stay: Stay, position: int) -> None:
        place = (stay.node, stay.queue)
        if stay.stage is Stage.WAITING:
            line = self._lines.setdefault(place, [])
            line.insert(position - 1 if 0 < position <= len(line) else len(line), stay)
        elif stay.stage is Stage.SERVED:
            self._served[place] = self._served.get(place, 0) + 1

    def _set(self, stay: Stay, stage: Stage) -> None:
        self._exit(stay)
        stay.stage = stage
        self._enter(stay, 0)

    def _exit(self, stay: Stay) -> None:
        place = (stay.node, stay.queue)
        if stay.stage is Stage.WAITING:
            self._lines[place].remove(stay)
        elif stay.stage is Stage.SERVED:
            self._served[place] -= 1

    def _close(self, stay: Stay) -> None:
        self._exit(stay)
        key = (stay.node, stay.uniqueid, stay.queue)
        self._stays.pop(key, None)
        self._ended.pop(key, None)
        of_channel = self._of_channel.get((stay.node, stay.uniqueid), [])
        if stay in of_channel:
            of_channel.remove(stay)
            if not of_channel:
                del self._of_channel[(stay.node, stay.uniqueid)]
        if stay.token is not None and self._by_token.get(stay.token) is stay:
            del self._by_token[stay.token]
