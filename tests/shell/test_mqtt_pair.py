"""Two daemons at one broker: the retained states are those of who acts, each has a word of its own, and an order is carried out once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from cti_daemon.model.effects import Report
from cti_daemon.model.events import Command
from cti_daemon.model.settings import Settings
from cti_daemon.shell.mqtt import MqttBridge
from tests.shell.broker import Broker, watching
from tests.shell.conftest import Picture
from tests.shell.test_mqtt import BASE, ask, broker, request, until

pytestmark = pytest.mark.broker
__all__ = ["broker"]


class One:
    def __init__(self, name: str, settings: Settings, port: int, *, acts: bool) -> None:
        assert settings.mqtt is not None
        site = settings.site.model_copy(update={"daemon": name})
        at = settings.model_copy(update={"mqtt": settings.mqtt.model_copy(update={"port": port}), "site": site})
        self.acts = acts
        self.commands: list[Command] = []
        self.picture = Picture()
        self.bridge = MqttBridge(at, None, self.commands.append, self.picture, may_act=lambda: self.acts)
        self.task = asyncio.create_task(self.bridge.run())

    def change(self, *, acts: bool) -> None:
        self.acts = acts
        self.bridge.role_changed()


@pytest.fixture
async def two(broker: Broker, settings: Settings) -> AsyncIterator[tuple[One, One]]:
    first, second = One("cti-1", settings, broker.port, acts=True), One("cti-2", settings, broker.port, acts=False)
    await until(lambda: first.bridge.is_connected and second.bridge.is_connected)
    yield first, second
    for one in (first, second):
        one.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await one.task


async def test_who_stands_by_says_so_and_nothing_else(broker: Broker, two: tuple[One, One]) -> None:
    first, second = two
    second.picture.fail_over()
    async with watching(broker, f"{BASE}/#") as watcher:
        await until(lambda: watcher.of("/daemon/cti-2/state") and watcher.of("/seats/seat2/state"))
        second.bridge.report(Report("alarm", "warning", "of the second", {}))
        first.bridge.report(Report("alarm", "warning", "of the first", {}))
        await until(lambda: watcher.of("/events/alarm"))
        assert watcher.of("/daemon/cti-1/state")[-1]["state"] == "online"
        assert watcher.of("/daemon/cti-2/state")[-1]["state"] == "standby"
        assert [event["text"] for event in watcher.of("/events/alarm")] == ["of the first"]
        assert {state["serving"] for state in watcher.of("95598/state")} == {"pbx-a"}
        await ask(broker, "status", request())
        await until(lambda: first.commands)
        assert second.commands == []


async def test_after_the_change_it_is_the_other_one_that_speaks_and_hears(broker: Broker, two: tuple[One, One]) -> None:
    first, second = two
    second.picture.fail_over()
    async with watching(broker, f"{BASE}/#") as watcher:
        await until(lambda: watcher.of("/seats/seat2/state"))
        first.change(acts=False)
        await until(lambda: watcher.of("/daemon/cti-1/state")[-1]["state"] == "standby")
        second.change(acts=True)
        await until(lambda: watcher.of("/daemon/cti-2/state")[-1]["state"] == "online")
        await until(lambda: watcher.of("95598/state")[-1]["serving"] == "pbx-b")
        await until(lambda: second.bridge.is_connected)
        await ask(broker, "status", request("r-2"))
        await until(lambda: second.commands)
        assert first.commands == []
