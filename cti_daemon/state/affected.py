"""Callers to whom something happened, and what. Looked at once a second, and when a verdict falls; no event of a call is slowed by it.

A caller is *interrupted* when the server he is on dies, or when he is sent elsewhere. He is *kept* when he has again what he had: who
talked talks, who waited waits, who heard ringing is answered. Who is gone without that was lost; who is gone within SOON_SECONDS
although he was kept has hung up on us. An edge that dies loses everybody on it: nothing can hold a caller without it."""

from collections.abc import Iterable
from dataclasses import dataclass

from cti_daemon.model.call_events import ChannelsListed
from cti_daemon.model.ids import CallToken, NodeName, QueueName
from cti_daemon.model.reasons import LegState
from cti_daemon.model.register import Harm, Harmed, RowState
from cti_daemon.state.legs import Leg
from cti_daemon.state.site import Site

SOON_SECONDS = 30.0
"""So soon after an interruption a caller who hangs up is taken for one whom it drove away."""
_STATE = {Harm.LOST: RowState.OPEN, Harm.HUNG_UP: RowState.OPEN, Harm.EMERGENCY: RowState.CLOSED}
"""Who was handled on an emergency seat has had his answer: he is on record, and nobody calls him."""


@dataclass(slots=True)
class _Interruption:
    edge: NodeName
    token: CallToken
    node: NodeName
    was: LegState
    queue: QueueName | None
    since_at: float
    kept_at: float | None = None


class Affected:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._interrupted: dict[CallToken, _Interruption] = {}
        self._blind: dict[NodeName, dict[CallToken, _Interruption]] = {}
        """Who was on an edge when we lost sight of it."""
        self._lives: dict[NodeName, str] = {}

    @property
    def interrupted(self) -> Iterable[CallToken]:
        return self._interrupted.keys()

    def interrupt(self, leg: Leg, at: float) -> None:
        """Something cuts into this call now. What was cut before and is not kept yet counts from then; an edge out of sight has its own
        account."""
        held = self._interrupted.get(leg.token)
        if leg.edge not in self._blind and (held is None or held.kept_at is not None):
            self._interrupted[leg.token] = self._cut(leg, at)

    def watch_edges(self, at: float) -> None:
        """Note who is on an edge of which we lose sight."""
        for edge in self._site.edges:
            if not self._site.evidence[edge].connected and edge not in self._blind:
                self._blind[edge] = self._all_on(edge, at)

    def lose_edge(self, edge: NodeName, at: float) -> list[Harmed]:
        """The edge is dead, for certain: so are all its calls."""
        cuts = self._blind[edge] if edge in self._blind else self._all_on(edge, at)
        self._blind[edge] = {}
        return [self._harmed(cut, Harm.LOST, at) for cut in cuts.values()]

    def know_life(self, event: ChannelsListed, at: float) -> list[Harmed]:
        """An edge says since when it lives. In another life than before it has lost everybody who was on it."""
        if event.node not in self._site.edges or not event.life:
            return []
        before = self._lives.get(event.node)
        self._lives[event.node] = event.life
        lost = self.lose_edge(event.node, at) if before is not None and before != event.life and event.node in self._blind else []
        self._blind.pop(event.node, None)
        return lost

    def handle(self, leg: Leg, node: NodeName, at: float) -> Harmed:
        """An emergency seat talks to him."""
        return self._harmed(self._cut(leg, at, node), Harm.EMERGENCY, at)

    def settle(self, at: float) -> list[Harmed]:
        """Who is gone since the last look, and was not kept or not for long."""
        found: list[Harmed] = []
        for token, cut in list(self._interrupted.items()):
            leg = self._site.legs.of_token(token)
            if leg is not None:
                if cut.kept_at is None and _is_kept(leg, cut):
                    cut.kept_at = at
                if cut.kept_at is not None and at - cut.since_at > SOON_SECONDS:
                    del self._interrupted[token]
                continue
            if cut.edge in self._blind:
                continue  # the edge says nothing: what became of him is not known
            del self._interrupted[token]
            found.append(self._harmed(cut, Harm.LOST if cut.kept_at is None else Harm.HUNG_UP, at))
        return found

    def _cut(self, leg: Leg, at: float, node: NodeName | None = None) -> _Interruption:
        stay = self._site.queues.callers.of_token(leg.token)
        return _Interruption(leg.edge, leg.token, node or leg.node, leg.state, stay.queue if stay is not None else None, at)

    def _harmed(self, cut: _Interruption, harm: Harm, at: float) -> Harmed:
        if harm is not Harm.EMERGENCY:
            self._interrupted.pop(cut.token, None)
        return Harmed(cut.token, harm, cut.was.value, cut.node, cut.edge, _STATE[harm], cut.queue, at - cut.since_at)

    def _all_on(self, edge: NodeName, at: float) -> dict[CallToken, _Interruption]:
        legs = (leg for leg in self._site.legs if leg.edge == edge)
        return {leg.token: self._interrupted.get(leg.token) or self._cut(leg, at) for leg in legs}


def _is_kept(leg: Leg, cut: _Interruption) -> bool:
    if leg.state is LegState.TALKING and leg.talking_at > cut.since_at:
        return True
    is_anew = leg.since_at > cut.since_at or cut.was is LegState.RINGING
    return cut.was is not LegState.TALKING and leg.bridged and is_anew
