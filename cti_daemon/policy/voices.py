"""What callers hear and are offered while an incident is open: the approved wording and the expected time, a call-back, a place at the head
of the queue.

Level, not edge: what should hold follows from the open incidents alone, so it is over with them, and is the same after a restart. Each
Asterisk is told again when it was away. Real calls hear it from the dialplan, which goes on without us."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cti_daemon.model.call_events import CallerJoined
from cti_daemon.model.effects import Effect, RaiseCaller, Report, SetSwitch, Switch
from cti_daemon.model.events import Outcome
from cti_daemon.model.ids import CallToken, NodeName
from cti_daemon.model.incidents import VOICES, ActionKind, Incident, Plan, Step, StepState
from cti_daemon.model.reasons import Result, Role
from cti_daemon.policy.plan_run import words_of
from cti_daemon.state.callback import Task
from cti_daemon.state.site import Site
from cti_daemon.state.stay import Stage

RETRY_SECONDS = 1.0
REFUSED_REST_SECONDS = 10.0
HEAD_OF_QUEUE = 399_999
"""The dialplan reckons 100,000 for each class, and seconds of waiting above it: behind nobody, and before every new caller."""
_TIME = re.compile(r"([01]?[0-9]|2[0-3])[:：]([0-5][0-9])")
_CONTEXTS = {ActionKind.ANNOUNCE_ON: "cti-announce", ActionKind.OFFER_CALL_BACK: "cti-offer"}
_STANDING = (StepState.BEGUN, StepState.DONE)

Level = tuple[tuple[Switch, str], ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """What should hold. `recording` empty: nothing is announced; `eta` empty: no time is said."""

    recording: str = ""
    eta: str = ""
    is_offered: bool = False
    has_priority: bool = False


def wanted(incidents: Iterable[Incident]) -> Voice:
    """Of several announcements that of the gravest incident, of the same grade the newest."""
    offered = priority = False
    spoken: list[tuple[str, float, str, str]] = []
    for incident in incidents:
        if not incident.is_open or incident.is_drill:
            continue
        standing = [step for stage in incident.plan.stages for step in stage.steps if step.do in VOICES and _stands(incident, step)]
        offered = offered or any(step.do is ActionKind.OFFER_CALL_BACK for step in standing)
        priority = priority or any(step.do is ActionKind.CALLER_PRIORITY for step in standing)
        announcing = [step for step in standing if step.do in (ActionKind.ANNOUNCE_ON, ActionKind.ANNOUNCE_OFF)]
        if announcing:
            last = max(announcing, key=lambda step: incident.steps[step.id].since_at)
            if last.do is ActionKind.ANNOUNCE_ON and (recording := recording_of(incident, last)):
                spoken.append((incident.grade.value, -incident.began_at, recording, clock_in(incident.eta)))
    best = min(spoken, default=("", 0.0, "", ""))
    return Voice(best[2], best[3], offered, priority)


def recording_of(incident: Incident, step: Step) -> str:
    """Empty: people have given another wording, and nobody has said which file speaks it. Two wordings are worse than none."""
    return incident.recording or (step.recording if incident.wording == words_of(step) else "")


def clock_in(eta: str) -> str:
    """`HH:MM` where it is a time of the day, and nothing else: what cannot be spoken is not guessed."""
    found = _TIME.fullmatch(eta.strip())
    return f"{int(found[1]):02d}:{found[2]}" if found else ""


def _stands(incident: Incident, step: Step) -> bool:
    run = incident.steps.get(step.id)
    return run is not None and run.state in _STANDING


@dataclass(slots=True)
class _Node:
    """What an Asterisk is known to hold; None: not known."""

    holds: Level | None = None
    asked: tuple[int, Level] | None = None
    again_at: float = field(default=float("-inf"))
    refusal: str = ""


class Voices:
    def __init__(self, site: Site, ids: Iterator[int]) -> None:
        self._site, self._ids = site, ids
        self._edges = {edge: _Node() for edge in site.edges}
        self._servers = {node: _Node() for node in site.servers if site.roles[node] is not Role.EMERGENCY}
        self._used: frozenset[ActionKind] = frozenset()
        self._now = Voice()
        self._waiting: dict[CallToken, CallerJoined] = {}
        self._raised: dict[CallToken, tuple[NodeName, str]] = {}

    @property
    def is_idle(self) -> bool:
        """No plan asks for any of it."""
        return not self._used

    def use(self, plans: Iterable[Plan]) -> None:
        """Switches that no plan uses are left alone, whatever they are."""
        self._used |= {step.do for plan in plans for step in plan.steps if step.do in VOICES}

    def join(self, event: CallerJoined) -> None:
        """Somebody waits: by this channel he could be raised."""
        if ActionKind.CALLER_PRIORITY in self._used and event.token is not None and event.channel is not None:
            self._waiting[event.token] = event

    def learn(self, event: Outcome, at: float, out: list[Effect]) -> bool:
        for name, node in [*self._edges.items(), *self._servers.items()]:
            if node.asked is not None and node.asked[0] == event.effect_id:
                self._take(name, node, event, node.asked[1], at, out)
                return True
        return False

    @staticmethod
    def _take(name: NodeName, node: _Node, event: Outcome, level: Level, at: float, out: list[Effect]) -> None:
        node.asked = None
        if event.result is Result.DONE:
            node.holds, node.refusal = level, ""
            return
        node.holds, node.again_at = None, at + (REFUSED_REST_SECONDS if event.result is Result.FAILED else RETRY_SECONDS)
        why = f"{name} does not take it: {event.detail or event.result.value}"
        if node.refusal != why:
            out.append(Report("alarm", "warning", f"what callers are to hear: {why}", {"node": name, "detail": event.detail}))
        node.refusal = why

    # --- judge ------------------------------------------------------------------------------------------------------

    def judge(self, incidents: Iterable[Incident], tasks: Iterable[Task], at: float, out: list[Effect]) -> float:
        """Make every Asterisk hold what should hold; when to look again."""
        if not self._used:
            return float("inf")
        self._now = wanted(incidents)
        again = [
            self._assert(name, node, self._edge_level(), _CONTEXTS[ActionKind.ANNOUNCE_ON], at, out) for name, node in self._edges.items()
        ]
        again += [
            self._assert(name, node, self._server_level(), _CONTEXTS[ActionKind.OFFER_CALL_BACK], at, out)
            for name, node in self._servers.items()
        ]
        self._raise(tasks, out)
        return min(again, default=float("inf"))

    def _edge_level(self) -> Level:
        if not self._used & {ActionKind.ANNOUNCE_ON, ActionKind.ANNOUNCE_OFF}:
            return ()
        return ((Switch.ETA, self._now.eta), (Switch.ANNOUNCE, self._now.recording))

    def _server_level(self) -> Level:
        return ((Switch.OFFER, "1" if self._now.is_offered else ""),) if ActionKind.OFFER_CALL_BACK in self._used else ()

    def _assert(self, name: NodeName, node: _Node, level: Level, context: str, at: float, out: list[Effect]) -> float:
        if not level:
            return float("inf")
        if not self._site.evidence[name].connected:
            node.holds = node.asked = None  # it may have been restarted
            node.refusal = ""
            return float("inf")
        if node.asked is not None and node.asked[1] == level and at < node.again_at:
            return node.again_at
        is_new = node.asked is not None and node.asked[1] != level
        if node.holds == level or (at < node.again_at and not is_new):
            return float("inf") if node.holds == level else node.again_at
        effect = SetSwitch(next(self._ids), name, context, level)
        node.asked, node.again_at = (effect.effect_id, level), at + RETRY_SECONDS
        out.append(effect)
        return node.again_at

    def _raise(self, tasks: Iterable[Task], out: list[Effect]) -> None:
        """Who is in the register and waits goes to the head of the queue, once on each server."""
        callers = self._site.queues.callers
        for token in [token for token in self._waiting if not _waits(callers.of_token(token))]:
            del self._waiting[token]
        for token in [token for token in self._raised if callers.of_token(token) is None]:
            del self._raised[token]
        if not self._now.has_priority:
            return
        for token in [task.rang for task in tasks if task.rang is not None]:
            found = self._waiting.get(token)
            if found is None or found.channel is None or self._raised.get(token) == (found.node, found.queue):
                continue
            self._raised[token] = (found.node, found.queue)
            out.append(RaiseCaller(next(self._ids), found.node, found.queue, found.channel, HEAD_OF_QUEUE))

    # --- how it stands ----------------------------------------------------------------------------------------------

    def outcome(self, step: Step) -> tuple[bool | None, str]:
        """Does what this step asks for hold? None: not known yet."""
        if step.do is ActionKind.CALLER_PRIORITY:
            return True, "callers of the register go to the head of the queue"
        nodes: Mapping[NodeName, _Node]
        if step.do is ActionKind.OFFER_CALL_BACK:
            nodes, level, said = self._servers, self._server_level(), "who waits may leave his number"
        else:
            nodes, level = self._edges, self._edge_level()
            at_time = f", {self._now.eta}" if self._now.eta else ", no time"
            said = f"callers hear {self._now.recording}{at_time}" if self._now.recording else "nothing is announced"
        near = {name: node for name, node in nodes.items() if self._site.evidence[name].connected}
        refusals = [node.refusal for node in near.values() if node.refusal]
        if refusals:
            return False, "; ".join(refusals)
        if near and all(node.holds == level for node in near.values()):
            return True, f"{', '.join(near)}: {said}"
        return None, ""


def _waits(stay: object) -> bool:
    return getattr(stay, "stage", None) is Stage.WAITING
