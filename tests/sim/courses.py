"""Courses of events in the middle of which the daemon is killed, at every point in turn, and started again."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from cti_daemon.model.ids import NodeName, Uniqueid
from tests.sim.faults import Fault, Kind
from tests.sim.people import THINKS_SECONDS, Wish
from tests.sim.schedule import Caller, Schedule
from tests.sim.storm import Finding, Storm
from tests.sim.world import EMG, A, B

FAULT_AT = 6.0
LATER_AT = 12.0
"""The way back: the first fault is over, and who was hurt by it is well again."""
WATCHED_SECONDS = 2.0
"""Points that come so long after the beginning are part of the course."""
LASTS_SECONDS = 14.0
_A_MOMENT = 0.001
AWAY_SECONDS = (0.08, 1.0, 4.0)
"""For how long the daemon is away: systemd's restart, a slow one, and one that outlasts the fault."""


def _callers(begins_at: float) -> tuple[Caller, ...]:
    return (
        Caller(Uniqueid("talks"), 1.0, 60.0, 0.1, is_quiet=False),
        Caller(Uniqueid("waits"), 2.0, 60.0, 60.0, is_quiet=False),
        Caller(Uniqueid("hangs-up"), 3.0, begins_at + 0.3, 0.1, is_quiet=False),
        Caller(Uniqueid("comes"), begins_at - 0.01, 60.0, 0.3, is_quiet=False),
        Caller(Uniqueid("comes-late"), begins_at + 0.4, 60.0, 0.3, is_quiet=False),
    )


@dataclass(frozen=True, slots=True)
class Course:
    name: str
    faults: tuple[Fault, ...]
    serves: NodeName | None
    """Who serves in the end, whenever the daemon was killed. None: the fault may be over before anybody looks, or the order was never
    heard, and either is well; what was written down is finished all the same."""
    wishes: tuple[Wish, ...] = ()
    failover: Mapping[str, object] = field(default_factory=dict)
    begins_at: float = FAULT_AT
    watched_seconds: float = WATCHED_SECONDS
    moves_callers: bool = True

    def run(self, point: str | None = None, away_seconds: float = 0.0) -> tuple[Finding, list[str]]:
        """Killed at `point` (None: not at all): what was found, and the points that were passed."""
        begins, ends = self.begins_at - _A_MOMENT, self.begins_at + self.watched_seconds
        callers = _callers(self.begins_at)
        storm = Storm(1, Schedule(self.name, self.faults, callers, ends + LASTS_SECONDS, self.wishes, dict(self.failover)))
        passed: list[str] = []
        seen = Counter[str]()

        def watch(at: str) -> None:
            if storm.clock.now < begins or storm.clock.now > ends:
                return
            seen[at] += 1
            named = f"{at} #{seen[at]}" if seen[at] > 1 else at
            passed.append(named)
            if named == point and storm.daemon.life == 1:
                storm.daemon.kill()
                storm.clock.after(away_seconds, storm.daemon.start)

        storm.on_point = watch
        finding = storm.run()
        serving = storm.daemon.engine.routing.serving
        intents = [record.data["serving"] for record in storm.daemon.journal if record.kind == "failover_intent"]
        assert self.serves in (None, serving), "\n".join(finding.transcript)
        assert not intents or serving == intents[-1], "written down and not finished\n" + "\n".join(finding.transcript)
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


def _order(verb: str, at: float = FAULT_AT) -> Wish:
    """Confirmed at that instant."""
    return Wish(at - THINKS_SECONDS, verb)


def _early(node: NodeName) -> Fault:
    """Over, with all that it led to, before LATER_AT."""
    return Fault(4.0, 4.5, Kind.KILL, node)


_BY_ITSELF = {"failback": "auto", "hold_down": 3.0}
_SOON = {"failback": "command", "hold_down": 1.0}

COURSES = (
    Course("killed", (_on(A, Kind.KILL),), B),
    Course("black hole", (_on(A, Kind.BLACK_HOLE),), B),
    Course("frozen", (_on(A, Kind.FREEZE),), B),
    Course("hung, audio lives", (_on(A, Kind.SIP_HUNG),), B),
    Course("hung, audio dead", (_on(A, Kind.SIP_AND_AUDIO_HUNG),), B),
    Course("edge cannot reach", (_on(A, Kind.EDGE_DEAF),), B),
    Course("killed, soon back", (_on(A, Kind.KILL, seconds=0.7),), None),
    Course("both, one after the other", (_on(A, Kind.KILL), _on(B, Kind.KILL, 0.12)), EMG),
    Course("seats out", tuple(_on(node, Kind.SEATS_GONE, -3.0, 12.0) for node in (A, B)), EMG, failover={"seats_out_after": 3.0}),
    Course("switchover by order", (), None, (_order("switchover"),), moves_callers=False),
    Course("failover by order", (), None, (_order("failover"),)),
    Course("emergency seats by order", (), None, (_order("emergency-on"),)),
    Course(
        "emergency seats left by order",
        (),
        None,
        (_order("emergency-on", 4.0), _order("emergency-off", LATER_AT)),
        _SOON,
        LATER_AT,
        moves_callers=False,
    ),
    Course("failback by order", (_early(A),), None, (_order("failback", LATER_AT),), _SOON, LATER_AT, moves_callers=False),
    Course("failback by itself", (_early(A),), A, (), _BY_ITSELF, 10.0, 3.0, moves_callers=False),
    Course("home from the emergency seats by itself", (_early(A), _early(B)), A, (), _BY_ITSELF, 10.0, 3.0, moves_callers=False),
)
