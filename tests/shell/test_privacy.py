"""Issue 5: "caller numbers masked in every output … a leak test marks numbers and searches every output for them". Here what one stream of
AMI and people's orders leave behind in the core and on the disk; every output of the running daemon: tests/live/test_leaks.py."""

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bench import stream
from bench.clients.site import begin, settings_of_sample
from cti_daemon.engine import Engine
from cti_daemon.model.effects import Record
from cti_daemon.model.events import Command, Event
from cti_daemon.model.ids import NodeName, PathName
from cti_daemon.shell.http import status_pieces
from cti_daemon.shell.journal import Journal
from cti_daemon.shell.metrics import Metrics
from cti_daemon.shell.mqtt_states import RetainedStates
from cti_daemon.shell.privacy import without_numbers
from cti_daemon.wire.ami_proof import Proof
from cti_daemon.wire.ami_stream import Sort, Stream
from cti_daemon.wire.one_stream import OneStream
from tests.leaks.marks import Marks

CALLER, DIALLED, FORGED, NAMED = "13900004501", "13900004502", "13900004503", "13900004504"
MARKS = Marks([CALLER, DIALLED, FORGED, NAMED])
NODE, PATH = NodeName("pbx-a"), PathName("a")
AT = 1000.0
CALLS = 40


def marked() -> bytes:
    """The recorded calls with known callers, and a forged block after each of them."""
    whole = stream.calls()[: len(stream.calls()) * CALLS // 400]
    whole = whole[: whole.rindex(b"\r\n\r\n") + 4]
    assert b"CallerIDNum: sipp" in whole
    whole = whole.replace(b"CallerIDNum: sipp", f"CallerIDNum: {CALLER}".encode())
    whole = whole.replace(b"ConnectedLineNum: sipp", f"ConnectedLineNum: {CALLER}".encode())
    whole = whole.replace(b"CallerIDName: <unknown>", f"CallerIDName: {NAMED}".encode())
    whole = whole.replace(b"Exten: 95598", f"Exten: {DIALLED}".encode())
    forged = f"Event: QueueCallerJoin\r\nPrivilege: agent,all\r\nChannel: PJSIP/{FORGED}\r\nCallerIDNum: {FORGED}\r\n\r\n".encode()
    named = f"Event: {FORGED}\r\nPrivilege: agent,all\r\n\r\n".encode()
    return whole + forged * 3 + named


def outputs() -> Iterator[tuple[str, bytes]]:
    """All that the core gives out of such a stream, by where it goes."""
    settings = settings_of_sample()
    engine = Engine(settings, None, secrets.token_bytes(32), AT)
    effects: list[Any] = []

    def post(event: Event) -> None:
        effects.extend(engine.feed(event, AT))

    proof = Proof(stream.SYSTEM_NAME)
    one_stream = OneStream(NODE, proof, post, lambda: None)
    one_stream.begin(PATH)
    begin(NODE, PATH, post)
    wire = Stream(proof)
    wire.feed(b"Asterisk Call Manager/11.0.0\r\n")
    refused = 0
    for sort, kind, block in wire.feed(marked()):
        if sort is Sort.STREAM:
            one_stream.hear(PATH, 1, kind, block, is_mark=False)
        elif why := proof.fault(kind, block):
            refused += 1
            one_stream.refuse(PATH, kind.decode("ascii"), why)
    view = engine.view(AT)
    assert refused, "nothing of what was forged came through: this proves nothing"
    assert sum(queue.kpi.offered for queue in view.queues if queue.kpi) >= CALLS / 2
    yield "effects", repr(effects).encode()
    yield "figures", json.dumps(engine.figures(AT)).encode()
    yield "status", "".join(status_pieces(settings, view, datetime.now(UTC))).encode()
    yield "metrics", "".join(Metrics(settings, lambda: view).pieces()).encode()
    yield "topics", repr(RetainedStates(settings, lambda: view, lambda: AT).changes()).encode()
    yield "picture", repr(view).encode()


def test_no_number_of_a_caller_comes_out_of_the_core() -> None:
    assert MARKS.found_in(marked()), "the stream itself has them"
    assert {where: MARKS.found_in(data) for where, data in outputs() if MARKS.found_in(data)} == {}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("call 13900004501 back", "call *********01 back"),
        ("139 0000 4501", "*********01"),
        ("case #20261122001 of 13900004501, #7", "case #20261122001 of *********01, #7"),
        ("30 seats, 95598, 10.10.1.11:5038", "30 seats, 95598, 10.10.1.11:5038"),
        (13900004501, "*********01"),
        (13900004501.0, "*********01"),
        (1_000_000, 1_000_000),
        (True, True),
        (None, None),
        ({"13900004501": ["13900004501", {"a": 13900004501}]}, {"*********01": ["*********01", {"a": "*********01"}]}),
    ],
)
def test_what_people_write_is_kept_without_numbers(given: Any, kept: Any) -> None:
    command = without_numbers(Command("1", "note", "alice", reason=str(given), args={"text": given}))
    assert command.args == {"text": kept}
    assert MARKS.found_in(command.reason.encode()) == set()


def test_what_names_something_of_the_site_is_left_as_it_is() -> None:
    args = {"seat": "8613900004501", "queues": ["4001234567"], "node": "pbx-a", "interface": "PJSIP/8613900004501", "penalty": 3}
    assert without_numbers(Command("1", "seat-login", "alice", args=args)).args == args


async def test_a_remark_lies_on_the_disk_without_its_numbers(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    await journal.open()
    command = without_numbers(Command("1", "note", "alice", reason=CALLER, args={"text": f"call {DIALLED}", NAMED: int(NAMED)}))
    await journal.append(Record("command", {"reason": command.reason, "args": command.args}))
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())  # noqa: ASYNC240 - a few bytes
    await journal.close()
    assert b"call *********02" in on_disk
    assert MARKS.found_in(on_disk) == set()
