"""One caller in one queue, and how far he has come."""

from enum import Enum

from cti_daemon.model.ids import CallToken, NodeName, QueueName, SeatName, Uniqueid


class Stage(Enum):
    WAITING = "waiting"
    LEAVING = "leaving"  # out of the queue: the next event tells whether served or given back
    SERVED = "served"
    ADRIFT = "adrift"  # waited on a node that has him no more; his leg may come to another one
    CUT = "cut"  # was served by a node that has him no more; his leg may come to another one
    AWAY = "away"  # goes on talking on another node, past its queues
    DOUBTED = "doubted"  # joined where the edge did not send him: until the edge says otherwise, a ghost
    ENDED = "ended"  # hung up while served: only the seat's side of it is still to come


class Stay:
    """One caller in one queue. `waited_before`: seconds already waited on other nodes. `is_counted`: False for one who had been
    served and only came back because his node died."""

    __slots__ = (
        "gone_at",
        "has_no_seat",
        "is_counted",
        "joined_at",
        "left_at",
        "lost_after",
        "node",
        "queue",
        "seat",
        "seat_channel",
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
        self.seat_channel: Uniqueid | None = None
        self.has_no_seat = False
        """Served, and his seat has hung up: parked, or given to somebody else. The node counts him as completed from then on."""
        self.served_at = at
        self.left_at = at
        """When he left the queue unserved, or hung up while served."""
        self.gone_at: float | None = None
        """When the caller hung up, as the edge told."""
        self.lost_after: int | None = None
        """Seconds waited, once the node has called him lost; it says so of one whose time is over as well."""

    @property
    def key(self) -> tuple[NodeName, Uniqueid, QueueName]:
        return (self.node, self.uniqueid, self.queue)

    @property
    def is_with_seat(self) -> bool:
        return self.stage is Stage.SERVED and not self.has_no_seat

    def waited_seconds(self, now: float) -> float:
        return self.waited_before + max(now - self.joined_at, 0.0)
