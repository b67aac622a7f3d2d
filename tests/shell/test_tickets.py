"""B2: "纸制工单…SG186系统正常时重新填写": numbered forms, "paper number ↔ system ticket number; gaps and doubles listed"."""

import asyncio
import re
from typing import Any

import pytest

from cti_daemon.model.ids import CallToken, NodeName
from cti_daemon.model.register import Harm, Harmed, RowState
from cti_daemon.shell.control_client import ControlClient
from cti_daemon.shell.journal_reader import read
from cti_daemon.wire.paper_forms import FIELDS, pages
from tests.shell.test_register_desk import Room, room

__all__ = ["room"]


@pytest.fixture
def rights() -> str:
    return '"ticket"'


async def ask(room: Room, **args: Any) -> dict[str, Any]:
    def talk() -> dict[str, Any]:
        with ControlClient(room.folder / "control.sock") as client:
            return client.ask("ticket", args=args)

    return await asyncio.to_thread(talk)


async def test_every_form_has_a_number_of_its_own_over_all_prints(room: Room) -> None:
    assert (await ask(room, do="print", count=20))["data"] == {"first": 1, "count": 20}
    assert (await ask(room, do="print", count=5))["data"] == {"first": 21, "count": 5}
    entries = [entry.data for entry in read(room.folder / "journal.sqlite") if entry.kind == "ticket"]
    assert [(entry["first"], entry["count"]) for entry in entries] == [(1, 20), (21, 5)]


async def test_gaps_doubles_and_callers_without_a_ticket_are_listed(room: Room) -> None:
    handled = Harmed(CallToken("e" * 40), Harm.EMERGENCY, "waiting", NodeName("emg"), NodeName("edge1"), RowState.CLOSED)
    row, _ = await room.room.register.keep(handled, None)
    await ask(room, do="print", count=5)
    assert (await ask(room, do="reconcile"))["data"]["rows_without"] == [row.row]
    for paper, system, more in (
        (1, "SG-100", {"row": row.row}),
        (2, "SG-101", {}),
        (2, "SG-102", {}),
        (3, "SG-101", {}),
        (9, "SG-109", {}),
    ):
        assert (await ask(room, do="enter", paper=paper, system=system, **more))["status"] == "ok"
    assert (await ask(room, do="enter", paper=1, system="SG-100"))["status"] == "ok", "the same said twice is no double"
    found = await ask(room, do="reconcile")
    assert found["message"] == "4 of 5 printed tickets are entered"
    assert found["data"] == {
        "printed": 5,
        "entered": 4,
        "gaps": [4, 5],
        "strangers": [9],
        "double_papers": [2],
        "double_systems": ["SG-101"],
        "rows_without": [],
    }


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({}, "malformed"),
        ({"do": "print", "count": 0}, "malformed"),
        ({"do": "print", "count": 1001}, "malformed"),
        ({"do": "enter", "paper": 1}, "malformed"),
        ({"do": "enter", "paper": "1", "system": "SG-1"}, "malformed"),
        ({"do": "enter", "paper": 1, "system": "call 13900004501 back!"}, "malformed"),
        ({"do": "enter", "paper": 1, "system": "SG-1", "row": 99}, "wrong_target"),
    ],
)
async def test_bad_requests_are_told_and_change_nothing(room: Room, args: dict[str, Any], code: str) -> None:
    assert (await ask(room, **args))["code"] == code
    assert (await ask(room, do="reconcile"))["data"]["entered"] == 0


@pytest.mark.parametrize("rights", ['"privacy", "status"'])
async def test_it_needs_its_own_right(room: Room, rights: str) -> None:
    for do in ("print", "enter", "reconcile"):
        assert (await ask(room, do=do, count=1, paper=1, system="SG-1"))["code"] == "not_allowed"


def test_a_form_has_its_number_and_every_field_and_the_sites_name_is_only_text() -> None:
    page = pages("95598 <b>", range(7, 10))
    assert re.findall(r"No\. (\d+)", page) == ["000007", "000008", "000009"]
    assert all(page.count(chinese) == 3 for chinese, _, _ in FIELDS)
    assert "<b>" not in page
