"""Seat verbs on real Asterisks: over MQTT and the command line, "on the serving node and the mirror", refused in words, and once only."""

import uuid

import pytest

from lab import daemon, engineer, faults, page, places
from lab.deadline import wait_until
from lab.layout import PBX_A, PBX_B
from lab.office import SUPPORT
from lab.trial import wait_daemon
from tests.live.test_commands import cti

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]
PLACE = (SUPPORT, "PJSIP/seat41")
"""In `hotline` by its file, in `support` when it logs in."""


def _places() -> list[tuple[str, str, str, str] | None]:
    return [places.of(host).get(PLACE) for host in (PBX_A, PBX_B)]


def test_seats_are_logged_in_paused_and_logged_out_by_order(site: None) -> None:
    """Each answer says what both servers hold at that moment: nobody has to look again."""
    done = engineer.command("alice", "seat-login", args={"seat": "seat41", "queues": [SUPPORT], "penalty": 3, "name": "王 41"})
    assert (done["status"], done["code"], done["data"]) == ("ok", "done", {"nodes": {PBX_A.name: "done", PBX_B.name: "done"}})
    assert _places() == [("dynamic", "0", "", "3")] * 2

    paused = cti("seat-pause", "seat41", "--queue", SUPPORT, "--reason", "午休", "--yes")
    assert (paused.returncode, f"seat41 is paused in {SUPPORT} (午休)" in paused.stdout) == (0, True), paused.stderr
    assert _places() == [("dynamic", "1", "午休", "3")] * 2
    again = cti("seat-pause", "seat41", "--queue", SUPPORT, "--reason", "午休", "--yes")
    assert (again.returncode, "it is so already" in again.stdout) == (0, True)

    everywhere = engineer.command("alice", "seat-pause", args={"seat": "seat41", "reason": "training"})
    assert (everywhere["code"], "hotline, support" in everywhere["message"]) == ("done", True)
    assert places.of(PBX_B)["hotline", "PJSIP/seat41"][:3] == ("static", "1", "training")

    refusals = {
        "wrong_target": ("seat-pause", {"seat": "seat99"}),
        "unknown_key": ("seat-pause", {"seat": "seat41", "why": "x"}),
        "malformed": ("seat-login", {"seat": "seat41"}),
        "not_allowed": ("seat-logout", {"seat": "seat41"}),
    }
    for code, (verb, args) in refusals.items():
        answer = engineer.command("bob" if code == "not_allowed" else "alice", verb, args=args)
        assert (answer["status"], answer["code"]) == ("rejected", code), answer
    assert "no queue sales" in engineer.command("alice", "seat-login", args={"seat": "seat41", "queues": ["sales"]})["message"]
    assert "pause it instead" in engineer.command("alice", "seat-logout", args={"seat": "seat1"})["message"]

    _known_over_a_restart()
    _while_a_server_is_away()


def _known_over_a_restart() -> None:
    """ "Idempotency over restarts": the daemon is killed, the same id comes again, and the seat stays as a person has set it since."""
    name = uuid.uuid4().hex
    first = engineer.command("alice", "seat-unpause", id=name, args={"seat": "seat41"})
    assert first["code"] == "done"
    engineer.command("alice", "seat-pause", args={"seat": "seat41", "reason": "since then"})
    daemon.kill()
    daemon.start()
    wait_daemon(serving=PBX_A.name)
    again = engineer.command("alice", "seat-unpause", id=name, args={"seat": "seat41"})
    assert (again["status"], again["code"], again["message"], again["data"]) == (
        "duplicate",
        first["code"],
        first["message"],
        first["data"],
    )
    assert _places() == [("dynamic", "1", "since then", "3")] * 2


def _while_a_server_is_away() -> None:
    faults.kill(PBX_B)
    wait_until("pbx-b to be given up", lambda: _verdict(PBX_B.name) == "dead", 5)
    done = engineer.command("alice", "seat-logout", args={"seat": "seat41", "queues": [SUPPORT]})
    assert (done["code"], done["data"]["nodes"]) == ("done", {PBX_A.name: "done", PBX_B.name: "away"})
    faults.restart(PBX_B)
    wait_until("pbx-b to be told when it is back", lambda: _places() == [None, None], 20)


def _verdict(node: str) -> str:
    return next(str(found["verdict"]) for found in page.status()["nodes"] if found["node"] == node)
