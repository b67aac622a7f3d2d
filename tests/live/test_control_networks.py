"""F5, its first lines: the loss of one control network is no failover and costs no call."""

import pytest

from lab import faults, page
from lab.ami import Ami
from lab.deadline import wait_until
from lab.layout import EDGE, PBX_A, Net
from lab.score import score
from lab.trial import Load, Trial
from tests.live.conftest import failovers, say

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
CUT_SECONDS = 60.0


def _callers_legs() -> int:
    """Callers' legs on the edge, by the edge's own word."""
    with Ami(EDGE) as edge:
        rows = edge.list("CoreShowChannels", "CoreShowChannelsComplete")
    return sum(row.get("Channel", "").startswith("PJSIP/carrier") for row in rows)


def _held() -> int:
    """The same, as the daemon has them."""
    return sum(sum(node["callers"].values()) for node in page.status()["nodes"])


def _picture() -> tuple[str, set[str]]:
    """The primary's lost paths, and every state that a node is in."""
    nodes = {node["node"]: node for node in page.status()["nodes"]}
    return "".join(nodes[PBX_A.name]["degraded_paths"]), {node["state"] for node in nodes.values()}


@pytest.mark.parametrize("net", [Net.CTL_A, Net.CTL_B])
def test_a_lost_control_network_moves_nobody(site: None, net: Net) -> None:
    """Cut for 60 s under load: zero failovers, no caller lost, no new call lost, the state still right."""
    load = Load(loud=10, quiet=20, waiting=0, new_per_second=2)

    def cut() -> float:
        return faults.cut(net)

    def look() -> None:
        # On a busy machine a node is suspect for a moment now and then: asked until the picture is the whole one.
        wait_until(
            "every node to be healthy, one path lost",
            lambda: _picture() == (net.value[-1:], {"healthy"}),
            10,
            evidence=lambda: str(_picture()),
        )
        # Callers come and go between two questions: asked until both answers are of one moment.
        wait_until("the daemon to hold the edge's legs", lambda: _held() == _callers_legs(), 10)

    seen = Trial(load, say).run(cut, watch_seconds=CUT_SECONDS, at_the_end=look)
    result = score(seen)
    print(result)
    assert failovers() == 0
    assert result.calls_lost == 0
    assert result.new_calls_failed == 0
    assert result.calls_kept == result.calls_before == 30
    faults.mend(net)
