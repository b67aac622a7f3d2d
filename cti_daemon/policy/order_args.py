"""Are these the args of that verb? The shapes stand in the table of verbs; whether the site has what they name is each verb's own
question."""

from collections.abc import Mapping
from typing import Any

from cti_daemon.model.events import Command
from cti_daemon.model.verbs import VERBS, Arg, Known, Verb
from cti_daemon.policy.ruling import Ruling, Situation, refuse


def check(command: Command, now: Situation) -> Ruling | None:
    """A refusal, or None when all is well."""
    verb = VERBS[command.verb]
    return _unknown(verb, command.args) or next((bad for arg in verb.args if (bad := _misfit(arg, command.args, now)) is not None), None)


def known_names(now: Situation) -> dict[Known, list[str]]:
    return {Known.NODES: sorted(now.roles), Known.SERVERS: sorted(now.candidates)}


def _unknown(verb: Verb, args: Mapping[str, Any]) -> Ruling | None:
    unknown = sorted(set(args) - set(verb.keys))
    if not unknown:
        return None
    return refuse("unknown_key", f"unknown args {', '.join(unknown)}; {verb.name} takes: {', '.join(verb.keys) or 'none'}")


def _misfit(arg: Arg, args: Mapping[str, Any], now: Situation) -> Ruling | None:
    is_given = arg.name in args
    if arg.shape.admits(args[arg.name]) if is_given else not arg.needed:
        return None
    names = "" if arg.known is None else f"; known are {', '.join(known_names(now)[arg.known])}"
    return refuse(arg.code, f"{arg.ask}{names}")
