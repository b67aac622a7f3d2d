"""What really happened to every caller of every queue, from queue_log of each media server and the carrier's capture: no AMI.

One caller is one caller, on however many media servers he is seen: a stay that the death of a server cut short goes on with his
next one on another server. Callers are told apart by their numbers, which the carrier makes unique.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lab.queue_log import End, Stay


@dataclass(frozen=True, slots=True)
class Death:
    """A media server that was killed."""

    node: str
    wall: float


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of a caller from elsewhere than the queues."""

    over_wall: float | None = None
    """When the call was over, as the carrier saw it."""
    back_with_seat_wall: float | None = None
    """When a caller whose server had died was given to a seat past all queues, as the telephones saw it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The least and the most whole seconds that count as right. They differ only where the log itself says two things, or where
    the wait spans two servers (each rounds its own part)."""

    least: int
    most: int
    ended_wall: int


@dataclass(slots=True)
class Account:
    """One queue's truth."""

    offered: int = 0
    ends: dict[End, int] = field(default_factory=lambda: dict.fromkeys(End, 0))
    rescued: int = 0
    """Callers who came to another server's queue because theirs had died."""
    answer_waits: dict[str, Wait] = field(default_factory=dict)
    abandon_waits: dict[str, Wait] = field(default_factory=dict)
    """By `number@joined#n`, so that a difference can be traced."""
    talk_seconds: list[int] = field(default_factory=list)
    """Of conversations that the log saw end."""


@dataclass(slots=True)
class Truth:
    """All queues, and what cannot be explained (empty when the logs and the carrier agree)."""

    queues: dict[str, Account]
    riddles: list[str]
    ghosts: list[str]
    """Stays that no caller had: see `_is_ghost`."""


@dataclass(slots=True)
class _Chain:
    """A stay that may have begun on another server."""

    stay: Stay
    is_counted: bool = True
    waited: tuple[int, int] = (0, 0)


def account(stays: Iterable[Stay], deaths: Iterable[Death], callers: Mapping[str, Caller]) -> Truth:
    """Book every stay; `callers` by number."""
    truth = Truth(defaultdict(Account), [], [])
    died = {death.node: death.wall for death in deaths}
    of_caller: dict[str, list[Stay]] = defaultdict(list)
    for stay in stays:
        if _is_ghost(stay, died.get(stay.node)):
            truth.ghosts.append(f"{stay.number}@{stay.node}")
        else:
            of_caller[stay.number].append(stay)
    for number, mine in of_caller.items():
        caller = callers.get(number, Caller())
        mine.sort(key=lambda stay: stay.joined_wall)
        carried: _Chain | None = None
        for index, stay in enumerate(mine):
            if carried is not None and _went_on(carried, stay, caller):
                carried = None
            chain = _begin(truth, stay) if carried is None or carried.stay.node == stay.node else _continue(truth, carried, stay)
            comes_again = any(later.node != stay.node for later in mine[index + 1 :])
            key = f"{number}@{stay.node}#{index}"
            if stay.end is None and stay.node in died and _is_given_to_seat(caller, mine[index + 1 :]):
                _answer(truth, chain, caller, key)
                carried = None
            else:
                carried = _close(truth, chain, caller, died.get(stay.node), key, comes_again=comes_again)
    return truth


def _is_ghost(stay: Stay, died_wall: float | None) -> bool:
    """Say whether a server that came back took an old INVITE: the edge cannot cancel one that was never answered at all, and
    repeats it for half a minute, while the caller has long been elsewhere. (New calls do not go to it: there is no failback here.)"""
    return died_wall is not None and died_wall < stay.joined_wall


def _went_on(carried: _Chain, stay: Stay, caller: Caller) -> bool:
    """Say whether his conversation had gone on elsewhere before this stay, which then is a new matter."""
    back_wall = caller.back_with_seat_wall
    return carried.stay.end is End.ANSWERED and back_wall is not None and back_wall <= stay.joined_wall + 1


def _is_given_to_seat(caller: Caller, later: Sequence[Stay]) -> bool:
    """Say whether the seat that he had talked to took him, who waited, past the queues, before he came to a queue again."""
    back_wall = caller.back_with_seat_wall
    return back_wall is not None and all(back_wall <= stay.joined_wall + 1 for stay in later)


def _answer(truth: Truth, chain: _Chain, caller: Caller, key: str) -> None:
    """That was his answer, and the end of this matter. The log knows his join to the second."""
    back_wall, queue = caller.back_with_seat_wall or 0.0, truth.queues[chain.stay.queue]
    if chain.is_counted:
        queue.ends[End.ANSWERED] += 1
        low, high = chain.waited
        waited = int(back_wall - chain.stay.joined_wall)
        queue.answer_waits[key] = Wait(low + max(waited - 1, 0), high + waited + 1, int(back_wall))


def _begin(truth: Truth, stay: Stay) -> _Chain:
    truth.queues[stay.queue].offered += 1
    return _Chain(stay)


def _continue(truth: Truth, before: _Chain, stay: Stay) -> _Chain:
    """The server of `before` died; the caller has come to another one."""
    truth.queues[before.stay.queue].rescued += 1
    was_talking = before.stay.end is End.ANSWERED
    if before.stay.queue != stay.queue:
        # For the first queue that was the end; the second one has a new caller.
        if before.is_counted and not was_talking:
            truth.queues[before.stay.queue].ends[End.OVERFLOWED] += 1
        return _begin(truth, stay)
    between = stay.joined_wall - before.stay.joined_wall
    low, high = before.waited
    waited = (0, 0) if was_talking else (low + max(between - 1, 0), high + between + 1)
    return _Chain(stay, before.is_counted and not was_talking, waited)


def _close(truth: Truth, chain: _Chain, caller: Caller, died_wall: float | None, key: str, *, comes_again: bool) -> _Chain | None:
    """Book how the stay ended; return it when the caller's next stay continues it."""
    stay, queue = chain.stay, truth.queues[chain.stay.queue]
    low, high = chain.waited
    if stay.end is not None and chain.is_counted:
        queue.ends[stay.end] += 1
        if stay.waits and stay.ended_wall is not None:
            wait = Wait(low + min(stay.waits), high + max(stay.waits), stay.ended_wall)
            (queue.answer_waits if stay.end is End.ANSWERED else queue.abandon_waits)[key] = wait
    if stay.is_over:
        if stay.talked_seconds is not None:
            queue.talk_seconds.append(stay.talked_seconds)
        return None
    if died_wall is None:
        truth.riddles.append(f"{key} in {stay.queue}: {stay.end or 'waiting'} when the log ends, and its server lives")
        return None
    if comes_again or stay.end is End.ANSWERED:
        return chain
    # He waited when his server died, and never came to another one.
    if caller.over_wall is None:
        truth.riddles.append(f"{key} in {stay.queue}: waited when {stay.node} died, and was not seen again")
    elif chain.is_counted:
        # The log's second is cut off, so this is the most that he waited, if nothing was late.
        waited = int(caller.over_wall - stay.joined_wall)
        queue.ends[End.ABANDONED] += 1
        queue.abandon_waits[key] = Wait(low + max(waited - 1, 0), high + waited + 1, int(caller.over_wall))
    return None
