"""Recording, watched (保证CTI和录音系统的连接): who talks is recorded, and a recording that a dead server cut goes on with the standby.

How long it was interrupted is measured from the dead server's last sign of life, so never too short. Nothing here starts a recording: the
dialplan does, also when we are gone."""

from collections.abc import Callable
from statistics import median

from cti_daemon.model.effects import Effect, Record, Report, RescueLeg
from cti_daemon.model.events import SeatTalking
from cti_daemon.model.ids import CallToken, NodeName
from cti_daemon.model.reasons import Verdict
from cti_daemon.model.recording import RecordingChanged, RecordingTable, RecordingView
from cti_daemon.policy.health import Health
from cti_daemon.state.recordings import Gap, Recordings
from cti_daemon.state.site import Site
from cti_daemon.state.tally import Histogram

LOOK_SECONDS = 1.0
SUM_AFTER_SECONDS = 3.0
"""So long after the last gap that ended, what became of all of them is told in one line."""
EDGES = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
_SILENCED = frozenset({Verdict.DEAD, Verdict.DEAD_SILENT})
"""Verdicts by which a server records nothing since its last sign of life; else it did so until the caller was moved."""


class Recording:
    """`table` None: the site does not ask for it, and nothing of this happens."""

    def __init__(self, table: RecordingTable | None, site: Site) -> None:
        self._within = None if table is None else table.within
        self._site = site
        self._held = Recordings(site)
        self._gaps = Histogram(EDGES)
        self._ended: list[Gap] = []
        self._sum_at = self._look_at = float("-inf")
        self._unresumed: set[CallToken] = set()

    # --- what is seen -----------------------------------------------------------------------------------------------

    def talk(self, event: SeatTalking, at: float) -> None:
        if self._within is not None:
            self._held.talk(event.token, event.node, at)

    def change(self, event: RecordingChanged, at: float, out: list[Effect]) -> bool:
        """True when somebody's recording goes on: the judges want to sum it up."""
        gap = self._held.change(event, at) if self._within is not None else None
        if gap is None:
            return False
        self._gaps.add(gap.seconds)
        self._ended.append(gap)
        self._sum_at = at + SUM_AFTER_SECONDS
        out.append(_entry(gap.token, gap.piece, gap.before, gap.after, gap.seconds))
        return True

    # --- judge ------------------------------------------------------------------------------------------------------

    def look(self, health: Callable[[NodeName], Health | None], at: float, out: list[Effect]) -> float:
        """When to look again. Stands behind the rescue, whose effects are in `out`."""
        if self._within is None:
            return float("inf")
        for effect in [effect for effect in out if isinstance(effect, RescueLeg)]:
            leg = self._site.legs.get(effect.edge, effect.uniqueid)
            if leg is not None:
                judged = health(leg.node)
                is_silenced = judged is not None and judged.verdict in _SILENCED
                self._held.cut(leg.token, leg.node, self._site.evidence[leg.node].sign_at if is_silenced else at)
        if at >= self._look_at:
            self._look_at = at + LOOK_SECONDS
            self._held.sweep()
            self._tell_unresumed(self._within, at, out)
        if self._ended and at >= self._sum_at:
            self._sum_up(out)
        return min(self._look_at, self._sum_at) if self._ended else self._look_at

    def _tell_unresumed(self, within: float, at: float, out: list[Effect]) -> None:
        missing = self._held.missing(at, within)
        self._unresumed &= {token for token, _ in missing}
        found = [(token, track) for token, track in missing if track.cut is not None and token not in self._unresumed]
        for token, track in found:
            before, _ = track.cut or (None, at)
            self._unresumed.add(token)
            out.append(_entry(token, track.pieces, before, None, None))
        if found:
            text = f"the recordings of {len(found)} callers who were moved have not gone on: they talk, and nothing is recorded"
            out.append(Report("alarm", "warning", text, {"callers": len(found)}))

    def _sum_up(self, out: list[Effect]) -> None:
        gaps = sorted(gap.seconds for gap in self._ended)
        facts = {"callers": len(gaps), "gap_median_seconds": round(median(gaps), 3), "gap_most_seconds": round(gaps[-1], 3)}
        text = f"the recordings of {len(gaps)} callers go on after a gap: median {median(gaps):.2f} s, most {gaps[-1]:.2f} s"
        out.append(Report("rescue", "info", text, facts))
        self._ended.clear()

    def view(self, at: float) -> RecordingView | None:
        if self._within is None:
            return None
        missing: dict[NodeName, int] = dict.fromkeys(self._site.servers, 0)
        for _, track in self._held.missing(at, self._within):
            if track.node is not None:
                missing[track.node] += 1
        found = self._held.recorded()
        recorded = {server: found[server] for server in self._site.servers}
        return RecordingView(recorded, missing, self._gaps.edges, tuple(self._gaps.counts), self._gaps.sum_seconds)


def _entry(token: CallToken, piece: int, before: NodeName | None, after: NodeName | None, seconds: float | None) -> Record:
    """`call` is in the names of the files too; a gap of null: it has not gone on."""
    gap = None if seconds is None else round(seconds, 3)
    return Record("recording", {"call": token, "piece": piece, "from": before, "to": after, "gap_seconds": gap}, is_awaited=False)
