"""The lease in the shell: two rooms over one edge, and what does not get out while the lease is not ours."""

# ruff: noqa: ASYNC110 - a test waits for what it sees from outside

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cti_daemon.model.effects import AskEdge, HangUp, Record
from cti_daemon.model.events import Event, Outcome
from cti_daemon.model.ids import ChannelName, NodeName
from cti_daemon.model.lease import LeaseLost, LeaseTaken
from cti_daemon.model.plan_effects import Carried, Notified, Notify, TestCalls
from cti_daemon.model.reasons import Result
from cti_daemon.model.settings import Settings
from cti_daemon.shell.ami.node_links import NOT_OURS
from cti_daemon.shell.pair_room import PairRoom
from cti_daemon.wire.ami_message import Reply
from tests.sim.world import settings as site_settings

QUICK = {"renew": 0.02, "stop_after": 0.2, "silent_after": 0.15, "take_after": 0.5}
EDGE = NodeName("edge1")


class Edge:
    """Two global variables behind AMI actions."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.is_away = False

    async def act_many(self, actions: Sequence[Mapping[str, str]], _seconds: float, **_: bool) -> list[Reply]:
        await asyncio.sleep(0)
        if self.is_away:
            return [Reply(Result.UNKNOWN)] * len(actions)
        replies = []
        for action in actions:
            if action["Action"] == "Setvar":
                self.variables[action["Variable"]] = action["Value"]
            value = self.variables.get(action["Variable"], "")
            replies.append(Reply(Result.DONE, "", {"Value": value}))
        return replies


class One:
    def __init__(self, name: str, peer: str, edge: Edge, last_nonce: str = "") -> None:
        plain = site_settings().model_dump(mode="json")
        plain |= {"site": {"name": "95598", "daemon": name}, "pair": {"peer": peer, **QUICK}}
        plain["register"] = plain.pop("affected", None)
        settings = Settings.model_validate({key: value for key, value in plain.items() if value is not None})
        assert settings.pair is not None
        self.room = PairRoom(settings, settings.pair, last_nonce, lambda: {"of": name})
        self.news: list[Event] = []
        self.changes = 0
        self._task = asyncio.create_task(self.room.run(edge, self.news.append, self._change))  # type: ignore[arg-type]

    def _change(self) -> None:
        self.changes += 1

    def kill(self) -> None:
        self._task.cancel()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.005)


async def test_both_started_at_once_one_acts_and_the_other_follows_when_it_dies() -> None:
    edge = Edge()
    ones = [One("cti-1", "cti-2", edge), One("cti-2", "cti-1", edge)]
    await until(lambda: any(one.room.may_act() for one in ones))
    acting, standby = sorted(ones, key=lambda one: not one.room.may_act())
    assert not standby.room.may_act()
    assert isinstance(acting.news[-1], LeaseTaken)
    assert (standby.news, standby.changes) == ([], 0)
    acting.kill()
    await until(standby.room.may_act)
    assert not acting.room.may_act()
    await until(lambda: standby.news)
    taken = standby.news[-1]
    assert isinstance(taken, LeaseTaken)
    assert dict(taken.notes) == {"of": taken.before}
    standby.kill()


async def test_who_is_stopped_politely_gives_the_lease_up() -> None:
    edge = Edge()
    first = One("cti-1", "cti-2", edge)
    await until(first.room.may_act)
    await first.room.give_up()
    assert not first.room.may_act()
    assert edge.variables["CTI_LEASE"].endswith("/free")


async def test_an_edge_that_does_not_answer_ends_the_acting_and_nothing_else() -> None:
    edge = Edge()
    first = One("cti-1", "cti-2", edge)
    await until(lambda: first.news)
    edge.is_away = True
    await until(lambda: isinstance(first.news[-1], LeaseLost))
    assert not first.room.may_act()
    edge.is_away = False
    await until(lambda: isinstance(first.news[-1], LeaseTaken))
    assert first.news[-1].origin.value == "same"  # type: ignore[union-attr]
    first.kill()


async def test_only_questions_and_papers_get_out_while_the_lease_is_not_ours() -> None:
    edge = Edge()
    one = One("cti-1", "cti-2", edge)
    one.kill()
    done: list[str] = []

    def doer(name: str) -> Callable[[list[Any]], None]:
        return lambda effects: done.extend([name] * len(effects))

    kinds = (HangUp, AskEdge, Record, Notify, TestCalls)
    doers = one.room.guarded({kind: doer(kind.__name__) for kind in kinds})
    one.room._post = one.news.append
    doers[HangUp]([HangUp(7, NodeName("pbx-a"), ChannelName("x"))])
    doers[Notify]([Notify("i-1/tell/lead", "i-1", "lead", "t", "t", is_drill=False)])
    doers[TestCalls]([TestCalls("i-1/test", ())])
    doers[AskEdge]([AskEdge(EDGE, NodeName("pbx-a"))])
    doers[Record]([Record("note")])
    assert done == ["AskEdge", "Record"]
    await until(lambda: len(one.news) == 3)
    assert one.news[0] == Outcome(7, Result.FAILED, NOT_OURS)
    assert one.news[1] == Notified("i-1/tell/lead", "lead", "", "", is_delivered=False, reason=NOT_OURS)
    assert one.news[2] == Carried("i-1/test", is_done=False, said=NOT_OURS)
    one.room.lease.until_at = one.room.clock() + 60
    doers[HangUp]([HangUp(8, NodeName("pbx-a"), ChannelName("x"))])
    assert done == ["AskEdge", "Record", "HangUp"]
