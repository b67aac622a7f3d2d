"""Schemas "tested against the parser": what the schema of a verb refuses the daemon refuses, and what is shown to people is admitted."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import fastjsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti_daemon.engine import Engine
from cti_daemon.model.effects import Answer
from cti_daemon.model.shapes import Shape
from cti_daemon.model.verbs import VERBS
from cti_daemon.shell import config
from cti_daemon.wire.mqtt_payload import RefusedError, decode_request
from cti_daemon.wire.verb_schema import schemas
from tests.shell.conftest import SAMPLE
from tests.wire.requests import ARGS

SITE = config.load(SAMPLE, offline=True).settings
EVERYTHING = SITE.model_copy(update={"role": (SITE.role[1].model_copy(update={"verbs": tuple(VERBS)}),)})
NOW = 4e9
SHAPES = {f"{verb.name} {arg.name}": arg.shape for verb in VERBS.values() for arg in verb.args}


@cache
def checker(verb: str) -> Callable[[Any], Any]:
    checks: Callable[[Any], Any] = fastjsonschema.compile(dict(schemas(SITE))[verb])
    return checks


def does_schema_admit(verb: str, body: Any) -> bool:
    try:
        checker(verb)(body)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


def code(verb: str, body: Any) -> str | None:
    """With what the daemon refuses a request, as it comes from the wire; None: it does not."""
    try:
        command = decode_request("alice", verb, json.dumps(body).encode(), NOW)
    except RefusedError as refused:
        return refused.code
    effects = Engine(EVERYTHING, None, b"key", 0.0).feed(command, 0.0)
    return next((effect.code if effect.status == "rejected" else None for effect in effects if isinstance(effect, Answer)), None)


def good(verb: str, **more: Any) -> dict[str, Any]:
    body = {"id": "r-1", "issued_at": NOW, "dry_run": True, "args": ARGS.get(verb, {})} | more
    return {key: value for key, value in body.items() if value is not ...}


WRONG: tuple[dict[str, Any], ...] = (
    {"id": ...},
    {"id": ""},
    {"id": "a b"},
    {"id": "x" * 65},
    {"id": 7},
    {"issued_at": True},
    {"issued_at": None},
    {"expires_in": 0},
    {"expires_in": 3601},
    {"expires_in": "30"},
    {"expires_in": None},
    {"reason": "x" * 501},
    {"reason": 5},
    {"dry_run": "yes"},
    {"dry_run": 1},
    {"confirm": 5},
    {"if_epoch": -1},
    {"if_epoch": True},
    {"if_epoch": "3"},
    {"if_epoch": None},
    {"if_epoch": 2**60},
    {"args": []},
    {"args": None},
    {"args": {"surprise": 1}},
    {"user": "root"},
    {"surprise": 1},
)
WRONG_ARGS: dict[str, tuple[Any, ...]] = {
    "to": (None, 7, "", "edge1", "nowhere", "pbx-a\n", ["pbx-a"]),
    "force": ("true", 1, None),
    "node": (None, 7, "nowhere"),
    "for": (None, 0, -5, True, "", "soon", "30", "1w", "9999999s", 1e9),
    "text": (None, 7, "x" * 501),
    "id": (None, -1, True, "1", 1.5),
    "row": (None, 0, -1, True, "1", 1.5),
    "result": (None, 7, "", "maybe"),
    "seat": (None, 7, "", "a b", "x" * 64, "seat;1", "seat1/2"),
    "queues": (None, "hotline", [], [7], [""], {}),
    "name": (7, None),
    "penalty": (-1, True, "1", 1_000_001),
    "interface": (7, "seat12", "PJSIP/", "PJSIP/a b", "PJSIP/a;b"),
    "reason": (7, None, "x" * 80),
    "kind": (7, None, "everything"),
    "item": (7, None, "", "everything"),
    "subject": (7, None, "", "a b", "x" * 64),
    "recording": (7, None, "", "a b", "../etc/passwd", "x" * 61),
    "incident": (7, None, "", "a b", "x" * 81),
    "plan": (7, None, "", "a b"),
    "stage": (7, None, "", "a b"),
    "step": (7, None, "", "a b"),
    "answer": (7, None, "", "a b"),
    "drill": ("true", 1, None),
    "grade": (7, None, "P9"),
    "count": (None, 0, 101, True, "20", 1.5),
    "paper": (None, 0, 10_000_000, True, "7", 1.5),
    "system": (7, None, "", "-1", "call 13900004501 back!", "x" * 41),
    "trace": (None, "0:20:00 end", [], [7], [""], ["x" * 501], ["0:20:00 end"] * 1001),
    "days": (None, 0, 3661, True, "30", 1.5),
    "language": (7, None, "", "de"),
    "format": (7, None, "", "pdf"),
    "fact": (7, None, "", "a b", "waiting"),
    "value": (None, "", [], {}, "x" * 81),
    **dict.fromkeys(("eta", "wording", "cause_class", "vendor_case", "proof", "person"), (7, None, "x" * 501)),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_good_request_is_admitted_by_both(verb: str) -> None:
    assert does_schema_admit(verb, good(verb))
    assert code(verb, good(verb)) not in {"malformed", "unknown_key", "no_time", "confirm_needed"}


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_what_the_schema_refuses_the_daemon_refuses(verb: str) -> None:
    wrong = [good(verb, **change) for change in WRONG]
    for arg in VERBS[verb].args:
        args = ARGS.get(verb, {})
        wrong += [good(verb, args={**args, arg.name: value}) for value in WRONG_ARGS[arg.name]]
        if arg.needed:
            wrong.append(good(verb, args={key: value for key, value in args.items() if key != arg.name}))
    for body in wrong:
        assert not does_schema_admit(verb, body), body
        assert code(verb, body), body


def test_a_dangerous_verb_wants_its_dry_run_by_both() -> None:
    for verb in VERBS.values():
        body = good(verb.name, dry_run=...)
        assert does_schema_admit(verb.name, body) is not verb.is_dangerous
        assert code(verb.name, body) or not verb.is_dangerous


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**54) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=90),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
LIKELY = st.sampled_from(["30m", "90s", "0s", "pbx-a", "seat12", "PJSIP/seat12", "PJSIP/a~", ["hotline"], "a\nb", 0, 1, 86_400, 86_400.5])


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_schema_admits_whatever_the_shape_does(shape: Shape) -> None:
    compiled = fastjsonschema.compile(shape.schema())

    @given(VALUES | LIKELY)
    def check(value: Any) -> None:
        if shape.admits(value):
            compiled(value)

    check()


def test_a_schema_says_in_words_what_each_key_is_for() -> None:
    for verb, schema in schemas(SITE):
        assert schema["description"].startswith(VERBS[verb].does)
        assert all(part.get("description") for part in schema["properties"]["args"]["properties"].values())
