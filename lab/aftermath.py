"""`make drill NAME=callbacks`: primary and standby are killed with live calls, and the edge too, so that nobody can be kept. Everyone who
was lost must be in the register once, and be called back on the emergency seats when they are free; who rings in again is not called.

Judged from outside: the register by the command line, the call-backs by captures at the carrier and at the telephones. CALLS=n callers,
four fifths of them talking; result in build/drills/callbacks.json."""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab import bench, carrier, daemon, faults, judge, pcap, sip, tally, telephones
from lab.ami import Ami
from lab.capture import Capture
from lab.carrier import Audio, Group
from lab.count import Count, Row, count
from lab.deadline import wait_until
from lab.layout import CARRIER, EDGE, EMG, PBX_A, PBX_B, REPOSITORY, RUN, Net, Size
from lab.site import with_callbacks
from lab.trial import agents_talking, callers_waiting, start_daemon

CALLED_BACK_SECONDS = 60.0
"""Promised, from the moment at which a seat is free."""
CONFIGURATION = f"""{daemon.REGISTER}
[callback]
dial = "{telephones.dial()}"
lines = 10
spare_seats = 0
retry_seconds = 20
ring_seconds = 10
"""


@dataclass(slots=True)
class Result:
    """What became of everybody. Numbers of the lab are fictional."""

    callers: int
    rang_in: int
    registered: int = 0
    missing: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    """In the register, and nobody lost them."""
    rung: int = 0
    rung_twice: list[str] = field(default_factory=list)
    rung_in_vain: list[str] = field(default_factory=list)
    """Who had rung in again, and was called all the same."""
    not_reached: list[str] = field(default_factory=list)
    """Who was not with an emergency seat in time."""
    late: list[str] = field(default_factory=list)
    unserved: list[str] = field(default_factory=list)
    """Who had rung in again, and was with no seat."""
    last_reached_seconds: float | None = None
    """From the first free seat."""
    edge_away_seconds: float = 0.0
    count: Count = field(default_factory=Count)
    states: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def play(callers: int, rang_in: int, *, emergency_seats: int = 20) -> Result:
    """Run it on a fresh lab."""
    talking = callers * 4 // 5
    talkers = Group("lost", 1, talking, 20, 300, Audio.SPARSE)
    waiters = Group("lost-waiting", 2, callers - talking, 10, 300, Audio.SPARSE)
    again = Group("again", 3, rang_in, 20, 300, Audio.SPARSE, known_as=talkers.number_prefix)
    result = Result(callers, rang_in)
    bench.up(Size(seats=max(talking, 10), emergency_seats=emergency_seats), lambda _text: None, with_callbacks)
    capture = Capture(RUN / "callbacks")
    try:
        start_daemon(more=CONFIGURATION)
        telephones.start()
        capture.start_sip()
        _place(talkers, waiters)
        _pause_emergency_seats(paused=True)
        faults.kill(PBX_A)
        faults.kill(PBX_B)
        struck_wall = faults.kill(EDGE)
        for group in (talkers, waiters):
            carrier.stop(group)
        faults.restart(EDGE)
        _wait_emergency()
        result.edge_away_seconds = round(time.time() - struck_wall, 1)
        carrier.start(again)
        with Ami(EMG) as emergency:
            wait_until("who rings in again to wait", lambda: len(callers_waiting(emergency)) >= rang_in, 30)
        wait_until("everybody to be in the register", lambda: len(_rows()) >= callers, 30)
        _pause_emergency_seats(paused=False)
        free_wall = time.time()
        wait_until("every row to be closed", _is_all_closed, CALLED_BACK_SECONDS + 30, every_seconds=1.0, evidence=lambda: str(_states()))
        time.sleep(3.0)  # nobody may be called after that
    finally:
        rows = _collect(result)
        capture.stop()
        for group in (talkers, waiters, again):
            carrier.stop(group)
        telephones.stop()
        daemon.stop()
    calls = judge.read_calls(capture.carrier_sip).values()
    result.count = count(calls, judge.read_dialogs(capture.phones_sip), rows, edge_died_wall=struck_wall)
    lost = {f"{group.number_prefix}{n}" for group in (talkers, waiters) for n in range(1, group.calls + 1)}
    _judge(result, capture, lost, again, free_wall)
    return result


def _wait_emergency() -> None:
    """Return when the edge reaches the emergency system again."""
    with Ami(EDGE) as edge:
        wait_until(
            "the edge to reach the emergency system",
            lambda: edge.get("PJSIP_AOR(emg,contact)") != "" and edge.get("DEVICE_STATE(PJSIP/emg)") == "NOT_INUSE",
            15,
            every_seconds=0.1,
        )


def _place(talkers: Group, waiters: Group) -> None:
    with Ami(EDGE) as edge:
        edge.set("CTI_TRY_SECONDS", "10")
    carrier.start(talkers)
    with Ami(PBX_A) as pbx:
        wait_until(f"{talkers.calls} callers to talk", lambda: len(agents_talking(pbx)) >= talkers.calls, 40, every_seconds=0.2)
        carrier.start(waiters)
        wait_until(f"{waiters.calls} callers to wait", lambda: len(callers_waiting(pbx)) >= waiters.calls, 30)
    time.sleep(1.0)


def _pause_emergency_seats(*, paused: bool) -> None:
    with Ami(EMG) as emergency:
        for row in emergency.list("QueueStatus", "QueueStatusComplete"):
            if row["Event"] == "QueueMember":
                emergency.do("QueuePause", Queue=row["Queue"], Interface=row["Location"], Paused=str(paused).lower())


def ask(do: str, **args: object) -> dict[str, Any]:
    """Return what the daemon answers to `privacy`, over its own socket, as root."""
    body = {"id": uuid.uuid4().hex, "issued_at": time.time(), "reason": "drill", "args": {"do": do, **args}}
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(10)
        control.connect(str(daemon.FOLDER / "control.sock"))
        control.sendall(f"privacy {json.dumps(body)}\n".encode())
        with control.makefile() as stream:
            answer: dict[str, Any] = json.loads(stream.readline())
    return answer


def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ask("list")["data"].get("rows", [])
    return [row for row in rows if row["harm"] != "emergency"]


def register_rows() -> list[Row]:
    """The whole register, numbers shown: the drill's officer has that right."""
    rows: list[dict[str, Any]] = ask("list")["data"].get("rows", [])
    return [Row(str(ask("show", row=row["row"])["data"].get("number")), row["harm"], row["state"], row["result"]) for row in rows]


def _states() -> Counter[str]:
    return Counter(f"{row['state']}: {row['result']}" for row in _rows())


def _is_all_closed() -> bool:
    rows = _rows()
    return bool(rows) and all(row["state"] == "closed" for row in rows)


def _collect(result: Result) -> list[Row]:
    """Whom the register holds, by number."""
    rows = [row for row in register_rows() if row.harm != "emergency"]
    numbers = Counter(row.number for row in rows)
    result.registered = len(rows)
    result.states = dict(Counter(f"{row.state}: {row.result.split(',')[0]}" for row in rows))
    result.doubles = sorted(number for number, times in numbers.items() if times > 1)
    result.strangers = sorted(numbers)  # `_judge` takes out who was lost
    return rows


def _judge(result: Result, capture: Capture, lost: set[str], again: Group, free_wall: float) -> None:
    found = set(result.strangers)
    result.missing, result.strangers = sorted(lost - found), sorted(found - lost)
    rang_in = {f"{again.number_prefix}{n}" for n in range(1, again.calls + 1)}
    calls = Counter(rung(capture.carrier_sip))
    result.rung = sum(calls.values())
    result.rung_twice = sorted(number for number, count in calls.items() if count > 1)
    result.rung_in_vain = sorted(rang_in & calls.keys())
    served: dict[str, float] = {}
    for dialog in judge.read_dialogs(capture.phones_sip):
        if dialog.node == EMG.name and dialog.answered_wall is not None:
            served.setdefault(dialog.number, dialog.answered_wall)
    result.not_reached = sorted(lost - rang_in - served.keys())
    result.unserved = sorted(rang_in - served.keys())
    after = {number: wall - free_wall for number, wall in served.items() if number in lost - rang_in}
    result.late = sorted(number for number, seconds in after.items() if seconds > CALLED_BACK_SECONDS)
    result.last_reached_seconds = round(max(after.values()), 1) if after else None
    kinds = ("missing", "doubles", "strangers", "rung_twice", "rung_in_vain", "not_reached", "late", "unserved")
    result.wrong = [f"{len(getattr(result, kind))} {kind}" for kind in kinds if getattr(result, kind)] + result.count.faults()


def rung(path: Path) -> list[str]:
    """Return whom the edge rang up: a number for each INVITE outside of a dialog, repeats left out."""
    found: dict[str, str] = {}
    with path.open("rb") as stream:
        for datagram in pcap.read(stream):
            message = sip.parse(datagram.payload)
            is_ours = datagram.target == CARRIER.address(Net.SVC) and datagram.target_port == telephones.PORT
            if message is not None and is_ours and message.is_request and message.method == "INVITE" and message.is_first:
                found[message.call_id] = message.user("uri")
    return list(found.values())


def main() -> int:
    """Play it once; 0 when nothing was wrong."""
    callers = int(os.environ.get("CALLS") or 50)
    print(f"drill callbacks: both media servers and the edge die with {callers} callers; everyone is called back", flush=True)
    try:
        result = play(callers, rang_in=max(1, callers // 10))
    finally:
        if not os.environ.get("KEEP"):
            bench.down()
    tally.FOLDER.mkdir(parents=True, exist_ok=True)
    path = tally.FOLDER / "callbacks.json"
    path.write_text(json.dumps(asdict(result), indent=2) + "\n")
    print(json.dumps(asdict(result), indent=2), flush=True)
    print(f"{'FAILED ' + '; '.join(result.wrong) if result.wrong else 'passed'}; {path.relative_to(REPOSITORY)}", flush=True)
    return 1 if result.wrong else 0
