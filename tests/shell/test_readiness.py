"""4-interfaces: `/readyz` (config, journal, first links)."""

from dataclasses import replace

import pytest

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import NodeState
from cti_daemon.shell.readiness import Readiness
from tests.shell.conftest import Picture

NODES = [NodeName(name) for name in ("edge1", "pbx-a", "pbx-b")]


@pytest.fixture
def readiness(picture: Picture) -> Readiness:
    return Readiness(NODES, picture, lambda: True)


def show(picture: Picture, name: str, state: NodeState) -> None:
    nodes = tuple(replace(node, state=state) if node.name == name else node for node in picture.now.nodes)
    picture.now = replace(picture.now, nodes=nodes)


def waiting(readiness: Readiness) -> list[str]:
    return [name for name, holds in readiness.checks().items() if not holds]


def test_every_node_is_waited_for_until_its_first_link(readiness: Readiness) -> None:
    assert waiting(readiness) == ["link edge1", "link pbx-a", "link pbx-b"]
    for node in NODES:
        readiness.link_is_up(node)
    assert readiness.checks() == {"config": True, "journal": True, "link edge1": True, "link pbx-a": True, "link pbx-b": True}


def test_a_server_that_dies_later_does_not_make_the_daemon_unready(readiness: Readiness, picture: Picture) -> None:
    for node in NODES:
        readiness.link_is_up(node)
    for state in NodeState:
        show(picture, "pbx-a", state)
        assert waiting(readiness) == []


@pytest.mark.parametrize("known", [NodeState.DOWN, NodeState.MAINTENANCE])
def test_a_server_that_was_dead_before_we_came_is_not_waited_for(readiness: Readiness, picture: Picture, known: NodeState) -> None:
    readiness.link_is_up(NODES[0])
    readiness.link_is_up(NODES[2])
    show(picture, "pbx-a", known)
    assert waiting(readiness) == []


@pytest.mark.parametrize("state", [NodeState.UNKNOWN, NodeState.SUSPECT, NodeState.HEALTHY])
def test_a_server_that_lives_and_does_not_let_us_in_is_waited_for(readiness: Readiness, picture: Picture, state: NodeState) -> None:
    """A wrong secret: its SIP answers, so it is not dead, and we cannot guard it."""
    readiness.link_is_up(NODES[0])
    readiness.link_is_up(NODES[2])
    show(picture, "pbx-a", NodeState.DOWN)
    show(picture, "pbx-a", state)
    assert waiting(readiness) == ["link pbx-a"]


def test_a_journal_that_fails_is_told(picture: Picture) -> None:
    assert waiting(Readiness([], picture, lambda: False)) == ["journal"]
