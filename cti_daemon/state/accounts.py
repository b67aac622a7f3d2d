"""Books kept against each node's own counters, so that what happened in a gap is counted as well.

For every queue of a node the same sum holds: who was offered has been answered, was lost, left otherwise, or still waits. A node
tells `Completed` and `Abandoned`; who waits and who is with a seat stands in its lists. What its lists say beyond what we have
counted happened unseen. After a gap that is taken over at once; in an unbroken stream only when two lists in a row say so, since
an event may be on its way. On a busy node some event is on its way in every list: there two lists must name the same callers, and a
number alone counts when it has not moved between them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cti_daemon.model.call_events import CallerLeft, CallerServed, ChannelsListed, QueueCounted, WaitingSeen
from cti_daemon.model.events import QueuesListed
from cti_daemon.model.ids import CallToken, NodeName, QueueName, Uniqueid
from cti_daemon.state.book import NOTHING, Book, Correction, Difference, NodeBooks
from cti_daemon.state.callers import Callers
from cti_daemon.state.stay import Stage, Stay
from cti_daemon.state.tally import QueueOutcome, Tally

APART_SECONDS = 5.0
"""Two lists that are to bear each other out are at least so far apart: an AgentComplete may be late by that."""


class Accounts:
    """`token_of(node, uniqueid)`: whose channel that is. `is_elsewhere(token, node)`: the edge says that this caller is not, or no
    longer, on that node. `is_on_line(token)`: the edge still has his leg."""

    def __init__(
        self,
        callers: Callers,
        tally_of: Callable[[QueueName], Tally],
        *,
        token_of: Callable[[NodeName, Uniqueid], CallToken | None],
        is_elsewhere: Callable[[CallToken, NodeName], bool],
        is_on_line: Callable[[CallToken], bool],
    ) -> None:
        self._callers = callers
        self._tally_of = tally_of
        self._token_of, self._is_elsewhere, self._is_on_line = token_of, is_elsewhere, is_on_line
        self._nodes: dict[NodeName, NodeBooks] = {}

    # --- out --------------------------------------------------------------------------------------------------------

    def awaits_lists(self, node: NodeName) -> bool:
        """Has its stream begun anew, and its lists have not come yet?"""
        books = self._nodes.get(node)
        return books is not None and books.has_gap

    def was_listed(self, node: NodeName, uniqueid: Uniqueid, queue: QueueName) -> bool:
        """Did the last list of channels have him in that queue's application?"""
        books = self._nodes.get(node)
        return books is not None and (uniqueid, queue) in books.with_queue

    # --- in ---------------------------------------------------------------------------------------------------------

    def begin(self, node: NodeName) -> None:
        """The node's stream begins anew: what was before was not heard."""
        books = self._of(node)
        books.has_gap, books.with_seats = True, None

    def complete(self, node: NodeName, queue: QueueName) -> None:
        """The node has counted a conversation as completed."""
        book = self._of(node).queues.get(queue)
        if book is not None:
            book.completed += 1

    def seat(self, event: CallerServed) -> None:
        """What the list of channels says of seats is kept current until the list of queues comes."""
        books = self._nodes.get(event.node)
        if books is not None and books.with_seats is not None:
            books.with_seats[(event.uniqueid, event.queue)] = event.seat_channel

    def unseat(self, node: NodeName, channel: Uniqueid) -> None:
        """That channel, a caller's or a seat's, is out of its conversation."""
        books = self._nodes.get(node)
        if books is not None and books.with_seats:
            books.with_seats = {key: seat for key, seat in books.with_seats.items() if channel not in {key[0], seat}}

    def lost(self, event: CallerLeft) -> None:
        book = self._of(event.node).queues.get(event.queue)
        if book is not None and event.abandoned:
            book.abandoned += 1

    def presume(self, stay: Stay) -> None:
        """A caller who hung up while his node was not heard has been counted by us. Should it turn out to live, it has done so as well."""
        book = self._of(stay.node).queues.get(stay.queue)
        if book is None:
            return
        if stay.stage is Stage.WAITING or (stay.stage is Stage.LEAVING and stay.lost_after is None):
            book.abandoned += 1
        elif stay.is_with_seat:
            book.completed += 1

    def list_channels(self, event: ChannelsListed, at: float) -> None:
        """Whom the queues' seats talk to, and whether this is still the life of the node that we knew."""
        books = self._of(event.node)
        if event.life and books.life and event.life != books.life:
            self._begin_life(event.node, books, at)
        books.life = event.life or books.life
        agents: dict[str, Uniqueid] = {row.bridge: row.uniqueid for row in event.channels if row.is_agent and row.bridge}
        books.with_seats = {
            (row.uniqueid, row.queue): agents[row.bridge] for row in event.channels if row.queue is not None and row.bridge in agents
        }
        books.with_queue = frozenset((row.uniqueid, row.queue) for row in event.channels if row.queue is not None)

    def list_queues(self, event: QueuesListed, at: float) -> list[Correction]:
        """Compare; what was taken over is returned."""
        books = self._of(event.node)
        if not books.life and any(c.completed < b.completed for c in event.counted if (b := books.queues.get(c.queue)) is not None):
            self._begin_life(event.node, books, at)
        rows: dict[QueueName, dict[Uniqueid, WaitingSeen]] = {counted.queue: {} for counted in event.counted}
        for row in event.waiting:
            rows.setdefault(row.queue, {})[row.uniqueid] = row
        counted = {number.queue: number for number in event.counted}
        made: list[Correction] = []
        for queue, waiting in rows.items():
            correction = self._compare(event.node, books, counted.get(queue) or QueueCounted(queue, 0, 0), waiting, at)
            if correction is not None:
                made.append(correction)
        books.has_gap, books.is_new_life, books.with_seats = False, False, None
        return made

    # --- kept over a restart ------------------------------------------------------------------------------------------

    def to_plain(self) -> dict[str, Any]:
        return {
            node: {
                "life": books.life,
                "queues": {
                    queue: [
                        book.completed,
                        book.abandoned,
                        self._with_seat(node, queue, book),
                    ]
                    for queue, book in books.queues.items()
                },
            }
            for node, books in self._nodes.items()
        }

    def take_plain(self, plain: Mapping[str, Any]) -> None:
        """Go on with what `to_plain` gave. Raises KeyError, ValueError, TypeError, AttributeError for anything else."""
        for node, kept in plain.items():
            books = self._of(NodeName(str(node)))
            books.life = str(kept["life"])
            for queue, (completed, abandoned, served) in kept["queues"].items():
                books.queues[QueueName(str(queue))] = Book(int(completed), int(abandoned), int(served))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _of(self, node: NodeName) -> NodeBooks:
        books = self._nodes.get(node)
        if books is None:
            books = self._nodes[node] = NodeBooks()
        return books

    def _with_seat(self, node: NodeName, queue: QueueName, book: Book) -> int:
        return self._callers.with_seat(node, queue) if book.restored_served is None else book.restored_served

    def _begin_life(self, node: NodeName, books: NodeBooks, at: float) -> None:
        """The node's process is another one: its counters begin anew, and it knows nothing of its callers."""
        books.queues, books.is_new_life, books.has_gap = {}, True, True
        for stay in self._callers.stays(node):
            if stay.stage is Stage.DOUBTED:
                self._callers.drop(stay)
            elif stay.token is not None and (self._is_on_line(stay.token) or stay.gone_at is not None):
                self._callers.set_adrift(stay)
            else:
                self._callers.lose(stay, at)

    def _compare(
        self, node: NodeName, books: NodeBooks, counted: QueueCounted, waiting: dict[Uniqueid, WaitingSeen], at: float
    ) -> Correction | None:
        queue = counted.queue
        book = books.queues.get(queue)
        is_first = book is None and not books.is_new_life  # who is there now came before our time
        if book is None:
            book = books.queues[queue] = Book(0, 0) if books.is_new_life else Book(counted.completed, counted.abandoned)
        if not books.has_gap and at - book.listed_at < APART_SECONDS:
            return None  # asked for anew because a session ended: what was on its way then may still be
        book.listed_at = at
        found = self._differs(node, books, book, counted, waiting)
        settled = found if books.has_gap else found.common(book.suspect)
        numbers = (counted.completed, counted.abandoned)
        if not books.has_gap and numbers != book.listed:
            settled = settled.vouched()
        book.suspect, book.listed = NOTHING if books.has_gap else found, numbers
        restored, book.restored_served = book.restored_served, None
        if settled == NOTHING and restored is None:
            return None
        book.completed += settled.completed
        book.abandoned += settled.abandoned
        came = self._admit(node, queue, settled, waiting, at, is_first=is_first)
        served = self._serve(node, queue, settled, books.with_seats or {}, at)
        # Presumed to have been lost, and the node says that it was not so: he was answered first, and is counted already.
        misjudged = max(-settled.abandoned, 0)
        answered = max(settled.completed + served - (len(settled.over) if restored is None else restored) - misjudged, 0)
        abandoned = max(settled.abandoned, 0)
        on_the_way = (
            self._leave_to_events(node, queue, books, settled, max(answered - served, 0) + abandoned, at) if books.has_gap else set()
        )
        self._let_go(node, queue, books, (settled.over - settled.came) | (settled.gone - settled.served - on_the_way))
        if is_first:
            return None
        if books.has_gap and books.with_seats is not None:
            self._drop_ended(node, queue, books)
        offered = came - len(settled.gone - on_the_way) + answered + abandoned
        correction = Correction(
            node, queue, "gap" if books.has_gap else "resync", max(offered, 0), answered, abandoned, left=max(-offered, 0)
        )
        return self._count(correction, at)

    def _leave_to_events(
        self, node: NodeName, queue: QueueName, books: NodeBooks, settled: Difference, explained: int, at: float
    ) -> set[Uniqueid]:
        """Who was still in the queue's application by the list of channels and is not in the queue's by the next one has left it between
        the two, in our hearing: an event tells why. As many of them as the node's counters do not explain."""
        gone = settled.gone - settled.served
        between = sorted(uid for uid in gone if (uid, queue) in books.with_queue)[: max(len(gone) - explained, 0)]
        for uid in between:
            stay = self._callers.get(node, uid, queue)
            if stay is not None:
                self._callers.set_leaving(stay, at)
        return set(between)

    def _let_go(self, node: NodeName, queue: QueueName, books: NodeBooks, ended: Iterable[Uniqueid]) -> None:
        for uid in ended:
            stay = self._callers.get(node, uid, queue)
            if stay is None:
                continue
            if stay.stage is Stage.SERVED and (uid, queue) in books.with_queue:
                stay.has_no_seat = True  # parked, or given away: it is not over
            else:
                self._callers.drop(stay)

    def _drop_ended(self, node: NodeName, queue: QueueName, books: NodeBooks) -> None:
        """Served callers without a seat, whose end was not heard: their conversation was counted when the seat left."""
        for stay in self._callers.stays(node):
            if stay.queue == queue and stay.stage is Stage.SERVED and stay.has_no_seat and (stay.uniqueid, queue) not in books.with_queue:
                self._callers.drop(stay)

    def _count(self, correction: Correction, at: float) -> Correction | None:
        tally = self._tally_of(correction.queue)
        tally.offer(at, correction.offered)
        tally.ended_unseen(QueueOutcome.ANSWERED, correction.answered, at)
        tally.ended_unseen(QueueOutcome.ABANDONED, correction.abandoned, at)
        tally.ended_unseen(QueueOutcome.TIMEOUT, correction.left, at)
        return correction if any(correction[3:]) else None

    def _differs(
        self, node: NodeName, books: NodeBooks, book: Book, counted: QueueCounted, waiting: dict[Uniqueid, WaitingSeen]
    ) -> Difference:
        queue = counted.queue
        held = {stay.uniqueid for stay in self._callers.waiting(node, queue)}
        listed = {uid for uid in waiting if uid in held or not self._is_stale(node, uid)}
        served = over = frozenset[Uniqueid]()
        if books.with_seats is not None:
            with_seats = {uid for uid, of in books.with_seats if of == queue and uid not in waiting}
            talking = {s.uniqueid for s in self._callers.stays(node) if s.queue == queue and s.is_with_seat}
            served = frozenset(uid for uid in with_seats - talking if not self._is_stale(node, uid))
            over = frozenset(talking - with_seats)
        completed, abandoned = counted.completed - book.completed, counted.abandoned - book.abandoned
        return Difference(frozenset(listed - held), frozenset(held - listed), served, over, completed, abandoned)

    def _is_stale(self, node: NodeName, uniqueid: Uniqueid) -> bool:
        """The edge knows better: this caller is on another node, or gone."""
        token = self._token_of(node, uniqueid)
        return token is not None and self._is_elsewhere(token, node)

    def _admit(
        self, node: NodeName, queue: QueueName, found: Difference, waiting: dict[Uniqueid, WaitingSeen], at: float, *, is_first: bool
    ) -> int:
        """Hold whom the list shows waiting; how many of them are new callers that have not been counted yet."""
        new = 0
        for row in sorted((waiting[uid] for uid in found.came), key=lambda row: row.position):
            token = self._token_of(node, row.uniqueid)
            held = self._callers.get(node, row.uniqueid, queue)
            if held is not None:  # was with a seat, which sent him back
                self._callers.drop(held)
            before = self._callers.of_token(token) if token is not None else None
            if is_first or (before is not None and before.node != node):
                stay = self._callers.admit(Stay(node, queue, row.uniqueid, token, at), row.position, at)
            else:
                stay = self._callers.recall(Stay(node, queue, row.uniqueid, token, at), row.position)
                new += 1
            stay.joined_at = at - row.waited_seconds
        return new

    def _serve(
        self, node: NodeName, queue: QueueName, found: Difference, seats: Mapping[tuple[Uniqueid, QueueName], Uniqueid | None], at: float
    ) -> int:
        """Hold whom the list shows with a seat; how many of them were answered unseen."""
        answered = 0
        for uid in found.served:
            stay = self._callers.get(node, uid, queue)
            token = self._token_of(node, uid)
            before = self._callers.of_token(token) if token is not None else None
            if stay is None:
                stay = self._callers.recall(Stay(node, queue, uid, token, at))
                if before is not None and before.node != node:  # had been answered where he came from
                    stay.is_counted = False
                    self._callers.drop(before)
            answered += stay.is_counted
            self._callers.mark_served(stay, seats.get((uid, queue)), at)
        return answered
