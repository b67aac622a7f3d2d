"""`--write` makes the transcripts anew, `--files N` tries N damaged plan files, `--kills` tries every kill of every scenario."""

import argparse
import sys

from tests.plans.kills import all_kills
from tests.plans.mutations import try_files
from tests.plans.script import inputs, transcript
from tests.plans.shipped import SCENARIOS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.plans", description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", action="store_true")
    wanted = parser.parse_args()
    if wanted.write:
        for path in sorted(SCENARIOS.glob("*.txt")):
            path.write_text(transcript(path.stem, inputs(path.read_text(encoding="utf-8"))), encoding="utf-8")
            print(f"{path.name} written")
    faults: list[str] = []
    if wanted.files:
        told = try_files(wanted.files, wanted.seed)
        print(
            f"{wanted.files} files: {told.accepted} accepted and run, {told.refused} refused with line and key, {len(told.faults)} faults"
        )
        faults += told.faults
    if wanted.kills:
        for path in sorted(SCENARIOS.glob("*.txt")):
            killed = all_kills(inputs(path.read_text(encoding="utf-8")))
            print(f"{path.stem}: killed at {killed.points} points, {len(killed.faults)} faults")
            faults += [f"{path.stem}: {fault}" for fault in killed.faults]
    print("\n".join(faults[:50]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
