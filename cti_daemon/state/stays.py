"""The stays of callers in queues, found by whatever names them: channel, token, seat, line. No rule of what a stay means."""

from collections import defaultdict
from collections.abc import Iterator

from cti_daemon.model.ids import CallToken, NodeName, QueueName, Uniqueid
from cti_daemon.state.stay import Stage, Stay

StayKey = tuple[NodeName, Uniqueid, QueueName]


class Stays:
    __slots__ = ("_by_token", "_lines", "_of_channel", "_of_seat", "doubted", "gone", "unsettled")

    def __init__(self) -> None:
        self._of_channel: defaultdict[NodeName, dict[Uniqueid, tuple[Stay, ...]]] = defaultdict(dict)
        self._by_token: dict[CallToken, Stay] = {}
        self._lines: dict[tuple[NodeName, QueueName], list[Stay]] = {}
        self._of_seat: defaultdict[NodeName, dict[Uniqueid, Stay]] = defaultdict(dict)
        self.unsettled: dict[StayKey, Stay] = {}
        """Out of the queue or hung up (`left_at`): what comes next tells what that was."""
        self.doubted: dict[StayKey, Stay] = {}
        """Joined where the edge did not send them."""
        self.gone: dict[StayKey, Stay] = {}
        """Their callers have hung up, says the edge (`gone_at`); the node's own word has not come."""

    # --- out --------------------------------------------------------------------------------------------------------

    def line(self, node: NodeName, queue: QueueName) -> list[Stay]:
        """Who waits, in the order of the queue."""
        return self._lines.get((node, queue), [])

    def of_token(self, token: CallToken | None) -> Stay | None:
        """The stay this caller began last, while it lasts."""
        return self._by_token.get(token) if token is not None else None

    def of_channel(self, node: NodeName, uniqueid: Uniqueid) -> tuple[Stay, ...]:
        return self._of_channel[node].get(uniqueid, ())

    def of_node(self, node: NodeName | None) -> Iterator[Stay]:
        """Of one node, or all, as they are now."""
        nodes = list(self._of_channel.values()) if node is None else [self._of_channel[node]]
        return (stay for channels in nodes for stays in list(channels.values()) for stay in stays)

    def get(self, node: NodeName, uniqueid: Uniqueid, queue: QueueName) -> Stay | None:
        return next((stay for stay in self.of_channel(node, uniqueid) if stay.queue == queue), None)

    # --- in ---------------------------------------------------------------------------------------------------------

    def hold(self, stay: Stay, position: int) -> None:
        """`position` in its line, from 1; 0: at the end."""
        self._of_channel[stay.node][stay.uniqueid] = (*self.of_channel(stay.node, stay.uniqueid), stay)
        if stay.stage is Stage.DOUBTED:
            self.doubted[stay.key] = stay
        elif stay.token is not None:
            self._by_token[stay.token] = stay
        if stay.stage is Stage.WAITING:
            line = self._lines.setdefault((stay.node, stay.queue), [])
            line.insert(position - 1 if 0 < position <= len(line) else len(line), stay)

    def name(self, stay: Stay, token: CallToken) -> None:
        """Whose stay that is was not known when it was held."""
        stay.token = token
        self._by_token[token] = stay

    def set(self, stay: Stay, stage: Stage) -> None:
        self._exit(stay)
        self.unsettled.pop(stay.key, None)
        stay.stage = stage

    def seat(self, stay: Stay, channel: Uniqueid) -> None:
        """The channel is the seat's that serves him."""
        self._of_seat[stay.node][channel] = stay

    def unseat(self, node: NodeName, channel: Uniqueid) -> Stay | None:
        """That channel is gone: whom it served."""
        return self._of_seat[node].pop(channel, None)

    def drop(self, stay: Stay) -> None:
        """Forget a stay: its end is counted."""
        self._exit(stay)
        for held in (self.unsettled, self.doubted, self.gone):
            held.pop(stay.key, None)
        if stay.seat_channel is not None:
            self._of_seat[stay.node].pop(stay.seat_channel, None)
        left = tuple(other for other in self.of_channel(stay.node, stay.uniqueid) if other is not stay)
        if left:
            self._of_channel[stay.node][stay.uniqueid] = left
        else:
            self._of_channel[stay.node].pop(stay.uniqueid, None)
        if stay.token is not None and self._by_token.get(stay.token) is stay:
            del self._by_token[stay.token]

    def _exit(self, stay: Stay) -> None:
        if stay.stage is Stage.WAITING:
            self._lines[(stay.node, stay.queue)].remove(stay)
