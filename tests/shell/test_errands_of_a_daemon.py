"""Issue 6, Deliver 7, "Commands over MQTT and CLI: … plan list/check/test (event trace in, decisions out); … ticket print/enter/reconcile …
report": asked of the running program over a real Mosquitto, and once only over a SIGKILL."""

# ruff: noqa: ASYNC110 - a test waits for what it sees from outside

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from cti_daemon.shell.journal_reader import read
from cti_daemon.shell.register_keys import draw_line
from tests.shell.broker import Broker, Watcher, watching
from tests.shell.conftest import SAMPLE
from tests.shell.test_plans_of_a_daemon import Program, until

pytestmark = [pytest.mark.slow, pytest.mark.broker]
BASE, USER = "cti/v1/95598", "engineer-1"
VERBS = ("ticket-print", "ticket-enter", "ticket-reconcile", "plan-list", "plan-check", "plan-test", "plan-start", "report")
TRACE = ["0:00:00 fact seat.state[seat7] = unreachable", "0:10:00 end"]


async def heard(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(90):
        while not holds():
            await asyncio.sleep(0.05)


class Site(Program):
    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder)
        shutil.copytree(SAMPLE.parent / "plans", folder / "plans", dirs_exist_ok=True)
        keys = folder / "keys"
        keys.write_text(f"{draw_line('k1')}\n{draw_line('find')}")
        keys.chmod(0o400)
        site = folder / "site.toml"
        text = site.read_text(encoding="utf-8").replace("port     = 1\n", f"port     = {port}\n")
        text += f'\n[[role]]\nname = "desk"\nusers = ["{USER}"]\nverbs = {json.dumps(VERBS)}\n'
        text += f'[register]\npath = "{folder}/register.sqlite"\nkeys = {{ file = "{keys}" }}\n'
        site.write_text(text, encoding="utf-8")
        self.journal = folder / "journal.sqlite"


class Asker:
    def __init__(self, broker: Broker, watcher: Watcher) -> None:
        self._broker, self._watcher = broker, watcher

    async def ask(self, verb: str, request_id: str, *, times: int = 1, **args: Any) -> dict[str, Any]:
        """The last of so many answers to this id."""
        body = json.dumps({"id": request_id, "issued_at": time.time(), "reason": "a test", "args": args}).encode()
        async with aiomqtt.Client("127.0.0.1", self._broker.port, username=USER, protocol=aiomqtt.ProtocolVersion.V5) as client:
            await client.publish(f"{BASE}/request/{USER}/{verb}", body, qos=1)

        def found() -> list[dict[str, Any]]:
            return [body for body in self._watcher.of(f"/response/{USER}/{verb}") if body["id"] == request_id]

        await heard(lambda: len(found()) >= times)
        return found()[-1]

    async def online(self, times: int) -> None:
        await heard(lambda: sum(body["state"] == "online" for body in self._watcher.of("/daemon/cti-1/state")) >= times)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    made = Broker(tmp_path)
    await made.start()
    yield made
    made.stop()


@pytest.fixture
async def site(tmp_path: Path, broker: Broker) -> AsyncIterator[Site]:
    made = Site(tmp_path, broker.port)
    yield made
    made.kill()


async def test_tickets_plans_and_reports_over_mqtt(broker: Broker, site: Site) -> None:
    async with watching(broker, f"{BASE}/#") as watcher:
        desk = Asker(broker, watcher)
        await asyncio.to_thread(site.start)
        await desk.online(1)
        await tickets(desk)
        await plans(desk)
        await reports(desk, site)
        site.kill()
        await asyncio.to_thread(site.start)
        await desk.online(2)
        again = await desk.ask("ticket-print", "t-1", times=3, count=3)
        assert (again["status"], again["data"]) == ("duplicate", {"first": 1, "count": 3})
        assert (await desk.ask("ticket-print", "t-9", count=1))["data"]["first"] == 4, "no number was given out twice"
        entries = [(entry.data["do"], entry.data.get("first")) for entry in read(site.journal, kinds=frozenset({"ticket"}))]
        assert entries == [("print", 1), ("enter", None), ("print", 4)]
        commands = [entry.data["id"] for entry in read(site.journal, kinds=frozenset({"command"}))]
        assert {"t-1", "t-2", "t-3", "p-1", "p-2", "p-3", "r-1", "r-2"} <= set(commands)


async def tickets(desk: Asker) -> None:
    printed = await desk.ask("ticket-print", "t-1", count=3)
    assert (printed["status"], printed["data"]["first"], printed["data"]["count"]) == ("ok", 1, 3)
    assert "No. 000003" in printed["data"]["html"]
    again = await desk.ask("ticket-print", "t-1", times=2, count=3)
    assert (again["status"], again["data"]) == ("duplicate", printed["data"])
    number = "20261122000012345"  # no telephone number: it is not masked
    assert (await desk.ask("ticket-enter", "t-2", paper=2, system=number))["message"] == f"paper 2 is {number}"
    found = await desk.ask("ticket-reconcile", "t-3")
    assert found["message"] == "1 of 3 printed tickets are entered"
    assert found["data"]["gaps"] == [1, 3]
    nobody = await desk.ask("ticket-enter", "t-4", paper=1, system="SG-1", row=99)
    assert (nobody["status"], nobody["code"]) == ("rejected", "wrong_target")


async def plans(desk: Asker) -> None:
    listed = await desk.ask("plan-list", "p-1")
    assert any(line.startswith("seat-fault ") for line in listed["data"]["lines"])
    checked = await desk.ask("plan-check", "p-2")
    assert (checked["status"], checked["data"]["is_well"]) == ("ok", True)
    assert checked["message"].startswith("18 plans")
    tried = await desk.ask("plan-test", "p-3", trace=TRACE)
    assert tried["status"] == "ok", tried
    assert "0:02:00  seat-fault-1: begins with stage spare-seat" in "\n".join(tried["data"]["lines"])
    wrong = await desk.ask("plan-test", "p-4", trace=["0:00:00 fact seats.unreachabel = 1"])
    assert (wrong["status"], wrong["code"]) == ("rejected", "malformed")
    assert wrong["message"].startswith("line 1: 'seats.unreachabel = 1' is no")


async def reports(desk: Asker, site: Site) -> None:
    await desk.ask("plan-start", "s-1", plan="trouble")
    await asyncio.to_thread(until, site.incidents, "the incident is shown")
    told = await desk.ask("report", "r-1", kind="incident", name="trouble-1", language="en")
    assert told["status"] == "ok", told
    assert "trouble-1" in told["data"]["report"]
    figures = await desk.ask("report", "r-2", kind="incident", name="trouble-1", format="json")
    assert set(figures["data"]["report"]) == {"document", "figures"}
    missing = await desk.ask("report", "r-3", kind="incident", name="trouble-9")
    assert (missing["status"], missing["code"]) == ("rejected", "wrong_target")
    assert "there is no incident 'trouble-9'; there are: " in missing["message"]
