"""The state machine of the site: which mode follows which, and for what reasons. `docs/design/modes.md` is drawn from this table,
and every decision is held against it.

A divert is a passing doubt; FAILED_OVER and EMERGENCY are latched: only the reasons in `WAYS_BACK` lead home, and the latch
never blocks the next step away from a node that has died."""

from dataclasses import dataclass

from cti_daemon.model.reasons import Mode, Reason, Role, Verdict

OF_VERDICT = {
    Verdict.DEAD: Reason.NODE_DEAD,
    Verdict.DEAD_SILENT: Reason.NODE_DEAD_SILENT,
    Verdict.HUNG: Reason.NODE_HUNG,
    Verdict.EDGE_CANNOT_REACH: Reason.EDGE_CANNOT_REACH,
}
DOUBTS = (Reason.EVERY_PATH_SILENT, Reason.SIP_SILENT)
CONDEMNATIONS = tuple(OF_VERDICT.values())
ORDERS = (Reason.COMMAND, Reason.SWITCHOVER, Reason.FAILBACK, Reason.EMERGENCY_ON, Reason.EMERGENCY_OFF)
"""A person said so."""
CHOICES = frozenset({Reason.COMMAND, Reason.SWITCHOVER, Reason.EMERGENCY_ON})
"""A person chose who serves: nothing goes home by itself after that."""
WAYS_BACK = frozenset({Reason.FAILBACK, Reason.EMERGENCY_OFF, Reason.HOLD_DOWN_OVER})
DRAINS = WAYS_BACK | {Reason.SWITCHOVER}
"""New calls only: calls in progress, waiting ones too, stay where they are until they end."""
TAKES_WAITING_ALONG = frozenset({Reason.COMMAND, Reason.EMERGENCY_ON, Reason.SEATS_OUT})
"""Callers whom no seat has answered go along; whoever talks stays."""


@dataclass(frozen=True, slots=True)
class Transition:
    before: tuple[Mode, ...]
    reasons: tuple[Reason, ...]
    after: Mode
    what: str


_N, _D, _F, _E = Mode.NORMAL, Mode.DIVERTED, Mode.FAILED_OVER, Mode.EMERGENCY

TRANSITIONS: tuple[Transition, ...] = (
    Transition((_N, _D, _F, _E), DOUBTS, _D, "the serving node is in doubt and another one is proven: new calls pass by"),
    Transition((_D,), (Reason.DIVERT_ENDED,), _N, "the primary answers again"),
    Transition((_D,), (Reason.DIVERT_ENDED,), _F, "the standby answers again"),
    Transition((_D,), (Reason.DIVERT_ENDED,), _E, "the emergency system answers again"),
    Transition((_N, _D, _E), CONDEMNATIONS, _F, "the serving node is condemned; the standby serves"),
    Transition((_N, _D, _F), CONDEMNATIONS, _E, "the serving node is condemned and no media server is left"),
    Transition((_D, _F, _E), CONDEMNATIONS, _N, "the serving node is condemned; the primary is well"),
    Transition((_N, _D, _F), CONDEMNATIONS, _D, "the next one is in doubt itself, or the one diverted to is condemned"),
    Transition((_N,), (Reason.SEATS_OUT,), _F, "no seat is left on the primary, the standby has some"),
    Transition((_F,), (Reason.SEATS_OUT,), _N, "no seat is left on the standby, the primary has some"),
    Transition((_N, _F), (Reason.SEATS_OUT,), _E, "no seat is left on any media server"),
    Transition((_F, _E), (Reason.HOLD_DOWN_OVER,), _N, "the hold-down is over: new calls go home"),
    Transition((_E,), (Reason.HOLD_DOWN_OVER,), _F, "the hold-down of the standby is over, the primary is not well"),
    Transition((_N, _D, _E), (Reason.COMMAND, Reason.SWITCHOVER), _F, "a person's order"),
    Transition((_D, _F, _E), (Reason.COMMAND, Reason.SWITCHOVER, Reason.FAILBACK), _N, "a person's order"),
    Transition((_N, _D, _F), (Reason.COMMAND,), _E, "a person's order: failover to the emergency system"),
    Transition((_N, _D, _F, _E), (Reason.EMERGENCY_ON,), _E, "a person's order"),
    Transition((_D, _E), (Reason.EMERGENCY_OFF,), _N, "a person's order: the primary may serve"),
    Transition((_D, _E), (Reason.EMERGENCY_OFF,), _F, "a person's order: only the standby may serve"),
)


def mode_of(role: Role) -> Mode:
    """The mode while a node of this role serves and is not in doubt."""
    return {Role.PRIMARY: Mode.NORMAL, Role.STANDBY: Mode.FAILED_OVER, Role.EMERGENCY: Mode.EMERGENCY}[role]


def is_allowed(before: Mode, reason: Reason, after: Mode) -> bool:
    return any(before in t.before and reason in t.reasons and after is t.after for t in TRANSITIONS)
