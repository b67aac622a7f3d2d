"""`drill-start` and `drill-stop` on the live lab: test calls go to the emergency seats and back, real calls do not notice."""

import urllib.request
from typing import Any

import pytest

from lab import carrier, daemon, engineer, network, page
from lab.ami import Ami
from lab.carrier import Audio, Group
from lab.deadline import wait_until
from lab.layout import CTI, EDGE, EMG, METRICS_PORT, PBX_A
from lab.office import TEST_NUMBER
from lab.trial import wait_daemon
from tests.live.test_commands import cti, cti_journal

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]
REAL = Group("real", 0, 4, 20, 60, Audio.SPARSE)
MORE = Group("more", 1, 2, 20, 60, Audio.SPARSE)


def _tests(name: str, slot: int, calls: int) -> Group:
    return Group(name, slot, calls, 20, 60, Audio.SPARSE, service=TEST_NUMBER)


def _talking() -> dict[str, int]:
    return {node["node"]: node["callers"].get("talking", 0) for node in page.status()["nodes"] if node["role"] != "edge"}


def _drill() -> dict[str, Any]:
    found: dict[str, Any] = page.status()["drill"] or {}
    return found


def _metric(name: str) -> float:
    with network.entered(CTI.namespace), urllib.request.urlopen(f"http://127.0.0.1:{METRICS_PORT}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(name))


def _switch() -> str:
    with Ami(EDGE) as edge:
        return edge.get("CTI_DRILL")


def _talk(wanted: dict[str, int]) -> None:
    wait_until(f"callers to talk: {wanted}", lambda: wanted.items() <= _talking().items(), 15, evidence=lambda: str(_talking()))


def test_test_calls_go_to_the_emergency_seats_and_back(site: None) -> None:
    groups = [REAL, MORE, *(_tests(name, slot, calls) for name, slot, calls in (("tests", 2, 3), ("later", 3, 1), ("home", 4, 1)))]
    try:
        _play(groups)
    finally:
        for group in groups:
            carrier.stop(group)


def _play(groups: list[Group]) -> None:
    real, more, tests, later, home = groups
    carrier.start(real)
    _talk({PBX_A.name: 4, EMG.name: 0})
    begun = cti("drill-start", "--for", "5m", "--reason", "quarterly check", "--yes")
    assert (begun.returncode, "real calls are not touched" in begun.stdout) == (0, True), begun.stderr
    wait_until("the edge to hold the switch", lambda: _switch() == EMG.name, 3)
    assert _metric('cti_drill{kind="emergency-seats"}') == 1

    carrier.start(tests)
    carrier.start(more)
    _talk({PBX_A.name: 6, EMG.name: 3})
    wait_until("every test call to be counted", lambda: (_drill()["calls"], _drill()["answered"]) == (3, 3), 5)

    daemon.kill()
    daemon.start()
    wait_daemon()
    assert (_drill()["calls"], _drill()["answered"], len(_drill()["seats"])) == (3, 3, 3)
    carrier.start(later)
    wait_until("the drill to go on", lambda: _drill()["answered"] == 4, 15)

    ended = engineer.command("alice", "drill-stop", reason="seen enough")
    assert (ended["status"], ended["data"]["calls"], ended["data"]["answered"]) == ("accepted", 4, 4)
    assert all(seat.startswith("eseat") for seat in ended["data"]["seats"])
    wait_until("the edge to give the switch back", lambda: _switch() == "", 3)
    assert _metric('cti_drill{kind="emergency-seats"}') == 0
    carrier.start(home)
    _talk({PBX_A.name: 7, EMG.name: 4})
    status = page.status()
    assert (status["mode"], status["epoch"], status["serving"]) == ("normal", 0, PBX_A.name)

    written = cti_journal("drill")
    assert [entry["data"]["state"] for entry in written] == ["began", *["seat"] * 4, "ended"]
    last = written[-1]["data"]
    assert (last["user"], last["ended_by"], last["evaluation"], last["how"]) == ("root", "alice", "passed", "stopped")
