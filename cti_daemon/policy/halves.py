"""Whose half is gone although his media server lives? It may have died and be back unseen: while we were dead, stalled or cut off.

Of such a death two facts are left, and both are needed:
1. the server says that it is in another life than the one we know of (`ChannelsListed.life`; the last one that was settled is in the
   journal), and
2. its own whole list has no call of this caller, twice, LOOK_AGAIN_SECONDS apart, while the edge holds him connected to it. (A call
   that has just ended is missing, too, for as long as its BYE is on the way.)
A list that holds channels and no token at all proves nothing. A life is settled, and recorded, only when nobody is missing any
more: a daemon that is started anew in the middle finds the doubt as it was."""

from collections.abc import Mapping

from cti_daemon.model.call_events import ChannelsListed
from cti_daemon.model.effects import Effect, ListNode, Record, Report
from cti_daemon.model.ids import NodeName
from cti_daemon.state.legs import LegKey
from cti_daemon.state.site import Site

LOOK_AGAIN_SECONDS = 1.0

_Chapter = tuple[LegKey, float]
"""A leg, and since when it is with its present node: sent elsewhere and back it is another chapter."""


class Halves:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._lives: dict[NodeName, str] = {}
        self._missing: dict[NodeName, dict[_Chapter, float]] = {}
        """Of each server in an unsettled life: who is missing in its lists, and since when."""
        self._look_at: dict[NodeName, float] = {}

    def remember(self, lives: Mapping[NodeName, str]) -> None:
        """What the journal knows of the lives of the servers."""
        self._lives.update(lives)

    def compare(self, event: ChannelsListed, at: float, out: list[Effect], *, is_every_edge_listed: bool) -> bool:
        """Take a server's own list. True when somebody must be rescued."""
        node = event.node
        self._look_at.pop(node, None)
        if node not in self._site.servers or not event.life or event.life == self._lives.get(node):
            self._missing.pop(node, None)
            return False
        if node not in self._lives:  # its first life that we hear of: there is none to compare it with
            self._settle(node, event.life, out)
            return False
        tokens = {row.token for row in event.channels if row.token is not None}
        if event.channels and not tokens:
            return False
        legs = {(leg.key, leg.since_at): leg for leg in self._site.legs.on(node) if leg.bridged and leg.token not in tokens}
        before = self._missing.get(node, {})
        self._missing[node] = {chapter: before.get(chapter, at) for chapter in legs}
        if not legs:
            if is_every_edge_listed:
                self._settle(node, event.life, out)
            return False
        self._look_at[node] = at + LOOK_AGAIN_SECONDS
        lost = [leg for chapter, leg in legs.items() if at >= self._missing[node][chapter] + LOOK_AGAIN_SECONDS and not leg.is_orphan]
        for leg in lost:
            leg.is_orphan = True
        if lost:
            facts = {"node": node, "legs": len(lost), "life": event.life}
            text = f"{node} was started anew unseen; its own list has nothing of {len(lost)} callers whom the edge holds connected to it"
            out.append(Report("alarm", "critical", text, facts))
        return bool(lost)

    def look(self, at: float, out: list[Effect]) -> float:
        """Ask again where somebody is missing; when the next question is due."""
        for node, due in list(self._look_at.items()):
            if at >= due:
                self._look_at[node] = at + LOOK_AGAIN_SECONDS
                out.append(ListNode(node))
        return min(self._look_at.values(), default=float("inf"))

    def _settle(self, node: NodeName, life: str, out: list[Effect]) -> None:
        self._missing.pop(node, None)
        self._lives[node] = life
        out.append(Record("node_life", {"node": node, "life": life}))
