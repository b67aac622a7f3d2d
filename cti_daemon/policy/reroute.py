"""Making a routing decision true on the edges, and keeping it true: routes, paths, rescues, and what became of them.

Level, not edge: what each edge is known to hold is compared with what should hold, and the difference is sent. Only the
redirect of a leg is sent once (see `rescue`); when its answer was lost, the edge is listed before anything is repeated."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count

from cti_daemon.model.effects import Effect, ListEdge, Record, Report, RescueLeg, SetRoute, SetVia
from cti_daemon.model.events import EdgeListed, Outcome
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import LegState, Reason, Result, Verdict
from cti_daemon.policy import failover, paths
from cti_daemon.policy.candidate import Candidate
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.health import Health
from cti_daemon.policy.modes import mode_of
from cti_daemon.policy.rescue import HEAR_AGAIN_SECONDS, is_orphan, must_be_heard_again, order
from cti_daemon.policy.telling import is_counted_as_failover
from cti_daemon.policy.watch import Watching
from cti_daemon.state.legs import Leg
from cti_daemon.state.rescue_run import RescueRun
from cti_daemon.state.site import Site

RETRY_SECONDS = 0.3
"""How long an edge has to answer before the same level is asserted again."""
REDIRECT_SETTLES_SECONDS = 1.0
"""A listing younger than this may still show a leg where it was before its redirect."""

HOP_SECONDS = 0.03
"""Who is sent to a server after it was given up: the dialplan goes on to the next by itself, and its word of that may be right behind."""


@dataclass(frozen=True, slots=True)
class _Sent:
    edge: NodeName
    node: NodeName | None
    """None: the route itself; else the path for that node."""
    level: object
    at: float


class Rerouting:
    def __init__(self, site: Site, counters: Mapping[str, Counter[tuple[str, ...]]], ids: Iterator[int], stagger_seconds: float) -> None:
        self._site = site
        self._stagger_seconds = stagger_seconds
        self.counters = counters
        self._ids = ids
        self._route: tuple[NodeName, ...] = ()
        self._held: dict[tuple[NodeName, NodeName | None], object] = {}
        self._pending: dict[int, _Sent] = {}
        self._retry_at: dict[tuple[NodeName, NodeName | None], float] = {}
        self._last_sent: dict[tuple[NodeName, NodeName | None], object] = {}
        self._listed: set[NodeName] = set()
        """Edges listed since we reached them: only of these is the map of legs current."""
        self._relist_at: dict[NodeName, float] = {}
        self._again_at = float("inf")
        """When a leg that came back to a dead server may be redirected once more."""
        self._run: RescueRun | None = None
        self._left_dead: NodeName | None = None
        self._decided: tuple[Routing, Routing] | None = None
        """Before and after of a decision that not every edge has confirmed yet."""

    @property
    def route(self) -> tuple[NodeName, ...]:
        return self._route

    @property
    def is_in_progress(self) -> bool:
        return self._decided is not None or (self._run is not None and bool(self._run.pending))

    @property
    def left(self) -> NodeName | None:
        """Who served before a decision that not every edge has confirmed yet."""
        return None if self._decided is None else self._decided[0].serving

    @property
    def is_every_edge_listed(self) -> bool:
        """Is the map of all callers current?"""
        return len(self._current_edges()) == len(self._site.edges)

    @property
    def legs_to_rescue(self) -> int:
        return len(self._run.pending) if self._run else 0

    def next_at(self, now: float) -> float:
        """When something unanswered must be looked at again."""
        waits = [sent.at + RETRY_SECONDS for sent in self._pending.values()]
        waits += [*self._retry_at.values(), *self._relist_at.values(), self._again_at]
        return min((at for at in waits if at > now), default=float("inf"))

    # --- levels -----------------------------------------------------------------------------------------------------

    def begin(self, before: Routing, decided: Routing, route: tuple[NodeName, ...], at: float) -> None:
        self._route = route
        if self._decided is not None:
            overtaken_from, overtaken = self._decided
            self._count(overtaken_from, overtaken, "overtaken")
        self._decided = (before, decided)
        run = RescueRun(decided.epoch, before.serving, at, is_failover=decided.serving != before.serving)
        if self._run is not None and self._run.pending:
            run.take_over(self._run)
        self._run = run

    def forget_edges(self) -> None:
        """Somebody else may have told them other things: nothing is told to an edge before it is listed anew."""
        self._listed.clear()
        self._held.clear()

    def tell_edges(self, heir: "Rerouting") -> None:
        """What edges have said here is known to `heir` too."""
        heir.know_edges(self._listed, self._held)

    def know_edges(self, listed: Iterable[NodeName], held: Mapping[tuple[NodeName, NodeName | None], object]) -> None:
        self._listed, self._held = set(listed), dict(held)

    def show(self, route: tuple[NodeName, ...]) -> None:
        """What the edges hold while another daemon acts."""
        self._route = route

    def refresh(self, route: tuple[NodeName, ...]) -> None:
        """What comes behind the head of the route may change without a new decision: a server that is well again is a better
        second choice than the emergency seats."""
        if self._route and route[0] == self._route[0]:
            self._route = route

    def reopen(self, left: NodeName, routing: Routing, at: float) -> None:
        """Go on with a failover away from `left` that the journal holds as begun and not as done."""
        self._left_dead = left if routing.reason is Reason.NODE_DEAD else None
        self.begin(replace(routing, serving=left), routing, (), at)

    def compare(self, event: EdgeListed, routing: Routing, at: float) -> Routing:
        """Take the edge's own word for its legs and globals. Returns the routing to stand by: the edge's, when its epoch
        is beyond ours (our journal was lost), else ours."""
        self._site.list_edge(event, at)
        self._listed.add(event.edge)
        self._held[(event.edge, None)] = (event.route, event.epoch)
        unanswered = set(self._run.pending.values()) if self._run else set()
        asked_at = at - event.took_seconds
        for leg in self._site.legs:
            if leg.edge != event.edge:
                continue
            if leg.node == self._left_dead and leg.epoch < routing.epoch:
                leg.is_orphan = True  # it died before our restart: it may be back, its calls are not
            if leg.redirected_at is None or leg.key in unanswered:
                continue
            if asked_at > leg.redirected_at + REDIRECT_SETTLES_SECONDS:
                leg.redirected_at = None  # the listing still shows it where it was: the redirect did not happen
        if event.epoch <= routing.epoch:
            return routing
        serving = next((node for node in event.route if node in self._site.servers), routing.serving)
        mode = mode_of(self._site.roles[serving])
        return replace(routing, epoch=event.epoch, serving=serving, mode=mode, reason=Reason.START, cause=Reason.START, diverted_from=None)

    def assert_routes(
        self,
        routing: Routing,
        candidates: Mapping[NodeName, Candidate],
        health: Mapping[NodeName, Health],
        at: float,
        out: list[Effect],
    ) -> None:
        if not self._route or (self._route[0] != routing.serving and routing.diverted_from is None):
            self._route = failover.route(routing, candidates.values())
        for edge in self._current_edges():
            if self._is_due(edge, None, (self._route, routing.epoch), at):
                effect = SetRoute(next(self._ids), edge, self._route, routing.epoch)
                self._send(effect.effect_id, edge, None, (self._route, routing.epoch), at)
                out.append(effect)
            for node in self._site.servers:
                if health[node].verdict is not Verdict.HEALTHY:
                    continue  # about a node in doubt no path is known to be better
                path = paths.preferred(health[node], self._site.evidence[node])
                if self._is_due(edge, node, path, at):
                    via = SetVia(next(self._ids), edge, node, path)
                    self._send(via.effect_id, edge, node, path, at)
                    out.append(via)
        for edge, due in list(self._relist_at.items()):
            if at >= due:
                del self._relist_at[edge]
                out.append(ListEdge(edge))

    def _current_edges(self) -> list[NodeName]:
        """Edges that we reach and have listed since: before that their epoch may be beyond ours, and our map of their legs is
        old. An edge that went away may have been restarted: nothing is known of what it holds."""
        reached = {edge for edge in self._site.edges if self._site.evidence[edge].connected}
        for edge in self._listed - reached:
            self._listed.discard(edge)
            self._held = {key: level for key, level in self._held.items() if key[0] != edge}
        return [edge for edge in self._site.edges if edge in self._listed]

    def _is_due(self, edge: NodeName, node: NodeName | None, level: object, at: float) -> bool:
        key = (edge, node)
        if key in self._held and self._held[key] == level:
            return False
        for effect_id, sent in list(self._pending.items()):
            if (sent.edge, sent.node) == key:
                if sent.level == level and at - sent.at < RETRY_SECONDS:
                    return False
                del self._pending[effect_id]  # overtaken, or its answer is lost: a level may be asserted again
        return at >= self._retry_at.get(key, float("-inf")) or self._last_sent.get(key) != level

    def _send(self, effect_id: int, edge: NodeName, node: NodeName | None, level: object, at: float) -> None:
        self._pending[effect_id] = _Sent(edge, node, level, at)
        self._retry_at[(edge, node)] = at + RETRY_SECONDS
        self._last_sent[(edge, node)] = level

    # --- rescue -----------------------------------------------------------------------------------------------------

    def rescue(self, routing: Routing, health: Mapping[NodeName, Health], watching: Watching, at: float, out: list[Effect]) -> None:
        """Redirect every orphan that has not been, once there is a living server to send it to."""
        edges = set(self._current_edges())
        self._again_at = float("inf")
        for node in self._site.servers:
            moving: list[Leg] = []
            for leg in self._site.legs.on(node):
                if not is_orphan(leg, health[node], watching.audio(node), routing) or self._is_held_anew(leg, health[node]):
                    continue
                leg.is_orphan = leg.is_orphan or health[node].verdict is Verdict.DEAD
                if leg.redirected_at is not None or leg.edge not in edges:
                    continue
                settled_at = leg.last_redirect_at + REDIRECT_SETTLES_SECONDS
                if leg.state is LegState.RINGING and leg.since_at > health[node].since_at:
                    settled_at = max(settled_at, leg.since_at + HOP_SECONDS)
                if at < settled_at:
                    self._again_at = min(self._again_at, settled_at)
                    continue
                if must_be_heard_again(leg, health[node], watching.audio(node), at):
                    self._again_at = min(self._again_at, leg.last_redirect_at + HEAR_AGAIN_SECONDS)
                    continue
                moving.append(leg)
            if not moving or not self._route or health[self._route[0]].is_condemned:
                continue
            if self._run is None or self._run.epoch != routing.epoch:
                self._run = RescueRun(routing.epoch, node, at)
            talking = count()
            for leg in order(moving):
                leg.redirected_at = leg.last_redirect_at = at
                delay_seconds = next(talking) * self._stagger_seconds if leg.state is LegState.TALKING else 0.0
                effect = RescueLeg(
                    next(self._ids),
                    leg.edge,
                    leg.uniqueid,
                    leg.channel,
                    routing.epoch,
                    round(delay_seconds, 3),
                    is_ringing=leg.state is LegState.RINGING,
                )
                self._run.send(effect.effect_id, leg.key)
                out.append(effect)

    def _is_held_anew(self, leg: Leg, health: Health) -> bool:
        """The node was condemned, is back, on its way to be trusted again, and says itself that it holds this call: whoever is served there
        now must not be taken out of it."""
        if health.rising_at is None or leg.is_orphan:
            return False
        return self._site.calls.state_on(leg.node, leg.token) is not None

    # --- outcomes ---------------------------------------------------------------------------------------------------

    def learn(self, event: Outcome, at: float, out: list[Effect]) -> bool:
        """True when the judges must look again."""
        sent = self._pending.pop(event.effect_id, None)
        if sent is not None:
            self._learn_level(sent, event, at, out)
            return event.result is not Result.DONE
        leg_key = self._run.learn(event.effect_id, event.result, at) if self._run else None
        if leg_key is None or self._run is None:
            return False
        self.counters["rescued_calls"][(event.result.value,)] += 1
        if event.result in (Result.FAILED, Result.UNKNOWN):
            self._relist_at.setdefault(leg_key[0], at + REDIRECT_SETTLES_SECONDS)
            text = f"a rescue's redirect was not confirmed ({event.result.value}): the edge is asked before it is repeated"
            out.append(Report("alarm", "warning", text, {"detail": event.detail}))
        self._close(at, out)
        return event.result is not Result.DONE

    def _learn_level(self, sent: _Sent, event: Outcome, at: float, out: list[Effect]) -> None:
        key = (sent.edge, sent.node)
        if event.result is Result.DONE:
            self._held[key] = sent.level
            self._retry_at.pop(key, None)
        else:
            text = f"{sent.edge} did not take {'the route' if sent.node is None else 'the path for ' + sent.node}"
            facts = {"edge": sent.edge, "result": event.result.value, "detail": event.detail}
            out.append(Report("alarm", "warning", f"{text}: {event.result.value}; it is sent again", facts))
        if sent.node is None and self._decided is not None:
            self._confirm(at, out)
            self._close(at, out)

    def _confirm(self, at: float, out: list[Effect]) -> None:
        """A decision is done when every edge we can reach holds it."""
        if self._decided is None:
            return
        before, decided = self._decided
        if any(self._held.get((edge, None)) != (self._route, decided.epoch) for edge in self._current_edges()):
            return
        self._decided = None
        if decided.serving == before.serving:
            return
        self._count(before, decided, "done")
        seconds = at - decided.since_at
        head = self._route[0]
        facts = {"epoch": decided.epoch, "from": before.serving, "to": head, "seconds": round(seconds, 4)}
        out.append(Record("rerouted", facts, is_awaited=False))
        out.append(Report("rerouted", "info", f"every edge sends new calls to {head}", facts))

    def _count(self, before: Routing, decided: Routing, result: str) -> None:
        """A change of the serving node; a divert is counted when it begins."""
        if decided.serving != before.serving:
            counter = "failovers" if is_counted_as_failover(decided) else "planned_moves"
            self.counters[counter][(decided.reason.value, result)] += 1

    def _close(self, at: float, out: list[Effect]) -> None:
        run = self._run
        if run is None or run.pending or run.is_reported or self._decided is not None:
            return
        run.is_reported = True
        results = {result.value: n for result, n in run.results.items() if n}
        facts = {
            "epoch": run.epoch,
            "from": run.from_node,
            "legs": run.total,
            "results": results,
            "seconds": round((run.last_answer_at or at) - run.started_at, 4),
        }
        if run.is_failover:
            out.append(Record("failover_done", facts))
        if run.total:
            moved = results.get(Result.DONE.value, 0)
            text = f"rescue: {moved} of {run.total} callers' legs moved off {run.from_node}"
            out.append(Report("rescue", "info" if moved == run.total else "warning", text, facts))
