"""The queues of the site: one series each, whichever node serves it."""

from collections.abc import Callable, Iterable

from cti_daemon.model.call_events import (
    CallerDone,
    CallerJoined,
    CallerLeft,
    CallerServed,
    CallerUnserved,
    ChannelEnded,
    ChannelsListed,
)
from cti_daemon.model.events import QueuesListed
from cti_daemon.model.ids import CallToken, NodeName, QueueName
from cti_daemon.model.settings import Queue
from cti_daemon.state.accounts import Accounts
from cti_daemon.state.book import Correction
from cti_daemon.state.callers import Callers
from cti_daemon.state.calls import Calls
from cti_daemon.state.legs import Legs
from cti_daemon.state.stay import Stay
from cti_daemon.state.tally import Tally


class Queues:
    """`is_heard(node)`: does a link to it stand?"""

    def __init__(
        self, configured: Iterable[Queue], edges: tuple[NodeName, ...], legs: Legs, calls: Calls, is_heard: Callable[[NodeName], bool]
    ) -> None:
        self._settings = {QueueName(queue.name): queue for queue in configured}
        self._thresholds = tuple({q.service_level_seconds for q in self._settings.values()})
        self._default = Queue(name="default")
        self._edges = frozenset(edges)
        self._legs, self._calls = legs, calls
        self._known: set[NodeName] = set()
        self.tallies: dict[QueueName, Tally] = {}
        for name in self._settings:
            self.tally_of(name)
        self.callers = Callers(self.tally_of, is_moving=self._is_moving, is_ghost=self._is_ghost, is_heard=is_heard)
        self.accounts = Accounts(
            self.callers,
            self.tally_of,
            token_of=calls.token_of,
            is_elsewhere=self._is_elsewhere,
            is_on_line=lambda token: legs.of_token(token) is not None,
        )

    # --- out --------------------------------------------------------------------------------------------------------

    def tally_of(self, queue: QueueName) -> Tally:
        tally = self.tallies.get(queue)
        if tally is None:
            settings = self._settings.get(queue, self._default)
            tally = self.tallies[queue] = Tally(settings.service_level_seconds, settings.short_abandon_seconds, self._thresholds)
        return tally

    def is_known(self, node: NodeName) -> bool:
        """Has this node told us its queues since its stream began?"""
        return node in self._known

    def waiting(self, queue: QueueName) -> list[Stay]:
        """Who waits in this queue, on all nodes that are known; on each node in the order of the queue."""
        return [stay for node in sorted(self._known) for stay in self.callers.waiting(node, queue)]

    def names(self) -> list[QueueName]:
        return sorted(self.tallies)

    # --- in ---------------------------------------------------------------------------------------------------------

    def join(self, event: CallerJoined, at: float) -> None:
        channel = self._calls.channel(event.node, event.uniqueid)
        if channel is not None:  # one text for all who keep it: there may be ten thousand
            token = channel.part.call.token
            event = event._replace(uniqueid=channel.uniqueid, token=token if token == event.token else event.token)
        self.callers.join(event, at)
        self._calls.wait(event.node, event.uniqueid, event.queue, event.token, at)

    def leave(self, event: CallerLeft, at: float) -> None:
        self.accounts.lost(event)
        if event.abandoned and self.accounts.awaits_lists(event.node):
            self._join_unheard(event, at)
        self.callers.leave(event, at)
        self._calls.wait(event.node, event.uniqueid, None, event.token, at)

    def serve(self, event: CallerServed, at: float) -> None:
        if self.accounts.awaits_lists(event.node) or self.accounts.was_listed(event.node, event.uniqueid, event.queue):
            self._join_unheard(event, at)
        self.accounts.seat(event)
        self.callers.serve(event, at)

    def finish(self, event: CallerDone, at: float) -> None:
        stay, awaits_lists = self.callers.of_event(event), self.accounts.awaits_lists(event.node)
        # Of one we never heard of, after a gap, the list of queues will tell as a number.
        if not stay.has_no_seat if stay is not None else not awaits_lists:
            self.accounts.complete(event.node, event.queue)
        self.accounts.unseat(event.node, event.uniqueid)
        self.callers.finish(event, at, awaits_lists=awaits_lists)

    def give_back(self, event: CallerUnserved, at: float) -> None:
        self.callers.give_back(event, at)

    def end(self, event: ChannelEnded, at: float) -> None:
        self.accounts.unseat(event.node, event.uniqueid)
        stay = self.callers.lose_seat(event)
        if stay is not None:  # the node counts its conversation now, and tells of it when the caller's call is over
            self.accounts.complete(stay.node, stay.queue)
        self.callers.end(event, at, awaits_lists=self.accounts.awaits_lists(event.node))

    def route(self, token: CallToken, node: NodeName, at: float) -> None:
        """The edge sends this caller to that node."""
        self.callers.believe(token, node, at)

    def begin(self, node: NodeName) -> None:
        """The node's stream begins anew."""
        self.accounts.begin(node)

    def forget(self, node: NodeName) -> None:
        """The node cannot be heard: who waits there now is not known."""
        self._known.discard(node)

    def list_channels(self, event: ChannelsListed, at: float) -> None:
        self.accounts.list_channels(event, at)

    def list_queues(self, event: QueuesListed, at: float) -> list[Correction]:
        for stay in self.callers.sweep(at):
            self.accounts.presume(stay)
        made = self.accounts.list_queues(event, at)
        self._known.add(event.node)
        for row in event.waiting:
            self._calls.wait(event.node, row.uniqueid, row.queue, None, at)
        return made

    # --- inside -------------------------------------------------------------------------------------------------------

    def _join_unheard(self, event: CallerLeft | CallerServed, at: float) -> None:
        """Whoever is served or lost had joined: in a gap, if this is the first we hear of him."""
        if self.callers.get(event.node, event.uniqueid, event.queue) is None:
            self.callers.join(CallerJoined(event.node, event.queue, event.uniqueid, event.token, 0), at)

    def _is_moving(self, token: CallToken, node: NodeName) -> bool:
        leg = self._legs.of_token(token)
        return leg is not None and (leg.redirected_at is not None or leg.node != node)

    def _is_ghost(self, token: CallToken, node: NodeName) -> bool:
        """An INVITE that could not be cancelled is sent for half a minute: a node that is back may take the call of a caller who has
        long been with another one."""
        leg = self._legs.of_token(token)
        return leg is not None and leg.node != node and leg.redirected_at is None

    def _is_elsewhere(self, token: CallToken, node: NodeName) -> bool:
        leg = self._legs.of_token(token)
        return leg.node != node if leg is not None else self._edges <= self._legs.listed
