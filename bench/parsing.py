"""Events a second over a real loopback socket: us, the peers and the limit, in turn, several rounds in one run."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import stream

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
LONGEST_SECONDS = 180.0
UNITS = ("per_cpu_second", "per_second")
"""Events a second of the reader's own processor time, which a busy neighbour hardly changes; and a second of the clock."""


@dataclass(frozen=True, slots=True)
class Reader:
    """`copies` of the stream, or `most_blocks` of it, so that each reader works for about a second."""

    name: str
    command: tuple[str, ...]
    copies: int
    most_blocks: int = 0
    folder: Path = ROOT

    @property
    def events(self) -> int:
        body = stream.calls()
        if self.most_blocks:
            body = b"\r\n\r\n".join(body.split(b"\r\n\r\n")[: self.most_blocks])
        return self.copies * stream.events(body)


def readers() -> list[Reader]:
    def python(module: str) -> tuple[str, ...]:
        return (sys.executable, "-m", f"bench.clients.{module}")

    found = [
        Reader("split only (the limit)", python("split_only"), copies=40),
        Reader("cti-daemon, whole pipeline", python("ours"), copies=12),
        Reader("panoramisk 1.4, parse and dispatch", python("panoramisk_dispatch"), copies=3),
        Reader("pyst2 0.5.1, parse and dispatch", python("pyst2_dispatch"), copies=1, most_blocks=2000),
    ]
    node = shutil.which("node")
    if node and _has_yana():
        found.append(Reader("npm yana 0.3.0, parse and dispatch", (node, str(FOLDER / "clients" / "yana.js")), copies=4))
    return found


def _has_yana() -> bool:
    """The peer from npm, installed as locked; False where there is no npm or no registry."""
    if (FOLDER / "node_modules" / "yana").is_dir():
        return True
    npm = shutil.which("npm")
    if npm is None:
        return False
    done = subprocess.run([npm, "ci", "--silent", "--ignore-scripts"], cwd=FOLDER, check=False, capture_output=True, timeout=120)
    return done.returncode == 0


def run(rounds: int) -> dict[str, Any]:
    """Every reader once a round, so that a slow minute of the machine hits all alike."""
    taken = readers()
    results: dict[str, list[Mapping[str, Any]]] = {reader.name: [] for reader in taken}
    for number in range(1, rounds + 1):
        for reader in taken:
            print(f"  round {number} of {rounds}: {reader.name}", file=sys.stderr, flush=True)
            results[reader.name].append(_once(reader))
    found = {name: {unit: _spread([result[unit] for result in runs]) for unit in UNITS} for name, runs in results.items()}
    ours = next(reader for reader in taken if "whole pipeline" in reader.name)
    checked = _check(results[ours.name], ours.copies)
    ratios = {unit: _ratios(results, ours.name, unit) for unit in UNITS}
    each_call = stream.events(stream.calls()) / stream.CALLS
    share = 10 * each_call / found[ours.name]["per_cpu_second"]["median"]
    cost = {"events_per_call": round(each_call, 1), "core_share_per_10_calls": round(share, 5)}
    return {"rounds": rounds, "readers": found, "ratios": ratios, "cost": cost, "checked": checked, "skipped": _skipped(taken)}


def _spread(rates: list[float]) -> dict[str, int]:
    return {"median": round(median(rates)), "least": round(min(rates)), "most": round(max(rates))}


def _once(reader: Reader) -> dict[str, Any]:
    feed = [sys.executable, "-m", "bench.feeder", str(reader.copies), str(reader.most_blocks)]
    with subprocess.Popen(feed, cwd=ROOT, stdout=subprocess.PIPE, text=True) as feeder:
        try:
            port = feeder.stdout.readline().strip() if feeder.stdout else ""
            done = subprocess.run(
                [*reader.command, port, str(reader.events)],
                cwd=reader.folder,
                check=True,
                capture_output=True,
                text=True,
                timeout=LONGEST_SECONDS,
            )
        except subprocess.CalledProcessError as failed:
            raise SystemExit(f"{reader.name} failed:\n{failed.stderr}") from failed
        finally:
            feeder.kill()
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _check(runs: list[Mapping[str, Any]], copies: int) -> str:
    """A fast reader that counts wrongly would be no reader: the stream's 400 calls, each time."""
    for result in runs:
        outcomes = result["outcomes"]
        offered = sum(outcomes.values())
        if result["refused"] or offered < stream.CALLS * copies:
            raise SystemExit(f"the pipeline counted {outcomes} and refused {result['refused']} blocks of {copies} x {stream.CALLS} calls")
    return f"each run counted its {stream.CALLS * copies} calls, {runs[-1]['outcomes']}, and refused no block"


def _ratios(results: Mapping[str, list[Mapping[str, Any]]], ours: str, unit: str) -> dict[str, float]:
    """Median of the ratios of each round: the machine's slow minutes fall out."""
    mine = [result[unit] for result in results[ours]]
    return {
        name: round(median(own / other[unit] for own, other in zip(mine, runs, strict=True)), 3)
        for name, runs in results.items()
        if name != ours
    }


def _skipped(taken: list[Reader]) -> list[str]:
    return [] if any("yana" in reader.name for reader in taken) else ["npm yana: node and npm are not here"]
