"""`make drill NAME=drill-emergency-seats`: the emergency seats, and a plan, are tried on a site with live calls; six drills on one lab.

1. By the schedule: each seat is called by a test call, one of them stays silent. 2. By a person's order; the daemon is killed in the middle
and started again. 3. Refused: too many callers. 4. A plan that leads to the emergency seats: test calls, and no others, go there.
5. Aborted in the middle: callers become too many. 6. Aborted: the standby dies.

Judged from outside: by the captures at carrier and telephones no live call is touched, and every seat was rung as the record says; by
the Asterisks themselves nothing is left behind; by the page for Prometheus the figures are marked. Result in build/drills."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lab import audience, bench, carrier, daemon, engineer, faults, incident_record, page
from lab.ami import Ami
from lab.capture import Capture
from lab.carrier import Audio, Group
from lab.count import Count
from lab.deadline import wait_until
from lab.emergency_judge import MESSAGES, Watch, judge_all, take_rows, told
from lab.layout import EDGE, EMG, PBX_A, PBX_B, PHONES, RUN, Host, Size
from lab.office import TEST_NUMBER
from lab.site import with_originate
from lab.stillness import Stillness
from lab.trial import agents_talking, start_daemon, wait_daemon

NAME = "drill-emergency-seats"
SEATS = 8
MUTE = "eseat3"
"""Its telephone rings, and nobody lifts it, in the first drill."""
RING_SECONDS = 5
TALKERS = Group("talkers", 1, 20, 20, 600, Audio.SPARSE)
LOUD = Group("loud", 2, 4, 20, 600, Audio.FULL)
NEW = Group("new", 3, 700, 2, 3, Audio.NONE)
MORE = Group("more", 4, 20, 20, 25, Audio.SPARSE)
TESTS = Group("tests", 5, 2, 5, 6, Audio.SPARSE, service=TEST_NUMBER)
"""Callers of the test number."""
PLAN = "seat-system-failure"
_LIVE = TALKERS.calls + LOUD.calls


@dataclass(slots=True)
class Result:
    """What the witnesses saw; `records`: the last entry of each drill."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    refusal: str = ""
    abort_seconds: dict[str, float] = field(default_factory=dict)
    """From the trouble until nothing of the drill was left at any Asterisk."""
    figures: dict[str, float] = field(default_factory=dict)
    new_calls: int = 0
    longest_silence_seconds: float | None = None
    count: Count = field(default_factory=Count)
    machine: str = ""
    was_there: bool = True
    """Whether the machine ran all the while: silence on one that stood still says nothing of the drill."""
    told: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def with_seat_tests(host: Host, files: dict[str, str]) -> dict[str, str]:
    """The daemon may call the emergency seats, and telephones can be told one by one not to answer."""
    if host is EMG:
        return with_originate(files)
    if host is not PHONES:
        return files
    ringing = " same => n,Ringing()\n"
    muted = f"{ringing} same => n,GotoIf($[${{LEN(${{GLOBAL(MUTE_${{SEAT}})}})}} > 0]?ignore)\n"
    return files | {"extensions.conf": files["extensions.conf"].replace(ringing, muted, 1)}


def tables(due: datetime) -> str:
    """The drills of this site: one is due at `due`, the others by hand."""

    def drill(name: str, when: str, **more: object) -> str:
        lines = {"what": "emergency-seats", "ring_seconds": RING_SECONDS, "roles": ["duty-lead"], "most_calls": 60, "when": when, **more}
        return f'\n[[drill]]\nname = "{name}"\n' + "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())

    never = "0 0 29 2 *"
    return (
        drill("scheduled", f"{due.minute} {due.hour} {due.day} {due.month} *")
        + drill("by-hand", never, start="command", together=2)
        + drill("plan", never, start="command", what=PLAN)
        + drill("tight", never, start="command", most_calls=5)
        + drill("rising", never, start="command", most_calls=_LIVE + 15)
    )


def play() -> Result:
    """Run it on a fresh lab."""
    result = Result()
    bench.up(Size(seats=60, emergency_seats=SEATS), lambda _text: None, with_seat_tests)
    capture, watch = Capture(RUN / NAME), Watch()
    groups = (TALKERS, LOUD, NEW, MORE, TESTS)
    try:
        audience.start()
        due = datetime.now().astimezone() + timedelta(seconds=110)
        start_daemon(more=daemon.REGISTER + tables(due) + audience.tables(1.0))
        capture.start()
        for group in (TALKERS, LOUD):
            carrier.start(group)
        with Ami(PBX_A) as pbx:
            wait_until(f"{_LIVE} callers to talk", lambda: len(agents_talking(pbx)) >= _LIVE, 40, every_seconds=0.2)
        carrier.start(NEW)
        _mute(MUTE, muted=True)
        print(f"  {_LIVE} callers talk, two new ones a second; the drill is due at {due:%H:%M}", flush=True)
        with Stillness() as machine:
            _play_all(result, watch)
        result.machine, result.was_there = str(machine), machine.was_there
        take_rows(watch)
        wait_until("who takes part to be told of the end", lambda: len(told()) >= MESSAGES, 60)
        result.told = [f"{message.to}: {message.title}" for message in audience.got("emergency-seats")]
    finally:
        capture.stop()
        for group in groups:
            carrier.stop(group)
        daemon.stop()
        audience.stop()
        incident_record.keep(NAME)
        faults.heal_all()
    judge_all(result, watch, capture, MUTE, SEATS)
    return result


def _play_all(result: Result, watch: Watch) -> None:
    _play_schedule(result, watch)
    _mute(MUTE, muted=False)
    _play_kill(result, watch)
    _play_refusal(result)
    _play_plan(result, watch)
    _play_rising(result, watch)
    _play_death(result, watch)


def _play_schedule(result: Result, watch: Watch) -> None:
    watch.until("the drill to begin when it is due", lambda: _drill() is not None, 150)
    watch.until("the scheduled drill to end", lambda: _drill() is None, 120)
    _keep(result, "scheduled")


def _play_kill(result: Result, watch: Watch) -> None:
    _order(result, "drill-start", "--name", "by-hand", "--for", "10m", "--reason", "after the mending")
    watch.until("two seats to have answered", lambda: _answered() >= 2, 60)
    daemon.kill()
    daemon.start()
    wait_daemon()
    watch.until("the drill to go on to its end", lambda: _drill() is None, 120)
    _keep(result, "by-hand")


def _play_refusal(result: Result) -> None:
    done = engineer.here("drill-start", "--name", "tight", "--for", "10m", "--reason", "too many", "--yes")
    result.refusal = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1]
    if done.returncode == 0 or "callers are on the line" not in done.stderr + done.stdout:
        result.wrong.append(f"with too many callers it was not refused: {done.stdout} {done.stderr}")


def _play_plan(result: Result, watch: Watch) -> None:
    watch.before_tests = dict(watch.highest)
    _order(result, "drill-start", "--name", "plan", "--for", "10m", "--reason", "quarterly")
    with Ami(EDGE) as edge:
        watch.until("test calls to be sent to the emergency seats", lambda: edge.get("CTI_DRILL") == EMG.name, 20)
        carrier.start(TESTS)
        watch.until("every test call to be answered there", lambda: (_drill() or {}).get("answered") == TESTS.calls, 20)
        _order(result, "drill-stop", "--reason", "seen enough")
        watch.until("the plan's drill to end", lambda: _drill() is None, 10)
        wait_until("the switch to be put back", lambda: edge.get("CTI_DRILL") == "", 5)
    _keep(result, "plan")


def _play_rising(result: Result, watch: Watch) -> None:
    _mute(*(f"eseat{n}" for n in range(1, SEATS + 1)), muted=True)
    _order(result, "drill-start", "--name", "rising", "--for", "10m", "--reason", "callers will come")
    watch.until("a seat to ring", lambda: bool(_channels()), 20)
    carrier.start(MORE)
    _await_nothing(result, "rising", watch)


def _play_death(result: Result, watch: Watch) -> None:
    wait_until("the callers who came to have gone", lambda: not carrier.is_running(MORE), 60)
    _order(result, "drill-start", "--name", "by-hand", "--for", "10m", "--reason", "something will break")
    watch.until("a seat to ring", lambda: bool(_channels()), 20)
    faults.kill(PBX_B)
    _await_nothing(result, "standby-dies", watch)


def _await_nothing(result: Result, name: str, watch: Watch) -> None:
    """From now on until the drill is aborted and nothing of it is left anywhere."""
    began_at = time.monotonic()
    watch.until("the drill to be aborted", lambda: _drill() is None, 40)
    wait_until("the test calls to be gone", lambda: not _channels(), 10, evidence=lambda: str(_channels()))
    with Ami(EDGE) as edge:
        wait_until("the switch to be put back", lambda: edge.get("CTI_DRILL") == "", 5)
    result.abort_seconds[name] = round(time.monotonic() - began_at, 1)
    _keep(result, name)


def _mute(*seats: str, muted: bool) -> None:
    with Ami(PHONES) as phones:
        for seat in seats:
            phones.set(f"MUTE_{seat}", "1" if muted else "")


def _order(result: Result, *words: str) -> None:
    done = engineer.here(*words, "--yes")
    if done.returncode:
        result.wrong.append(f"{words[0]}: {done.stderr.strip() or done.stdout.strip()}")


def _drill() -> dict[str, Any] | None:
    """What the daemon says of the drill in force; a daemon that does not answer says nothing of its end."""
    status = page.status()
    found: dict[str, Any] | None = status.get("drill", {"seat_calls": {}})
    return found


def _answered() -> int:
    return sum(result == "answered" for result in (_drill() or {"seat_calls": {}})["seat_calls"].values())


def _channels() -> list[str]:
    """Channels at the emergency system that ring or talk to a seat."""
    with Ami(EMG) as emergency:
        rows = emergency.list("CoreShowChannels", "CoreShowChannelsComplete")
    return [row["Channel"] for row in rows if row["Channel"].startswith("PJSIP/eseat")]


def _keep(result: Result, name: str) -> None:
    """The last entry of the drill that has just ended."""
    with contextlib.closing(sqlite3.connect(f"file:{daemon.JOURNAL}?mode=ro", uri=True, timeout=5.0)) as journal:
        rows = journal.execute("SELECT wall, data FROM entries WHERE kind = 'drill' ORDER BY seq").fetchall()
    ended = [json.loads(data) | {"wall": wall} for wall, data in rows if json.loads(data)["state"] == "ended"]
    judged = result.records[name] = ended[-1]
    print(f"  {name}: {judged['how']}, {judged['evaluation']}; {'; '.join(judged['findings']) or 'no findings'}", flush=True)


def main() -> int:
    """Play it once; 0 when nothing was wrong."""
    print(f"drill {NAME}: {SEATS} emergency seats are tried while {_LIVE} callers talk", flush=True)
    try:
        result = play()
    finally:
        if not os.environ.get("KEEP"):
            bench.down()
    return incident_record.write(NAME, asdict(result), result.count, result.wrong)
