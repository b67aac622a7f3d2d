"""Which calls on a media server are stale: held there, while their caller is elsewhere or gone?

A server that comes back from a black hole still has the calls of that time, waiting ones in its queue: it would ring a seat for a caller
who is long served by another server. Seen: an agent connected to such a call. So, before its seats may be rung again, they are ended.

1. Only a caller's half: a channel with a token of ours that began its call (`linkedid` is its own `uniqueid`) and is no agent's.
   Whoever the agent talks to beside has no such channel. No token: left alone.
2. Its token belongs to an edge leg that is with another node, or to none, in a listing of *every* edge that was asked for after the
   server had shown the channel. So a call that is just being set up is never taken for one.
3. On a server that was not condemned the same channel must have been shown for LASTS_SECONDS: a BYE may be on its way.
4. Where the server was condemned its members are paused first (or UNPAUSED_SECONDS have gone): an ended call frees a seat.
5. A server is settled when it is not condemned and its own list, asked for since, has no such channel. At our start nobody is."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cti_daemon.model.call_events import ChannelSeen, ChannelsListed
from cti_daemon.model.effects import Effect, HangUp, ListEdge, ListNode, Record, Report
from cti_daemon.model.events import EdgeListed, Outcome
from cti_daemon.model.ids import CallToken, ChannelName, NodeName, Uniqueid
from cti_daemon.policy.health import Health
from cti_daemon.state.site import Site

LASTS_SECONDS = 1.0
ASK_SECONDS = 1.0
"""Pace of asking, of a server that is not settled and of the edges while somebody is suspected."""
UNPAUSED_SECONDS = 2.0
"""How long a server that was condemned may take until its members are paused."""
AGAIN_SECONDS = 3.0
"""A channel that is still there so long after it was to be ended is ended once more."""

NEVER = float("-inf")


@dataclass(slots=True)
class _Suspect:
    channel: ChannelName
    token: CallToken
    seen_at: float
    ended_at: float = NEVER
    """When it was told to end."""


class StaleCalls:
    """`is_spared`: calls of drills have no caller, and are ended by their drill."""

    def __init__(
        self,
        site: Site,
        counters: Mapping[str, Counter[tuple[str, ...]]],
        ids: Iterator[int],
        is_spared: Callable[[CallToken], bool] = lambda _token: False,
    ) -> None:
        self._site = site
        self._is_spared = is_spared
        self._counters = counters
        self._ids = ids
        self._unsettled = set(site.servers)
        self._clean: set[NodeName] = set()
        """Servers whose own list, asked for since they were last condemned, holds nothing stale."""
        self._suspects: dict[NodeName, dict[Uniqueid, _Suspect]] = {node: {} for node in site.servers}
        self._asked_at = dict.fromkeys(site.servers, NEVER)
        self._edges_asked_at = NEVER
        self._edges_told_of = dict.fromkeys(site.edges, NEVER)
        """When the newest listing of each edge was asked for."""
        self._ending: dict[int, NodeName] = {}

    def is_settled(self, node: NodeName) -> bool:
        return node not in self._unsettled

    # --- in ---------------------------------------------------------------------------------------------------------

    def compare(self, event: ChannelsListed, at: float) -> bool:
        """Take a server's own list. True when there is somebody to look after."""
        node = event.node
        if node not in self._suspects:
            return False
        before = self._suspects[node]
        found: dict[Uniqueid, _Suspect] = {}
        for row in event.channels:
            if row.token is not None and _is_callers_half(row) and self._is_stale(row.token, node):
                held = before.get(row.uniqueid)
                found[row.uniqueid] = held if held is not None else _Suspect(row.channel, row.token, at)
        self._suspects[node] = found
        if found:
            self._clean.discard(node)
        elif at > self._asked_at[node] > NEVER:
            self._clean.add(node)
        return bool(found) or node in self._unsettled

    def edge_listed(self, event: EdgeListed, at: float) -> None:
        self._edges_told_of[event.edge] = at - event.took_seconds

    def learn(self, event: Outcome) -> bool:
        """True when this was the answer to an end of ours."""
        node = self._ending.pop(event.effect_id, None)
        if node is None:
            return False
        self._counters["stale_calls"][(node, event.result.value)] += 1
        self._asked_at[node] = NEVER  # look at once what is left
        return True

    # --- judge ------------------------------------------------------------------------------------------------------

    def judge(self, health: Mapping[NodeName, Health], at: float, out: list[Effect], *, may_act: bool) -> float:
        """Ask, and end what is proved stale; when to look again. `may_act` false: automation is paused."""
        looks = [float("inf")]
        for node, suspects in self._suspects.items():
            if health[node].is_condemned:
                self._unsettled.add(node)
                self._clean.discard(node)
            elif node in self._clean:
                self._unsettled.discard(node)
            if node in self._unsettled and self._site.evidence[node].connected:
                if at >= self._asked_at[node] + ASK_SECONDS:
                    self._asked_at[node] = at
                    out.append(ListNode(node))
                looks.append(self._asked_at[node] + ASK_SECONDS)
            if may_act and suspects:
                looks.append(self._end(node, suspects, at, out))
        return min(looks)

    def _end(self, node: NodeName, suspects: dict[Uniqueid, _Suspect], at: float, out: list[Effect]) -> float:
        told_of = min(self._edges_told_of.values(), default=NEVER)
        is_known = all(self._site.evidence[edge].connected for edge in self._site.edges)
        lasts = 0.0 if node in self._unsettled else LASTS_SECONDS
        if node in self._unsettled and not self._site.seats.are_paused(node):
            lasts = UNPAUSED_SECONDS  # one ended call frees a seat, and its queue would ring it for the next stale one
        due = [s for s in suspects.values() if at >= max(s.seen_at + lasts, s.ended_at + AGAIN_SECONDS)]
        if not due:
            return min(max(s.seen_at + lasts, s.ended_at + AGAIN_SECONDS) for s in suspects.values())
        proved = [s for s in due if is_known and s.seen_at < told_of and self._is_stale(s.token, node)]
        for suspect in proved:
            suspect.ended_at = at
            effect = HangUp(next(self._ids), node, suspect.channel)
            self._ending[effect.effect_id] = node
            out.append(effect)
        if proved:
            facts = {"node": node, "calls": len(proved), "tokens": [s.token for s in proved]}
            text = f"{len(proved)} stale calls on {node} are ended: their callers are elsewhere or gone"
            out.append(Record("stale_calls", facts, is_awaited=False))
            out.append(Report("stale", "info", text, {"node": node, "calls": len(proved)}))
        elif any(s.seen_at >= told_of for s in due) and at >= self._edges_asked_at + ASK_SECONDS:
            self._edges_asked_at = at
            out.extend(ListEdge(edge) for edge in self._site.edges)
        return max(self._edges_asked_at, at) + ASK_SECONDS

    def _is_stale(self, token: CallToken, node: NodeName) -> bool:
        leg = self._site.legs.of_token(token)
        return (leg is None or leg.node != node) and not self._is_spared(token)


def _is_callers_half(row: ChannelSeen) -> bool:
    return row.uniqueid == row.linkedid and not row.is_agent
