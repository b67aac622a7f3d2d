"""Is a media server without seats? Told once when it has lasted, and once when it is over."""

from collections.abc import Iterable

from cti_daemon.model.effects import Effect, Report
from cti_daemon.model.ids import NodeName
from cti_daemon.model.settings import Failover
from cti_daemon.policy.candidate import Candidate
from cti_daemon.policy.failover import is_seatless


class SeatAlarm:
    def __init__(self) -> None:
        self._told: set[NodeName] = set()

    def tell(self, candidates: Iterable[Candidate], serving: NodeName, now: float, settings: Failover, out: list[Effect]) -> None:
        for candidate in candidates:
            name = candidate.name
            if name not in self._told and is_seatless(candidate, now, settings) and not candidate.in_maintenance:
                self._told.add(name)
                text = f"{name}: no seat has been reachable or logged in for {settings.seats_out_after:g} s"
                out.append(Report("alarm", "critical" if name == serving else "warning", text, {"node": name, "serving": serving}))
            elif name in self._told and candidate.reachable_seats:
                self._told.discard(name)
                text = f"{name}: {candidate.reachable_seats} seats can be reached again"
                out.append(Report("recovered", "info", text, {"node": name, "reachable_seats": candidate.reachable_seats}))
