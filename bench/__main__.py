"""`make bench`: everything in one run, into build/bench.json and a table."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import parsing, scrape

ROOT = Path(__file__).parent.parent
OUT = ROOT / "build" / "bench.json"
HELD = ((0, 100), (1_000, 2_000), (10_000, 2_000))
_RATE = "per_cpu_second"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each reader reads the stream")
    parser.add_argument("--no-lab", action="store_true", help="without the daemon beside real PBXs")
    words = parser.parse_args()
    found: dict[str, Any] = {"parsing": parsing.run(words.rounds), "memory": [_memory(*held) for held in HELD], "scrape": scrape.run()}
    if words.no_lab or os.geteuid() != 0:
        found["traffic_skipped"] = "asked for" if words.no_lab else "the lab needs root"
    else:
        from bench import orders, traffic  # noqa: PLC0415 - only with the lab

        found["traffic"] = traffic.run(_say)
        found["orders"] = orders.run(_say)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found, indent=2) + "\n")
    print("\n".join(_table(found)))
    print(f"\nfigures: {OUT.relative_to(ROOT)}")


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def _memory(calls: int, seats: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.memory", str(calls), str(seats)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=600)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _table(found: dict[str, Any]) -> Iterator[str]:
    parsed = found["parsing"]
    yield f"events a second of one core's time, over a loopback socket (median of {parsed['rounds']}; least to most); by the clock"
    for name, rates in parsed["readers"].items():
        own, clock = rates[_RATE], rates["per_second"]
        ratio = parsed["ratios"][_RATE].get(name)
        beside = f"   we: {ratio:.2f} x" if ratio is not None else ""
        yield f"  {name:<36} {own['median']:>10,}  ({own['least']:,} to {own['most']:,}); {clock['median']:,}{beside}"
    cost = parsed["cost"]
    share = f"{100 * cost['core_share_per_10_calls']:.2f} % of a core for each 10 calls/s"
    yield f"  cti-daemon, whole pipeline: {share} of this stream ({cost['events_per_call']} events a call)"
    yield f"  {parsed['checked']}"
    yield from (f"  skipped: {reason}" for reason in parsed["skipped"])
    yield "resident memory, everything loaded"
    for held in found["memory"]:
        yield f"  {held['calls']:>6,} calls up, {held['seats']:>5,} seats: {held['resident_mb']} MB (before: {held['before_mb']} MB)"
    yield "a scrape"
    for cost in found["scrape"]:
        stall, page = cost["longest_stall_ms"], cost["page_ms"]
        text = f"longest stall {stall['median']} ms (most {stall['most']}), page {page['median']} ms (most {page['most']})"
        yield f"  {cost['series']:>6,} series: {text}"
    for row in found.get("traffic", ()):
        text = f"{100 * row['core_share']:.1f} % of a core; {100 * row['core_share_per_10_calls']:.2f} % for each 10 calls/s"
        yield f"  {row['wanted_per_second']:>3} calls/s wanted, {row['offered_per_second']} offered: {text}"
    for what, cost in found.get("orders", {}).items():
        text = f"median {cost['median']}, p99 {cost['p99']}, most {cost['most']} (n {cost['n']})"
        yield f"  order over MQTT, {what.replace('_', ' ')}: {text}"
    if "traffic_skipped" in found:
        yield f"  real traffic was skipped: {found['traffic_skipped']}"


if __name__ == "__main__":
    main()
