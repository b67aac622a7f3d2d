"""`make drill NAME=…`: one fault on the live lab under call load, judged from outside; RUNS=n repeats it. Result in build/drills/NAME.json.

A drill passes when in every run nobody was lost, no new call failed, and the daemon failed over as often as it should."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import bench, daemon, faults, page
from lab.deadline import LabError
from lab.layout import CTL_NETS, PBX_A, REPOSITORY, Size
from lab.score import Score, score, spread
from lab.trial import Load, Trial, start_daemon


@dataclass(frozen=True, slots=True)
class Drill:
    """What is done, to whom, and how often the daemon must fail over (None: there is no daemon)."""

    text: str
    strike: Callable[[], float]
    failovers: int | None
    load: Load = field(default_factory=lambda: Load(loud=22, quiet=38))
    watch_seconds: float = 9.0


_LIGHT = Load(loud=10, quiet=20, waiting=0, new_per_second=2)
DRILLS = {
    "kill": Drill("SIGKILL of the primary (F1)", lambda: faults.kill(PBX_A), 1),
    "blackhole": Drill("the whole primary is silent (F2)", lambda: faults.blackhole(PBX_A), 1),
    "freeze": Drill("SIGSTOP of the primary (F3)", lambda: faults.freeze(PBX_A), 1),
    "freeze-sip": Drill("only the primary's SIP thread is frozen, AMI lives, audio flows (F3)", lambda: faults.freeze_sip(PBX_A), 1),
    "cut-a": Drill("control network A is down for 60 s (F5)", lambda: faults.cut(CTL_NETS[0]), 0, _LIGHT, 60.0),
    "cut-b": Drill("control network B is down for 60 s (F5)", lambda: faults.cut(CTL_NETS[1]), 0, _LIGHT, 60.0),
    "block-ami": Drill(
        "AMI to the primary is blocked on both networks, SIP is fine (F5)", lambda: faults.block_ami(PBX_A), 0, _LIGHT, 20.0
    ),
    "cut-daemon": Drill("the daemon is cut off from everything (F5)", faults.cut_daemon, 0, _LIGHT, 20.0),
    "without-daemon": Drill(
        "the primary dies while no daemon runs: new calls only (F10)",
        lambda: faults.kill(PBX_A),
        None,
        Load(loud=0, quiet=4, waiting=0, new_per_second=4, new_stay_seconds=2),
        12.0,
    ),
}


def main() -> int:
    """Run one drill RUNS times; 0 when it passed every time."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in DRILLS:
        print(f"which one? {', '.join(DRILLS)}", file=sys.stderr)
        return 2
    drill, runs = DRILLS[name], int(os.environ.get("RUNS") or "1")
    print(f"drill {name}: {drill.text}; {drill.load.talking} callers talk, {drill.load.waiting} wait; {runs} run(s)")
    try:
        results = [_run(drill, number + 1) for number in range(runs)]
    except LabError as fault:
        print(f"the drill could not go on: {fault}", file=sys.stderr)
        return 1
    finally:
        bench.down()
    passed = all(result["passed"] for result in results)
    path = _write(name, drill, results, passed=passed)
    print(f"{'passed' if passed else 'FAILED'}; {path.relative_to(REPOSITORY)}")
    return 0 if passed else 1


def _run(drill: Drill, number: int) -> dict[str, Any]:
    bench.up(Size(seats=max(drill.load.talking, 10)), lambda _text: None)
    if drill.failovers is not None:
        start_daemon()
    try:
        counted: list[int] = []
        trial = Trial(drill.load, lambda _text: None)
        seen = trial.run(drill.strike, watch_seconds=drill.watch_seconds, at_the_end=lambda: counted.append(_failovers()))
    finally:
        daemon.stop()
        faults.heal_all()
    result = score(seen)
    callers_fine = result.calls_lost == 0 or drill.failovers is None
    passed = callers_fine and result.new_calls_failed == 0 and drill.failovers in (None, counted[0])
    print(f"  {number}: {'ok  ' if passed else 'FAIL'} failovers {counted[0]}; {_in_short(result)}", flush=True)
    return {"passed": passed, "failovers": counted[0], **result.as_dict()}


def _failovers() -> int:
    counted = page.status().get("counters", {}).get("failovers", [])
    return sum(int(row["count"]) for row in counted)


def _in_short(result: Score) -> str:
    kept = f"kept {result.calls_kept}/{result.calls_before} talking, {result.waiting_kept}/{result.waiting_before} waiting"
    slowest = result.new_call_answer_ms.max if result.new_call_answer_ms else None
    return f"{kept}; same agent {result.same_agent}; new calls {result.new_calls}, failed {result.new_calls_failed}, slowest {slowest} ms"


def _write(name: str, drill: Drill, results: list[dict[str, Any]], *, passed: bool) -> Path:
    folder = REPOSITORY / "build/drills"
    folder.mkdir(parents=True, exist_ok=True)
    keys = ("death_to_divert_ms", "death_to_verdict_ms", "verdict_to_last_redirect_ms", "death_to_next_answer_ms")
    spreads = {key: spread([r[key] for r in results if r[key] is not None]) for key in keys}
    summary = {key: None if value is None else {"median": value.median, "max": value.max, "n": value.n} for key, value in spreads.items()}
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"drill": name, "text": drill.text, "passed": passed, "times": summary, "runs": results}, indent=2) + "\n")
    return path


if __name__ == "__main__":
    sys.exit(main())
