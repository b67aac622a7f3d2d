"""E4: "测试验收": each edge calls each server over each control network, and what it has heard counts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cti_daemon.model.ids import NodeName
from cti_daemon.model.plan_effects import Carried, TestCalls
from cti_daemon.model.reasons import Loss, Result
from cti_daemon.shell import config
from cti_daemon.shell import path_calls as module
from cti_daemon.shell.ami.life import LifeFailedError
from cti_daemon.shell.path_calls import PathCalls
from cti_daemon.shell.secret_files import NodeSecrets, Secrets
from cti_daemon.wire.ami_message import Reply
from tests.shell.conftest import SAMPLE

NODES = (NodeName("pbx-a"), NodeName("pbx-b"))


class Edge:
    """What the edge is told, and what it heard on each channel."""

    def __init__(self) -> None:
        self.calls: list[dict[str, str]] = []
        self.packets: dict[str, int | None] = {}
        self.refusal = ""
        self._globals: dict[str, str] = {}

    async def do(self, **fields: str) -> Reply:
        self.calls.append(fields)
        if self.refusal:
            return Reply(Result.FAILED, self.refusal)
        given = dict(word.split("=") for word in fields["Variable"].split(","))
        heard = self.packets.get(fields["Channel"], 75)
        if heard is not None:
            self._globals[f"CTI_PATH_{given['CTI_SLOT']}"] = f"{given['CTI_PATH_CALL']}:{heard}"
        return Reply(Result.DONE, "")

    async def get(self, variable: str) -> str:
        return self._globals.get(variable, "")


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch) -> Edge:
    made = Edge()

    @asynccontextmanager
    async def visit(*_: Any) -> AsyncIterator[Edge]:
        yield made

    monkeypatch.setattr(module, "visit", visit)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(module, "HEARD_WITHIN_SECONDS", 0.01)
    return made


async def outcome() -> Carried:
    settings = config.load(SAMPLE, offline=True).settings
    found: list[Carried] = []
    secrets = Secrets({node.name: NodeSecrets("x", "y") for node in settings.node})
    await PathCalls(settings, secrets, found.append).call(TestCalls("i-1/paths", NODES))
    (carried,) = found
    return carried


async def test_every_server_is_called_over_both_networks(edge: Edge) -> None:
    carried = await outcome()
    assert (carried.is_done, carried.said) == (True, "4 of 4 paths answer")
    settings = config.load(SAMPLE, offline=True).settings
    wanted = {f"PJSIP/{n.name}/sip:cti-test@{n.sip.of(path)}" for n in settings.node if n.name in NODES for path in "ab"}
    assert {call["Channel"] for call in edge.calls} == wanted
    assert {call["Context"] for call in edge.calls} == {"cti-path"}


async def test_a_path_without_a_voice_and_one_without_an_answer_are_named(edge: Edge) -> None:
    channels = sorted({call["Channel"] for call in edge.calls} or await _channels(edge))
    edge.packets = {channels[0]: 0, channels[3]: None}
    carried = await outcome()
    assert not carried.is_done
    assert carried.said.startswith("2 of 4 paths answer; ")
    assert "pbx-a over a: answered, and 0 packets of voice were heard" in carried.said
    assert "pbx-b over b: not answered" in carried.said


async def _channels(edge: Edge) -> set[str]:
    await outcome()
    return {call["Channel"] for call in edge.calls}


async def test_an_edge_that_may_not_call_says_so(edge: Edge) -> None:
    edge.refusal = "Permission denied"
    carried = await outcome()
    assert (carried.is_done, "the edge refuses to call: Permission denied" in carried.said) == (False, True)


async def test_an_edge_that_lets_nobody_in_is_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    def visit(*_: Any) -> Any:
        raise LifeFailedError(Loss.REFUSED)

    monkeypatch.setattr(module, "visit", visit)
    carried = await outcome()
    assert carried.said.startswith("0 of 4 paths answer; ")
