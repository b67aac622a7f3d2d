"""Commands end to end: an engineer, the broker's access list or the control socket, the daemon, the edge."""

import json
import subprocess
import sys
from typing import Any

import pytest

from lab import daemon, engineer, network, page
from lab.ami import Ami
from lab.deadline import LabError, wait_until
from lab.layout import CTI, EDGE, PBX_A, PBX_B
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


def cti(*words: str) -> subprocess.CompletedProcess[str]:
    """The command line beside the daemon, as root, who has the engineer's role in the lab."""
    command = [sys.executable, "-m", "cti_daemon", *words, "--config", str(daemon.CONFIGURATION)]
    inside = [*network.inside(CTI.namespace), *command]
    return subprocess.run(inside, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)


def test_the_command_line_shows_the_plan_asks_orders_and_tells_the_end(site: None) -> None:
    """ "The verbs with plan → confirm → progress → result, talking to the running daemon over a local Unix socket"."""
    plan = cti("switchover", "--dry-run")
    assert (plan.returncode, PBX_B.name in plan.stdout) == (0, True)
    unasked = cti("switchover")
    assert (unasked.returncode, "nobody is there to be asked: add --yes" in unasked.stderr) == (4, True)
    assert page.status()["serving"] == PBX_A.name

    done = cti("switchover", "--yes", "--reason", "exercise")
    assert done.returncode == 0, done.stderr
    assert f"done: {PBX_B.name} serves" in done.stdout
    assert _route().startswith(PBX_B.name)

    refused = cti("switchover", "--to", PBX_B.name, "--yes")
    assert (refused.returncode, "serves already" in refused.stderr) == (3, True)
    as_json = json.loads(cti("maintenance-on", PBX_A.name, "--for", "5m", "--yes", "--format", "json").stdout)
    assert as_json["status"] == "accepted"
    home = cti("failback", "--yes")
    assert (home.returncode, "maintenance" in home.stderr) == (3, True)
    assert cti("maintenance-off", PBX_A.name, "--yes").returncode == 0
    assert cti("failback", "--yes").returncode == 0
    assert _route().startswith(PBX_A.name)
    assert cti("note", "it was an exercise").returncode == 0
    written = cti_journal()
    assert [(e["data"]["user"], e["data"]["verb"]) for e in written if e["data"]["code"] == "accepted"] == [
        ("root", "switchover"),
        ("root", "maintenance-on"),
        ("root", "maintenance-off"),
        ("root", "failback"),
    ]
    assert written[-1]["data"]["args"] == {"text": "it was an exercise"}


def cti_journal(kind: str = "command") -> list[dict[str, Any]]:
    words = [sys.executable, "-m", "cti_daemon", "journal", "export", str(daemon.JOURNAL), "--kind", kind]
    return [json.loads(line) for line in subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()]


def _route() -> str:
    with Ami(EDGE) as edge:
        return edge.get("CTI_ROUTE")
