"""Rules spoilt on purpose, at least one for each promise: a simulator that finds nothing proves nothing. Each has a schedule made by hand
in which it must be found (`test_simulator.py`); `python -m tests.sim --mutants` also tells after how many seeds storms find it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from cti_daemon.model.ids import Uniqueid
from cti_daemon.model.reasons import Condition, Mode, Reason, Verdict
from cti_daemon.policy import failover, halves, health, mirroring, reroute, rescue, table
from cti_daemon.policy.candidate import Candidate
from cti_daemon.policy.failover import Routing
from cti_daemon.state.legs import Leg
from cti_daemon.state.orders import Orders
from tests.sim.faults import Fault, Kind
from tests.sim.people import Wish
from tests.sim.promises import Promise
from tests.sim.schedule import Caller, Schedule
from tests.sim.storm import Finding, Storm
from tests.sim.world import A

CALLERS = tuple(Caller(Uniqueid(f"call-{n}"), 1.0 + n, 60.0, pick_up, is_quiet=False) for n, pick_up in enumerate((0.1, 0.1, 40.0)))
"""Two who talk, one who waits."""


def by_hand(*faults: Fault, wishes: tuple[Wish, ...] = (), **settings: object) -> Schedule:
    return Schedule("made by hand", faults, CALLERS, wishes=wishes, failover=settings)


def on_a(kind: Kind, seconds: float = 6.0) -> Fault:
    return Fault(6.0, 6.0 + seconds, kind, A)


@dataclass(frozen=True, slots=True)
class Mutant:
    promise: Promise
    name: str
    spoil: Callable[[pytest.MonkeyPatch], None]
    schedule: Schedule
    kinds: tuple[str, ...] = ()
    """Kinds of storms that could find it; none: any."""

    def try_by_hand(self) -> Finding:
        return self._run(Storm(1, self.schedule))

    def try_seed(self, seed: int) -> Finding:
        return self._run(Storm(seed))

    def _run(self, storm: Storm) -> Finding:
        with pytest.MonkeyPatch.context() as patch:
            self.spoil(patch)
            return storm.run()

    def is_found(self, finding: Finding) -> bool:
        return any(breach.promise is self.promise for breach in finding.breaches)


# --- how each is spoilt ---------------------------------------------------------------------------------------------


def _believe_our_own_ears(patch: pytest.MonkeyPatch) -> None:
    def credulous(links: Condition, sip: Condition, edge: Condition) -> table.Row:
        found = table.row(links, sip, edge)
        return replace(found, verdict=Verdict.DEAD_SILENT) if found.verdict is Verdict.CUT_OFF else found

    patch.setattr(health, "row", credulous)


def _decide_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(failover, "decide", lambda standing, *_args, **_options: standing)


def _do_without_seats(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(failover, "_seats_elsewhere", lambda *_args: None)


def _do_not_listen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rescue, "_may_be_heard", lambda *_args: False)


def _forget_who_was_moved(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Leg, "redirected_at", property(lambda _leg: None, lambda _leg, _at: None))
    patch.setattr(Leg, "last_redirect_at", property(lambda _leg: float("-inf"), lambda _leg, _at: None))


def _count_epochs_backwards(patch: pytest.MonkeyPatch) -> None:
    def serve(standing: Routing, heir: Candidate, reason: Reason, now: float) -> Routing:
        return Routing(Mode.FAILED_OVER, heir.name, standing.epoch - 1, reason, now, cause=reason)

    patch.setattr(failover, "serve", serve)


def _count_no_epochs(patch: pytest.MonkeyPatch) -> None:
    def serve(standing: Routing, heir: Candidate, reason: Reason, now: float) -> Routing:
        return Routing(Mode.FAILED_OVER, heir.name, standing.epoch, reason, now, cause=reason)

    patch.setattr(failover, "serve", serve)


def _say_it_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reroute.Rerouting, "_is_due", lambda self, edge, node, level, _at: self._last_sent.get((edge, node)) != level)
    patch.setattr(reroute.Rerouting, "_current_edges", lambda self: list(self._listed))
    patch.setattr(reroute.Rerouting, "refresh", lambda _self, _route: None)  # it would send another level, and so heal


def _rescue_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reroute, "is_orphan", lambda *_args: False)


def _ask_nobody_for_his_life(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(halves.Halves, "compare", lambda *_args, **_options: False)


def _be_homesick(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(failover, "why_not_home", lambda candidate, *_args: None if candidate.is_well else "it is not well")


def _take_all_along(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rescue, "TAKES_WAITING_ALONG", frozenset(Reason))


def _never_rest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Orders, "is_paused", property(lambda _self: False))


def _mirror_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(mirroring, "deeds", lambda _wanted, _held: ())


_PAUSE = (Wish(4.0, "pause-automation", {"for": 10.0}),)
_UNSEEN = (Fault(5.9, 8.5, Kind.RESTART), on_a(Kind.KILL, 1.0))
_DEAF_EDGE = Fault(5.0, 8.0, Kind.ORDERS_LOST, level=1.0)
_AUTO: dict[str, Any] = {"failback": "auto", "hold_down": 30.0}

MUTANTS: tuple[Mutant, ...] = (
    Mutant(Promise.TRUE_CAUSE, "a node that only we do not reach is dead", _believe_our_own_ears, by_hand(on_a(Kind.CUT_OFF))),
    Mutant(Promise.IN_TIME, "nothing is ever decided", _decide_nothing, by_hand(on_a(Kind.KILL))),
    Mutant(
        Promise.IN_TIME,
        "calls stay where no seat is",
        _do_without_seats,
        by_hand(on_a(Kind.SEATS_GONE, 12.0), seats_out_after=2.0),
        ("seats out",),
    ),
    Mutant(Promise.LIVING_CALL, "audio is not listened to", _do_not_listen, by_hand(on_a(Kind.SIP_HUNG))),
    Mutant(Promise.ONCE, "it is forgotten who was moved", _forget_who_was_moved, by_hand(on_a(Kind.SIP_HUNG))),
    Mutant(Promise.LEVEL, "epochs run backwards", _count_epochs_backwards, by_hand(on_a(Kind.KILL))),
    Mutant(Promise.LEVEL, "a lost order is not repeated", _say_it_once, by_hand(_DEAF_EDGE, on_a(Kind.KILL)), ("edge in doubt",)),
    Mutant(Promise.ONE_TARGET, "epochs stand still", _count_no_epochs, by_hand(on_a(Kind.KILL))),
    Mutant(Promise.NOBODY_LEFT, "callers are not rescued", _rescue_nobody, by_hand(on_a(Kind.KILL))),
    Mutant(Promise.HELD, "nobody is asked for his life", _ask_nobody_for_his_life, by_hand(*_UNSEEN), ("died unseen",)),
    Mutant(Promise.NO_FLAPPING, "home before the hold-down", _be_homesick, by_hand(on_a(Kind.KILL), **_AUTO)),
    Mutant(
        Promise.DRAIN,
        "a planned move takes callers along",
        _take_all_along,
        by_hand(wishes=(Wish(6.0, "switchover"),)),
        ("people at work",),
    ),
    Mutant(Promise.PAUSED, "a pause is not kept", _never_rest, by_hand(on_a(Kind.KILL), wishes=_PAUSE), ("people at work",)),
    Mutant(Promise.SEATS, "nothing is mirrored", _mirror_nothing, by_hand(on_a(Kind.KILL))),
)


def promises(mutants: Iterable[Mutant]) -> set[Promise]:
    return {mutant.promise for mutant in mutants}
