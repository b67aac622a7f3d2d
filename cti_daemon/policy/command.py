"""May this person do this now, and what would it do? Deny by default; dangerous verbs are first tried dry, then confirmed with
the token which the dry run gave out."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from cti_daemon.model.events import Command
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.model.settings import Settings
from cti_daemon.policy.failover import Candidate, Routing, choose_heir

SAFE_VERBS = frozenset({"status"})
DANGEROUS_VERBS = frozenset({"failover"})
VERBS = SAFE_VERBS | DANGEROUS_VERBS


@dataclass(frozen=True, slots=True)
class Ruling:
    status: CommandStatus
    code: str
    message: str
    target: NodeName | None = None
    confirm: str = ""

    @property
    def is_go(self) -> bool:
        return self.status is CommandStatus.ACCEPTED


def rule(
    command: Command,
    settings: Settings,
    standing: Routing,
    candidates: Mapping[NodeName, Candidate],
    key: bytes,
    now: float,
) -> Ruling:
    """`key` is this process's secret for confirm tokens. Nothing is changed here."""
    refusal = _refuse(command, settings, standing)
    if refusal is not None:
        return refusal
    if command.verb == "status":
        return Ruling(CommandStatus.OK, "ok", "the site's state is in data")
    return _rule_failover(command, settings, standing, candidates, key, now)


def _refuse(command: Command, settings: Settings, standing: Routing) -> Ruling | None:
    def no(code: str, message: str) -> Ruling:
        return Ruling(CommandStatus.REJECTED, code, message)

    if command.verb not in VERBS:
        return no("unknown_verb", f"unknown verb {command.verb!r}; known are {', '.join(sorted(VERBS))}")
    allowed = {verb for role in settings.role if command.user in role.users for verb in role.verbs}
    if command.verb not in allowed:
        return no("not_allowed", f"user {command.user!r} has no role that allows {command.verb!r}")
    if command.age_seconds > command.expires_in_seconds:
        return no(
            "expired",
            f"issued {command.age_seconds:.1f} s ago, valid for {command.expires_in_seconds:g} s; send it again",
        )
    if command.if_epoch is not None and command.if_epoch != standing.epoch:
        return no(
            "stale_epoch",
            f"the site is at epoch {standing.epoch}, the command was meant for {command.if_epoch}; look again, then decide",
        )
    return None


def _rule_failover(
    command: Command,
    settings: Settings,
    standing: Routing,
    candidates: Mapping[NodeName, Candidate],
    key: bytes,
    now: float,
) -> Ruling:
    unknown = sorted(set(command.args) - {"to", "force"})
    if unknown:
        return Ruling(CommandStatus.REJECTED, "unknown_key", f"unknown args {', '.join(unknown)}; failover takes: to, force")
    wanted = command.args.get("to")
    if wanted is None:
        heir = choose_heir(candidates.values(), standing.serving)
        wanted = heir.name if heir else None
    target = candidates.get(NodeName(wanted)) if isinstance(wanted, str) else None
    if target is None:
        known = ", ".join(sorted(candidates))
        return Ruling(CommandStatus.REJECTED, "wrong_target", f"no node {wanted!r} can serve calls; known are {known}")
    if target.name == standing.serving:
        return Ruling(CommandStatus.REJECTED, "wrong_target", f"{target.name} serves already")
    if not target.is_proven:
        return Ruling(
            CommandStatus.REJECTED,
            "target_not_proven",
            f"{target.name} is {target.health.verdict.value}: {target.health.why}; calls sent there could be lost",
        )
    healthy_seconds = now - target.health.risen_at if target.health.risen_at is not None else None
    hold_down = settings.failover.hold_down
    if healthy_seconds is not None and healthy_seconds < hold_down and command.args.get("force") is not True:
        return Ruling(
            CommandStatus.REJECTED,
            "hold_down",
            f"{target.name} is well again for {healthy_seconds:.0f} s; hold_down asks for {hold_down:g} s. "
            'To go there all the same: args {"force": true}',
        )
    token = confirm_token(command, standing, target.name, key)
    plan = f"new calls go to {target.name}; callers waiting or ringing on {standing.serving} move there; callers who are talking stay"
    if command.dry_run:
        return Ruling(CommandStatus.OK, "dry_run", f"plan: {plan}; confirm with the token to do it", target.name, token)
    if not hmac.compare_digest(command.confirm.encode(), token.encode()):
        return Ruling(
            CommandStatus.REJECTED,
            "confirm_needed",
            "failover needs a dry_run first, then confirm with the token of its answer; a token dies with the epoch",
        )
    return Ruling(CommandStatus.ACCEPTED, "accepted", plan, target.name)


def confirm_token(command: Command, standing: Routing, target: NodeName, key: bytes) -> str:
    """Bound to user, verb, target and epoch: it confirms what was shown, to whom it was shown, while it is still true."""
    text = f"{command.user}\n{command.verb}\n{target}\n{standing.epoch}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16]
