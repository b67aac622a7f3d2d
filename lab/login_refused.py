"""`make drill NAME=all-seats-cannot-log-in`: at a change of shift no seat can log in any more; the plan of that name runs, at true length
(a quarter of an hour; TIME_SCALE=0.1 makes its times shorter, and every line says so).

Told at once: leader and maintenance; after 5 minutes the supervisor; at minute 7 the daemon is killed and started again; after 10 minutes
without an answer of maintenance the operations supervisor and the centre manager; then the servers are put right, all who were told are
told so, and the fault form is printed. Judged by the clocks of the mail server and the webhook that receive it, and by the captures at
carrier and telephones. Result in build/drills/all-seats-cannot-log-in.json, the fault form beside it."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from dataclasses import asdict, dataclass, field

from lab import audience, bench, carrier, count, daemon, engineer, incident_record, judge, page, process, seat_logins, telephones
from lab.aftermath import register_rows
from lab.capture import Capture
from lab.carrier import Audio, Group
from lab.deadline import wait_until
from lab.layout import EMG, PBX_A, RUN, Size
from lab.sinks import Got
from lab.site import with_callbacks
from lab.trial import start_daemon

NAME = "all-seats-cannot-log-in"
INCIDENT = f"{NAME}-1"
HOLD_SECONDS, SUPERVISOR_SECONDS, QUESTION_SECONDS = 10.0, 300.0, 600.0
"""As the plan has them: no seat for so long; then, from that instant."""
KILL_SECONDS, MEND_SECONDS = 420.0, 690.0
OBSERVED_SECONDS = 120.0
"""Clear for a minute, observed for another."""
DELIVERY_SECONDS = 20.0
"""What look, journal, message and mail server may take together."""
RESTART_SECONDS = 3.0
"""From the daemon's death to its start: what systemd's RestartSec and a slow disk would take."""
SIZE = Size(seats=10, emergency_seats=12)
_CONFIGURATION = f"""{daemon.REGISTER}
[callback]
dial = "{telephones.dial()}"
lines = 4
spare_seats = 0
"""


@dataclass(frozen=True, slots=True)
class Due:
    """Who is to be told what, by a piece of the text, and when: seconds after the incident began, true length; None: at the recovery."""

    to: str
    text: str
    after_seconds: float | None


AT_ONCE, QUESTION = "no seat can log in: told at once", "recoverable in 10 minutes?"
MANAGERS = "not recoverable within 10 minutes"
SUPERVISOR = "not over after 5 minutes"
RECOVERED = "seats can log in again"
DUES = (
    Due("leader", AT_ONCE, 0.0),
    Due("maintainer", AT_ONCE, 0.0),
    Due("maintainer", QUESTION, 0.0),
    Due("supervisor", SUPERVISOR, SUPERVISOR_SECONDS),
    Due("operations", MANAGERS, QUESTION_SECONDS),
    Due("manager", MANAGERS, QUESTION_SECONDS),
    *(Due(name, RECOVERED, None) for name in ("leader", "maintainer", "supervisor", "operations", "manager")),
)


@dataclass(slots=True)
class Result:
    """What the witnesses saw. Seconds are from the instant at which no seat was left, by the sinks' clock."""

    time_scale: float
    refusals: int = 0
    """Logins refused with 403, by the capture at the telephones."""
    told: list[dict[str, object]] = field(default_factory=list)
    other_messages: dict[str, int] = field(default_factory=dict)
    """Messages of other plans that the same event opened."""
    daemon_killed_seconds: float | None = None
    daemon_away_seconds: float | None = None
    mended_seconds: float | None = None
    first_login_seconds: float | None = None
    """When a telephone was let in again, by the capture."""
    count: count.Count = field(default_factory=count.Count)
    served_on_emergency_seats: int = 0
    printed: list[str] = field(default_factory=list)
    """Fault form and report: the files, in build/drills."""
    wrong: list[str] = field(default_factory=list)


def play(time_scale: float) -> Result:
    """Run it on a fresh lab."""
    result = Result(time_scale)
    callers = Group("callers", 1, 100_000, 0.2 if time_scale == 1 else 0.5, 30, Audio.SPARSE)
    bench.up(SIZE, lambda _text: None, with_callbacks)
    capture = Capture(RUN / NAME)
    try:
        audience.start()
        telephones.start()
        start_daemon(more=_CONFIGURATION + audience.tables(time_scale))
        capture.start_sip()
        carrier.start(callers)
        time.sleep(20)
        struck_wall = seat_logins.refuse_all(SIZE)
        print(f"  every seat has signed off, and none is let in; time_scale {time_scale:g}", flush=True)
        began_wall = audience.wait_told(INCIDENT, "leader", AT_ONCE, 90)
        _sleep_until(began_wall + KILL_SECONDS * time_scale)
        killed_wall = time.time()
        daemon.kill()
        time.sleep(RESTART_SECONDS)
        daemon.start()
        result.daemon_away_seconds = round(RESTART_SECONDS + wait_until("the daemon to be ready", page.is_ready, 60), 1)
        print(f"  daemon killed and started again, ready after {result.daemon_away_seconds} s", flush=True)
        _sleep_until(began_wall + MEND_SECONDS * time_scale)
        mended_wall = seat_logins.accept_again(SIZE)
        print("  the servers let every seat in again", flush=True)
        audience.wait_told(INCIDENT, "manager", RECOVERED, OBSERVED_SECONDS * time_scale + 30)
        for order in (("failback", "--force"), ("task-done", INCIDENT, "review", "--proof", "the registrar took no contact; put right")):
            done = engineer.here(*order, "--yes", "--reason", "seats can log in again")
            if done.returncode:
                result.wrong.append(f"{order[0]}: {done.stderr.strip()}")
        process.stop(f"sipp-{callers.name}", with_signal=signal.SIGUSR1, seconds=callers.hold_seconds + 15)
        rows = register_rows()
    finally:
        capture.stop()
        incident_record.keep(NAME)
        carrier.stop(callers)
        telephones.stop()
        daemon.stop()
        audience.stop()
    result.printed = [
        *incident_record.fault_form(NAME, INCIDENT, result.wrong),
        *incident_record.report(NAME, INCIDENT, result.wrong),
    ]
    _judge(result, capture, struck_wall, killed_wall, mended_wall, rows)
    return result


def _sleep_until(wall: float) -> None:
    time.sleep(max(0.0, wall - time.time()))


def _judge(result: Result, capture: Capture, struck_wall: float, killed_wall: float, mended_wall: float, rows: list[count.Row]) -> None:
    calls = list(judge.read_calls(capture.carrier_sip).values())
    dialogs = judge.read_dialogs(capture.phones_sip)
    talked = [d.ended_wall for d in dialogs if d.node == PBX_A.name and d.is_up(struck_wall) and d.ended_wall is not None]
    zero_wall = max([struck_wall, *talked])  # a seat in a call is a seat that is there
    result.refusals = seat_logins.count_refusals(capture.phones_sip)
    if not result.refusals:
        result.wrong.append("no telephone was refused its login")
    result.count = count.count(calls, dialogs, rows)
    result.wrong += result.count.faults()
    result.served_on_emergency_seats = len({d.number for d in dialogs if d.node == EMG.name and d.answered_wall is not None})
    result.daemon_killed_seconds = round(killed_wall - zero_wall, 1)
    result.mended_seconds = round(mended_wall - zero_wall, 1)
    messages = audience.got(INCIDENT)
    back_wall = seat_logins.first_login_after(capture.phones_sip, mended_wall)
    result.first_login_seconds = None if back_wall is None else round(back_wall - zero_wall, 1)
    _judge_messages(result, messages, zero_wall, back_wall or mended_wall)
    others = Counter(message.title.split(": ")[0].rpartition(" ")[2].rpartition("]")[2] for message in audience.got())
    result.other_messages = {name: times for name, times in sorted(others.items()) if name != INCIDENT}


def _judge_messages(result: Result, messages: list[Got], zero_wall: float, back_wall: float) -> None:
    for message in messages:
        what = next((text for text in (AT_ONCE, QUESTION, SUPERVISOR, MANAGERS, RECOVERED) if text in message.text), message.text[:60])
        result.told.append({"to": message.to, "what": what, "seconds": round(message.wall - zero_wall, 2)})
        if result.time_scale != 1 and "time_scale" not in message.text:
            result.wrong.append(f"a message to {message.to} does not say that times are shortened")
    for due in DUES:
        times = [message.wall for message in messages if message.to == due.to and due.text in message.text]
        if len(times) != 1:
            result.wrong.append(f"{due.to} was told {len(times)} times: {due.text}")
            continue
        if due.after_seconds is None:
            earliest_wall = back_wall + OBSERVED_SECONDS * result.time_scale
        else:
            earliest_wall = zero_wall + (HOLD_SECONDS + due.after_seconds) * result.time_scale
        late = times[0] - earliest_wall
        if not -1.0 <= late <= DELIVERY_SECONDS:
            result.wrong.append(f"{due.to} was told {late:+.1f} s from when it was due: {due.text}")
    known = {(due.to, due.text) for due in DUES}
    for message in messages:  # the leader has tasks besides
        is_due = any(message.to == to and text in message.text for to, text in known)
        if not is_due and message.to in {"operations", "manager", "supervisor"}:
            result.wrong.append(f"{message.to} was told what he is not to be told: {message.text[:60]}")


def main() -> int:
    """Play it once; 0 when nothing was wrong."""
    time_scale = float(os.environ.get("TIME_SCALE") or 1)
    print(f"drill {NAME}: no seat can log in, {'at true length' if time_scale == 1 else f'time_scale {time_scale:g}'}", flush=True)
    try:
        result = play(time_scale)
    finally:
        if not os.environ.get("KEEP"):
            bench.down()
    name = NAME if time_scale == 1 else f"{NAME}-shortened"
    return incident_record.write(name, asdict(result), result.count, result.wrong)
