"""What leaves over a link while another daemon has the lease: questions, and the contest itself."""

from collections.abc import Callable

import pytest

from cti_daemon.model.effects import RescueLeg, SetRoute
from cti_daemon.model.events import Outcome
from cti_daemon.model.ids import ChannelName, NodeName, Uniqueid
from cti_daemon.model.reasons import Result, Role
from cti_daemon.model.settings import Settings
from cti_daemon.shell.ami.hands import Hands
from cti_daemon.shell.ami.node_links import NOT_OURS
from tests.shell.ami.conftest import Watched
from tests.shell.ami.fake_node import FakeNode

EDGE = NodeName("edge1")


@pytest.fixture
async def watched(fake: FakeNode, watch: Callable[..., Watched]) -> Watched:
    found = watch(Role.EDGE)
    await found.until_both_up()
    fake.actions.clear()
    return found


async def test_a_lease_that_ends_in_the_middle_of_an_effect_lets_the_rest_of_it_not_out(
    fake: FakeNode, watched: Watched, settings: Settings
) -> None:
    """ "A frozen process resumed in the middle of an effect must not act": the ringing callers were sent on, then the lease ended."""
    asked = iter([True, False, False])
    watched.links.may_act = lambda: next(asked)
    legs = [RescueLeg(n, EDGE, Uniqueid(f"u{n}"), ChannelName(f"PJSIP/c-{n}"), 3, is_ringing=n == 1) for n in (1, 2)]
    outcomes = await Hands(settings, {EDGE: watched.links}).do(legs)
    assert [action["Channel"] for action in fake.actions if action["Action"] == "Redirect"] == ["PJSIP/c-1"]
    assert outcomes[1] == Outcome(2, Result.FAILED, NOT_OURS)
    (outcome,) = await Hands(settings, {EDGE: watched.links}).do([SetRoute(3, EDGE, (NodeName("pbx-b"),), 4)])
    assert outcome.result is Result.FAILED


async def test_who_stands_by_may_ask_and_may_contend(fake: FakeNode, watched: Watched) -> None:
    watched.links.may_act = lambda: False
    reply = await watched.links.act({"Action": "Getvar", "Variable": "CTI_ROUTE"})
    assert reply.result is Result.DONE
    claim = {"Action": "Setvar", "Variable": "CTI_LEASE", "Value": "x"}
    (done,) = await watched.links.act_many([claim], is_for_lease=True)
    (refused,) = await watched.links.act_many([claim])
    assert (done.result, refused.result) == (Result.DONE, Result.FAILED)
    assert len([action for action in fake.actions if action["Action"] == "Setvar"]) == 1
