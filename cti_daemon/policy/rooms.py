"""The rooms of the house: what is held, what is judged and what is under way, furnished once and shared by all who work in them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from cti_daemon.model.ids import NodeName
from cti_daemon.model.incidents import Grade
from cti_daemon.model.records import Standing, StandingDrills, StandingOrders
from cti_daemon.model.settings import Settings
from cti_daemon.policy import failover
from cti_daemon.policy.aftermath import Aftermath
from cti_daemon.policy.candidate import Candidate
from cti_daemon.policy.drill_gate import Look
from cti_daemon.policy.drills import Drills
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.fault_marks import FaultMarks
from cti_daemon.policy.halves import Halves
from cti_daemon.policy.mirroring import Mirroring
from cti_daemon.policy.order_book import OrderBook
from cti_daemon.policy.outside_seats import OutsideSeats
from cti_daemon.policy.plans import Plans
from cti_daemon.policy.recording import Recording
from cti_daemon.policy.reroute import Rerouting
from cti_daemon.policy.routing_hook import RoutingHook
from cti_daemon.policy.seat_alarm import SeatAlarm
from cti_daemon.policy.seat_desk import SeatDesk
from cti_daemon.policy.stale import StaleCalls
from cti_daemon.policy.survey import Survey
from cti_daemon.policy.verdicts import Verdicts
from cti_daemon.policy.voices import Voices
from cti_daemon.policy.watch import Watching
from cti_daemon.state.seat_presence import SeatPresence
from cti_daemon.state.site import Site

COUNTERS = (
    "failovers",
    "planned_moves",
    "diverts",
    "rescued_calls",
    "stale_calls",
    "security_events",
    "resyncs",
    "drills",
    "seat_tests",
    "callbacks",
    "fault_marks",
    "outside_offers",
    "survey_answers",
)


@dataclass(slots=True)
class Rooms:
    settings: Settings
    site: Site
    routing: Routing
    """Who serves; replaced whole, by `adopt` and by what an edge knows better."""
    book: OrderBook
    counters: dict[str, Counter[tuple[str, ...]]]
    ids: Iterator[int]
    """Of effects whose outcome is awaited."""
    verdicts: Verdicts
    presence: SeatPresence
    seat_alarm: SeatAlarm
    rerouting: Rerouting
    mirroring: Mirroring
    seat_desk: SeatDesk
    drills: Drills
    watching: Watching
    halves: Halves
    hook: RoutingHook
    stale: StaleCalls
    aftermath: Aftermath
    fault_marks: FaultMarks
    outside_seats: OutsideSeats
    voices: Voices
    survey: Survey
    recording: Recording
    plans: Plans | None = None
    """None: the site has none."""

    def candidates(self) -> dict[NodeName, Candidate]:
        differences = self.mirroring.difference()
        return {
            name: Candidate(
                name,
                self.site.roles[name],
                self.verdicts.of[name],
                self.site.seats.reachable(name),
                in_maintenance=name in self.book.orders.maintenance,
                seatless_since_at=self.presence.seatless_since_at(name),
                seated_since_at=self.presence.seated_since_at(name),
                is_mirrored=not differences.get(name),
            )
            for name in self.site.servers
        }

    def look(self) -> Look:
        """The site as a drill must know it."""
        site, orders = self.site, self.book.orders
        is_known = self.rerouting.is_every_edge_listed
        open_ones = self.plans.incidents.values() if self.plans is not None else ()
        return Look(
            self.routing,
            self.verdicts.of,
            tuple(orders.maintenance),
            is_paused=orders.is_paused,
            is_moving=self.rerouting.is_in_progress,
            live_calls=sum(not self.drills.is_test_call(leg.token) for leg in site.legs) if is_known else None,
            emergencies=tuple(i.id for i in open_ones if i.is_open and not i.is_drill and i.grade in (Grade.P1, Grade.P2)),
        )


def furnish(
    settings: Settings,
    standing: Standing | None,
    orders: StandingOrders | None,
    drills_known: StandingDrills | None,
    at: float,
    *,
    kept: Rooms | None = None,
) -> Rooms:
    """With what the journal holds of a former life, as far as it is known. `kept`: what was seen and judged there is gone on with, what
    was decided and is under way is not."""
    site = Site(settings, at) if kept is None else kept.site
    routing = failover.begin(standing, site.roles, at)
    counters: dict[str, Counter[tuple[str, ...]]] = {name: Counter() for name in COUNTERS} if kept is None else kept.counters
    ids = count(1) if kept is None else kept.ids
    mirroring = Mirroring(site, ids, routing.serving)
    drills = Drills(settings, site, counters, ids, drills_known, at)
    return Rooms(
        settings=settings,
        site=site,
        routing=routing,
        book=OrderBook(orders, at),
        counters=counters,
        ids=ids,
        verdicts=Verdicts(site, settings.detection) if kept is None else kept.verdicts,
        presence=SeatPresence() if kept is None else kept.presence,
        seat_alarm=SeatAlarm(),
        rerouting=Rerouting(site, counters, ids, settings.failover.stagger),
        mirroring=mirroring,
        seat_desk=SeatDesk(mirroring),
        drills=drills,
        watching=Watching(site, settings.detection) if kept is None else kept.watching,
        halves=Halves(site) if kept is None else kept.halves,
        hook=RoutingHook(ids, is_wanted=bool(settings.routing.exec)),
        stale=StaleCalls(site, counters, ids, drills.is_test_call),
        aftermath=Aftermath(settings, site, ids, counters["callbacks"]) if kept is None else kept.aftermath,
        fault_marks=FaultMarks(counters["fault_marks"]),
        outside_seats=OutsideSeats(counters["outside_offers"]),
        voices=Voices(site, ids),
        survey=Survey(counters["survey_answers"]),
        recording=Recording(settings.recording, site),
    )
