"""`make drill NAME=…`: one fault on the live lab under call load, judged from outside; RUNS=n repeats it (default 5).

Each run has a fresh lab. Result in build/drills/NAME.json. A drill passes when in every run nobody was lost or left in silence, no new
call failed and the daemon failed over as often as it should; its times are held against the promises over all runs, and shown as late
where they are not kept. A run that failed while the machine stood still, or while its host took half of it away, is void: told, and made
again."""

from __future__ import annotations

import os
import shutil
import sys

from lab import aftermath, bench, beside, daemon, emergency_drill, faults, lines_full, login_refused, page, tally
from lab.catalogue import DRILLS
from lab.deadline import LabError
from lab.exercise import Drill
from lab.expected import Outcome, judge
from lab.layout import REPOSITORY, RUN
from lab.pace import machine_pace
from lab.score import Score, score, take_samples
from lab.stillness import Stillness, wait_calm
from lab.trial import Trial

RUNS = 5
VOIDS = 8
"""So many runs may be void and are made again."""
CALM_SECONDS = 120.0
"""So long a run waits for a machine that runs."""


_OF_INCIDENTS = {
    "callbacks": aftermath.main,
    login_refused.NAME: login_refused.main,
    lines_full.NAME: lines_full.main,
    emergency_drill.NAME: emergency_drill.main,
}
"""Drills of another kind: one incident, judged by who was told and what became of every caller."""


def main() -> int:
    """Run the drills named RUNS times each; 0 when all passed."""
    names, runs = sys.argv[1:], int(os.environ.get("RUNS") or RUNS)
    if len(names) == 1 and names[0] in _OF_INCIDENTS:
        return _OF_INCIDENTS[names[0]]()
    names = list(DRILLS) if names == ["all"] else names
    if not names or not set(names) <= set(DRILLS):
        print("which one? " + ", ".join((*DRILLS, *_OF_INCIDENTS)), file=sys.stderr)
        return 2
    try:
        passed = [repeat(name, DRILLS[name], runs) for name in names]
        return 0 if all(passed) else 1
    finally:
        if os.environ.get("KEEP"):
            print(f"KEEP=1: the last lab stands, captures in {RUN}; end it with: make lab-down", flush=True)
        else:
            bench.down()


def repeat(name: str, drill: Drill, runs: int) -> bool:
    """Run one drill so often, write its record; whether it passed every time."""
    print(f"drill {name}: {drill.text}; {drill.load.talking} callers talk, {drill.load.waiting} wait; {runs} run(s)", flush=True)
    record = tally.Record(name, drill.text, drill.expected)
    for _attempt in range(runs + VOIDS):
        number = len(record.outcomes) + 1
        wait_calm(CALM_SECONDS)
        try:
            outcome = run(drill, record) if drill.beside is None else run_beside(drill, drill.beside, record)
        except LabError as fault:
            print(f"  {number}: void: {str(fault).splitlines()[0]}", flush=True)
            record.void(str(fault))
            continue
        print(f"  {number}: {'FAIL ' + '; '.join(outcome.wrong) if outcome.wrong else 'ok  '} {_in_short(outcome)}", flush=True)
        if number == runs:
            break
    path = record.write()
    late = f"; late: {', '.join(record.late())}" if record.late() else ""
    print(
        f"{'passed' if record.passed else 'FAILED'} {len(record.outcomes)} of {runs} run(s){late}; {path.relative_to(REPOSITORY)}",
        flush=True,
    )
    return record.passed and len(record.outcomes) == runs


def run(drill: Drill, record: tally.Record) -> Outcome:
    """One trial on a fresh lab, judged and put on record. LabError where it proves nothing: the lab did not come to the point where the
    fault strikes, or it failed on a machine that did not run."""
    pace = machine_pace()
    bench.up(drill.size, lambda _text: None, drill.change)
    drill.start()
    status: list[dict[str, object]] = []
    wrong: list[str] = []

    def look() -> None:
        status.append(page.status())
        wrong.extend(found for found in (drill.look(),) if found)

    try:
        drill.prepare()
        trial = Trial(drill.load, lambda _text: None)
        with Stillness() as machine:
            seen = trial.run(
                drill.strike,
                before=drill.before,
                steps=drill.steps,
                watch_seconds=drill.watch_seconds,
                calm_seconds=drill.calm_seconds,
                at_the_end=look,
            )
    finally:
        daemon.stop()
        faults.heal_all()
    outcome = judge(drill.expected, seen, score(seen), status[0])
    outcome.wrong.extend(wrong)
    if outcome.wrong and not machine.was_there:
        raise LabError(f"{machine}; seen: {'; '.join(outcome.wrong)}")
    record.add(outcome, take_samples(seen), pace)
    if outcome.wrong:
        keep_evidence(record)
    return outcome


def run_beside(drill: Drill, plain: Drill, record: tally.Record) -> Outcome:
    """One trial without the trouble and one with it, and what is different."""
    without = run(plain, tally.Record(f"{record.name}-without", plain.text, plain.expected))
    print(f"     without the trouble: {'FAIL ' + '; '.join(without.wrong) if without.wrong else 'ok  '} {_in_short(without)}", flush=True)
    outcome = run(drill, record)
    outcome.beside = beside.pairs(outcome.score, without.score)
    outcome.wrong.extend(beside.differences(outcome.score, without.score))
    return outcome


def keep_evidence(record: tally.Record) -> None:
    """Keep the daemon's log and the SIP and AMI captures of a run that failed, for whoever looks for the cause."""
    folder = tally.FOLDER / f"{record.name}-{len(record.outcomes)}"
    folder.mkdir(parents=True, exist_ok=True)
    for path in (daemon.LOG, *(RUN / "trial").glob("*sip.pcap"), *(RUN / "trial").glob("orders-*.pcap")):
        if path.exists():
            shutil.copy(path, folder)


def _in_short(outcome: Outcome) -> str:
    result: Score = outcome.score
    kept = f"kept {result.calls_kept}/{result.calls_before} talking, {result.waiting_kept}/{result.waiting_before} waiting"
    counts = f"failovers {outcome.failovers}, diverts {outcome.diverts}, moved {result.redirects}"
    slowest = result.new_call_answer_ms.max if result.new_call_answer_ms else None
    verdict = result.death_to_verdict_ms
    agents = result.agent_again_ms
    last = agents.max if agents else None
    new = f"new calls {result.new_calls}, slowest of the first {slowest} ms"
    return f"{counts}; {kept}; same agent {result.same_agent}; {new}; verdict {verdict} ms, last agent {last} ms"


if __name__ == "__main__":
    sys.exit(main())
