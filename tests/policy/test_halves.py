"""A server that died and came back unseen: two facts are needed before anybody is moved (policy/halves.py)."""

import pytest

from cti_daemon.model.call_events import UP, ChannelBridged, ChannelSeen, ChannelsListed
from cti_daemon.model.effects import Effect, ListNode, Record
from cti_daemon.model.events import LegRouted
from cti_daemon.model.ids import CallToken, ChannelName, NodeName, SeatName, Uniqueid
from cti_daemon.policy.halves import LOOK_AGAIN_SECONDS, Halves
from cti_daemon.state.site import Site
from tests.sim.world import EDGE, A, settings

CALLER = Uniqueid("edge-1")
TOKEN = CallToken("token-1")


class Doubt:
    """A caller bridged to pbx-a, whose journalled life is `old`."""

    def __init__(self) -> None:
        self.site = Site(settings(), 0.0)
        self.site.route(LegRouted(EDGE, CALLER, ChannelName("PJSIP/carrier-1"), TOKEN, A, 0), 1.0)
        self.site.bridge(ChannelBridged(EDGE, CALLER, TOKEN), 1.1)
        self.halves = Halves(self.site)
        self.halves.remember({A: "old"})
        self.out: list[Effect] = []

    def listed(self, life: str, *tokens: str | None, at: float, is_every_edge_listed: bool = True) -> bool:
        rows = tuple(_row(n, token) for n, token in enumerate(tokens))
        event = ChannelsListed(A, rows, life=life)
        return self.halves.compare(event, at, self.out, is_every_edge_listed=is_every_edge_listed)

    @property
    def is_orphan(self) -> bool:
        leg = self.site.legs.get(EDGE, CALLER)
        assert leg is not None
        return leg.is_orphan

    @property
    def settled(self) -> list[str]:
        return [effect.data["life"] for effect in self.out if isinstance(effect, Record)]


def _row(number: int, token: str | None) -> ChannelSeen:
    uniqueid = Uniqueid(f"a-{number}")
    channel = ChannelName(f"PJSIP/edge-{number}")
    return ChannelSeen(uniqueid, uniqueid, channel, CallToken(token) if token else None, UP, "", SeatName("edge"))


def test_missing_twice_in_a_new_life_is_lost() -> None:
    doubt = Doubt()
    assert not doubt.listed("new", at=10.0)
    assert not doubt.is_orphan
    assert doubt.halves.look(10.0 + LOOK_AGAIN_SECONDS, doubt.out) > 10.0
    assert ListNode(A) in doubt.out
    assert doubt.listed("new", "token-9", at=10.0 + LOOK_AGAIN_SECONDS)
    assert doubt.is_orphan


def test_settled_and_recorded_only_when_nobody_is_missing_any_more() -> None:
    doubt = Doubt()
    doubt.listed("new", at=10.0)
    doubt.listed("new", at=12.0)
    assert doubt.settled == []
    doubt.site.route(LegRouted(EDGE, CALLER, ChannelName("PJSIP/carrier-1"), TOKEN, NodeName("pbx-b"), 0), 12.1)
    doubt.listed("new", at=13.0, is_every_edge_listed=False)
    assert doubt.settled == []
    doubt.listed("new", at=14.0)
    assert doubt.settled == ["new"]


@pytest.mark.parametrize("life", ["old", ""], ids=["the same life", "a life that cannot be read"])
def test_nobody_is_lost_in(life: str) -> None:
    doubt = Doubt()
    assert not doubt.listed(life, at=10.0)
    assert not doubt.listed(life, at=20.0)
    assert not doubt.is_orphan


def test_a_first_life_is_only_remembered() -> None:
    doubt = Doubt()
    doubt.halves = Halves(doubt.site)
    assert not doubt.listed("new", at=10.0)
    assert not doubt.listed("new", at=20.0)
    assert doubt.settled == ["new"]


def test_who_is_in_the_list_is_served() -> None:
    doubt = Doubt()
    assert not doubt.listed("new", "token-1", at=10.0)
    assert not doubt.listed("new", "token-1", at=20.0)
    assert doubt.settled == ["new"]


def test_channels_without_any_token_prove_nothing() -> None:
    doubt = Doubt()
    assert not doubt.listed("new", None, None, at=10.0)
    assert not doubt.listed("new", None, None, at=20.0)
    assert not doubt.is_orphan


def test_a_caller_dialled_anew_between_the_lists_is_another_chapter() -> None:
    doubt = Doubt()
    doubt.listed("new", at=10.0)
    doubt.site.route(LegRouted(EDGE, CALLER, ChannelName("PJSIP/carrier-1"), TOKEN, A, 0), 10.9)
    doubt.site.bridge(ChannelBridged(EDGE, CALLER, TOKEN), 10.95)
    assert not doubt.listed("new", at=11.0)
    assert not doubt.is_orphan
