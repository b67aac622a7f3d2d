"""A trial as a person likes to read it: a timeline, and a table of promises."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from lab.promise import Promise
from lab.score import Score, agent_again_wall
from lab.trial import Evidence

_COLOUR = sys.stdout.isatty()
_BARS = " ▁▂▃▄▅▆▇█"
_FAULT_TEXT = {
    "kill": "SIGKILL of pbx-a's Asterisk",
    "blackhole": "pbx-a is black-holed: every packet in and out is dropped",
    "freeze": "pbx-a's Asterisk is frozen (SIGSTOP): the kernel still takes connections, nobody answers",
}


def title(fault: str) -> None:
    """Say what is going to happen."""
    print(_bold(f"\n  cti-daemon: {_FAULT_TEXT[fault]}, with callers on the line") + "\n")


@dataclass(frozen=True, slots=True)
class _Moment:
    wall: float
    mark: str
    text: str


def draw(seen: Evidence, result: Score, fault: str) -> None:
    """Print what happened, in milliseconds from the fault."""
    t0 = seen.struck_wall
    moments = [_Moment(t0, _red("✖"), f"{_FAULT_TEXT[fault]}; {result.calls_before} callers talk, {result.waiting_before} wait")]
    for told in seen.told:
        if told.wall >= t0 and told.kind in ("divert", "failover", "rerouted", "rescue"):
            mark = {"divert": _yellow("↷"), "failover": _red("●"), "rerouted": _green("→"), "rescue": _green("⇉")}[told.kind]
            moments.append(_Moment(told.wall, mark, str(told.body["text"])))
    moments += _answers(seen)
    moments += _agents(seen, result)
    print(_bold("\n  timeline") + " (packet captures, the edge's events and the broker; 0 is the fault)\n")
    for moment in sorted(moments, key=lambda m: m.wall):
        print(f"  {(moment.wall - t0) * 1000:+8.0f} ms  {moment.mark}  {moment.text}")
    _histogram(seen, result)


def _answers(seen: Evidence) -> list[_Moment]:
    t0 = seen.struck_wall
    later = [
        call
        for call in seen.calls
        if call.number.startswith(seen.new_group.number_prefix) and call.invited_wall >= t0 and call.answered_wall is not None
    ]
    if not later:
        return []
    first = min(later, key=lambda call: call.answered_wall or 0.0)
    took = ((first.answered_wall or 0.0) - first.invited_wall) * 1000
    text = f"first call placed after the fault is answered ({took:.0f} ms after its INVITE)"
    return [_Moment(first.answered_wall or 0.0, _green("☎"), text)]


def _agents(seen: Evidence, result: Score) -> list[_Moment]:
    talkers = [call for call in seen.calls if any(call.number.startswith(g.number_prefix) for g in seen.load.talkers())]
    back = sorted(wall for call in talkers if (wall := agent_again_wall(call, seen)) is not None)
    if not back:
        return []
    moments = [_Moment(back[0], _green("♪"), "first agent and caller hear each other again")]
    if len(back) > 2:
        moments.append(_Moment(back[len(back) // 2], _green("♪"), f"half of the {len(back)} conversations go on"))
        moments.append(
            _Moment(back[-1], _green("♪"), f"the last one goes on; {result.same_agent} of {result.calls_before} with the same agent")
        )
    return moments


def _histogram(seen: Evidence, result: Score) -> None:
    """Conversations that went on again, per 50 ms."""
    talkers = [call for call in seen.calls if any(call.number.startswith(g.number_prefix) for g in seen.load.talkers())]
    back = [wall - seen.struck_wall for call in talkers if (wall := agent_again_wall(call, seen)) is not None]
    if not back:
        return
    width = 0.05
    counts = [0] * (int(max(back) / width) + 1)
    for seconds in back:
        counts[int(seconds / width)] += 1
    top = max(counts)
    line = "".join(_BARS[-(-count * 8 // top)] for count in counts)
    print(f"\n  conversations that go on, per 50 ms   0 ▕{line}▏ {max(back) * 1000:.0f} ms")
    if result.audio_gap_ms:
        gap = result.audio_gap_ms
        print(f"  silence heard by {gap.n} callers: median {gap.median:.0f} ms, max {gap.max:.0f} ms")


def table(result: Score, promises: Sequence[Promise]) -> None:
    """Print each promise with what was measured."""
    print(_bold("\n  promises") + "\n")
    for promise in promises:
        value = promise.figure(result)
        shown = "not measured" if value is None else f"{value:.0f} {promise.unit}".strip()
        limit = f"{'≥' if promise.at_least else '≤'} {promise.limit:g} {promise.unit}".strip()
        mark = _green("✔") if promise.holds(result) else _red("✘")
        print(f"  {mark} {promise.number:3} {promise.text:44} {shown:>12}   promised {limit}")
    lost = f"{result.calls_kept} of {result.calls_before} talking and {result.waiting_kept} of {result.waiting_before} waiting callers kept"
    print(f"\n  {_bold(lost)}, {result.new_calls} new calls came in afterwards, {result.new_calls_failed} failed.\n")


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if _COLOUR else text


def _red(text: str) -> str:
    return f"\x1b[31m{text}\x1b[0m" if _COLOUR else text


def _yellow(text: str) -> str:
    return f"\x1b[33m{text}\x1b[0m" if _COLOUR else text


def _green(text: str) -> str:
    return f"\x1b[32m{text}\x1b[0m" if _COLOUR else text
