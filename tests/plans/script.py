"""A scenario: a text whose lines `time > …` are what happens, and all other lines what came of it. The text is its own golden transcript.

0:00:00 > fact queue.waiting = 4; queue.lines_full = true
0:16:00 > carol: task-done lines-full-1 next-shift-early proof="seat 12, 14:00"; a reason
0:20:00 > restart 30
0:20:00 > checked
0:20:00 > unreachable duty-lead
0:20:00 > fails test-calls
0:20:00 > echelon-1 answers no
0:20:00 > mark seat7 call-1
"""

import re
import shlex
from dataclasses import dataclass
from typing import Any

from cti_daemon.model.events import Command
from cti_daemon.model.incidents import Plan, Value
from cti_daemon.model.plan_effects import SummonsAnswer
from cti_daemon.model.verbs import VERBS
from tests.plans.shipped import plans, rows
from tests.plans.world import KilledError, World

_INPUT = re.compile(r"^(\d+):(\d\d):(\d\d) > (.+)$")
_FACT = re.compile(r"([a-z_]+(?:\.[A-Za-z0-9_\-]+)+)(?:\[([^\]]+)\])? = ([^\s;]+)")


@dataclass(frozen=True, slots=True)
class Input:
    at: float
    text: str


def inputs(text: str) -> list[Input]:
    found = (_INPUT.match(line) for line in text.splitlines())
    return [Input(int(m[1]) * 3600 + int(m[2]) * 60 + int(m[3]), m[4].strip()) for m in found if m]


def play(script: list[Input], kill_at: int | None = None) -> World:
    """The whole scenario. When it is killed it is started again, and whoever has had no answer asks again."""
    world = World(plans(), kill_at)
    for number, item in enumerate(script):
        _alive(world, lambda at=item.at: world.until(at))
        world.lines.append(f"{_clock(item.at)} > {item.text}")
        _alive(world, lambda text=item.text, number=number: happen(world, text, number))
    return world


def _alive(world: World, act: Any) -> None:
    try:
        act()
    except KilledError:
        world.restart()
        act()


def happen(world: World, text: str, number: int) -> None:
    word = text.split(maxsplit=1)[0]
    if word == "fact":
        for fact, of, value in _FACT.findall(text):
            world.facts.pop((fact, of), None)
            if value != "unknown":
                world.facts[(fact, of)] = _value(value)
        world.look()
    elif word == "fails":
        world.failing = set(text.split()[1:])
    elif word == "restart":
        world.restart(float(text.split()[1]))
    elif word == "unreachable":
        world.unreachable = set(text.split()[1:])
    elif text.split()[1:2] == ["answers"]:
        world.answers[word] = SummonsAnswer(text.split()[2])
    elif word == "mark":
        world.mark(*text.split()[1:])
    elif word == "checked":
        world.check()
    elif word == "end":
        world.look()
    else:
        _say(world, text, number)


def _say(world: World, text: str, number: int) -> None:
    said, _, reason = text.partition("; ")
    user, *words = shlex.split(said)
    verb, args, rest = words[0], dict[str, Any](), []
    for word in words[1:]:
        key, is_given, value = word.partition("=")
        if is_given:
            args[key] = value == "true" if value in ("true", "false") else value
        else:
            rest.append(word)
    positional = [arg.name for arg in VERBS[verb].args if arg.is_positional and arg.name not in args]
    if verb in ("ack", "note"):
        positional = ["incident", "text"]
    args |= dict(zip(positional, rest, strict=False))
    answered = world.say(Command(f"c{number}", verb, user.rstrip(":"), reason=reason.strip(), args=args))
    if answered.startswith("refused"):
        world.lines.append(f"            {answered}")


def _value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


def _clock(at: float) -> str:
    return f"{int(at) // 3600}:{int(at) // 60 % 60:02d}:{int(at) % 60:02d}"


def transcript(name: str, script: list[Input]) -> str:
    """What a reviewer reads."""
    plan = plans().get(name.split(".", maxsplit=1)[0])
    return "\n".join([*_head(plan), *play(script).lines]) + "\n"


def _head(plan: Plan | None) -> list[str]:
    if plan is None:
        return []
    quotes = [f"#   {row} {rows().get(row, '(not in docs/sources.md)')}" for row in plan.rows]
    return [f"# {plan.name}: {plan.title.zh} / {plan.title.en}", *quotes, ""]
