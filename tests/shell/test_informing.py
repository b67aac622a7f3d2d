"""C3: "通过短信、电话告知客户; 道歉": those in the register are told; never the same caller twice for the same incident and
kind, also across a restart and SIGKILL."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cti_daemon.model.effects import Record
from cti_daemon.model.plan_effects import About, Carried, InformCallers
from cti_daemon.model.register import Harm, RowState
from cti_daemon.policy.reaching import TryResult
from cti_daemon.shell import informing as module
from cti_daemon.shell.informing import Informing
from cti_daemon.shell.journal import Stored
from cti_daemon.shell.notice_sender import Message, Sent
from cti_daemon.shell.register import Register
from tests.shell.test_register import NUMBERS, RING, harmed

ORDER = InformCallers("power-1/tell", "power-1", About.FAULT, ("sms", "voice"), "95598", "非常抱歉 / we apologise", 3600.0)
GATEWAYS = {"sms": "json://127.0.0.1:1/sms/{to}"}


class Journal:
    """Keeps what it is given. `answer`: what becomes of it."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.answer = Stored.DURABLE

    async def append(self, *records: Record) -> Stored:
        self.records += records
        return self.answer


class Desk:
    def __init__(self, register: Register, gateways: dict[str, str], lines: Any = None) -> None:
        self.journal, self.outcomes = Journal(), list[Carried]()
        self.informing = Informing(register, self.journal, gateways, lines, self.outcomes.append)  # type: ignore[arg-type]

    async def said(self, order: InformCallers = ORDER) -> tuple[bool, str]:
        await self.informing.inform(order)
        return self.outcomes[-1].is_done, self.outcomes[-1].said


class Lines:
    """The telephone: whom it rang."""

    def __init__(self, result: TryResult) -> None:
        self.rung: list[str] = []
        self._result = result

    async def inform(self, number: str, _call: str) -> Sent:
        self.rung.append(number)
        return Sent(self._result)


@pytest.fixture
async def register(tmp_path: Path) -> AsyncIterator[Register]:
    made = Register(tmp_path / "register.sqlite", RING)
    made.start()
    yield made
    await made.close()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Message]]:
    found: list[tuple[str, Message]] = []

    async def send(url: str, message: Message, _seconds: float) -> Sent:
        found.append((url.rpartition("/")[2], message))
        return Sent(TryResult.DELIVERED)

    monkeypatch.setattr(module, "send", send)
    return found


async def test_everybody_is_told_once_with_the_incident_s_words(register: Register, sent: list[tuple[str, Message]]) -> None:
    for n in range(3):
        await register.keep(harmed(n), NUMBERS[n])
    await register.keep(harmed(7), None)
    desk = Desk(register, GATEWAYS)
    assert await desk.said() == (True, "of 4: 3 told, 1 without a number")
    assert sorted(number for number, _ in sent) == NUMBERS[:3]
    assert sent[0][1] == Message("95598", "非常抱歉 / we apologise")
    assert [record.kind for record in desk.journal.records] == ["privacy", "informed", "informed", "informed"]
    assert not any(number in str(record.data) for record in desk.journal.records for number in NUMBERS)


async def test_the_same_caller_is_never_told_twice_of_the_same_also_after_a_restart(
    register: Register, sent: list[tuple[str, Message]]
) -> None:
    await register.keep(harmed(1), NUMBERS[0])
    await Desk(register, GATEWAYS).said()
    assert await Desk(register, GATEWAYS).said() == (True, "of 1: 1 told"), "ordered again, its outcome is told again"
    await register.ask(lambda file: file.note(1, replace_closed(file), 0.0))
    await register.keep(harmed(2), NUMBERS[0])  # the same caller, struck once more: another row
    assert await Desk(register, GATEWAYS).said(replace(ORDER, order="power-1/tell-again")) == (True, "of 2: 2 told")
    assert len(sent) == 1
    await Desk(register, GATEWAYS).said(replace(ORDER, about=About.RECOVERY))
    await Desk(register, GATEWAYS).said(replace(ORDER, incident="power-2", order="power-2/tell"))
    assert len(sent) == 3


async def test_who_is_struck_later_is_told_when_it_is_ordered_again_and_nobody_s_number_is_read_twice(
    register: Register, sent: list[tuple[str, Message]]
) -> None:
    desk = Desk(register, GATEWAYS)
    await register.keep(harmed(1), NUMBERS[0])
    await desk.said()
    await desk.said()
    await register.keep(harmed(2), NUMBERS[1])
    assert await desk.said() == (True, "of 2: 2 told")
    assert [number for number, _ in sent] == NUMBERS[:2]
    assert [record.data["rows"] for record in desk.journal.records if record.kind == "privacy"] == [[1], [2]]


def replace_closed(file: Any) -> Any:
    row = file.get(1)
    assert row is not None
    return replace(row.progress, state=RowState.CLOSED)


async def test_a_kill_between_claim_and_message_leaves_him_untold_rather_than_told_twice(
    register: Register, sent: list[tuple[str, Message]]
) -> None:
    row, _ = await register.keep(harmed(1), NUMBERS[0])
    await register.ask(lambda file: file.informed.claim("power-1", "fault", row.caller, row.row, 0.0))
    assert await Desk(register, GATEWAYS).said() == (True, "of 1: 1 not known whether told")
    assert not sent


async def test_a_gateway_that_fails_is_followed_by_the_telephone_one_that_hangs_is_not(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {NUMBERS[0]: TryResult.FAILED, NUMBERS[1]: TryResult.UNKNOWN}

    async def send(url: str, _message: Message, _seconds: float) -> Sent:
        return Sent(answers[url.rpartition("/")[2]])

    monkeypatch.setattr(module, "send", send)
    for n in range(2):
        await register.keep(harmed(n), NUMBERS[n])
    lines = Lines(TryResult.DELIVERED)
    assert await Desk(register, GATEWAYS, lines).said() == (True, "of 2: 1 told, 1 not known whether told")
    assert lines.rung == [NUMBERS[0]]


async def test_nobody_could_be_told_and_people_are_asked_to(register: Register) -> None:
    await register.keep(harmed(1), NUMBERS[0])
    assert await Desk(register, {}).said() == (False, "of 1: 1 not reached")


async def test_strangers_to_the_incident_and_those_who_were_served_are_left_in_peace(
    register: Register, sent: list[tuple[str, Message]]
) -> None:
    await register.keep(replace(harmed(1), ago_seconds=7200.0), NUMBERS[0])
    await register.keep(harmed(2, Harm.EMERGENCY, RowState.CLOSED), NUMBERS[1])
    assert await Desk(register, GATEWAYS).said() == (True, "nobody is in the register")
    assert not sent


async def test_no_number_is_read_before_the_journal_has_the_entry_about_it(register: Register, sent: list[tuple[str, Message]]) -> None:
    await register.keep(harmed(1), NUMBERS[0])
    desk = Desk(register, GATEWAYS)
    desk.journal.answer = Stored.HELD
    assert await desk.said() == (False, "the journal does not take the entry about whose numbers are read")
    assert not sent


async def test_what_is_erased_is_forgotten_here_too(register: Register, sent: list[tuple[str, Message]]) -> None:
    """docs/design/privacy.md: "a row can be corrected and erased"."""
    await register.keep(harmed(1), NUMBERS[0])
    await Desk(register, GATEWAYS).said()
    await register.ask(lambda file: file.erase([1], 0.0))
    count = await register.ask(lambda file: file._db.execute("SELECT count(*) FROM informed").fetchone()[0])
    assert (count, len(sent)) == (0, 1)
