"""What a node's lists are compared with, and what a comparison finds."""

from typing import NamedTuple

from cti_daemon.model.ids import NodeName, QueueName, Uniqueid


class Correction(NamedTuple):
    """What lists showed and no event had: counted, with its cause (`gap` or `resync`). `left`: gone from the queue, and neither
    answered nor lost as the node counts."""

    node: NodeName
    queue: QueueName
    cause: str
    offered: int
    answered: int
    abandoned: int
    left: int


class Difference(NamedTuple):
    """One queue of one node: the list beyond what we hold."""

    came: frozenset[Uniqueid] = frozenset()
    gone: frozenset[Uniqueid] = frozenset()
    served: frozenset[Uniqueid] = frozenset()
    over: frozenset[Uniqueid] = frozenset()
    completed: int = 0
    abandoned: int = 0

    def common(self, other: "Difference") -> "Difference":
        """What both show."""
        return Difference(
            self.came & other.came,
            self.gone & other.gone,
            self.served & other.served,
            self.over & other.over,
            _least(self.completed, other.completed),
            _least(self.abandoned, other.abandoned),
        )

    def vouched(self) -> "Difference":
        """Of the node's counters only what named callers explain."""
        return self._replace(
            completed=min(self.completed, len(self.gone | self.over)),
            abandoned=min(self.abandoned, len(self.gone)),
        )


NOTHING = Difference()


class Book:
    """What the counters of one queue of one node should show. `restored_served`: how many were with a seat when we were last
    alive, as long as we do not know them one by one. `listed`: what the node's counters were in the list before, and
    `listed_at` when that came."""

    __slots__ = ("abandoned", "completed", "listed", "listed_at", "restored_served", "suspect")

    def __init__(self, completed: int, abandoned: int, restored_served: int | None = None) -> None:
        self.completed = completed
        self.abandoned = abandoned
        self.restored_served = restored_served
        self.suspect = NOTHING
        self.listed: tuple[int, int] | None = None
        self.listed_at = float("-inf")


class NodeBooks:
    __slots__ = ("has_gap", "is_new_life", "life", "queues", "with_queue", "with_seats")

    def __init__(self) -> None:
        self.queues: dict[QueueName, Book] = {}
        self.has_gap = True
        self.is_new_life = False
        self.life = ""
        self.with_seats: dict[tuple[Uniqueid, QueueName], Uniqueid | None] | None = None
        """Caller → his seat's channel, by the list of channels that stands right before the list of queues, and by the events between
        the two."""
        self.with_queue: frozenset[tuple[Uniqueid, QueueName]] = frozenset()
        """All callers of a queue's application by the same list: waiting, with a seat, or served and without one."""


def _least(a: int, b: int) -> int:
    """What both differences have in common: the smaller one, nothing where they point in opposite directions."""
    if a * b <= 0:
        return 0
    return min(a, b) if a > 0 else max(a, b)
