"""A simulator that finds nothing proves nothing: each promise is broken at least once, by a rule that was spoilt on purpose."""

import pytest

from cti_daemon.model.ids import Uniqueid
from tests.sim.faults import Kind
from tests.sim.mutants import CALLERS, MUTANTS, Mutant, by_hand, on_a, promises
from tests.sim.people import Wish
from tests.sim.promises import Promise
from tests.sim.schedule import Caller, Schedule
from tests.sim.storm import Storm

pytestmark = pytest.mark.slow

TRUE = [Kind.KILL, Kind.BLACK_HOLE, Kind.FREEZE, Kind.SIP_HUNG, Kind.SIP_AND_AUDIO_HUNG, Kind.EDGE_DEAF]


@pytest.mark.parametrize("kind", TRUE)
def test_a_true_cause_is_answered_once(kind: Kind) -> None:
    finding = Storm(1, by_hand(on_a(kind))).run()
    assert not finding.breaches
    assert finding.failovers == 1


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_spoilt_rule_is_found(mutant: Mutant) -> None:
    whole = Storm(1, mutant.schedule).run()
    assert not whole.breaches, "\n".join(whole.transcript)
    spoilt = mutant.try_by_hand()
    assert mutant.is_found(spoilt), "\n".join(spoilt.transcript)


def test_every_promise_can_be_broken() -> None:
    assert promises(MUTANTS) == set(Promise)


def test_who_was_answered_by_a_returned_server_stays_there() -> None:
    """A pause holds a failover back; meanwhile the server is back and serves. When the pause ends it still looks condemned, but whoever
    talks there now is not the caller of before."""
    late = tuple(Caller(Uniqueid(f"late-{n}"), 11.6 + 0.4 * n, 60.0, 0.1, is_quiet=False) for n in range(4))
    wishes = (Wish(4.0, "pause-automation", {"for": 9.0}),)
    schedule = Schedule("made by hand", (on_a(Kind.KILL, 4.0),), (*CALLERS, *late), wishes=wishes)
    finding = Storm(1, schedule).run()
    assert not finding.breaches, "\n".join(finding.transcript)
    assert finding.redirects == len(CALLERS), "\n".join(finding.transcript)
