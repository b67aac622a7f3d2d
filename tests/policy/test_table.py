"""The verdict table itself: whole, and unable to condemn a node on the word of one witness."""

from itertools import product

import pytest

from cti_daemon.model.reasons import Condition, NodeState, Verdict
from cti_daemon.policy.table import CONDEMNED, TABLE, better, row, shown

ALL = list(product(Condition, Condition, Condition))


@pytest.mark.parametrize(("links", "sip", "edge"), ALL)
def test_every_combination_of_evidence_has_a_row(links: Condition, sip: Condition, edge: Condition) -> None:
    assert row(links, sip, edge) in TABLE


@pytest.mark.parametrize(("links", "sip", "edge"), ALL)
def test_silence_condemns_only_with_the_edges_word(links: Condition, sip: Condition, edge: Condition) -> None:
    """ "Two networks and two vantage points before a verdict": only the kernel's own refusal needs no second witness."""
    verdict = row(links, sip, edge).verdict
    if verdict in CONDEMNED:
        assert edge is Condition.LOST or (links is Condition.REFUSED and sip is Condition.REFUSED)


@pytest.mark.parametrize(("links", "sip", "edge"), ALL)
def test_a_living_sip_stack_that_the_edge_hears_is_never_condemned(links: Condition, sip: Condition, edge: Condition) -> None:
    if sip is Condition.OK and edge is not Condition.LOST:
        assert row(links, sip, edge).verdict not in CONDEMNED


def test_every_row_can_be_reached() -> None:
    reached = {row(*facts) for facts in ALL}
    assert reached == set(TABLE)


def test_the_better_network_decides() -> None:
    """ "Losing either is no failover": one network's silence beside the other's health is health."""
    for other in Condition:
        assert better([Condition.OK, other]) is Condition.OK
        assert better([other, Condition.OK]) is Condition.OK


def test_each_verdict_has_one_of_the_states_people_see() -> None:
    assert {shown(v) for v in CONDEMNED} == {NodeState.DOWN}
    assert shown(Verdict.CONTROL_LOST) is NodeState.UNKNOWN
    assert shown(Verdict.PROBE_BROKEN) is NodeState.HEALTHY
