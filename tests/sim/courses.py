"""Courses of events in the middle of which the daemon is killed, at every point in turn, and started again."""

from collections import Counter
from dataclasses import dataclass

from cti_daemon.model.ids import NodeName, Uniqueid
from tests.sim.faults import Fault, Kind
from tests.sim.schedule import Caller, Schedule
from tests.sim.storm import Finding, Storm
from tests.sim.world import EMG, A, B

FAULT_AT = 6.0
WATCHED_SECONDS = 2.0
"""Points that come so long after the fault are part of the course."""
END_AT = 22.0
AWAY_SECONDS = (0.08, 1.0, 4.0)
"""For how long the daemon is away: systemd's restart, a slow one, and one that outlasts the fault."""

CALLERS = (
    Caller(Uniqueid("talks"), 1.0, 60.0, 0.1, is_quiet=False),
    Caller(Uniqueid("waits"), 2.0, 60.0, 60.0, is_quiet=False),
    Caller(Uniqueid("hangs-up"), 3.0, FAULT_AT + 0.3, 0.1, is_quiet=False),
    Caller(Uniqueid("comes"), FAULT_AT - 0.01, 60.0, 0.3, is_quiet=False),
    Caller(Uniqueid("comes-late"), FAULT_AT + 0.4, 60.0, 0.3, is_quiet=False),
)


@dataclass(frozen=True, slots=True)
class Course:
    name: str
    faults: tuple[Fault, ...]
    serves: NodeName | None
    """Who serves in the end, whenever the daemon was killed. None: the fault may be over before anybody looks, and either is well."""

    def run(self, point: str | None = None, away_seconds: float = 0.0) -> tuple[Finding, list[str]]:
        """Killed at `point` (None: not at all): what was found, and the points that were passed."""
        storm = Storm(1, Schedule(self.name, self.faults, CALLERS, END_AT))
        passed: list[str] = []
        seen = Counter[str]()

        def watch(at: str) -> None:
            if storm.clock.now < FAULT_AT or storm.clock.now > FAULT_AT + WATCHED_SECONDS:
                return
            seen[at] += 1
            named = f"{at} #{seen[at]}" if seen[at] > 1 else at
            passed.append(named)
            if named == point and storm.daemon.life == 1:
                storm.daemon.kill()
                storm.clock.after(away_seconds, storm.daemon.start)

        storm.on_point = watch
        finding = storm.run()
        assert self.serves in (None, storm.daemon.engine.routing.serving), "\n".join(finding.transcript)
        return finding, passed

    def points(self) -> list[str]:
        """Every point of the course when nobody is killed."""
        finding, passed = self.run()
        assert not finding.breaches, "\n".join(finding.transcript)
        return passed

    def faults_found(self, point: str, away_seconds: float) -> list[str]:
        """What is not as it should be when the daemon was killed there; empty: all is well."""
        finding, _ = self.run(point, away_seconds)
        unserved = ["somebody hears nothing in the end"] if finding.unserved else []
        told = [str(breach) for breach in finding.breaches] + unserved
        return [*finding.transcript, *told] if told else []


def _on(node: NodeName, kind: Kind, at: float = 0.0, seconds: float = 8.0) -> Fault:
    return Fault(FAULT_AT + at, FAULT_AT + at + seconds, kind, node)


COURSES = (
    Course("killed", (_on(A, Kind.KILL),), B),
    Course("black hole", (_on(A, Kind.BLACK_HOLE),), B),
    Course("frozen", (_on(A, Kind.FREEZE),), B),
    Course("hung, audio lives", (_on(A, Kind.SIP_HUNG),), B),
    Course("hung, audio dead", (_on(A, Kind.SIP_AND_AUDIO_HUNG),), B),
    Course("edge cannot reach", (_on(A, Kind.EDGE_DEAF),), B),
    Course("killed, soon back", (_on(A, Kind.KILL, seconds=0.7),), None),
    Course("both, one after the other", (_on(A, Kind.KILL), _on(B, Kind.KILL, 0.12)), EMG),
)
