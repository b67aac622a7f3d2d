"""`make drift CALLS=1000`: the daemon's picture and counters against Asterisk and the ground truth, through a mixed run.

Result in build/drift.json, with each difference and the evidence for it; 0 when there is none. SEED=… draws another run, RATE=…
calls a second."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from lab import asterisk, bench, daemon, drift_judge, faults, page
from lab.deadline import LabError
from lab.layout import NODES, REPOSITORY, RUN, Size
from lab.mix import Mix, MixedRun
from lab.site import with_records
from lab.trial import start_daemon

BUILD = REPOSITORY / "build"


def main() -> int:
    """Run once; 0 when nothing differs."""
    mix = Mix(
        calls=int(os.environ.get("CALLS") or "1000"), rate=float(os.environ.get("RATE") or "8"), seed=int(os.environ.get("SEED") or "1")
    )
    try:
        result = run_soundly(mix)
    except LabError as fault:
        print(f"the run could not go on: {fault}", file=sys.stderr)
        return 1
    finally:
        if not os.environ.get("KEEP"):
            bench.down()
    path = _write(result)
    for line in drift_judge.in_words(result):
        print(line)
    print(path.relative_to(REPOSITORY))
    return 0 if result["differences"] == 0 and not result["void"] else 1


def run_soundly(mix: Mix, tries: int = 3) -> dict[str, Any]:
    """Run again, and say so, when the machine was too busy to be a call centre; the last result is returned whatever it is."""
    told: list[str] = []
    while True:
        result = run(mix) | {"void_before": list(told)}
        tries -= 1
        if not result["void"] or not tries:
            return result
        told += result["void"]
        print(f"  void: {'; '.join(result['void'])}; once more", flush=True)


def run(mix: Mix) -> dict[str, Any]:
    """Build the lab, run the mix, judge; the lab stands afterwards."""
    began_at = time.monotonic()

    def say(text: str) -> None:
        print(f"  +{time.monotonic() - began_at:6.1f} s  {text}", flush=True)

    bench.up(Size(seats=mix.seats), lambda _text: None, with_records)
    start_daemon()
    say(f"{mix.calls} callers, {mix.rate:g} a second, {mix.seats} seats, seed {mix.seed}")
    try:
        remains = MixedRun(mix, say).run()
        return drift_judge.judge(mix, remains) | {"took_seconds": round(time.monotonic() - began_at, 1)}
    finally:
        _keep_evidence()
        daemon.stop()
        faults.heal_all()


def _keep_evidence() -> None:
    """Save what a difference can be traced with (`python -m lab.tap`)."""
    folder = BUILD / "drift"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    logs = [(host, asterisk.log_folder(host) / name) for host in NODES for name in ("queue_log", "messages")]
    for host, path in logs:
        if path.exists():
            shutil.copy(path, folder / f"{host.name}-{path.name}")
    for path in [*(RUN / "mix").glob("*.pcap"), daemon.LOG]:
        shutil.copy(path, folder / path.name)
    (folder / "metrics.txt").write_bytes(page.read("/metrics") or b"")
    (folder / "status.json").write_bytes(page.read("/status") or b"")


def _write(result: dict[str, Any]) -> Path:
    BUILD.mkdir(exist_ok=True)
    path = BUILD / "drift.json"
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    return path


if __name__ == "__main__":
    sys.exit(main())
