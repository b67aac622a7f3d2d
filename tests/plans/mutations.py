"""Damaged plan files: each is accepted, and then it runs, or it is refused with messages that name line and key."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cti_daemon.model.effects import Effect, Record
from cti_daemon.model.incidents import ActionKind, Comparison, Condition, Group, Plan, Test, Value
from cti_daemon.model.plan_effects import CallIn, Notified, Notify, PlanEvent, Summoned, SummonsAnswer
from cti_daemon.model.records import StandingPlans
from cti_daemon.policy.plans import Plans
from cti_daemon.wire.plan_file import Site, read_plan
from cti_daemon.wire.plan_reader import PlanFault
from tests.plans.shipped import texts
from tests.plans.world import Facts, no_view

WORDS = (
    "1",
    "true",
    "-3",
    '""',
    '"x"',
    "[]",
    "{}",
    "nan",
    "1e300",
    '"15m"',
    '"9999999d"',
    "2027-01-01",
    "0",
    '["a", "a"]',
    '{ zh = "a" }',
    "'''",
)
KEYS = (
    '\nrecording = "cti-x"\nwording = { zh = "a", en = "b" }',
    '\nrecording = "x&${SHELL(id)}"',
    '\nby = ["sms", "voice"]\ntext = { zh = "a", en = "b" }',
    '\nnodes = ["primary"]',
    '\nseats = ["seat1"]\nqueues = ["hotline"]\npenalty = 3',
)
"""What the machine's actions have; some of it where it does not belong, or is not right."""
DAY_SECONDS = 86_400.0


@dataclass(slots=True)
class Tried:
    accepted: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)


def try_files(count: int, seed: int) -> Tried:
    """`count` files, each one to three mutations away from a shipped one."""
    dice = random.Random(seed)
    files = texts()
    tried = Tried()
    for number in range(count):
        name = dice.choice(sorted(files))
        text = files[name]
        for _ in range(dice.randint(1, 3)):
            text = dice.choice(MUTATIONS)(text, dice)
        fault = _try_one(name, text, files, tried)
        if fault:
            tried.faults.append(f"seed {seed}, file {number} ({name}): {fault}")
    return tried


def _try_one(name: str, text: str, files: Mapping[str, str], tried: Tried) -> str:
    try:
        found = read_plan(text, name, Site(plans=frozenset(files)))
        if isinstance(found, Plan):
            tried.accepted += 1
            return run_through(found)
        tried.refused += 1
        return _fault_of_refusal(found, text)
    except Exception as error:  # noqa: BLE001 - whatever it is, no plan file may raise it
        return f"{type(error).__name__}: {error}"


def _fault_of_refusal(faults: tuple[PlanFault, ...], text: str) -> str:
    """Every message has its line; every one but of what is no TOML at all has its key."""
    lines = len(text.splitlines()) + 1
    for fault in faults:
        if fault.line is None or not 1 <= fault.line <= lines:
            return f"no line: {fault}"
        if not fault.key and not fault.text.startswith("is not TOML here"):
            return f"no key: {fault}"
        if len(fault.text) < 5:
            return f"no reason: {fault}"
    return ""


def run_through(plan: Plan) -> str:
    """Every condition fulfilled, every outcome given, restarted in the middle, a day long; then everything cleared. A fault, or nothing."""
    facts = Facts(0.0)
    facts.source = dict(_fulfilling(plan))
    plans = Plans([plan], 0.0, board=facts)
    journal: list[Record] = []
    now, looks = 0.0, 0
    plans_at = plans
    while now < DAY_SECONDS and looks < 300:
        journal += _look(plans_at, now)
        looks += 1
        now = max(now + 0.1, min(plans_at.due_at, now + 3600.0))
        if looks == 20:
            plans_at = _restart(plan, journal, facts, now)
    facts.source.clear()
    _look(plans_at, now)
    if looks >= 300:
        return "it never comes to rest"
    names = [i.id for i in plans_at.incidents.values() if i.found_by == "automatic" and not i.is_drill]
    return f"opened {len(names)} times in a day under the same facts" if len(names) > 1 else ""


def _restart(plan: Plan, journal: list[Record], facts: Facts, now: float) -> Plans:
    last = next(record for record in reversed(journal) if record.kind == "plans")
    versions = tuple(record.data for record in journal if record.kind == "plan_version")
    return Plans([plan], now, StandingPlans(last.data, 1.0, versions), board=facts)


def _look(plans: Plans, now: float) -> list[Record]:
    plans.next_at = now
    out: list[Effect] = []
    plans.look(no_view, now, out)
    records: list[Record] = []
    for _ in range(50):
        heard: list[PlanEvent] = []
        for effect in out:
            match effect:
                case Notify():
                    heard.append(Notified(effect.notice, effect.role, "p", "sms", is_delivered=True))
                case CallIn():
                    heard.append(Summoned(effect.summons, "p", SummonsAnswer.YES))
                case Record():
                    records.append(effect)
                case _:
                    pass
        out = []
        for event in heard:
            plans.learn(event, now, out)
        for wish in plans.take_wishes():
            plans.carried_out(wish, is_done=len(wish.step.id) % 4 > 0, said="ok", at=now, out=out)
        if not out:
            return records
    raise RuntimeError("effects without end")


def _fulfilling(plan: Plan) -> Mapping[tuple[str, str], Value]:
    found: dict[tuple[str, str], Value] = {}
    for stage in plan.stages:
        if stage.when is not None:
            _fulfil(stage.when, found)
    return found


def _fulfil(condition: Condition, found: dict[tuple[str, str], Value]) -> None:
    if isinstance(condition, Group):
        for part in condition.parts:
            _fulfil(part, found)
        return
    found[condition.fact, condition.of or "q"] = _value(condition)


def _value(test: Test) -> Value:
    value = test.value
    if isinstance(value, bool):
        return value if test.comparison is Comparison.EQUAL else not value
    if isinstance(value, str):
        return value if test.comparison is Comparison.EQUAL else f"{value}?"
    return value + {Comparison.LESS: -1.0, Comparison.MORE: 1.0, Comparison.UNLIKE: 1.0}.get(test.comparison, 0.0)


# --- mutations ----------------------------------------------------------------------------------------------------------

Mutation = Callable[[str, random.Random], str]


def _drop_line(text: str, dice: random.Random) -> str:
    lines = text.splitlines()
    del lines[dice.randrange(len(lines))]
    return "\n".join(lines) + "\n"


def _double_line(text: str, dice: random.Random) -> str:
    lines = text.splitlines()
    place = dice.randrange(len(lines))
    lines.insert(place, lines[place])
    return "\n".join(lines) + "\n"


def _swap_lines(text: str, dice: random.Random) -> str:
    lines = text.splitlines()
    a, b = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines) + "\n"


def _other_value(text: str, dice: random.Random) -> str:
    lines = text.splitlines()
    places = [i for i, line in enumerate(lines) if re.match(r"\s*[a-z_]+\s*=", line)]
    if places:
        place = dice.choice(places)
        lines[place] = re.sub(r"=.*", f"= {dice.choice(WORDS)}", lines[place], count=1)
    return "\n".join(lines) + "\n"


def _inner_value(text: str, dice: random.Random) -> str:
    """A value inside an inline table."""
    found = list(re.finditer(r"(?<=[a-z_] = )(\"[^\"]*\"|\d+(?:\.\d+)?|true|false)(?=[ ,}])", text))
    if not found:
        return text
    spot = dice.choice(found)
    return text[: spot.start()] + dice.choice(WORDS) + text[spot.end() :]


def _other_key(text: str, dice: random.Random) -> str:
    found = list(re.finditer(r"[a-z_]+(?= *= )", text))
    if not found:
        return text
    spot = dice.choice(found)
    keys = ["when", "after", "within", "of", "do", "id", "roles", "role", "follows", "answer", "nonsense", spot.group() + "x"]
    return text[: spot.start()] + dice.choice(keys) + text[spot.end() :]


def _other_character(text: str, dice: random.Random) -> str:
    place = dice.randrange(len(text))
    return text[:place] + dice.choice('"[]{}=,#.\n\\x 0满') + text[place + dice.randint(0, 1) :]


def _cut(text: str, dice: random.Random) -> str:
    return text[: dice.randrange(len(text))] or "x"


def _other_word(text: str, dice: random.Random) -> str:
    """A quoted word in the place of another one of the same file."""
    found = list(re.finditer(r"\"([^\"\n]*)\"", text))
    if not found:
        return text
    spot, other = dice.choice(found), dice.choice(found)
    return text[: spot.start()] + other.group() + text[spot.end() :]


def _other_action(text: str, dice: random.Random) -> str:
    """A step does something else, with the keys that it has, or with those of that action."""
    found = list(re.finditer(r"(?m)^do +=.*$", text))
    if not found:
        return text
    spot, kind = dice.choice(found), dice.choice(list(ActionKind)).value
    more = dice.choice((*KEYS, ""))
    return f'{text[: spot.start()]}do = "{kind}"{more}{text[spot.end() :]}'


MUTATIONS: tuple[Mutation, ...] = (
    _other_action,
    _drop_line,
    _double_line,
    _swap_lines,
    _other_value,
    _inner_value,
    _other_key,
    _other_character,
    _cut,
    _other_word,
    _other_word,
)
