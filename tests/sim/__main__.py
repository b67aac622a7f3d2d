"""`python -m tests.sim SEED` prints one run; `python -m tests.sim --seeds N [--first SEED]` tries many; `python -m tests.sim --restarts`
kills the daemon at every point of every course."""

import argparse
import itertools
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator
from os import cpu_count

from tests.sim.courses import AWAY_SECONDS, COURSES
from tests.sim.mutants import MUTANTS
from tests.sim.schedule import NAMES, draw
from tests.sim.storm import Finding, Storm

LINE_EVERY = 100  # where no terminal shows the progress


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, help="replay this one and print its transcript")
    parser.add_argument("--seeds", type=int, default=100, help="how many to try")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--only", choices=NAMES, help="only schedules of this name")
    parser.add_argument("--restarts", action="store_true", help="kill the daemon at every point of every course instead")
    parser.add_argument("--mutants", action="store_true", help="spoil one rule after the other, and see after how many seeds it is found")
    parser.add_argument("--jobs", type=int, default=cpu_count() or 1, help="processes")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return _replay(arguments.seed)
    with multiprocessing.Pool(arguments.jobs) as pool:
        if arguments.mutants:
            return _tell_mutants(pool.imap(_hunt, range(len(MUTANTS))))
        if arguments.restarts:
            return _tell_restarts(pool.imap(_restart, _restarts(), chunksize=5))
        wanted = (seed for seed in itertools.count(arguments.first) if arguments.only in (None, draw(seed).name))
        return _tell_storms(pool.imap(_storm, itertools.islice(wanted, arguments.seeds), chunksize=5))


def _replay(seed: int) -> int:
    finding = Storm(seed).run()
    print(f"seed {seed}: {finding.name}")
    print("\n".join(finding.transcript))
    return 1 if finding.breaches else 0


# --- many seeds -----------------------------------------------------------------------------------------------------


def _storm(seed: int) -> Finding:
    return Storm(seed).run().without_transcript()


def _tell_storms(findings: Iterator[Finding]) -> int:
    began, counted = time.monotonic(), Counter[str]()
    by_promise = Counter[str]()
    for finding in findings:
        counted.update(failovers=finding.failovers, redirects=finding.redirects, causes=finding.causes, unserved=finding.unserved, seeds=1)
        if finding.breaches:
            by_promise[finding.breaches[0].promise.value] += 1
            print(f"seed {finding.seed} ({finding.name}): {finding.breaches[0]}", flush=True)
        if sys.stderr.isatty() or counted["seeds"] % LINE_EVERY == 0:
            _show(counted, by_promise.total(), began, "\r" if sys.stderr.isatty() else "\n")
    _show(counted, by_promise.total(), began, "\n")
    for promise, n in by_promise.most_common():
        print(f"{n:6} x {promise}")
    return 1 if by_promise else 0


def _show(counted: Counter[str], broken: int, began: float, end: str) -> None:
    words = ", ".join(f"{n} {what}" for what, n in counted.items())
    rate = counted["seeds"] / (time.monotonic() - began)
    print(f"{words}; {broken} broken; {rate:.1f} seeds/s", end=end, file=sys.stderr, flush=True)


# --- killed at every point ------------------------------------------------------------------------------------------

Kill = tuple[int, str, float]


def _restarts() -> Iterator[Kill]:
    for number, course in enumerate(COURSES):
        points = course.points()
        print(f"{course.name}: {len(points)} points", file=sys.stderr, flush=True)
        yield from ((number, point, away) for point in points for away in AWAY_SECONDS)


def _restart(kill: Kill) -> tuple[str, list[str]]:
    number, point, away_seconds = kill
    course = COURSES[number]
    return f"{course.name}: killed {point}, away {away_seconds:g} s", course.faults_found(point, away_seconds)


def _tell_restarts(found: Iterator[tuple[str, list[str]]]) -> int:
    tried = broken = 0
    for what, told in found:
        tried += 1
        if told:
            broken += 1
            print(f"{what}: {told[-1]}", flush=True)
    print(f"{tried} deaths and returns; {broken} broken")
    return 1 if broken else 0


# --- rules spoilt on purpose ----------------------------------------------------------------------------------------

MOST_SEEDS = 100


def _hunt(number: int) -> tuple[str, int | None]:
    mutant = MUTANTS[number]
    seeds = (seed for seed in itertools.count() if not mutant.kinds or draw(seed).name in mutant.kinds)
    for tried, seed in enumerate(itertools.islice(seeds, MOST_SEEDS), start=1):
        if mutant.is_found(mutant.try_seed(seed)):
            return f"{mutant.name} ({mutant.promise.value})", tried
    return f"{mutant.name} ({mutant.promise.value})", None


def _tell_mutants(hunted: Iterator[tuple[str, int | None]]) -> int:
    missed = 0
    for what, tried in hunted:
        missed += tried is None
        print(f"found after {tried:3} seeds: {what}" if tried else f"not found in {MOST_SEEDS} seeds: {what}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
