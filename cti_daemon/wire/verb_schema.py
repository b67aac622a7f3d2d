"""The table of verbs as JSON Schema: what a request for each verb may look like, for whoever writes one. What a schema refuses the
daemon refuses too; the daemon looks closer (rights, age, whether it can be done now)."""

from collections.abc import Iterator, Mapping
from typing import Any

from cti_daemon.model.reasons import Role
from cti_daemon.model.settings import Settings
from cti_daemon.model.shapes import Flag, Text, Whole, closed
from cti_daemon.model.verbs import HARMLESS, MOST_REASON, VERBS, Arg, Known, Verb
from cti_daemon.wire.mqtt_payload import EXACT_INTEGERS, ID_PATTERN, MOST_EXPIRY_SECONDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas(settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
    """Verb and schema, with the names of this site."""
    names = {
        Known.NODES: [node.name for node in settings.node],
        Known.SERVERS: [node.name for node in settings.nodes(Role.PRIMARY, Role.STANDBY, Role.EMERGENCY)],
    }
    for verb in VERBS.values():
        yield verb.name, schema(verb, names)


def schema(verb: Verb, names: Mapping[Known, list[str]]) -> dict[str, Any]:
    args = {arg.name: _arg(arg, names) for arg in verb.args}
    needed = [arg.name for arg in verb.args if arg.needed]
    properties = {
        "id": _told(Text(ID_PATTERN, most=64, least=1).schema(), "New for each request; a repeated one gets the first answer again."),
        "issued_at": _told({"type": ["string", "number"]}, "ISO 8601 with a time zone, or seconds since 1970."),
        "expires_in": _told(
            {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_EXPIRY_SECONDS}, "Seconds after which it is refused; 30 if not given."
        ),
        "reason": _told(Text(most=MOST_REASON).schema(), "For the journal, and for whoever is on duty after you."),
        "dry_run": _told(Flag().schema(), "Say what would be done, and do nothing."),
        "confirm": _told(Text(most=MOST_REASON).schema(), "The token of a dry run's answer."),
        "if_epoch": _told(Whole(most=EXACT_INTEGERS).schema(), "Only if the site is still at this epoch."),
        "args": closed(args, needed),
    }
    always = ["id"] + ([] if verb.name in HARMLESS else ["issued_at"]) + (["args"] if needed else [])
    whole = {
        "$schema": DIALECT,
        "title": verb.name,
        "description": " ".join(filter(None, (verb.does, verb.more))),
        **closed(properties, always),
    }
    if verb.is_dangerous:
        dry = {"properties": {"dry_run": {"const": True}}, "required": ["dry_run"]}
        whole["anyOf"] = [dry, {"properties": {"confirm": {"minLength": 1}}, "required": ["confirm"]}]
    return whole


def _arg(arg: Arg, names: Mapping[Known, list[str]]) -> dict[str, Any]:
    shape = arg.shape.schema() if arg.known is None else {"enum": names[arg.known]}
    return _told(shape, arg.does)


def _told(shape: dict[str, Any], text: str) -> dict[str, Any]:
    return {**shape, "description": text}
