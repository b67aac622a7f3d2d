"""What became of everybody while the emergency seats were tried: live calls by the carrier's log, seats by their telephones, figures by the
daemon's page for Prometheus, and the record against all of them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from lab import audience, count, judge, orders, page
from lab.aftermath import register_rows
from lab.deadline import wait_until
from lab.layout import EMG, PBX_A

if TYPE_CHECKING:
    from lab.capture import Capture
    from lab.emergency_drill import Result

LONGEST_SILENCE_SECONDS = 1.0
RECORD_KEYS = frozenset(
    "id kind drill user reason how why ended_by ran_seconds content participants seat_calls live_calls evaluation findings times".split()
)
"""Time, content, participants, evaluation (D7), and what they stand on."""
_EXPECTED = {
    "scheduled": ("done", "failed"),
    "by-hand": ("done", "passed"),
    "rising": ("aborted", "aborted"),
    "standby-dies": ("aborted", "aborted"),
}
_OF_PLAN = {"plan": ("stopped", "aborted")}
MESSAGES = 2 * len(_EXPECTED)
"""To who takes part: the beginning and the end of each drill that was held or aborted."""
_SAMPLE = re.compile(r"(cti_\w+)(?:\{([^}]*)\})? ([0-9.e+-]+)")


@dataclass(slots=True)
class Watch:
    """Looks at the figures while it waits; the highest value of each series."""

    highest: dict[str, float] = field(default_factory=dict)
    before_tests: dict[str, float] = field(default_factory=dict)
    """The same before anybody called the test number: those calls are in the figures of the queue that they reach."""
    rows: list[count.Row] = field(default_factory=list)

    def until(self, what: str, condition: Callable[[], bool], seconds: float) -> None:
        """Wait for it, and look at the page all the while."""

        def look() -> bool:
            self.look()
            return condition()

        wait_until(what, look, seconds, every_seconds=0.3)

    def look(self) -> None:
        """One look. A daemon that is away has no page."""
        for name, labels, value in _SAMPLE.findall((page.read("/metrics") or b"").decode()):
            key = f"{name}{{{labels}}}" if labels else name
            self.highest[key] = max(float(value), self.highest.get(key, 0.0))


def judge_all(result: Result, watch: Watch, capture: Capture, mute: str, seats: int) -> None:
    """Fill in what the witnesses saw, and everything that is wrong."""
    calls = list(judge.read_calls(capture.carrier_sip).values())
    dialogs = judge.read_dialogs(capture.phones_sip)
    _judge_calls(result, calls, dialogs, watch)
    _judge_audio(result, calls, capture)
    _judge_orders(result, capture)
    _judge_seats(result, dialogs, mute, seats)
    _judge_records(result, mute, seats)
    _judge_figures(result, watch, seats)
    _judge_words(result)


def _judge_calls(result: Result, calls: list[judge.Call], dialogs: list[judge.Dialog], watch: Watch) -> None:
    result.new_calls = sum(call.number.startswith("555003") for call in calls)
    result.count = count.count(calls, dialogs, watch.rows)
    result.wrong += result.count.faults()
    ended = Counter(call.number[:6] for call in calls if call.ended_by == "edge")
    if ended:
        result.wrong.append(f"live calls were ended by us: {dict(ended)}")
    refused = [call.number for call in calls if call.refused_status is not None and call.refused_status != 487]
    if refused:
        result.wrong.append(f"{len(refused)} calls were refused")
    strays = sorted({dialog.seat for dialog in dialogs if _is_live(dialog.number) and dialog.node != PBX_A.name})
    if strays:
        result.wrong.append(f"live callers were sent to {strays}")
    moved = [dialog.seat for dialog in dialogs if dialog.replaces]
    if moved:
        result.wrong.append(f"callers were taken over at {moved}")


def _is_live(number: str) -> bool:
    """No caller of the test number."""
    return number.startswith("5550") and not number.startswith("555005")


def _judge_audio(result: Result, calls: list[judge.Call], capture: Capture) -> None:
    audio = judge.read_audio(capture.carrier_rtp)
    holes: list[float] = []
    for call in calls:
        if not call.number.startswith("555002") or call.edge_port is None or call.answered_wall is None:
            continue
        until_wall = call.ended_wall or max(audio.arrivals.get(call.edge_port, [0.0]))
        hole = audio.hole(call.edge_port, call.answered_wall + 3, until_wall)
        holes += [] if hole is None else [hole]
    result.longest_silence_seconds = round(max(holes), 3) if holes else None
    if not holes or (max(holes) > LONGEST_SILENCE_SECONDS and result.was_there):
        result.wrong.append(f"a caller heard nothing for {result.longest_silence_seconds} s; {result.machine}")


def _judge_orders(result: Result, capture: Capture) -> None:
    given = orders.read(capture.orders.values())
    if given.redirects:
        result.wrong.append(f"{len(given.redirects)} redirects left")
    if any(epoch > 0 for epoch in given.epochs):
        result.wrong.append(f"the route was decided anew: {sorted(given.epochs)}")


def _judge_seats(result: Result, dialogs: list[judge.Dialog], mute: str, seats: int) -> None:
    """Every seat was rung, by the emergency system, in the drills that the record says."""
    rung: defaultdict[str, list[judge.Dialog]] = defaultdict(list)
    for dialog in dialogs:
        if dialog.node == EMG.name:
            rung[dialog.seat].append(dialog)
    if len(rung) != seats or not all(seat.startswith("eseat") for seat in rung):
        result.wrong.append(f"rung were {sorted(rung)}")
    for name in ("scheduled", "by-hand"):
        record = result.records.get(name)
        if record is None:
            continue
        until_wall = datetime.fromisoformat(record["wall"]).timestamp()
        from_wall = until_wall - record["ran_seconds"] - 1
        for said in record["seat_calls"]:
            found = [d for d in rung[said["seat"]] if from_wall <= d.invited_wall <= until_wall]
            answered = any(d.answered_wall is not None for d in found)
            if not found or answered != (said["result"] == "answered"):
                result.wrong.append(f"{name}: {said['seat']} is recorded as {said['result']}; its telephone was rung {len(found)} times")
    silent = [call["seat"] for call in result.records.get("scheduled", {}).get("seat_calls", []) if call["result"] == "silent"]
    if silent != [mute]:
        result.wrong.append(f"silent are {silent}; {mute} is right")


def _judge_records(result: Result, mute: str, seats: int) -> None:
    for name, expected in (_EXPECTED | _OF_PLAN).items():
        record = result.records.get(name)
        if record is None:
            result.wrong.append(f"{name}: there is no record")
            continue
        missing = RECORD_KEYS - record.keys()
        if missing:
            result.wrong.append(f"{name}: the record lacks {sorted(missing)}")
        if (record["how"], record["evaluation"]) != expected:
            result.wrong.append(
                f"{name}: {record['how']}, {record['evaluation']}; {expected} is right: {record['findings']} {record['why']}"
            )
        if name in _OF_PLAN:
            continue
        if len(record["seat_calls"]) != seats:
            result.wrong.append(f"{name}: {len(record['seat_calls'])} of {seats} seats are in the record")
        if [one["role"] for one in record["participants"]] != ["duty-lead"]:
            result.wrong.append(f"{name}: who took part is not in the record: {record['participants']}")
    if result.records.get("scheduled", {}).get("user") != "schedule":
        result.wrong.append("the first drill was not begun by the schedule")
    finding = result.records.get("scheduled", {}).get("findings", [])
    if len(finding) != 1 or not finding[0].startswith(f"{mute}: silent"):
        result.wrong.append(f"findings of the first drill: {finding}")


def _judge_figures(result: Result, watch: Watch, seats: int) -> None:
    """What the drill did is marked as drill, and in no figure of callers."""
    wanted = {
        "drill": 'cti_drill{kind="emergency-seats"}',
        "test calls ringing": f'cti_drill_calls{{node="{EMG.name}",state="ringing"}}',
        "answered": 'cti_drill_seat_tests_total{result="answered"}',
        "silent": 'cti_drill_seat_tests_total{result="silent"}',
    }
    result.figures = {what: watch.highest.get(key, -1.0) for what, key in wanted.items()}
    if result.figures["drill"] != 1 or result.figures["test calls ringing"] < 1 or result.figures["answered"] < seats - 1:
        result.wrong.append(f"the figures do not show the drill: {result.figures}")
    for key, value in watch.before_tests.items():
        is_of_callers = key.startswith(("cti_calls{", "cti_edge_legs{")) and f'node="{EMG.name}"' in key
        is_of_queue = key.startswith(("cti_queue_offered_total{", "cti_queue_calls_total{")) and 'queue="emergency"' in key
        if (is_of_callers or is_of_queue) and value > 0:
            result.wrong.append(f"a test call is counted as a caller: {key} = {value:g}")


def _judge_words(result: Result) -> None:
    if len(told()) != MESSAGES:
        result.wrong.append(f"who takes part was told of {sorted(told())}; the beginning and the end of {len(_EXPECTED)} drills are right")
    of_plan = audience.got("seat-system-failure")
    if not {"duty", "board"} <= {message.to for message in of_plan}:
        result.wrong.append(f"the plan's drill told {sorted(message.to for message in of_plan)}")
    if any("DRILL" not in message.title for message in (*of_plan, *audience.got("emergency-seats"))):
        result.wrong.append("a message does not say that it is a drill")


def told() -> set[tuple[str, str]]:
    """Of which drill's beginning and end anybody was told. A kill in the midst of a message may have the deputy told as well."""
    found: set[tuple[str, str]] = set()
    for message in audience.got("emergency-seats"):
        drill = re.search(r"emergency-seats-\d+", message.title)
        found.add((drill[0] if drill else message.title, "end" if "The drill is over" in message.text else "beginning"))
    return found


def take_rows(watch: Watch) -> None:
    """Whom the register holds, while the daemon still runs."""
    watch.rows = register_rows()
