"""The first two commands end to end: an engineer, the broker's access list, the daemon, the edge."""

import pytest

from lab import engineer, page
from lab.ami import Ami
from lab.deadline import LabError, wait_until
from lab.layout import EDGE, PBX_A, PBX_B
from tests.live.conftest import failovers

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]


def test_status_and_failover_by_command(site: None) -> None:
    """ "The `status` and `failover` commands end to end": refused without right or token, done with both, once."""
    status = engineer.command("alice", "status")
    assert (status["status"], status["data"]["serving"]) == ("ok", PBX_A.name)

    assert engineer.command("bob", "failover", dry_run=True)["code"] == "not_allowed"
    with pytest.raises(LabError):
        engineer.command("bob", "failover", as_user="alice", dry_run=True, seconds=2.0)
    assert engineer.command("alice", "failover")["code"] == "confirm_needed"

    plan = engineer.command("alice", "failover", dry_run=True)
    assert plan["code"] == "dry_run"
    assert page.status()["serving"] == PBX_A.name
    done = engineer.command("alice", "failover", confirm=plan["data"]["confirm"], reason="exercise")
    assert done["status"] == "accepted"
    wait_until("the edge to hold the new route", lambda: _route().startswith(PBX_B.name), 2)
    assert page.status()["mode"] == "failed_over"
    assert failovers() == 1
    again = engineer.command("alice", "failover", confirm=plan["data"]["confirm"])
    assert again["status"] == "rejected"


def _route() -> str:
    with Ami(EDGE) as edge:
        return edge.get("CTI_ROUTE")
