"""What people press, and what is recorded, on live calls: an agent's feature code (D8), a caller's grade (G4), an outside emergency seat
(C1), recordings over the death of the primary (A3)."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest

from lab import bench, carrier, daemon, faults, judge, keys, page
from lab.ami import Ami
from lab.capture import Capture
from lab.carrier import Audio, Group
from lab.deadline import wait_until
from lab.engineer import command
from lab.layout import EMG, PBX_A, PBX_B, REPOSITORY, RUN, Host, Size
from lab.trial import agents_talking, start_daemon

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]
CONFIGURATION = f'[plans]\nfolder = "{REPOSITORY}/config/plans"\n[recording]\nwithin = 2\n'
LONG = Group("long", 9, 2, 10, 60, Audio.SPARSE)
OUTSIDE = Group("outside", 7, 1, 1, 60, Audio.FULL)
GRADES = {"2": "satisfied", "8": "none", "5": "very_dissatisfied"}
ASKED = [Group(f"asked{key}", int(key), 1, 1, 30, Audio.NONE) for key in GRADES]


def _everything(host: Host, files: dict[str, str]) -> dict[str, str]:
    for change in (keys.with_fault_code, keys.with_survey, keys.with_recording, keys.with_outside_seats):
        files = change(host, files)
    return files


@pytest.fixture
def site() -> Iterator[Capture]:
    bench.up(Size(seats=5, emergency_seats=1), print, _everything)
    capture = Capture(RUN / "keys")
    try:
        keys.write_sounds()
        start_daemon(more=CONFIGURATION)
        capture.start()
        yield capture
    finally:
        for group in (LONG, OUTSIDE, *ASKED):
            carrier.stop(group)
        capture.stop()
        daemon.stop()
        bench.down()


def _entries(kind: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"file:{daemon.JOURNAL}?mode=ro", uri=True, timeout=1.0)) as journal:
        return [json.loads(data) for (data,) in journal.execute("SELECT data FROM entries WHERE kind = ? ORDER BY seq", (kind,))]


def _counted(name: str) -> dict[str, int]:
    """A counter's or gauge's samples by their last label, of the page itself."""
    lines = [line for line in (page.read("/metrics") or b"").decode().splitlines() if line.startswith(name) and not line.startswith("#")]
    return {line.partition("{")[2].partition("}")[0]: int(float(line.rpartition(" ")[2])) for line in lines if not line.endswith(" 0.0")}


def _marks() -> int:
    return _counted("cti_fault_marks_total").get('kind="network"', 0)


def test_what_is_pressed_and_what_is_recorded(site: Capture) -> None:
    carrier.start(LONG)
    with Ami(PBX_A) as pbx:
        wait_until("two callers to talk", lambda: len(agents_talking(pbx)) == 2, 30)
        talkers = agents_talking(pbx)
        for group, key in zip(ASKED, GRADES, strict=True):
            keys.call(group, ((7.0, key),))
        wait_until("five callers to talk", lambda: len(agents_talking(pbx)) == 5, 10)
        graded = [seat for seat in agents_talking(pbx) if seat not in talkers]

    # D8: each caller once, however often the agent presses. (No caller presses it here: these telephones echo what they hear, keys too.)
    with Ami(PBX_A) as pbx:
        legs = [row["Channel"] for row in pbx.list("CoreShowChannels", "CoreShowChannelsComplete")]
        may_press = {leg.partition("-")[0] for leg in legs if pbx.get("DYNAMIC_FEATURES", leg) == "cti-fault"}
    assert may_press == {f"PJSIP/{seat}" for seat in (*talkers, *graded)}
    keys.press(graded, keys.FAULT_CODE)
    keys.press(graded[:1], keys.FAULT_CODE)
    wait_until("three marks", lambda: _marks() == 3, 3, evidence=lambda: f"{_marks()} are there")
    wait_until("the plan to open", lambda: any(i["plan"] == "network-loss" for i in page.status()["incidents"]), 3)
    assert sorted(entry["seat"] for entry in _entries("fault_mark")) == graded

    # G4: asked when the agent has hung up. (That 2 and 5 arrive shows that callers' keys do.)
    keys.hang_up(graded)
    wait_until("three answers", lambda: len(_entries("survey")) == 3, 15, evidence=lambda: str(_entries("survey")))
    assert _marks() == 3
    assert _counted("cti_survey_answers_total") == {f'grade="{grade}",queue="hotline"': 1 for grade in GRADES.values()}
    assert not [value for entry in _entries("survey") for value in entry.values() if "555" in str(value)]

    # A3: recorded, cut by the death, recorded again on the standby, the pieces linked by one name.
    wait_until("two to be recorded", lambda: _counted("cti_calls_recorded") == {'node="pbx-a"': 2}, 3)
    faults.kill(PBX_A)
    wait_until("the recordings to go on", lambda: _counted("cti_calls_recorded") == {'node="pbx-b"': 2}, 10)
    assert _counted("cti_calls_unrecorded") == {}
    gaps = _entries("recording")
    print("gaps", [entry["gap_seconds"] for entry in gaps])
    assert [(entry["from"], entry["to"], entry["piece"]) for entry in gaps] == 2 * [("pbx-a", "pbx-b", 2)]
    assert all(0 < entry["gap_seconds"] < 8 for entry in gaps)
    for entry in gaps:
        for host in (PBX_A, PBX_B):
            assert len(list((host.folder / "spool").glob(f"{entry['call']}-*.wav"))) == 1, (host.name, entry)

    # C1: a mailbox, one who presses 9, one who presses 1; the caller hears something all the time.
    plan = command("alice", "emergency-on", dry_run=True, reason="no seats here")
    command("alice", "emergency-on", confirm=plan["data"]["confirm"], reason="no seats here")
    began_wall = time.time()
    carrier.start(OUTSIDE)
    with Ami(EMG) as emg:
        wait_until("an outside seat to talk", lambda: agents_talking(emg) == ["home"], 25, evidence=lambda: str(agents_talking(emg)))
    print("with an outside seat after", round(time.time() - began_wall, 1), "s")
    offers = {f'outcome="{outcome}",seat="{seat}"': 1 for seat, outcome in (("box", "silent"), ("cold", "refused"), ("home", "accepted"))}
    wait_until("the offers to be counted", lambda: _counted("cti_outside_seat_offers_total") == offers, 3)
    assert {(entry["seat"], entry["outcome"], entry["node"]) for entry in _entries("outside_seat")} == {
        ("box", "silent", "emg"),
        ("cold", "refused", "emg"),
        ("home", "accepted", "emg"),
    }
    site.stop()
    heard = judge.read_audio(site.carrier_rtp)
    call = next(c for c in judge.read_calls(site.carrier_sip).values() if c.number.startswith(OUTSIDE.number_prefix))
    assert call.edge_port is not None
    arrivals = heard.arrivals[call.edge_port]
    assert max(b - a for a, b in pairwise(arrivals)) < 0.5
