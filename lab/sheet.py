"""`python -m lab.sheet`: the tables of docs/drills.md, from the records in build/drills; a drill without one keeps the row it has."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from lab.broker_trouble import BROKER_TROUBLE
from lab.catalogue import DRILLS
from lab.deaths import DEATHS
from lab.disturbances import DISTURBANCES
from lab.layout import REPOSITORY
from lab.peers import PEERS
from lab.tally import FOLDER

PAGE = REPOSITORY / "docs/drills.md"
BEGIN, END = "<!-- begin: written by `make drills` -->", "<!-- end -->"

Record = dict[str, Any]


def main() -> int:
    """Put the tables into the page; 0 done."""
    records = {name: json.loads(path.read_text()) for name in DRILLS if (path := FOLDER / f"{name}.json").exists()}
    head, _, rest = PAGE.read_text().partition(BEGIN)
    old, _, tail = rest.partition(END)
    PAGE.write_text(head + BEGIN + "\n\n" + "\n".join(tables(records, rows(old))) + "\n\n" + END + tail)
    print(f"{len(records)} of {len(DRILLS)} drills are in {PAGE.relative_to(REPOSITORY)}")
    return 0


def rows(page: str) -> dict[str, str]:
    """The rows of tables that are there, by drill, or by site and fault."""
    found = {}
    for line in page.splitlines():
        if line.startswith("| "):
            first, second = line.split(" | ", 2)[:2]
            found[first.split("`")[1] if "`" in first else _key(first.removeprefix("| "), second)] = line
    return found


def _key(site: str, fault: str) -> str:
    return f"{site} | {fault}"


def tables(records: dict[str, Record], held: dict[str, str]) -> Iterator[str]:
    """The three tables, line by line; `held`: the rows of drills without a record."""
    yield "### Must fire"
    yield ""
    yield (
        "| drill | runs | callers kept | same agent | new calls failed | failovers a run | diverts | verdict, median (max) | "
        "new call's answer, median / p99 | silence, median (max) | agent again, median (max) | result |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|"
    yield from _either(records, held, (*DEATHS, *BROKER_TROUBLE), _death)
    yield ""
    yield "### Must not fire"
    yield ""
    yield "| drill | runs | callers kept | conversations cut | new calls failed | false failovers | diverts | callers moved | result |"
    yield "|---|---|---|---|---|---|---|---|---|"
    yield from _either(records, held, tuple(DISTURBANCES), _disturbance)
    yield ""
    yield "### Without us"
    yield ""
    yield "| site | fault | runs | next answered call, median (max) | callers kept, hearing something | silence, median (max) |"
    yield "|---|---|---|---|---|---|"
    for peer in PEERS:
        yield from _peer(peer, records, held)


def _either(records: dict[str, Record], held: dict[str, str], names: tuple[str, ...], row: Callable[[str, Record], str]) -> Iterator[str]:
    for name in names:
        if "totals" in records.get(name, {}):
            yield row(name, records[name])
        elif name in held:
            yield held[name]


def _death(name: str, record: Record) -> str:
    counts, times = record["totals"], record["times"]
    new = times["new_call_answer_ms"]
    answer = f"{_s(new['median'])} / {_s(new['p99'])}" if new else "–"
    failovers = f"{counts['failovers'] / len(record['each']):g}"
    verdict, silence, agent = (_spread(times[key]) for key in ("death_to_verdict_ms", "audio_gap_ms", "agent_again_ms"))
    same = f"{counts['same_agent']} of {counts['calls_before']}"
    cells = (f"`{name}`: {record['text']}", record["runs"], _kept(counts), same, _failed(counts), failovers, counts["diverts"])
    return _row(*cells, verdict, answer, silence, agent, _result(record))


def _disturbance(name: str, record: Record) -> str:
    counts = record["totals"]
    expected = record["expected"]["failovers"][1] * len(record["each"])
    false = max(0, counts["failovers"] - expected)
    cells = (f"`{name}`: {record['text']}", record["runs"], _kept(counts), counts["cut"], _failed(counts), false, counts["diverts"])
    return _row(*cells, counts["redirects"], _result(record))


def _peer(peer: str, records: dict[str, Record], held: dict[str, str]) -> Iterator[str]:
    for fault in ("kill", "blackhole", "freeze", "mute"):
        name = f"peer-{peer}-{fault}"
        text, shown = DRILLS[name].text.rpartition(":")[0], "none" if fault == "mute" else fault
        record = records.get(name, {})
        if "totals" not in record:
            yield from [held[key]] if (key := _key(text, shown)) in held else []
            continue
        counts, times = record["totals"], record["times"]
        if fault == "mute":
            cut = f"{counts['cut']} of {counts['calls_before']} healthy silent calls thrown out"
            yield _row(text, shown, record["runs"], "–", cut, "–")
        else:
            kept = f"{counts['calls_kept'] - counts['in_silence']} of {counts['calls_before']}"
            yield _row(text, shown, record["runs"], _spread(times["death_to_next_answer_ms"]), kept, _spread(times["audio_gap_ms"]))


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _kept(counts: Record) -> str:
    whole = counts["calls_kept"] + counts["waiting_kept"] - counts["in_silence"]
    return f"{whole} of {counts['calls_before'] + counts['waiting_before']}"


def _failed(counts: Record) -> str:
    return f"{counts['new_calls_failed']} of {counts['new_calls']}"


def _result(record: Record) -> str:
    if not record["passed"]:
        wrong = sorted({why for each in record["each"] for why in each["wrong"]})
        return f"**failed**: {'; '.join(wrong)}"
    return f"passed; late: {'; '.join(record['late'])}" if record["late"] else "passed"


def _spread(times: Record | None) -> str:
    return "–" if times is None else f"{_s(times['median'])} ({_s(times['max'])})"


def _s(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s"


if __name__ == "__main__":
    sys.exit(main())
