"""`make demo`: a call centre on real PBXs, its media server dies under load, and what became of everybody.

FAULT=kill (default), blackhole (the whole node silent) or freeze (SIGSTOP). CALLS=100 callers who talk (the promise about agents is
made for 60). KEEP=1 leaves it all running. Ends with 1 when a caller was lost, a new call failed or a failover was false; times are
shown beside their promises, with how fast this machine is at the moment."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

from lab import bench, daemon, faults, page, timeline
from lab.deadline import LabError
from lab.layout import PBX_A, REPOSITORY, Host, Size
from lab.pace import machine_pace
from lab.promise import of as promises_of
from lab.score import Score, score
from lab.trial import Load, Trial, start_daemon

BUILD = REPOSITORY / "build"
FAULTS: dict[str, Callable[[Host], float]] = {"kill": faults.kill, "blackhole": faults.blackhole, "freeze": faults.freeze}
WATCH_SECONDS = 9.0


def main() -> int:
    """Run the demo; 0 when every promise held."""
    fault, keep = os.environ.get("FAULT") or "kill", bool(os.environ.get("KEEP"))
    if fault not in FAULTS:
        print(f"FAULT={fault}? One of: {', '.join(FAULTS)}", file=sys.stderr)
        return 2
    say = Clock()
    calls = int(os.environ.get("CALLS") or "100")
    try:
        return _show(fault, calls, say)
    except LabError as fault_of_ours:
        print(f"\nthe demo could not go on: {fault_of_ours}", file=sys.stderr)
        return 1
    finally:
        if keep:
            print("\nKEEP=1: everything runs on.")
            print("\n".join(bench.describe()))
            print(f"  daemon   log {daemon.LOG}, configuration {daemon.CONFIGURATION}\nend it with: make lab-down")
        else:
            bench.down()


def _show(fault: str, calls: int, say: Clock) -> int:
    timeline.title(fault)
    size = Size(seats=calls)
    say(f"lab: edge, primary, standby and emergency Asterisk, {size.seats} seats' phones, carrier, broker, Prometheus")
    bench.up(size, say)
    say("cti-daemon starts beside them")
    start_daemon()
    say("all nodes are healthy on both control networks")
    load = Load(loud=min(22, calls), quiet=max(0, calls - 22))
    seen = Trial(load, say).run(lambda: FAULTS[fault](PBX_A), watch_seconds=WATCH_SECONDS)
    result = score(seen)
    say("the captures are read")
    timeline.draw(seen, result, fault)
    timeline.table(result, promises_of(fault))
    pace = machine_pace()
    print(f"  this machine now: {pace:.1f} times as slow as when it is quiet (a fixed loop)\n")
    _write(fault, result, pace)
    _cross_check(result)
    return 0 if is_whole(result) else 1


def is_whole(result: Score) -> bool:
    """Nobody lost, nothing failed, nothing false: what does not depend on how fast the machine is."""
    return result.calls_lost == 0 and result.new_calls_failed == 0 and result.false_failovers == 0


def _cross_check(result: Score) -> None:
    """What the daemon and Prometheus say of the same, beside what was measured."""
    rescued = page.prometheus("sum by (result) (cti_rescued_calls_total)")
    mode = page.status().get("mode")
    total = result.calls_before + result.waiting_before
    print(f"  Prometheus, for comparison: rescued legs {rescued or 'none'} (of {total} callers and new calls in set-up); mode {mode}")


def _write(fault: str, result: Score, pace: float) -> None:
    BUILD.mkdir(exist_ok=True)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    text = json.dumps({"fault": fault, "at": at, "machine_pace": round(pace, 2), **result.as_dict()}, indent=2) + "\n"
    (BUILD / f"demo-{fault}.json").write_text(text)
    (BUILD / "demo.json").write_text(text)
    print(f"  figures: build/demo.json (and build/demo-{fault}.json)")


class Clock:
    """Says a line with the seconds since the start."""

    def __init__(self) -> None:
        """Start now."""
        self._began_at = time.monotonic()

    def __call__(self, text: str) -> None:
        """Print one line."""
        print(f"  {time.monotonic() - self._began_at:5.1f} s  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
