"""What must be asked, and when? A healthy node is asked rarely; a suspect one at once and fast; a condemned one now and then, to
see it rise. Polling hard has deadlocked Asterisk, so every question has its own pace."""

from collections.abc import Mapping
from dataclasses import dataclass

from cti_daemon.model.effects import AskEdge, Effect, ProbeNode, SampleAudio
from cti_daemon.model.events import AudioSampled, LinkLost, LinkUp, SipRefused
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Condition, Loss, Verdict
from cti_daemon.model.settings import Detection
from cti_daemon.policy.health import Health, quiet_paths
from cti_daemon.policy.rescue import SAMPLE_SIZE, Audio, may_media_live, must_be_heard_again, sample
from cti_daemon.state.site import Site

CALM_SECONDS = 2.0
SUSPECT_SECONDS = 0.2
CONDEMNED_SECONDS = 0.5
STARTLED_SECONDS = 0.5
STARTLED_PACE_SECONDS = 0.01
AUDIO_SECONDS = 0.5
"""Pace of listening for audio on a node whose media plane may live."""

NEVER = float("-inf")


def edge_pace_seconds(health: Health) -> float:
    """How often the edges are asked about this node: fast, too, while they have not said that they hear it."""
    if health.verdict in (Verdict.SUSPECT, Verdict.CUT_OFF, Verdict.PROBE_BROKEN, Verdict.UNKNOWN) or quiet_paths(health.facts):
        return SUSPECT_SECONDS
    if health.is_condemned:
        return CONDEMNED_SECONDS
    return CALM_SECONDS if health.facts.edge is Condition.OK else SUSPECT_SECONDS


def probe_pace_seconds(health: Health, detection: Detection) -> float:
    """How often the node itself is probed."""
    return detection.probe_when_suspect if health.verdict is Verdict.SUSPECT else detection.heartbeat


@dataclass(slots=True)
class _Pace:
    """When we last asked about one node, and how fast it is probed now."""

    asked_at: float = NEVER
    sampled_at: float = NEVER
    startled_at: float = NEVER
    probing_every_seconds: float = 0.0


class Watching:
    def __init__(self, site: Site, detection: Detection) -> None:
        self._site = site
        self._detection = detection
        self._paces = {node: _Pace() for node in site.roles}
        self._audio = {node: Audio() for node in site.servers}

    def audio(self, node: NodeName) -> Audio:
        return self._audio[node]

    def hear(self, event: AudioSampled) -> None:
        moving, still = ({(event.edge, leg) for leg in legs} for legs in (event.moving, event.still))
        self._audio[event.node].learn(moving, still, self._paces[event.node].sampled_at)

    def startle(self, event: LinkUp | LinkLost | SipRefused, at: float, out: list[Effect]) -> None:
        """A session that ends, or a refusal, may be the first sign of a death: look at every path now and for a while
        (a dying process takes tens of milliseconds to let go of its sockets), do not wait for the next beat."""
        if isinstance(event, LinkUp) or (isinstance(event, LinkLost) and event.how is not Loss.CLOSED):
            return
        pace = self._paces[event.node]
        if at > pace.startled_at + STARTLED_SECONDS:
            pace.startled_at = at
            pace.probing_every_seconds = STARTLED_PACE_SECONDS
            out.append(ProbeNode(event.node, STARTLED_PACE_SECONDS))

    def ask(self, health: Mapping[NodeName, Health], now: float, out: list[Effect]) -> float:
        """The questions that are due; when the next one is."""
        wanted_at = float("inf")
        for node, judged in health.items():
            pace = self._paces[node]
            every = probe_pace_seconds(judged, self._detection)
            if now < pace.startled_at + STARTLED_SECONDS and not judged.is_condemned:
                every = STARTLED_PACE_SECONDS
                wanted_at = min(wanted_at, pace.startled_at + STARTLED_SECONDS)
            if every != pace.probing_every_seconds:
                pace.probing_every_seconds = every
                out.append(ProbeNode(node, every))
            if node not in self._audio:
                continue
            if now >= pace.asked_at + edge_pace_seconds(judged):
                pace.asked_at = now
                out.extend(AskEdge(edge, node) for edge in self._site.edges)
            wanted_at = min(wanted_at, pace.asked_at + edge_pace_seconds(judged))
            wanted_at = min(wanted_at, self._listen(node, judged, pace, now, out))
        return wanted_at

    def _listen(self, node: NodeName, judged: Health, pace: _Pace, now: float, out: list[Effect]) -> float:
        """Audio is sampled on suspicion, also when nobody can say more, and leg by leg while a condemned node's media plane may live."""
        if judged.verdict is Verdict.HEALTHY:
            self._audio[node] = Audio()
        lives_on = judged.is_condemned and (may_media_live(judged, self._audio[node]) or self._is_one_to_be_heard_again(node, judged, now))
        if judged.verdict not in (Verdict.SUSPECT, Verdict.UNKNOWN) and not lives_on:
            return float("inf")
        if now >= pace.sampled_at + AUDIO_SECONDS:
            pace.sampled_at = now
            legs = sample(self._site.legs.on(node), None if lives_on else SAMPLE_SIZE)
            for edge in self._site.edges:
                asked = tuple((leg.uniqueid, leg.channel) for leg in legs if leg.edge == edge)
                if asked:
                    out.append(SampleAudio(edge, node, asked))
        return pace.sampled_at + AUDIO_SECONDS

    def _is_one_to_be_heard_again(self, node: NodeName, judged: Health, now: float) -> bool:
        audio = self._audio[node]
        return any(leg.redirected_at is None and must_be_heard_again(leg, judged, audio, now) for leg in self._site.legs.on(node))
