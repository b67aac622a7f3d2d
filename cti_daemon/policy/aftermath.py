"""What follows an interruption for those whom it struck: they are written into the register, and called back.

Where no register is configured nothing of it happens. Nothing here ever comes before a rescue: its effects leave last, and the file
behind them has a thread of its own."""

from collections import Counter
from collections.abc import Iterable, Iterator

from cti_daemon.model.affected import AskNumber, ForgetNumbers, KeepCaller
from cti_daemon.model.call_events import CallerUnserved, ChannelsListed
from cti_daemon.model.effects import Effect, RescueLeg
from cti_daemon.model.events import DrillCallSeen, EdgeListed, LegRouted, Outcome, SeatTalking
from cti_daemon.model.ids import CallToken, NodeName
from cti_daemon.model.reasons import Role, Verdict
from cti_daemon.model.register import Harm, Harmed, RowState
from cti_daemon.model.settings import Settings
from cti_daemon.policy.callbacks import OUTCOMES, Callbacks
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.health import Health
from cti_daemon.state.affected import Affected
from cti_daemon.state.legs import Leg
from cti_daemon.state.site import Site

LOOK_SECONDS = 1.0
SWEEP_SECONDS = 5.0
NUMBER_LASTS_SECONDS = 60.0
"""So long a number outlives the call, for what is only found out afterwards."""
OWN_NUMBER, OTHER_NUMBER = "CALLBACK", "CALLBACKOTHER"
"""What the dialplan says when a caller has left his number."""
_ENDS_ALL = frozenset({Verdict.DEAD, Verdict.DEAD_SILENT})
"""Verdicts by which nobody's audio can go on."""

Change = tuple[NodeName, Health | None, Health]


class Aftermath:
    def __init__(self, settings: Settings, site: Site, ids: Iterator[int], callbacks: Counter[tuple[str, ...]]) -> None:
        self._is_kept = settings.affected is not None
        if self._is_kept:  # a counter that began with 1 would hide its first rise
            callbacks.update({(outcome,): 0 for outcome in OUTCOMES})
        self._site = site
        self._affected = Affected(site)
        self.callbacks = Callbacks(settings.callback, site, ids, lambda outcome: callbacks.update({(outcome,): 1}))
        self._asked: dict[CallToken, float | None] = {}
        """Whose number is held or asked for; since when the call is over."""
        self._tests: dict[CallToken, None] = {}
        self._look_at = self._sweep_at = float("-inf")

    # --- what is seen -----------------------------------------------------------------------------------------------

    def route(self, event: LegRouted, out: list[Effect]) -> None:
        """A call has come, or goes elsewhere. Its number is read now, once: when the edge dies nobody can be asked any more."""
        if not self._is_kept or self.callbacks.route(event.token, out):
            return
        if event.token not in self._asked and event.token not in self._tests:
            self._asked[event.token] = None
            out.append(AskNumber(event.edge, event.uniqueid, event.channel, event.token))

    def spare(self, event: DrillCallSeen) -> None:
        """A test call is nobody's."""
        if self._is_kept:
            self._tests[event.token] = None
            while len(self._tests) > 1000:
                del self._tests[next(iter(self._tests))]

    def talk(self, event: SeatTalking, leg: Leg | None, at: float, out: list[Effect]) -> None:
        if not self._is_kept or self.callbacks.talk(event, out) or leg is None or event.token in self._tests:
            return
        if self._site.roles.get(event.node) is Role.EMERGENCY:
            self._keep([self._affected.handle(leg, event.node, at)], out)

    def leave_number(self, event: CallerUnserved, out: list[Effect]) -> None:
        """He waited, and wants to be called back: at the number that he calls from, or at one that he has keyed in."""
        leg = None if event.token is None else self._site.legs.of_token(event.token)
        if not self._is_kept or leg is None or leg.token in self._tests or self.callbacks.owns(leg.token):
            return
        if event.status == OTHER_NUMBER and event.channel is not None:
            self._asked[leg.token] = None
            out.append(AskNumber(event.node, event.uniqueid, event.channel, leg.token, "CTI_GIVEN"))
        self._keep([Harmed(leg.token, Harm.ASKED, leg.state.value, event.node, leg.edge, RowState.OPEN, event.queue)], out)

    def list_edge(self, event: EdgeListed, out: list[Effect]) -> None:
        """Calls that came before we did."""
        for leg in event.legs:
            self.route(LegRouted(event.edge, leg.uniqueid, leg.channel, leg.token, leg.node, leg.epoch), out)

    def know_life(self, event: ChannelsListed, at: float, out: list[Effect]) -> None:
        if self._is_kept:
            self._keep(self._affected.know_life(event, at), out)

    def learn(self, event: Outcome, at: float, out: list[Effect]) -> bool:
        return self._is_kept and self.callbacks.learn(event, at, out)

    # --- judge ------------------------------------------------------------------------------------------------------

    def look(self, changes: Iterable[Change], routing: Routing, *, is_ready: bool, at: float, out: list[Effect]) -> float:
        """When to look again. `is_ready`: the server that serves is healthy and automation may act. Stands behind the rescue, whose
        effects are in `out`."""
        if not self._is_kept:
            return float("inf")
        for effect in [effect for effect in out if isinstance(effect, RescueLeg)]:
            self._interrupt(self._site.legs.get(effect.edge, effect.uniqueid), at)
        for node, _, after in changes:
            if after.verdict in _ENDS_ALL and node in self._site.servers:
                for leg in self._site.legs.on(node):
                    self._interrupt(leg, at)
            elif after.verdict is Verdict.DEAD:
                self._keep(self._affected.lose_edge(node, at), out)
        self._affected.watch_edges(at)
        if at >= self._look_at:
            self._look_at = at + LOOK_SECONDS
            self._keep(self._affected.settle(at), out)
            self.callbacks.look(routing, is_ready=is_ready, at=at, out=out)
            self._forget(at, out)
        return self._look_at

    def _interrupt(self, leg: Leg | None, at: float) -> None:
        if leg is not None and leg.token not in self._tests and not self.callbacks.owns(leg.token):
            self._affected.interrupt(leg, at)

    def _keep(self, harmed: list[Harmed], out: list[Effect]) -> None:
        out.extend(KeepCaller(one) for one in harmed if one.token not in self._tests and not self.callbacks.owns(one.token))

    def _forget(self, at: float, out: list[Effect]) -> None:
        """Numbers of callers to whom nothing happened."""
        if at < self._sweep_at:
            return
        self._sweep_at = at + SWEEP_SECONDS
        interrupted = frozenset(self._affected.interrupted)
        over: list[CallToken] = []
        for token, gone_at in self._asked.items():
            if token in interrupted or self._site.legs.of_token(token) is not None:
                self._asked[token] = None
            elif gone_at is None:
                self._asked[token] = at
            elif at - gone_at > NUMBER_LASTS_SECONDS:
                over.append(token)
        for token in over:
            del self._asked[token]
        if over:
            out.append(ForgetNumbers(frozenset(over)))
