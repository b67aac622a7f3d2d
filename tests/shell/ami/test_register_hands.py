"""Where a number and a call meet: read when the call comes, written only when something happens, given to the edge only to call back."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from cti_daemon.model.affected import AskNumber, CallBack, CallerKnown, ForgetNumbers, KeepCaller, NoteRow, RowSeen
from cti_daemon.model.events import Event, Outcome
from cti_daemon.model.ids import CallToken, ChannelName, NodeName, QueueName, Uniqueid
from cti_daemon.model.reasons import Result
from cti_daemon.model.register import CallbackSettings, Harm, Harmed, RowState
from cti_daemon.shell.ami.node_links import NodeLinks
from cti_daemon.shell.journal import Journal, Stored
from cti_daemon.shell.journal_reader import read
from cti_daemon.shell.register import Register
from cti_daemon.shell.register_hands import RegisterHands
from cti_daemon.shell.register_keys import draw_line, read_ring
from cti_daemon.wire.ami_message import Reply
from tests.leaks.marks import Marks

EDGE = NodeName("edge1")
TOKEN, BACK = CallToken("a" * 40), CallToken("b" * 40)
NUMBER = "13900004501"
RING = read_ring(f"{draw_line('k1')}\n{draw_line('find')}")
CALLBACK = CallbackSettings(dial="PJSIP/{number}@carrier", ring_seconds=20, caller_id="95598")


@dataclass
class Edge:
    """Answers as the edge's links do."""

    number: str = NUMBER
    result: Result = Result.DONE
    actions: list[Mapping[str, str]] = field(default_factory=list)

    async def act(self, action: Mapping[str, str], _seconds: float) -> Reply:
        self.actions.append(action)
        await asyncio.sleep(0)
        return Reply(self.result, "as it is", {"Value": self.number} if action["Action"] == "Getvar" else {})


class Room:
    def __init__(self, folder: Path, *, callback: CallbackSettings | None = CALLBACK) -> None:
        self.edge, self.journal = Edge(), Journal(folder / "journal.sqlite")
        self.register, self.posted = Register(folder / "register.sqlite", RING), list[Event]()
        self.tasks: set[asyncio.Task[None]] = set()
        links = {EDGE: cast("NodeLinks", self.edge)}
        hands = RegisterHands(self.register, RING, self.journal, callback, links, self.posted.append, self._spawn)
        self.doers, self.recall = hands.doers(), hands.recall
        self.folder = folder

    def _spawn(self, work: Coroutine[Any, Any, None], _name: str) -> None:
        self.tasks.add(asyncio.create_task(work))

    async def do(self, *effects: Any) -> None:
        for effect in effects:
            self.doers[type(effect)]([effect])
        while self.tasks:
            tasks, self.tasks = self.tasks, set()
            await asyncio.gather(*tasks)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(tmp_path)
    await made.journal.open()
    made.register.start()
    yield made
    await made.register.close()
    await made.journal.close()


ASK = AskNumber(EDGE, Uniqueid("u"), ChannelName("PJSIP/carrier-1"), TOKEN)
KEEP = KeepCaller(Harmed(TOKEN, Harm.LOST, "talking", NodeName("pbx-a"), EDGE, RowState.OPEN))
CALL = CallBack(7, EDGE, BACK, NoteRow(1, RowState.CALLING, 1, 0.0, ""))


async def test_a_number_goes_into_the_register_only_when_something_happens_to_the_caller(room: Room) -> None:
    await room.do(ASK)
    assert room.edge.actions == [{"Action": "Getvar", "Channel": "PJSIP/carrier-1", "Variable": "CALLERID(num)"}]
    assert room.posted == [CallerKnown(TOKEN, RING.digest(NUMBER))]
    assert await room.register.ask(lambda file: file.rows()) == []
    await room.do(KEEP)
    assert await room.register.ask(lambda file: file.number(1)) == NUMBER
    assert [(entry.kind, entry.data["row"], entry.data["call"]) for entry in read(room.folder / "journal.sqlite")] == [
        ("affected", 1, TOKEN)
    ]
    assert Marks([NUMBER]).found_in(repr(room.posted).encode()) == set()


async def test_who_is_lost_in_the_moment_of_his_coming_has_his_number_too(room: Room) -> None:
    await room.do(ASK, KEEP)
    assert await room.register.ask(lambda file: file.number(1)) == NUMBER


@pytest.mark.parametrize("number", ["", "anonymous", "1" * 40, "139\r\nAction: Originate"])
async def test_what_is_no_number_is_none(room: Room, number: str) -> None:
    room.edge.number = number
    await room.do(ASK, KEEP)
    seen = room.posted[-1]
    assert isinstance(seen, RowSeen)
    assert (seen.has_number, seen.caller) == (False, "")


async def test_a_forgotten_number_is_gone(room: Room) -> None:
    await room.do(ASK)
    await room.do(ForgetNumbers(frozenset({TOKEN})))
    await room.do(KEEP)
    assert await room.register.ask(lambda file: file.number(1)) is None


async def test_a_call_back_is_in_register_and_journal_before_the_edge_is_asked(room: Room) -> None:
    await room.do(ASK, KEEP)
    await room.do(CALL)
    order = dict(room.edge.actions[-1])
    assert order.pop("Variable") == f"CTI_CALL={BACK},CTI_CALLER={NUMBER}"
    assert order == {
        "Action": "Originate",
        "Channel": f"PJSIP/{NUMBER}@carrier",
        "Context": "cti-callback",
        "Exten": "s",
        "Priority": "1",
        "Timeout": "20000",
        "Async": "true",
        "CallerID": "95598",
    }
    assert room.posted[-1] == Outcome(7, Result.DONE, "as it is")
    row = await room.register.ask(lambda file: file.get(1))
    assert row is not None
    assert (row.progress.state, row.progress.attempts) == (RowState.CALLING, 1)
    entry = list(read(room.folder / "journal.sqlite"))[-1]
    assert (entry.kind, entry.data["do"], entry.data["rows"]) == ("privacy", "call", [1])


async def test_he_comes_to_the_queue_in_which_he_was(room: Room) -> None:
    await room.do(ASK, KeepCaller(replace(KEEP.harmed, queue=QueueName("support"))))
    await room.do(CALL)
    assert room.edge.actions[-1]["Variable"] == f"CTI_CALL={BACK},CTI_CALLER={NUMBER},__CTI_QUEUE=support"


async def test_without_an_entry_nobody_is_called(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    await room.do(ASK, KEEP)

    async def held(*_: object) -> Stored:
        return Stored.HELD

    monkeypatch.setattr(room.journal, "append", held)
    await room.do(CALL)
    assert room.posted[-1] == Outcome(7, Result.FAILED, "the journal does not take the entry about it")
    assert "Originate" not in {action["Action"] for action in room.edge.actions}


async def test_who_has_no_number_is_not_called(room: Room) -> None:
    room.edge.number = ""
    await room.do(ASK, KEEP, CALL)
    await room.do(CALL)
    assert room.posted[-1] == Outcome(7, Result.GONE, "there is no number")


async def test_what_the_last_run_left_open_is_told_again(room: Room) -> None:
    await room.do(ASK, KEEP)
    await room.do(NoteRow(1, RowState.OPEN, 2, 100.0, "not reached"))
    room.posted.clear()
    await room.recall()
    (seen,) = room.posted
    assert isinstance(seen, RowSeen)
    assert (seen.row, seen.state, seen.attempts, seen.result, seen.caller) == (1, RowState.OPEN, 2, "not reached", RING.digest(NUMBER))
    assert 90 < seen.in_seconds <= 100
