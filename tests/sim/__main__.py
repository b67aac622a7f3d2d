"""`python -m tests.sim SEED` prints one run; `python -m tests.sim --seeds N [--first SEED]` tries many."""

import argparse
import itertools
import sys
import time
from collections import Counter

from tests.sim.schedule import NAMES, draw
from tests.sim.storm import Finding, Storm

LINE_EVERY = 20  # where no terminal shows the progress


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, help="replay this one and print its transcript")
    parser.add_argument("--seeds", type=int, default=100, help="how many to try")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--only", choices=NAMES, help="only schedules of this name")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return _replay(arguments.seed)
    wanted = (seed for seed in itertools.count(arguments.first) if arguments.only in (None, draw(seed).name))
    return _try(list(itertools.islice(wanted, arguments.seeds)))


def _replay(seed: int) -> int:
    finding = Storm(seed).run()
    print(f"seed {seed}: {finding.name}")
    print("\n".join(finding.transcript))
    return 1 if finding.breaches else 0


def _try(seeds: list[int]) -> int:
    began, counted = time.monotonic(), Counter[str]()
    broken: list[Finding] = []
    for seed in seeds:
        finding = Storm(seed).run()
        counted.update(failovers=finding.failovers, redirects=finding.redirects, causes=finding.causes, unserved=finding.unserved, seeds=1)
        if finding.breaches:
            broken.append(finding)
            print(f"seed {seed} ({finding.name}): {finding.breaches[0]}")
        if sys.stderr.isatty() or counted["seeds"] % LINE_EVERY == 0 or seed == seeds[-1]:
            rate = counted["seeds"] / (time.monotonic() - began)
            words = ", ".join(f"{n} {what}" for what, n in counted.items())
            start = "\r" if sys.stderr.isatty() else ""
            end = "" if sys.stderr.isatty() and seed != seeds[-1] else "\n"
            print(f"{start}{words}; {len(broken)} broken; {rate:.1f} seeds/s", end=end, file=sys.stderr, flush=True)
    by_promise = Counter(breach.promise.value for finding in broken for breach in finding.breaches[:1])
    for promise, n in by_promise.most_common():
        print(f"{n:6} x {promise}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
