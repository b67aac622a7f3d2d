"""From a seed: who calls when, and what goes wrong when. Every fault has ended at `HEALED_AT`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from cti_daemon.model.ids import PATHS, NodeName, Uniqueid
from tests.sim.faults import NOISE, TRUE_CAUSES, Fault, Kind
from tests.sim.people import THINKS_SECONDS, Wish
from tests.sim.world import EDGE, EMG, A, B

FIRST_FAULT_AT, HEALED_AT, END_AT = 4.0, 24.0, 38.0
SERVERS = (A, B, EMG)
DURATIONS = ((0.05, 0.4), (0.4, 1.3), (1.3, 4.0), (4.0, 12.0))
REFUSED = (Kind.AMI_REFUSED, Kind.PROBE_REFUSED)
LEVELS = {
    Kind.LOSS: (0.05, 0.3),
    Kind.JITTER: (0.02, 0.15),
    Kind.ANSWERS_LOST: (0.2, 1.0),
    Kind.ORDERS_LOST: (0.2, 1.0),
}
MOVES = ("failover", "switchover", "failback", "emergency-on", "emergency-off")
VERBS = (*MOVES, "pause-automation", "resume-automation", "maintenance-on", "maintenance-off")
_OF_NODE = {*TRUE_CAUSES, Kind.SEATS_GONE, Kind.CUT_OFF, Kind.AMI_SILENT, Kind.PROBE_SILENT, *REFUSED}
_RARE = {Kind.EDGE_KILL, Kind.RESTART, Kind.ISOLATED, Kind.ORDERS_LOST, Kind.ANSWERS_LOST}


@dataclass(frozen=True, slots=True)
class Caller:
    uniqueid: Uniqueid
    at: float
    hangs_up_at: float
    pick_up_seconds: float
    is_quiet: bool
    talk_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    name: str
    faults: tuple[Fault, ...]
    callers: tuple[Caller, ...]
    until: float = END_AT
    wishes: tuple[Wish, ...] = ()
    failover: dict[str, object] = field(default_factory=dict)
    """The site's `[failover]`."""


def draw(seed: int) -> Schedule:
    chance = Random(seed)
    kind = chance.choice(tuple(_KINDS))
    faults = _compatible(_KINDS[kind](chance))
    return Schedule(kind, faults, _callers(chance), END_AT, _wishes(chance, often=kind == "people at work"), _failover(chance))


def _wishes(chance: Random, *, often: bool) -> tuple[Wish, ...]:
    """What people order; everything that ends by itself has ended at `HEALED_AT`."""
    wishes: list[Wish] = []
    for _ in range(chance.randint(1, 5) if often else chance.choice((0, 0, 0, 1))):
        at, verb = chance.uniform(FIRST_FAULT_AT - 1.0, 20.0), chance.choice(VERBS)
        args: dict[str, object] = {"force": True} if verb in MOVES and chance.random() < 0.5 else {}
        if verb == "failover" and chance.random() < 0.5:
            args["to"] = chance.choice(SERVERS)
        if verb.startswith("maintenance"):
            args["node"] = chance.choice(SERVERS)
        if verb in ("pause-automation", "maintenance-on"):
            args["for"] = round(min(chance.uniform(0.5, 8.0), HEALED_AT - at - THINKS_SECONDS - 0.2), 2)
        wishes.append(Wish(at, verb, args))
    return tuple(sorted(wishes, key=lambda wish: wish.at))


def _failover(chance: Random) -> dict[str, object]:
    """Times short enough to be over within a run."""
    found: dict[str, object] = {"seats_out_after": chance.choice((2.0, 30.0)), "hold_down": chance.choice((3.0, 6.0, 600.0))}
    return found | {"failback": chance.choice(("command", "command", "auto"))}


def _callers(chance: Random) -> tuple[Caller, ...]:
    arrivals = [chance.uniform(0.5, 3.5) for _ in range(chance.randint(3, 7))]
    arrivals += [chance.uniform(FIRST_FAULT_AT, HEALED_AT) for _ in range(chance.randint(2, 8))]
    return tuple(
        Caller(
            Uniqueid(f"call-{n}"),
            at,
            at + chance.expovariate(1 / 30),
            chance.choice((0.05, chance.uniform(0.2, 3.0), chance.uniform(3.0, 15.0))),
            chance.random() < 0.1,
            chance.expovariate(1 / 15) if chance.random() < 0.3 else None,
        )
        for n, at in enumerate(sorted(arrivals))
    )


def _compatible(faults: list[Fault]) -> tuple[Fault, ...]:
    """No two faults of one kind at one place overlap, nor two refusals of one node: AMI and SIP both refused by a living node would
    be a lie that nobody could see through."""
    kept: list[Fault] = []
    for fault in sorted(faults, key=lambda f: (f.at, f.kind, f.node or "", f.path or "")):
        rivals = [f for f in kept if f.until + 0.5 > fault.at]
        same = any((f.kind, f.node) == (fault.kind, fault.node) for f in rivals)
        lies = fault.kind in REFUSED and any(f.kind in REFUSED and f.node == fault.node for f in rivals)
        if not same and not lies:
            kept.append(fault)
    return tuple(kept)


# --- kinds of schedule ----------------------------------------------------------------------------------------------


def _one(chance: Random, kind: Kind, node: NodeName | None = None, at: float | None = None, seconds: float | None = None) -> Fault:
    if kind in _OF_NODE and node is None:
        node = chance.choice((A, A, A, B, B, EMG))
    if kind in (Kind.JITTER, Kind.PATH_LOST) and node is None:
        node = chance.choice((EDGE, *SERVERS))
    at = chance.uniform(FIRST_FAULT_AT, 18.0) if at is None else at
    seconds = chance.uniform(*chance.choice(DURATIONS)) if seconds is None else seconds
    if kind is Kind.RESTART:
        seconds = min(seconds, 3.0)
    if kind is Kind.STALL:
        seconds = min(seconds, 6.0)
    path = chance.choice(PATHS) if kind in (Kind.NETWORK_LOST, Kind.PATH_LOST) else None
    if kind is Kind.EDGE_DEAF:
        path = chance.choice((None, None, *PATHS))
    level = chance.uniform(*LEVELS[kind]) if kind in LEVELS else 0.0
    lost = kind is Kind.RESTART and chance.random() < 0.3
    after = chance.choice((None, None, chance.randint(0, 60))) if kind is Kind.RESTART else None
    return Fault(at, min(at + seconds, HEALED_AT), kind, node, path, level, lost, after)


def _some(chance: Random, kinds: frozenset[Kind], least: int, most: int) -> list[Fault]:
    ordered = sorted(kinds)
    weights = [0.4 if kind in _RARE else 1.0 for kind in ordered]
    return [_one(chance, kind) for kind in chance.choices(ordered, weights, k=chance.randint(least, most))]


def _one_cause(chance: Random) -> list[Fault]:
    return [_one(chance, chance.choice(sorted(TRUE_CAUSES)), A)]


def _cause_and_noise(chance: Random) -> list[Fault]:
    return [*_one_cause(chance), *_some(chance, NOISE, 1, 4)]


def _noise(chance: Random) -> list[Fault]:
    """Nothing that may move anybody."""
    return _some(chance, NOISE, 2, 6)


def _anything(chance: Random) -> list[Fault]:
    return _some(chance, frozenset(Kind), 2, 7)


def _on_one_node(chance: Random) -> list[Fault]:
    """Several things at once go wrong with the serving node."""
    kinds = chance.sample(sorted({*_OF_NODE, Kind.PATH_LOST, Kind.JITTER}), k=chance.randint(2, 4))
    at = chance.uniform(FIRST_FAULT_AT, 12.0)
    return [_one(chance, kind, A, at + chance.uniform(0.0, 3.0), chance.uniform(1.0, 10.0)) for kind in kinds]


def _two_causes(chance: Random) -> list[Fault]:
    """Both media servers, together or one after the other."""
    first = _one(chance, chance.choice(sorted(TRUE_CAUSES)), A)
    at = chance.choice((first.at, first.at + chance.uniform(0.0, 3.0)))
    second = _one(chance, chance.choice(sorted(TRUE_CAUSES)), B, at)
    return [first, second, *_some(chance, NOISE, 0, 2)]


def _flapping(chance: Random) -> list[Fault]:
    kind = chance.choice((Kind.KILL, Kind.BLACK_HOLE, Kind.SIP_HUNG, Kind.FREEZE))
    down, up = chance.uniform(0.2, 4.0), chance.uniform(0.6, 4.0)
    starts = [FIRST_FAULT_AT + n * (down + up) for n in range(8)]
    return [_one(chance, kind, A, at, down) for at in starts if at + down < HEALED_AT - 1.5]


def _swapping(chance: Random) -> list[Fault]:
    """The two control networks take turns."""
    seconds = chance.uniform(0.3, 4.0)
    starts = [FIRST_FAULT_AT + n * (seconds + 0.6) for n in range(16)]
    return [
        Fault(at, at + seconds, Kind.NETWORK_LOST, None, PATHS[n % 2]) for n, at in enumerate(starts) if at + seconds < HEALED_AT
    ] + _some(chance, NOISE, 0, 1)


def _killed_in_the_middle(chance: Random) -> list[Fault]:
    """A true cause; the daemon dies while it answers it."""
    cause = _one(chance, chance.choice(sorted(TRUE_CAUSES)), A, None, chance.uniform(2.0, 12.0))
    lost, at = chance.random() < 0.3, cause.at + chance.uniform(0.0, 1.2)
    restart = Fault(at, at + chance.uniform(0.2, 2.5), Kind.RESTART, None, None, 0.0, lost, chance.randint(0, 60))
    return [cause, restart, *_some(chance, NOISE, 0, 1)]


def _killed_twice(chance: Random) -> list[Fault]:
    """… and once more while it finishes what its former life began."""
    first, second = chance.uniform(0.0, 1.2), chance.uniform(0.1, 0.8)
    cause = _one(chance, chance.choice(sorted(TRUE_CAUSES)), A, None, chance.uniform(2.0, 12.0))
    back = cause.at + first + second
    return [
        cause,
        Fault(cause.at + first, back, Kind.RESTART, after_points=chance.randint(0, 40)),
        Fault(back + 0.6, back + 0.6 + chance.uniform(0.2, 2.0), Kind.RESTART, after_points=chance.randint(0, 60)),
    ]


def _died_unseen(chance: Random) -> list[Fault]:
    """A server dies and comes back while nobody watches."""
    away, seconds = chance.uniform(0.8, 3.0), chance.uniform(0.1, 2.0)
    at = chance.uniform(FIRST_FAULT_AT, 16.0)
    kind = chance.choice((Kind.RESTART, Kind.RESTART, Kind.STALL, Kind.ISOLATED))
    node = chance.choice((A, A, B))
    return [
        Fault(at, at + away, kind),
        Fault(at + chance.uniform(0.05, 0.4), at + 0.4 + seconds, Kind.KILL, node),
        *_some(chance, NOISE, 0, 1),
    ]


def _edge_in_doubt(chance: Random) -> list[Fault]:
    """A true cause, and an edge that loses answers or orders, or pauses, at that very moment."""
    cause = _one(chance, chance.choice(sorted(TRUE_CAUSES)), A, None, chance.uniform(2.0, 12.0))
    kind = chance.choice((Kind.ANSWERS_LOST, Kind.ORDERS_LOST, Kind.EDGE_FROZEN))
    return [cause, _one(chance, kind, None, cause.at + chance.uniform(-0.3, 1.2), chance.uniform(0.3, 4.0))]


def _people_at_work(chance: Random) -> list[Fault]:
    """Orders, and now and then a fault in the middle of them."""
    return _some(chance, frozenset(Kind), 0, 3)


def _seats_out(chance: Random) -> list[Fault]:
    """Of one server or of both, and what else may come."""
    nodes = chance.choice(((A,), (A, B), (B,), (A, B, EMG)))
    at = chance.uniform(FIRST_FAULT_AT, 8.0)
    gone = [
        _one(chance, Kind.SEATS_GONE, node, at + chance.choice((0.0, chance.uniform(0.0, 4.0))), chance.uniform(1.0, 12.0))
        for node in nodes
    ]
    return [*gone, *_some(chance, frozenset(Kind), 0, 2)]


_KINDS: dict[str, Callable[[Random], list[Fault]]] = {
    "one cause": _one_cause,
    "cause and noise": _cause_and_noise,
    "noise": _noise,
    "anything": _anything,
    "on one node": _on_one_node,
    "two causes": _two_causes,
    "flapping": _flapping,
    "swapping": _swapping,
    "killed in the middle": _killed_in_the_middle,
    "killed twice": _killed_twice,
    "edge in doubt": _edge_in_doubt,
    "died unseen": _died_unseen,
    "people at work": _people_at_work,
    "seats out": _seats_out,
}

NAMES = tuple(_KINDS)
