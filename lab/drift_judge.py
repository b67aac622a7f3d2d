"""The judge of a mixed run: the daemon's counters against the ground truth, and its last picture against Asterisk's own lists.

Every comparison is a row with what was right, what the daemon said and the evidence; a row that differs counts as a difference."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lab import asterisk, picture, queue_log, truth
from lab.ami import Ami
from lab.layout import BY_NAME, EDGE, EMG, PBX_A, PBX_B, Host
from lab.mix import Mix, Remains
from lab.queue_log import End
from lab.truth import Account, Truth, Wait

Result = dict[str, Any]
_SAMPLE = re.compile(r"^(\w+)\{([^}]*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def judge(mix: Mix, remains: Remains) -> Result:
    """Compare everything; `differences` is how many rows differ."""
    real = _truth(remains)
    counted = Counters(remains.metrics, remains.status)
    rows = [row for queue in sorted(real.queues) for row in _queue(queue, real.queues[queue], counted, remains.gaps_wall)]
    rows += _callers(mix, remains)
    rows += _last_picture(remains)
    if remains.mirror is not None:
        before, after = remains.mirror
        unlike = {
            s: {"before": before.get(s), "after": after.get(s)}
            for s in sorted(before.keys() | after.keys())
            if before.get(s) != after.get(s)
        }
        rows.append(_row(f"after the failover: {len(before)} seats' logins, pauses, reasons and penalties as before", {}, unlike))
    rows += [_row("nothing unexplained in the logs", 0, len(real.riddles), real.riddles)]
    samples = remains.samples
    void = list(_void(remains))
    rows.append(_row("sampled during the run", 0, len(samples.mismatches), samples.mismatches))
    return {
        "mix": asdict(mix),
        "void": void,
        "differences": sum(not row["equal"] for row in rows),
        "rows": rows,
        "done_by_seats": dict(sorted(remains.done.items())),
        "log": dict(sorted(Counter(f"{row.node} {row.event}" for row in remains.rows).items())),
        "samples": {
            "samples": samples.samples,
            "judged": samples.judged,
            "unsteady": samples.unsteady,
            "unknown": samples.unknown,
            "late": samples.late,
            "undecided": samples.undecided,
        },
        "ghosts": real.ghosts,
        "gaps_wall": remains.gaps_wall,
        "deaths": [asdict(death) for death in remains.deaths],
    }


def _void(remains: Remains) -> Iterator[str]:
    """Yield what else went wrong on a starved machine: then callers were moved off servers that lived, which the logs do not tell."""
    failovers = sum(row["count"] for row in remains.status.get("counters", {}).get("failovers", []))
    if failovers != len(remains.deaths):
        yield f"{failovers} failovers, {len(remains.deaths)} server(s) killed"
    moved = sum(row.event == "ENTERQUEUE" and row.node == EMG.name for row in remains.rows)
    if moved:
        yield f"{moved} callers came to the emergency seats, because no media server answered in time"


def in_words(result: Result) -> Iterator[str]:
    """Yield the report for a person: one line a comparison."""
    for row in result["rows"]:
        yield f"  {'ok  ' if row['equal'] else 'DIFF'} {row['what']}: truth {row['truth']}, daemon {row['daemon']}"
        if row.get("evidence"):
            yield f"       {row['evidence']}"
    samples = result["samples"]
    late = [entry["late_seconds"] for entry in samples["late"]]
    yield (
        f"  samples {samples['samples']}, facts judged {sum(samples['judged'].values())}, changed meanwhile {samples['unsteady']}, "
        f"said to be unknown {samples['unknown']}, late {len(late)} (at most {max(late, default=0)} s), "
        f"undecided {len(samples['undecided'])}"
    )
    yield f"{result['differences']} difference(s)"


class Counters:
    """The daemon's /metrics, the series with a queue; and from its /status how much of them it did not see happen."""

    def __init__(self, text: str, status: Mapping[str, Any]) -> None:
        """Read the pages."""
        self._unseen = {queue["queue"]: queue.get("unseen") or {} for queue in status.get("queues", [])}
        self._values: dict[tuple[str, str, str], float] = {}
        for name, labels, value in _SAMPLE.findall(text):
            pairs = dict(_LABEL.findall(labels))
            queue = pairs.pop("queue", "")
            self._values[name, queue, "".join(pairs.values())] = float(value)

    def get(self, name: str, queue: str, label: str = "") -> float | None:
        """Return the sample, None when there is none."""
        return self._values.get((name, queue, label))

    def unseen(self, queue: str, outcome: str) -> int:
        """Return how many of these outcomes the daemon knows only from the node's own counters."""
        count: int = self._unseen.get(queue, {}).get(outcome, 0)
        return count

    def outcome(self, queue: str, outcome: str) -> float | None:
        """Return how many callers of the queue ended so."""
        return self.get("cti_queue_calls_total", queue, outcome)


def _truth(remains: Remains) -> Truth:
    back: dict[str, float] = {}
    for dialog in remains.dialogs:
        if dialog.replaces and dialog.answered_wall is not None:
            back.setdefault(dialog.number, dialog.answered_wall)
    callers = {call.number: truth.Caller(call.ended_wall, back.get(call.number)) for call in remains.calls}
    return truth.account(queue_log.read_stays(remains.rows), remains.deaths, callers)


def _row(what: str, right: Any, said: Any, evidence: Any = None) -> Result:
    """One comparison; a pair of ints as `right` is the least and the most that count as right."""
    equal = right[0] <= said <= right[1] if isinstance(right, tuple) and said is not None else said == right
    return {"what": what, "truth": right, "daemon": said, "equal": equal} | ({} if equal else {"evidence": evidence})


def _queue(name: str, real: Account, counted: Counters, gaps: Sequence[tuple[float, float]]) -> Iterator[Result]:
    yield _row(f"{name}: offered", real.offered, counted.get("cti_queue_offered_total", name))
    for end in (End.ANSWERED, End.TIMEOUT, End.OVERFLOWED):
        yield _row(f"{name}: {end.value}", real.ends[end], counted.outcome(name, end.value))
    abandons = [counted.outcome(name, "abandoned"), counted.outcome(name, "short_abandoned")]
    yield _row(
        f"{name}: abandoned, short ones included",
        real.ends[End.ABANDONED],
        None if None in abandons else sum(map(float, filter(None, abandons))),
    )
    yield _row(f"{name}: came from a dead server's queue", real.rescued, counted.outcome(name, "rescued"))
    for kind, waits in (("answer", real.answer_waits), ("abandon", real.abandon_waits)):
        unseen = counted.unseen(name, {"answer": "answered", "abandon": "abandoned"}[kind])
        # What happened while the daemon had no AMI is counted from the node's own counters, which do not tell the wait.
        hidden = [wait for wait in waits.values() if any(since - 1 <= wait.ended_wall <= until + 1 for since, until in gaps)]
        yield _row(f"{name}: waits to {kind}, counted", len(waits) - unseen, counted.get(f"cti_queue_{kind}_seconds_count", name))
        yield _row(f"{name}: waits to {kind} not seen in the gap, no more than there were", (0, len(hidden)), unseen)
        span = _sum(waits.values(), hidden, unseen)
        yield _row(f"{name}: waits to {kind}, sum of seconds", span, counted.get(f"cti_queue_{kind}_seconds_sum", name))
        for edge in (5, 15):
            within = sum(wait.most <= edge for wait in waits.values()) - unseen, sum(wait.least <= edge for wait in waits.values())
            yield _row(f"{name}: waits to {kind} of at most {edge} s", _exact(within), _bucket(counted, kind, name, str(edge)))


def _sum(waits: Iterable[Wait], hidden: Collection[Wait], unseen: int) -> int | tuple[int, int]:
    """Return the least and the most that the sum may be when `unseen` of the hidden ones are not in it."""
    waits = list(waits)
    least = sum(wait.least for wait in waits) - sum(sorted((wait.most for wait in hidden), reverse=True)[:unseen])
    most = sum(wait.most for wait in waits) - sum(sorted(wait.least for wait in hidden)[:unseen])
    return _exact((least, most))


def _bucket(counted: Counters, kind: str, queue: str, edge: str) -> float | None:
    found = counted.get(f"cti_queue_{kind}_seconds_bucket", queue, edge)
    return found if found is not None else counted.get(f"cti_queue_{kind}_seconds_bucket", queue, f"{edge}.0")


def _exact(span: tuple[int, int]) -> int | tuple[int, int]:
    return span[0] if span[0] == span[1] else span


def _callers(mix: Mix, remains: Remains) -> Iterator[Result]:
    """The three witnesses among themselves: the carrier, the edge's CDR, queue_log."""
    calls = remains.calls
    yield _row("carrier: calls placed", mix.calls, len(calls))
    unanswered = [asdict(call) for call in calls if call.answered_wall is None]
    yield _row("carrier: calls that nobody took", 0, len(unanswered), unanswered)
    endless = [asdict(call) for call in calls if call.ended_wall is None]
    yield _row("carrier: calls without an end", 0, len(endless), endless)
    numbers = {call.number for call in calls}
    logged = {stay.number for stay in queue_log.read_stays(remains.rows)}
    yield _row("queue_log: callers", len(numbers), len(logged & numbers), sorted(numbers ^ logged)[:20])
    path = asterisk.log_folder(EDGE) / "cdr-csv/Master.csv"
    with path.open(newline="", encoding="utf-8") as stream:
        charged = {line[1] for line in csv.reader(stream)}
    yield _row("edge CDR: callers", len(numbers), len(charged & numbers), sorted(numbers ^ charged)[:20])


def _last_picture(remains: Remains) -> Iterator[Result]:
    """Nothing left over anywhere, and every seat as the serving node has it."""
    status = remains.status
    left = [row for row in status.get("calls", []) if row["count"]]
    yield _row("calls left over", [], left, left)
    serving = BY_NAME[status["serving"]]
    seen, *others = (_look(host) for host in (serving, *(host for host in remains.alive if host is not serving)))
    yield _row("at the end: who serves", PBX_B.name if remains.deaths else PBX_A.name, serving.name)
    yield _row("channels of the serving node", 0, len(seen.channels), sorted(seen.channels))
    word, right = picture.told(status, serving.name), picture.facts(seen, others)
    for key, fact in sorted(right.items()):
        if key[0] != "seat":
            yield _row(f"at the end: {' '.join(key)}", fact.value, word.get(key))
    seats = {name for kind, name in right.keys() | word.keys() if kind == "seat"}
    wrong = {
        name: {"asterisk": right["seat", name].value if ("seat", name) in right else None, "daemon": word.get(("seat", name))}
        for name in sorted(seats)
        if ("seat", name) not in right or right["seat", name].value != word.get(("seat", name))
    }
    yield _row(f"at the end: {len(seats)} seats, each with its state, queues, penalty, pause and reason", {}, wrong)


def _look(host: Host) -> picture.NodePicture:
    with Ami(host) as ami:
        return picture.look(ami)
