"""A simulator that finds nothing proves nothing: each promise is broken once, by a rule that was spoilt on purpose."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from cti_daemon.model.ids import Uniqueid
from cti_daemon.model.reasons import Condition, Mode, Reason, Verdict
from cti_daemon.policy import failover, health, mirroring, reroute, rescue, table
from cti_daemon.policy.candidate import Candidate
from cti_daemon.policy.failover import Routing
from cti_daemon.state.legs import Leg
from tests.sim.faults import Fault, Kind
from tests.sim.promises import Promise
from tests.sim.schedule import Caller, Schedule
from tests.sim.storm import Finding, Storm
from tests.sim.world import A

CALLERS = tuple(Caller(Uniqueid(f"call-{n}"), 1.0 + n, 60.0, pick_up, is_quiet=False) for n, pick_up in enumerate((0.1, 0.1, 40.0)))
"""Two who talk, one who waits."""


def run(*faults: Fault) -> Finding:
    return Storm(1, Schedule("made by hand", faults, CALLERS)).run()


def broken(finding: Finding) -> set[Promise]:
    return {breach.promise for breach in finding.breaches}


def on_a(kind: Kind, seconds: float = 6.0) -> Fault:
    return Fault(6.0, 6.0 + seconds, kind, A)


@pytest.mark.parametrize("kind", [Kind.KILL, Kind.BLACK_HOLE, Kind.FREEZE, Kind.SIP_HUNG, Kind.SIP_AND_AUDIO_HUNG, Kind.EDGE_DEAF])
def test_a_true_cause_is_answered_once(kind: Kind) -> None:
    finding = run(on_a(kind))
    assert not finding.breaches
    assert finding.failovers == 1


def test_true_cause_failover_of_a_node_that_only_we_do_not_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    def credulous(links: Condition, sip: Condition, edge: Condition) -> table.Row:
        found = table.row(links, sip, edge)
        return replace(found, verdict=Verdict.DEAD_SILENT) if found.verdict is Verdict.CUT_OFF else found

    assert not run(on_a(Kind.CUT_OFF)).breaches
    monkeypatch.setattr(health, "row", credulous)
    assert Promise.TRUE_CAUSE in broken(run(on_a(Kind.CUT_OFF)))


def test_in_time_nothing_is_ever_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failover, "decide", lambda standing, *_args, **_options: standing)
    assert Promise.IN_TIME in broken(run(on_a(Kind.KILL)))


def test_living_call_audio_is_not_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rescue, "_may_be_heard", lambda *_args: False)
    assert Promise.LIVING_CALL in broken(run(on_a(Kind.SIP_HUNG)))


def test_once_it_is_forgotten_who_was_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Leg, "redirected_at", property(lambda _leg: None, lambda _leg, _at: None))
    monkeypatch.setattr(Leg, "last_redirect_at", property(lambda _leg: float("-inf"), lambda _leg, _at: None))
    assert Promise.ONCE in broken(run(on_a(Kind.SIP_HUNG)))


def test_level_epochs_run_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(standing: Routing, heir: Candidate, reason: Reason, now: float) -> Routing:
        return Routing(Mode.FAILED_OVER, heir.name, standing.epoch - 1, reason, now)

    monkeypatch.setattr(failover, "serve", serve)
    assert Promise.LEVEL in broken(run(on_a(Kind.KILL)))


def test_level_a_lost_order_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf_edge = Fault(5.0, 8.0, Kind.ORDERS_LOST, level=1.0)
    assert not run(deaf_edge, on_a(Kind.KILL)).breaches
    monkeypatch.setattr(reroute.Rerouting, "_is_due", lambda self, edge, node, level, _at: self._last_sent.get((edge, node)) != level)
    monkeypatch.setattr(reroute.Rerouting, "_current_edges", lambda self: list(self._listed))
    monkeypatch.setattr(reroute.Rerouting, "refresh", lambda _self, _route: None)  # it would send another level, and so heal
    assert Promise.LEVEL in broken(run(deaf_edge, on_a(Kind.KILL)))


def test_nobody_left_callers_are_not_rescued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reroute, "is_orphan", lambda *_args: False)
    assert Promise.NOBODY_LEFT in broken(run(on_a(Kind.KILL)))


def test_no_flapping_home_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decide = failover.decide

    def homesick(standing: Routing, candidates: Iterable[Candidate], now: float, **options: bool) -> Routing:
        decided = decide(standing, candidates, now, **options)  # type: ignore[arg-type]  # passed through
        if decided is standing and standing.serving != A and now - standing.since_at > 1.0:
            return Routing(Mode.NORMAL, A, standing.epoch + 1, Reason.COMMAND, now)
        return decided

    monkeypatch.setattr(failover, "decide", homesick)
    assert Promise.NO_FLAPPING in broken(run(on_a(Kind.KILL)))


def test_seats_nothing_is_mirrored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirroring, "deeds", lambda _wanted, _held: ())
    assert Promise.SEATS in broken(run(on_a(Kind.KILL)))
