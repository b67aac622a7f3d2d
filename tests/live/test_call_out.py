"""Issue 6: "voice call-out with keyed confirmation through the dialplan and an AGI script … on the lab; echelons". Real Asterisks, real
DTMF; a mailbox, a busy line and a telephone that nobody lifts never confirm."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from cti_daemon.model.incidents import CallInLevel
from cti_daemon.model.plan_effects import CallIn, Notified, Notify, Summoned
from cti_daemon.shell import config
from cti_daemon.shell.doctor import people
from cti_daemon.shell.doctor.finding import Grade
from cti_daemon.shell.messengers import Messengers
from lab import bench, calling, daemon, network
from lab.layout import CTI, Size
from lab.sinks import HookSink

pytestmark = [pytest.mark.lab, pytest.mark.timeout(400)]
PEOPLE = (
    ("far", "echelon-1", "8001"),
    ("no", "echelon-1", "8002"),
    ("mailbox", "echelon-1", "8003"),
    ("busy", "echelon-1", "8004"),
    ("away", "echelon-1", "8005"),
    ("duty", "duty", "8001"),
    ("machine", "it", "8003"),
)


@pytest.fixture
def lab() -> Iterator[None]:
    try:
        bench.up(Size(seats=2, emergency_seats=2), print, calling.with_call_out)
        calling.start()
        yield
    finally:
        calling.stop()
        bench.down()


class Desk:
    """The daemon's hands, without the daemon."""

    def __init__(self, hook: HookSink) -> None:
        daemon.write_configuration(more=calling.daemon_tables(*PEOPLE, sink_port=hook.port))
        loaded = config.load(daemon.CONFIGURATION)
        self.settings, self.secrets = loaded.settings, loaded.secrets
        self.outcomes: list[Notified | Summoned] = []
        self.tasks: list[asyncio.Future[Any]] = []
        self.messengers = Messengers(
            loaded.settings, loaded.secrets, self.outcomes.append, lambda work, _name: self.tasks.append(asyncio.ensure_future(work))
        )
        self.messengers.read()

    async def do(self, effect: Notify | CallIn) -> list[Any]:
        self.outcomes.clear()
        self.messengers.doers()[type(effect)]([effect])
        while pending := [task for task in self.tasks if not task.done()]:
            await asyncio.wait(pending)
        return self.outcomes


async def _play() -> dict[str, Any]:
    found: dict[str, Any] = {}
    async with HookSink() as hook:
        desk = Desk(hook)
        found["doctor"] = {each.check: (each.grade, each.text) for each in await people.questions(desk.settings, desk.secrets)}
        summons = CallIn("i1/s2/echelon-1", "i1", "echelon-1", CallInLevel.COME, "第一梯队", "请到岗", is_drill=False)
        found["answers"] = {each.person: each.answer.value for each in await desk.do(summons)}
        found["written to"] = sorted(got.to for got in hook.got)
        lines = desk.messengers.lines
        assert lines is not None
        found["callers"] = {number: (await lines.inform(number, f"i1/fault/{number}")).result.value for number in ("8001", "8003", "8004")}
        hook.got.clear()
        again = Desk(hook)  # the daemon after a restart is given the same order again
        found["again"] = {each.person: each.answer.value for each in await again.do(summons)}
        found["nothing twice"] = list(hook.got)
        for role in ("duty", "it"):
            told = await again.do(Notify(f"i1/s3/{role}", "i1", role, "系统故障", "x", is_drill=True))
            found[role] = [(each.person, each.channel, each.is_delivered) for each in told]
    return found


def test_only_a_key_confirms(lab: None) -> None:
    with network.entered(CTI.namespace):
        found = asyncio.run(_play())
    assert found["doctor"]["calls"] == (Grade.OK, "people can be called, and confirm by a key")
    answers = {"far": "yes", "no": "no", "mailbox": "silent", "busy": "silent", "away": "silent"}
    assert found["answers"] == answers
    assert found["written to"] == ["away", "busy", "mailbox"]  # whom the telephone did not bring, a message tells
    assert found["callers"] == {"8001": "delivered", "8003": "delivered", "8004": "failed"}  # C3: a mailbox is told, a busy line is not
    assert found["again"] == answers
    assert found["nothing twice"] == []
    assert found["duty"] == [("duty", "voice", True)]
    assert found["it"] == [("machine", "hook", True)]
