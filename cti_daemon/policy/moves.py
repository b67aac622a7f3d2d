"""The verbs that change who serves: failover, switchover, failback, emergency-on, emergency-off. Each becomes a plan in words, or
a refusal that says what would help."""

from collections.abc import Callable

from cti_daemon.model.events import Command
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Mode, Reason, Role
from cti_daemon.policy.candidate import ORDER, Candidate, choose_heir
from cti_daemon.policy.modes import CHOICES
from cti_daemon.policy.ruling import Move, Ruling, Situation, accept, refuse

_FORCE = 'To go there all the same: args {"force": true}'


def rule_failover(command: Command, now: Situation) -> Ruling:
    """Away from the serving node, at once: who waits or rings goes along."""
    chosen = _chosen(command, now, lambda: choose_heir(now.candidates.values(), now.routing.serving))
    if isinstance(chosen, Ruling):
        return chosen
    left = now.routing.serving
    plan = f"new calls go to {chosen.name}; callers waiting or ringing on {left} move there; callers who are talking stay"
    return _checked(command, now, chosen) or accept(plan, Move(chosen.name, Reason.COMMAND))


def rule_switchover(command: Command, now: Situation) -> Ruling:
    """Planned: nobody who is connected is moved."""
    chosen = _chosen(command, now, lambda: _best_media_server(now))
    if isinstance(chosen, Ruling):
        return chosen
    if not chosen.is_media_server:
        return refuse("wrong_target", f"{chosen.name} is the emergency system; emergency-on leads there")
    return _checked(command, now, chosen) or accept(_drain_plan(chosen, now), Move(chosen.name, Reason.SWITCHOVER))


def rule_failback(command: Command, now: Situation) -> Ruling:
    """Home to the primary."""
    primary = next(c for c in now.candidates.values() if c.role is Role.PRIMARY)
    if primary.name == now.routing.serving:
        return refuse("wrong_target", f"{primary.name} serves already: there is nothing to go back from")
    chosen = _chosen(command, now, lambda: primary)
    if isinstance(chosen, Ruling):
        return chosen
    return _checked(command, now, chosen) or accept(_drain_plan(chosen, now), Move(chosen.name, Reason.FAILBACK))


def rule_emergency_on(command: Command, now: Situation) -> Ruling:
    """To the emergency seats, until a person says otherwise."""
    emergency = next((c for c in now.candidates.values() if not c.is_media_server), None)
    if emergency is None:
        return refuse("wrong_target", "the site has no node with role = 'emergency'")
    move = Move(emergency.name, Reason.EMERGENCY_ON)
    if emergency.name == now.routing.serving:
        if now.routing.cause is Reason.EMERGENCY_ON:
            return refuse("wrong_target", f"{emergency.name} serves already, by a person's order")
        return accept(f"{emergency.name} serves already; it does so until emergency-off, whatever becomes of the media servers", move)
    forced = command.args.get("force") is True and not emergency.health.is_condemned
    refusal = None if forced else unproven(emergency)
    plan = f"new calls go to the emergency seats on {emergency.name}; callers waiting or ringing go along; callers who are talking stay"
    return refusal or accept(plan, move)


def rule_emergency_off(command: Command, now: Situation) -> Ruling:
    """Back to a media server, the primary if it may."""
    serving = now.candidates[now.routing.serving]
    if serving.is_media_server:
        return refuse("wrong_mode", f"{serving.name} serves, no emergency system: there is nothing to switch off")
    chosen = _chosen(command, now, lambda: _best_media_server(now))
    if isinstance(chosen, Ruling):
        return chosen
    if not chosen.is_media_server:
        return refuse("wrong_target", f"{chosen.name} is the emergency system itself; to: a media server")
    return _checked(command, now, chosen) or accept(_drain_plan(chosen, now), Move(chosen.name, Reason.EMERGENCY_OFF))


MOVES: dict[str, Callable[[Command, Situation], Ruling]] = {
    "failover": rule_failover,
    "switchover": rule_switchover,
    "failback": rule_failback,
    "emergency-on": rule_emergency_on,
    "emergency-off": rule_emergency_off,
}


def _drain_plan(target: Candidate, now: Situation) -> str:
    return f"new calls go to {target.name}; calls in progress on {now.routing.serving} stay there until they end"


def _best_media_server(now: Situation) -> Candidate | None:
    """The first that nothing stands against; else the first proven one; else the first."""
    media = sorted((c for c in now.candidates.values() if c.is_media_server and c.name != now.routing.serving), key=lambda c: ORDER[c.role])
    calm = (c for c in media if c.is_proven and _held_down(c, now) is None)
    return next(calm, None) or next((c for c in media if c.is_proven), None) or next(iter(media), None)


def _chosen(command: Command, now: Situation, default: Callable[[], Candidate | None]) -> Candidate | Ruling:
    wanted = command.args.get("to")
    if wanted is None:
        heir = default()
        wanted = heir.name if heir else None
    target = now.candidates.get(NodeName(wanted)) if isinstance(wanted, str) else None
    if target is None:
        return refuse("wrong_target", f"no node {wanted!r} can serve calls; known are {', '.join(sorted(now.candidates))}")
    if target.name == now.routing.serving:
        return refuse("wrong_target", f"{target.name} serves already")
    return target


def _checked(command: Command, now: Situation, target: Candidate) -> Ruling | None:
    return unproven(target) or (None if command.args.get("force") is True else _held_down(target, now))


def unproven(target: Candidate) -> Ruling | None:
    if target.in_maintenance:
        return refuse("in_maintenance", f"{target.name} is in maintenance; maintenance-off first")
    if target.reachable_seats == 0:
        return refuse("no_seats", f"no seat is reachable or logged in on {target.name}; calls sent there would only wait")
    if not target.is_proven:
        why = f"{target.name} is {target.health.verdict.value}: {target.health.why}"
        return refuse("target_not_proven", f"{why}; calls sent there could be lost")
    return None


def _held_down(target: Candidate, now: Situation) -> Ruling | None:
    """Anti-flap: a server that was down, or that was left because something was wrong with it, must have been well for a while."""
    hold_down = now.settings.failover.hold_down
    risen_at, since_at = target.health.risen_at, target.health.since_at
    was_left = now.routing.mode in (Mode.FAILED_OVER, Mode.EMERGENCY) and now.routing.cause not in CHOICES | {Reason.START}
    well_from = since_at if was_left and target.role is Role.PRIMARY else risen_at
    if was_left and now.routing.cause is Reason.SEATS_OUT and target.seated_since_at is not None:
        well_from = max(target.seated_since_at, well_from or target.seated_since_at)
    if well_from is not None and now.now - well_from < hold_down:
        seconds = now.now - well_from
        return refuse("hold_down", f"{target.name} is well again for {seconds:.0f} s; hold_down asks for {hold_down:g} s. {_FORCE}")
    if not target.is_mirrored:
        return refuse("not_mirrored", f"the seats are not mirrored back to {target.name} yet: agents would be missing there. {_FORCE}")
    return None
