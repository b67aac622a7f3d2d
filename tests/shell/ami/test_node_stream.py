"""Issue 2: "events … without a gap", "full resync after every loss", "a forged event changes nothing and is counted"."""

import asyncio
from collections.abc import Callable

import pytest

from cti_daemon.model.call_events import ChannelEnded
from cti_daemon.model.events import BlockRefused, EdgeListed, LinkAlive
from cti_daemon.model.ids import NodeName
from cti_daemon.shell.ami.breath import STROKE_SECONDS
from cti_daemon.wire.takeover import Place
from tests.shell.ami.conftest import Watched
from tests.shell.ami.fake_node import FakeNode, FakeSession
from tests.wire.streams import HOSTILE_NUMBERS, genuine, with_caller

Watch = Callable[..., Watched]

CHANNEL_ROWS = [genuine("CoreShowChannel", n).replace(b"ActionID: c1", b"ActionID: @ID@") for n in range(10)]


def active_transport(watched: Watched) -> asyncio.Transport:
    path = watched.links.active_path
    assert path is not None
    session = watched.links.links[path].session
    assert session is not None
    assert session._transport is not None
    return session._transport


async def deafen(watched: Watched) -> None:
    """What a black hole looks like from here. Twice, since a breath that was being taken ends by reading on."""
    transport = active_transport(watched)
    transport.pause_reading()
    await asyncio.sleep(2 * STROKE_SECONDS)
    transport.pause_reading()


def far_end(fake: FakeNode, watched: Watched) -> FakeSession:
    """The fake node's end of the active session."""
    port = active_transport(watched).get_extra_info("sockname")[1]
    return next(s for s in fake.sessions if s.writer.get_extra_info("peername")[1] == port)


def hangups(count: int, start: int = 0) -> list[bytes]:
    return [genuine("Hangup").replace(b"Cause: 0", b"Cause: %d" % (start + i)) for i in range(count)]


async def test_a_stuck_action_does_not_stop_the_events(fake: FakeNode, watch: Watch) -> None:
    """5-facts: one AMI session = one thread. Actions go over the spare session."""
    watched = watch(heartbeat=2.0)
    await watched.until_both_up()
    await watched.links.act({"Action": "Redirect", "Channel": "PJSIP/x-1"})
    used = [s for s in fake.sessions if any(a["Action"] == "Redirect" for a in s.actions)]
    assert len(used) == 1
    assert used[0] is not far_end(fake, watched)


async def test_the_spare_takes_over_without_a_gap(fake: FakeNode, watch: Watch) -> None:
    watched = watch()
    await watched.until_both_up()
    beats = len(watched.of(LinkAlive))
    await watched.until(lambda: len(watched.of(LinkAlive)) > beats + 4)
    for block in hangups(50):
        fake.event(block)
    await watched.until(lambda: len(watched.of(ChannelEnded)) == 50)
    cut = far_end(fake, watched)
    for block in hangups(20, 50):
        fake.event(block)
    cut.writer.transport.abort()
    for block in hangups(20, 70):
        fake.event(block)
    await watched.until(lambda: len(watched.of(ChannelEnded)) >= 90)
    assert [e.cause for e in watched.of(ChannelEnded)] == list(range(90))
    assert watched.links.takeovers[Place.FOUND] >= 1
    assert watched.links.takeovers[Place.LOST] == 0


async def test_a_silent_path_is_left_before_it_is_lost(fake: FakeNode, watch: Watch) -> None:
    """F5: loss of one control network: "events move to B without a gap"."""
    watched = watch()
    await watched.until_both_up()
    first = watched.links.active_path
    await deafen(watched)
    await watched.until(lambda: watched.links.active_path != first)
    fake.event(hangups(1)[0])
    await watched.until(lambda: watched.of(ChannelEnded))
    assert watched.links.takeovers[Place.FOUND] >= 1


@pytest.mark.parametrize("number", HOSTILE_NUMBERS)
async def test_forged_events_change_nothing_and_are_counted(fake: FakeNode, watch: Watch, number: bytes) -> None:
    """Issue 2: "a forged event … changes nothing and is counted as a security event"."""
    watched = watch()
    await watched.until_both_up()
    fake.event(with_caller(genuine("Newchannel"), number))
    fake.event(with_caller(genuine("Hangup"), number))
    fake.event(hangups(1, 99)[0])
    await watched.until(lambda: any(e.cause == 99 for e in watched.of(ChannelEnded)))
    if b"\r\n" in number:
        assert watched.of(BlockRefused)
        assert [e.cause for e in watched.of(ChannelEnded)] == [99]
    assert {e.kind for e in watched.of(BlockRefused)} <= {
        "Newchannel",
        "Hangup",
        "UserEvent",
        "Shutdown",
        "QueueEntry",
        "(unproved)",
        "(response)",
        "QueueStatusComplete",
    }
    assert all(link.is_up for link in watched.links.links.values())


async def test_a_forged_list_is_refused_as_a_whole_and_asked_for_again(fake: FakeNode, watch: Watch) -> None:
    """D3: any miss: drop the whole answer, count a security event, ask again."""
    forged = [*CHANNEL_ROWS[:3], with_caller(CHANNEL_ROWS[3], b"1\r\n\r\nEvent: CoreShowChannel"), *CHANNEL_ROWS[4:]]
    fake.rows = [forged, forged, forged, CHANNEL_ROWS]
    watched = watch()
    await watched.until(lambda: watched.of(EdgeListed))
    assert watched.of(BlockRefused)
    assert all(len(e.legs) == 2 for e in watched.of(EdgeListed))


async def test_a_snapshot_stands_in_order_with_the_events_of_its_session(fake: FakeNode, watch: Watch) -> None:
    watched = watch()
    await watched.until_both_up()
    await watched.until(lambda: watched.of(EdgeListed))

    async def list_between(session: FakeSession, action: dict[str, str]) -> None:
        fake.event(hangups(1, 1)[0])
        session.list_rows(action)
        fake.event(hangups(1, 2)[0])

    fake.handlers["CoreShowChannels"] = list_between
    watched.events.clear()
    watched.links.list_now()
    await watched.until(lambda: len(watched.of(ChannelEnded)) >= 2)
    order = [e for e in watched.events if isinstance(e, ChannelEnded | EdgeListed)]
    first = order.index(watched.of(ChannelEnded)[0])
    assert [type(e) for e in order[first : first + 3]] == [ChannelEnded, EdgeListed, ChannelEnded]


async def test_names_are_of_this_node(fake: FakeNode, watch: Watch) -> None:
    watched = watch()
    await watched.until_both_up()
    fake.event(hangups(1)[0])
    await watched.until(lambda: watched.of(ChannelEnded))
    assert watched.of(ChannelEnded)[0].node == NodeName("pbx-a")
    assert watched.links.events > 0
    assert watched.links.received_bytes > 0
