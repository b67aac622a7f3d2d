"""`make drill NAME=lines-full`: every seat talks and callers wait, until the general and then the major plan is in force; spare seats are
put into the queue and take calls; nobody does what he is told to, so clocks escalate; then it is over, and everybody is told so.

Real calls, real messages; the plans' times are shortened by the site's `time_scale` (30 times, TIME_SCALE to change), and the `gap` of the
plan is made longer in the site's own copy of the file, because telephones do not ring faster. Judged by the clocks of the mail server and
the webhook, by the captures at carrier and telephones, and by queue_log. Result in build/drills/lines-full.json."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab import (
    asterisk,
    audience,
    bench,
    carrier,
    count,
    daemon,
    engineer,
    incident_record,
    judge,
    places,
    queue_log,
    report_figures,
    tally,
    telephones,
)
from lab.aftermath import register_rows
from lab.ami import Ami
from lab.capture import Capture
from lab.carrier import Audio, Group
from lab.deadline import wait_until
from lab.layout import PBX_A, PBX_B, RUN, Host, Size
from lab.sinks import Got
from lab.site import with_callbacks
from lab.trial import agents_talking, callers_waiting, start_daemon

NAME = "lines-full"
INCIDENT = f"{NAME}-1"
SCALE = 1 / 30
GENERAL_SECONDS, MAJOR_SECONDS = 900.0, 1800.0
CLEAR_SECONDS, OBSERVED_SECONDS = 120.0, 300.0
DELIVERY_SECONDS = 20.0
"""What a message may take: processes of their own, several at once, on a machine that is busy with the calls."""
STAGE_SECONDS = 1.5
"""What a stage may be late: facts are looked at every tenth of a second here, and callers are seen within one."""
ANSWER_SECONDS = 5.0
"""From the stage until a spare seat has answered somebody."""
GAP = 'gap = "90s"'
"""Three seconds at this scale: a spare seat is free for that long at most, until it rings."""
SEATS, SPARE = 7, ("seat8", "seat9", "seat10")
_TALK_SECONDS = 150.0

GENERAL, MAJOR, RECOVERED = "the general plan begins", "the major plan begins", "the lines are free again"
ONE_MORE, NEXT_SHIFT, REPAIR, NOTICE = "one more seat", "next shift comes early", "expected to be over", "public notice"
ECHELON = "all seats are manned"


@dataclass(frozen=True, slots=True)
class Due:
    """Who is to be told what, so many seconds of the plan after a stage came into force."""

    to: str
    text: str
    stage_seconds: float
    after_seconds: float = 0.0
    is_late: bool = False
    """It says that a clock has run out."""


DUES = (
    Due("leader", GENERAL, GENERAL_SECONDS),
    Due("duty", GENERAL, GENERAL_SECONDS),
    Due("leader", NEXT_SHIFT, GENERAL_SECONDS),
    Due("maintainer", REPAIR, GENERAL_SECONDS),
    Due("second-leader", GENERAL, GENERAL_SECONDS, 300),
    Due("second-duty", GENERAL, GENERAL_SECONDS, 300),
    Due("supervisor", NEXT_SHIFT, GENERAL_SECONDS, 600, is_late=True),
    Due("supervisor", REPAIR, GENERAL_SECONDS, 900, is_late=True),
    Due("supervisor", MAJOR, MAJOR_SECONDS),
    Due("manager", MAJOR, MAJOR_SECONDS),
    Due("near", ECHELON, MAJOR_SECONDS),
    Due("supervisor", NOTICE, MAJOR_SECONDS),
    Due("manager", NOTICE, MAJOR_SECONDS, 1200, is_late=True),
)


@dataclass(slots=True)
class Result:
    """What the witnesses saw. Seconds are from the instant at which all seats talked and somebody waited."""

    time_scale: float
    stages: dict[str, float] = field(default_factory=dict)
    """When each came into force, by the journal."""
    general_seconds: float | None = None
    """When the first message of the general plan arrived."""
    major_seconds: float | None = None
    told: list[dict[str, object]] = field(default_factory=list)
    extra_seats: dict[str, list[float]] = field(default_factory=dict)
    """When each spare seat answered a caller, by the captures at the telephones."""
    seats_left: dict[str, list[str]] = field(default_factory=dict)
    """Spare seats that were still in the queue in the end, by server."""
    count: count.Count = field(default_factory=count.Count)
    queue_log: dict[str, int] = field(default_factory=dict)
    """How the stays in the primary's queue ended."""
    figures: dict[str, list[object]] = field(default_factory=dict)
    """Of the report: what it says, and what was."""
    reports: list[str] = field(default_factory=list)
    """The files, in build/drills."""
    wrong: list[str] = field(default_factory=list)


def with_spare_seats(host: Host, files: dict[str, str]) -> dict[str, str]:
    """The spare seats' telephones are there, and in no queue."""
    files = with_callbacks(host, files)
    if host not in (PBX_A, PBX_B):
        return files
    lines = files["queues.conf"].splitlines(keepends=True)
    spare = tuple(f"member => PJSIP/{seat}," for seat in SPARE)
    return files | {"queues.conf": "".join(line for line in lines if not line.startswith(spare))}


def write_plans(folder: Path) -> Path:
    """The site's own copy of the shipped plans."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in audience.PLANS.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        (folder / path.name).write_text(text.replace('gap = "10s"', GAP) if path.stem == NAME else text, encoding="utf-8")
    return folder


def play(time_scale: float) -> Result:
    """Run it on a fresh lab."""
    result = Result(time_scale)
    talkers = Group("talkers", 1, SEATS, 10, _TALK_SECONDS, Audio.SPARSE)
    waiters = Group("waiters", 2, 7, 10, _TALK_SECONDS + 15, Audio.SPARSE)
    impatient = Group("impatient", 3, 2, 10, 20, Audio.SPARSE)
    late = Group("late", 4, 3, 10, 8, Audio.SPARSE)
    groups = (talkers, waiters, impatient, late)
    bench.up(Size(seats=SEATS + len(SPARE), emergency_seats=3), lambda _text: None, with_spare_seats)
    capture = Capture(RUN / NAME)
    rows: list[count.Row] = []
    try:
        audience.start()
        group = f'\n[[seat_group]]\nname = "spare"\nseats = {json.dumps(list(SPARE))}\n'
        start_daemon(more=daemon.REGISTER + group + audience.tables(time_scale, write_plans(RUN / "plans")))
        capture.start_sip()
        carrier.start(talkers)
        with Ami(PBX_A) as pbx:
            wait_until("every seat to talk", lambda: len(agents_talking(pbx)) >= SEATS, 30, every_seconds=0.2)
            time.sleep(4.0)  # longer than the gap: who waited for a ring counts no more
            carrier.start(waiters)
            carrier.start(impatient)
            wait_until("callers to wait", lambda: len(callers_waiting(pbx)) >= waiters.calls, 15)
        print(f"  {SEATS} seats talk, and callers wait; time_scale {time_scale:.4f}", flush=True)
        audience.wait_told(INCIDENT, "leader", GENERAL, GENERAL_SECONDS * time_scale + 30)
        carrier.start(late)
        audience.wait_told(INCIDENT, "manager", MAJOR, MAJOR_SECONDS * time_scale + 15)
        audience.wait_told(INCIDENT, "manager", NOTICE, 1200 * time_scale + 15)
        _answer_the_clocks(result)
        wait_until("every caller to have gone", lambda: not any(map(carrier.is_running, groups)), 2 * _TALK_SECONDS)
        print("  every caller has gone", flush=True)
        audience.wait_told(INCIDENT, "manager", RECOVERED, (CLEAR_SECONDS + OBSERVED_SECONDS) * time_scale + 15)
        wait_until("the spare seats to be out of the queue", lambda: not any(_spare_left().values()), 15, every_seconds=0.3)
        _order(result, "task-done", INCIDENT, "review", "--proof", "seven seats were too few")
        _order(result, "incident-close", INCIDENT, "--reason", "reviewed")
        rows = register_rows()
    finally:
        result.seats_left = {host: seats for host, seats in _spare_left().items() if seats}
        capture.stop()
        for group_of in groups:
            carrier.stop(group_of)
        telephones.stop()
        daemon.stop()
        audience.stop()
        incident_record.keep(NAME)
    result.reports = incident_record.report(NAME, INCIDENT, result.wrong)
    _judge(result, capture, rows)
    return result


def _answer_the_clocks(result: Result) -> None:
    """People do what they are told at last, every clock having run out."""
    _order(result, "ack", "0", "--incident", INCIDENT)
    _order(result, "task-done", INCIDENT, "next-shift-early", "--proof", "three spare seats, now")
    _order(result, "stage-set", INCIDENT, "--eta", "16:30", "--wording", "线路繁忙 / lines are busy", "--cause-class", "surge")
    _order(result, "task-done", INCIDENT, "expected-repair", "--proof", "a surge, over by 16:30")


def _order(result: Result, *words: str) -> None:
    done = engineer.here(*words, *(() if words[0] == "ack" else ("--yes",)))
    if done.returncode:
        result.wrong.append(f"{words[0]}: {done.stderr.strip() or done.stdout.strip()}")


def _spare_left() -> dict[str, list[str]]:
    """Spare seats that are in the queue now."""
    return {host.name: sorted(seat for seat in SPARE if ("hotline", f"PJSIP/{seat}") in places.of(host)) for host in (PBX_A, PBX_B)}


def _judge(result: Result, capture: Capture, rows: list[count.Row]) -> None:
    calls = list(judge.read_calls(capture.carrier_sip).values())
    dialogs = judge.read_dialogs(capture.phones_sip)
    waiting = [call.answered_wall for call in calls if call.number.startswith("555002") and call.answered_wall is not None]
    full_wall = min(waiting)  # seats talk since four seconds before; the edge answers whoever joins the queue
    result.count = count.count(calls, dialogs, rows)
    result.wrong += result.count.faults()
    log = (asterisk.log_folder(PBX_A) / "queue_log").read_text()
    stays = queue_log.read_stays(row for row in queue_log.parse(log, PBX_A.name))
    result.queue_log = dict(Counter(stay.end.value if stay.end is not None else "open" for stay in stays))
    for seat in SPARE:
        found = sorted(round(d.answered_wall - full_wall, 1) for d in dialogs if d.seat == seat and d.answered_wall is not None)
        result.extra_seats[seat] = found
    for stage, wall in incident_record.stages(NAME, INCIDENT).items():
        due_seconds = {"general": GENERAL_SECONDS, "major": MAJOR_SECONDS}[stage] * result.time_scale
        result.stages[stage] = round(wall - full_wall, 2)
        if not -STAGE_SECONDS <= wall - full_wall - due_seconds <= STAGE_SECONDS:
            result.wrong.append(f"stage {stage} came {wall - full_wall:.1f} s after the lines were full; {due_seconds:g} is right")
    _judge_seats(result)
    messages = audience.got(INCIDENT)
    _judge_messages(result, messages, full_wall)
    if result.reports:
        figures = report_figures.check(
            tally.FOLDER / NAME / "incident.en.json", "hotline", report_figures.Truth(messages, calls, stays, result.count)
        )
        result.figures = figures.compared
        result.wrong += figures.wrong


def _judge_seats(result: Result) -> None:
    general, major = GENERAL_SECONDS * result.time_scale, MAJOR_SECONDS * result.time_scale
    for seat, due in zip(SPARE, (general, major, major), strict=True):
        answered = result.extra_seats[seat]
        if not answered or not due - 1 <= answered[0] <= due + ANSWER_SECONDS:
            result.wrong.append(f"{seat} should take its first call {due:g} s after the lines were full; it answered at {answered}")
    if result.seats_left:
        result.wrong.append(f"spare seats are still in the queue: {result.seats_left}")


def _judge_messages(result: Result, messages: list[Got], full_wall: float) -> None:
    for message in messages:
        result.told.append({"to": message.to, "text": message.text.split("\n")[0].strip(), "seconds": round(message.wall - full_wall, 2)})
        if "time_scale" not in message.text:
            result.wrong.append(f"a message to {message.to} does not say that times are shortened")
    for due in DUES:
        times = [m.wall - full_wall for m in messages if m.to == due.to and due.text in m.text and ("overdue" in m.text) is due.is_late]
        due_seconds = (due.stage_seconds + due.after_seconds) * result.time_scale
        if len(times) != 1:
            result.wrong.append(f"{due.to} was told {len(times)} times: {due.text}")
        elif not -1.0 <= times[0] - due_seconds <= DELIVERY_SECONDS:
            result.wrong.append(f"{due.to} was told {times[0] - due_seconds:+.1f} s from when it was due: {due.text}")
        elif due.text == GENERAL and due.to == "leader":
            result.general_seconds = round(times[0], 1)
        elif due.text == MAJOR:
            result.major_seconds = round(times[0], 1)
    of_recovery = Counter(message.to for message in messages if RECOVERED in message.text)
    told = {message.to for message in messages if RECOVERED not in message.text and "review" not in message.text}
    if set(of_recovery) != told or set(of_recovery.values()) != {1}:
        result.wrong.append(f"told of the fault: {sorted(told)}; of the recovery: {dict(of_recovery)}")


def main() -> int:
    """Play it once; 0 when nothing was wrong."""
    time_scale = float(os.environ.get("TIME_SCALE") or SCALE)
    print(f"drill {NAME}: all seats talk and callers wait, time_scale {time_scale:.4f}", flush=True)
    try:
        result = play(time_scale)
    finally:
        if not os.environ.get("KEEP"):
            bench.down()
    return incident_record.write(NAME, asdict(result), result.count, result.wrong)
