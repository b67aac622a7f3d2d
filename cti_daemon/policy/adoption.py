"""A new decision about who serves is made ours: the journal first, then the edges, then people."""

from cti_daemon.model.effects import Effect, Record
from cti_daemon.model.ids import NodeName
from cti_daemon.policy import failover, proof, telling
from cti_daemon.policy.candidate import Candidate
from cti_daemon.policy.failover import Routing
from cti_daemon.policy.rooms import Rooms


def adopt(rooms: Rooms, decided: Routing, candidates: dict[NodeName, Candidate], at: float, out: list[Effect]) -> None:
    before, rooms.routing = rooms.routing, decided
    judged = rooms.verdicts.of[before.serving]
    stood_on = proof.of_node(rooms.site.evidence[before.serving], judged, at)
    facts = telling.routing_facts(before, decided, candidates, stood_on, judged)
    out.append(Record("failover_intent" if decided.serving != before.serving else "route", facts))
    rooms.rerouting.begin(before, decided, failover.route(decided, candidates.values()), at)
    if decided.serving == before.serving and decided.diverted_from is not None:
        rooms.counters["diverts"][(decided.reason.value,)] += 1
    out.append(telling.tell_routing(before, decided, judged, facts))
