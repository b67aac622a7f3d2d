"""Callers in queues, from the moment they join to the end of their conversation, on whichever node: who waits, who is served,
and how each stay ended.

A stay begins with a join and with nothing else, so an event about a caller who is not held is one that a list has already told.
A caller who is carried over to another node keeps the wait he had, and is not offered a second time."""

from collections.abc import Callable, Iterator

from cti_daemon.model.call_events import CallerDone, CallerJoined, CallerLeft, CallerServed, CallerUnserved, ChannelEnded
from cti_daemon.model.ids import CallToken, NodeName, QueueName, Uniqueid
from cti_daemon.state.departed import Departed
from cti_daemon.state.stay import Stage, Stay
from cti_daemon.state.stays import Stays
from cti_daemon.state.tally import QueueOutcome, Tally

DONE_WITHIN_SECONDS = 5.0
"""AgentComplete comes from a thread of its own and may follow the caller's Hangup; after this long nothing comes any more."""
SENT_BACK_WITHIN_SECONDS = 1.0
"""Whose seat sends him back to his queue joins it a moment before the AgentComplete of the conversation that is over by that."""

_TIMEOUT = "TIMEOUT"
_TALKING = frozenset({Stage.SERVED, Stage.CUT, Stage.AWAY, Stage.ENDED})
_LEFT_BEHIND = frozenset({Stage.ADRIFT, Stage.CUT, Stage.AWAY})


class Callers:
    """`tally_of` gives a queue's counters. `is_moving(token, node)`: has the edge sent this caller away from that node, or is it about
    to? `is_ghost(token, node)`: does the edge say that he is elsewhere, for good?
    `is_heard(node)`: does a link to it stand?"""

    def __init__(
        self,
        tally_of: Callable[[QueueName], Tally],
        *,
        is_moving: Callable[[CallToken, NodeName], bool],
        is_ghost: Callable[[CallToken, NodeName], bool],
        is_heard: Callable[[NodeName], bool],
    ) -> None:
        self._tally_of = tally_of
        self._is_moving, self._is_ghost, self._is_heard = is_moving, is_ghost, is_heard
        self._departed = Departed()
        self._stays = Stays()

    # --- out --------------------------------------------------------------------------------------------------------

    def waiting(self, node: NodeName, queue: QueueName) -> list[Stay]:
        """In the order of the queue."""
        return self._stays.line(node, queue)

    def with_seat(self, node: NodeName, queue: QueueName) -> int:
        """How many are with a seat that this queue gave them."""
        return sum(s.queue == queue and s.is_with_seat for s in self.stays(node))

    def of_token(self, token: CallToken) -> Stay | None:
        """The stay this caller began last, while it lasts."""
        return self._stays.of_token(token)

    def stays(self, node: NodeName | None = None) -> Iterator[Stay]:
        """Of one node, or all."""
        return self._stays.of_node(node)

    def get(self, node: NodeName, uniqueid: Uniqueid, queue: QueueName) -> Stay | None:
        return self._stays.get(node, uniqueid, queue)

    # --- in ---------------------------------------------------------------------------------------------------------

    def join(self, event: CallerJoined, at: float) -> None:
        held = self.get(event.node, event.uniqueid, event.queue)
        if held is not None:
            if held.stage is Stage.WAITING:  # a list was quicker
                if held.token is None and event.token is not None:
                    self._stays.name(held, event.token)
                return
            if held.stage in {Stage.SERVED, Stage.ENDED}:  # sent back to the queue he came from
                self._tally_of(held.queue).talked(int(at - held.served_at), at)
                self._stays.drop(held)
            else:
                self._give_back(held, _TIMEOUT, at)
        for before in self._stays.of_channel(event.node, event.uniqueid):
            if before.stage is Stage.LEAVING:  # his time was over, and the dialplan sends him elsewhere
                self._give_back(before, _TIMEOUT, at)
        stay = Stay(event.node, event.queue, event.uniqueid, event.token, at)
        if event.token is not None and (self._is_ghost(event.token, event.node) or self._departed.is_nobody(event.token, event.node, at)):
            stay.stage = Stage.DOUBTED
            self._stays.hold(stay, 0)
        else:
            self.admit(stay, event.position, at)

    def believe(self, token: CallToken, node: NodeName, at: float) -> None:
        """The edge has sent this caller to that node: what looked like a ghost there was he."""
        for stay in [s for s in self._stays.doubted.values() if (s.token, s.node) == (token, node)]:
            self._stays.drop(stay)
            stay.stage = Stage.WAITING
            self.admit(stay, 0, at)

    def leave(self, event: CallerLeft, at: float) -> None:
        stay = self.get(event.node, event.uniqueid, event.queue)
        if stay is not None and stay.stage is Stage.DOUBTED:
            self._stays.drop(stay)
        if stay is None or stay.stage not in {Stage.WAITING, Stage.LEAVING}:
            return
        if stay.token is not None and self._is_moving(stay.token, stay.node):
            self._stays.set(stay, Stage.ADRIFT)
        else:
            if event.abandoned:  # so does one whose time is over leave: what his channel does next tells them apart
                stay.lost_after = stay.waited_before + (int(at - stay.joined_at) if event.waited_seconds is None else event.waited_seconds)
            self.set_leaving(stay, at)

    def serve(self, event: CallerServed, at: float) -> None:
        stay = self.get(event.node, event.uniqueid, event.queue)
        if stay is None or stay.stage not in {Stage.WAITING, Stage.LEAVING}:
            return
        self.mark_served(stay, event.seat_channel, at)
        stay.seat = event.seat
        if stay.is_counted:
            self._tally_of(stay.queue).answered(stay.waited_before + event.waited_seconds, at)

    def finish(self, event: CallerDone, at: float, *, awaits_lists: bool = False) -> None:
        """`awaits_lists`: after a gap, in which one who waited for all we know may have been answered."""
        stay = self.of_event(event)
        if stay is None:
            return
        is_over = stay.stage in {Stage.SERVED, Stage.ENDED}
        if awaits_lists and stay.stage is Stage.WAITING and at - stay.joined_at > SENT_BACK_WITHIN_SECONDS:
            is_over = True
            if stay.is_counted:
                self._tally_of(stay.queue).ended_unseen(QueueOutcome.ANSWERED, 1, at)
        if is_over:
            self._tally_of(stay.queue).talked(event.talked_seconds, at)
            self._stays.drop(stay)

    def of_event(self, event: CallerDone) -> Stay | None:
        """Whose conversation is over. The caller's channel may be gone before he is named: then his token tells."""
        stay = self.get(event.node, event.uniqueid, event.queue)
        if stay is None:
            stay = self._stays.of_token(event.token)
        return stay if stay is not None and (stay.node, stay.queue) == (event.node, event.queue) else None

    def lose_seat(self, event: ChannelEnded) -> Stay | None:
        """The seat of a served caller has hung up: the stay, if the conversation is not over by that."""
        stay = self._stays.unseat(event.node, event.uniqueid)
        if stay is not None:
            stay.has_no_seat = True
        return stay

    def give_back(self, event: CallerUnserved, at: float) -> None:
        stay = self.get(event.node, event.uniqueid, event.queue)
        if stay is not None and stay.stage in {Stage.WAITING, Stage.LEAVING}:
            self._give_back(stay, event.status, at)
        elif stay is None and event.status in {"FULL", "JOINEMPTY", "JOINUNAVAIL"}:  # never let in
            tally = self._tally_of(event.queue)
            tally.offer(at)
            tally.turned_away(QueueOutcome.OVERFLOWED, at)

    def end(self, event: ChannelEnded, at: float, *, awaits_lists: bool = False) -> None:
        """The caller's channel on a node is gone. While a list of its queues is awaited after a gap, one who waited for all we know may
        have been answered in it: then the list counts him."""
        for stay in self._stays.of_channel(event.node, event.uniqueid):
            match stay.stage:
                case Stage.WAITING if awaits_lists:
                    pass
                case Stage.WAITING:
                    self._abandon(stay, int(stay.waited_seconds(at)), at)
                case Stage.LEAVING if stay.lost_after is not None:
                    self._abandon(stay, stay.lost_after, at)
                case Stage.LEAVING:
                    self._give_back(stay, _TIMEOUT, at)
                case Stage.SERVED:
                    self._stays.set(stay, Stage.ENDED)
                    stay.left_at = at
                    self._stays.unsettled[stay.key] = stay
                case Stage.DOUBTED:
                    self._stays.drop(stay)
                case Stage.ADRIFT | Stage.CUT | Stage.AWAY | Stage.ENDED:
                    pass

    def end_leg(self, token: CallToken, at: float, node: NodeName | None) -> None:
        """The caller hung up, the edge says; he was with that node, or on his way (None). His node's own word counts, and it may be late:
        that he left; that he had come to it. (It may also never come, when the node died a moment ago and nobody knows that yet.)
        `sweep` ends the wait for it."""
        self._departed.note(token, at, node)
        stay = self._stays.of_token(token)
        if stay is None:
            return
        stay.gone_at = at
        if stay.stage is Stage.AWAY:
            self.lose(stay, at)
        else:
            self._stays.gone[stay.key] = stay

    def talk_elsewhere(self, token: CallToken, node: NodeName, at: float) -> None:
        """A seat of `node` talks to this caller, past its queues: what the node of his stay still says about him is over. If he
        waited there, that was his answer."""
        stay = self._stays.of_token(token)
        if stay is None or stay.node == node or any((d.token, d.node) == (token, node) for d in self._stays.doubted.values()):
            return
        if stay.stage in {Stage.WAITING, Stage.LEAVING, Stage.ADRIFT}:
            if stay.is_counted:
                self._tally_of(stay.queue).answered(int(stay.waited_seconds(at)), at)
            stay.served_at = at
            self._stays.set(stay, Stage.AWAY)
        elif stay.stage in {Stage.SERVED, Stage.CUT, Stage.ENDED}:
            self._stays.set(stay, Stage.AWAY)

    def sweep(self, at: float) -> list[Stay]:
        """What has been open for so long that nothing more comes: conversations whose AgentComplete has not come, callers out of
        the queue who neither hung up nor were given back to a dialplan that says so, and callers who hung up while their node was
        not heard. The last ones are returned, as they were: the node may have counted them."""
        for stay in [s for s in self._stays.unsettled.values() if at - s.left_at > DONE_WITHIN_SECONDS]:
            if stay.stage is Stage.LEAVING:
                if stay.token is None or self._is_heard(stay.node):  # else what was to come has died with it
                    self._give_back(stay, _TIMEOUT, at)
            else:
                self._tally_of(stay.queue).talked(int(stay.left_at - stay.served_at), at)
                self._stays.drop(stay)
        self._departed.sweep(at)
        unheard = [
            stay
            for stay in self._stays.gone.values()
            if stay.gone_at is not None
            and at - stay.gone_at > DONE_WITHIN_SECONDS
            and (stay.stage in _LEFT_BEHIND or not self._is_heard(stay.node))
        ]
        for stay in unheard:
            self.lose(stay, at)
        return unheard

    # --- for lists ----------------------------------------------------------------------------------------------------

    def admit(self, stay: Stay, position: int, at: float) -> Stay:
        """Somebody joins: a new caller, or one carried over from another node."""
        before = self._stays.of_token(stay.token)
        if before is not None and before.stage is Stage.AWAY:  # had been given to a seat; this is another wish
            self.lose(before, at)
            before = None
        if before is not None and before.node != stay.node and before.stage is Stage.LEAVING and before.lost_after is not None:
            self._give_back(before, _TIMEOUT, at)  # his time was over, and then his node died
            before = None
        if before is not None and before.node != stay.node:
            self._carry(before, stay, at)
        else:
            self._tally_of(stay.queue).offer(at)
        self._stays.hold(stay, position)
        return stay

    def recall(self, stay: Stay, position: int = 0) -> Stay:
        """Hold somebody whom a list shows and who was counted before or is counted by others."""
        self._stays.hold(stay, position)
        return stay

    def mark_served(self, stay: Stay, seat_channel: Uniqueid | None, at: float) -> None:
        """The caller is with a seat; the answer is counted by others."""
        self._stays.set(stay, Stage.SERVED)
        stay.served_at, stay.seat_channel = at, seat_channel
        if seat_channel is not None:
            self._stays.seat(stay, seat_channel)

    def drop(self, stay: Stay) -> None:
        """Forget a stay: its end is counted by others."""
        self._stays.drop(stay)

    def set_leaving(self, stay: Stay, at: float) -> None:
        """He waits no more; why is still to be told."""
        if stay.stage is Stage.WAITING:
            stay.left_at = at
            self._stays.set(stay, Stage.LEAVING)
            self._stays.unsettled[stay.key] = stay

    def set_adrift(self, stay: Stay) -> None:
        """The node has forgotten this caller; his leg may still come to another one, if it has not done so."""
        if stay.stage is not Stage.AWAY:
            self._stays.set(stay, Stage.CUT if stay.stage in _TALKING else Stage.ADRIFT)

    def lose(self, stay: Stay, at: float) -> None:
        """The caller is gone, since he hung up or since now, and no node will say so."""
        until = at if stay.gone_at is None else stay.gone_at
        if stay.stage in _TALKING:
            self._tally_of(stay.queue).talked(int(until - stay.served_at), at)
            self._stays.drop(stay)
        else:
            self._abandon(stay, int(stay.waited_seconds(until)) if stay.lost_after is None else stay.lost_after, at)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _carry(self, before: Stay, stay: Stay, at: float) -> None:
        """The caller of `before` has come to another node."""
        if before.stage in _TALKING:
            until = before.left_at if before.stage is Stage.ENDED else at
            self._tally_of(before.queue).talked(int(until - before.served_at), at)
            stay.is_counted = False
        else:
            stay.waited_before = int(before.waited_seconds(at))
            stay.is_counted = before.is_counted
        self._tally_of(before.queue).rescued(at)
        if before.queue != stay.queue:  # another queue takes over: for the first one this was the end
            if before.is_counted and before.stage not in _TALKING:
                self._tally_of(before.queue).turned_away(QueueOutcome.OVERFLOWED, at)
            stay.is_counted, stay.waited_before = True, 0
            self._tally_of(stay.queue).offer(at)
        self._stays.drop(before)

    def _abandon(self, stay: Stay, waited_seconds: int, at: float) -> None:
        if stay.is_counted:
            self._tally_of(stay.queue).abandoned(waited_seconds, at)
        self._stays.drop(stay)

    def _give_back(self, stay: Stay, status: str, at: float) -> None:
        if stay.is_counted and stay.stage in {Stage.WAITING, Stage.LEAVING, Stage.ADRIFT}:
            outcome = QueueOutcome.TIMEOUT if status == _TIMEOUT else QueueOutcome.OVERFLOWED
            self._tally_of(stay.queue).turned_away(outcome, at)
        self._stays.drop(stay)
