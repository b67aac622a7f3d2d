"""Issue 2: "links over both control networks, heartbeats, deadlines on every action, jittered capped reconnect, full resync after
every loss, nothing replayed blindly"."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from cti_daemon.model.events import (
    EdgeListed,
    LegSeen,
    LinkAlive,
    LinkLost,
    LinkUp,
    QueuesListed,
)
from cti_daemon.model.reasons import Loss, Result, Role
from tests.shell.ami.conftest import CALM, Watched
from tests.shell.ami.fake_node import FakeNode, FakeSession
from tests.wire.streams import genuine

Watch = Callable[..., Watched]

CHANNEL_ROWS = [genuine("CoreShowChannel", n).replace(b"ActionID: c1", b"ActionID: @ID@") for n in range(10)]
QUEUE_ROWS = [
    genuine(kind, 1 if kind != "QueueEntry" else 0).replace(b"ActionID: q1", b"ActionID: @ID@")
    for kind in ("QueueParams", "QueueMember", "QueueEntry")
]


async def test_both_links_come_up_beat_and_take_snapshots(fake: FakeNode, watch: Watch) -> None:
    fake.rows = [CHANNEL_ROWS]
    fake.variables |= {"CTI_ROUTE": "pbx-b,emg", "CTI_EPOCH": "7"}
    watched = watch()
    await watched.until_both_up()
    assert {e.path for e in watched.of(LinkUp)} == {"a", "b"}
    await watched.until(lambda: {e.path for e in watched.of(LinkAlive)} == {"a", "b"})
    await watched.until(lambda: watched.of(EdgeListed))
    listed = watched.of(EdgeListed)[0]
    assert (listed.route, listed.epoch) == (("pbx-b", "emg"), 7)
    assert [type(leg) for leg in listed.legs] == [LegSeen, LegSeen]


async def test_a_node_with_queues_is_listed_by_its_queues(fake: FakeNode, watch: Watch) -> None:
    fake.rows = [QUEUE_ROWS]
    watched = watch(Role.PRIMARY)
    await watched.until(lambda: watched.of(QueuesListed))
    listed = watched.of(QueuesListed)[0]
    assert (len(listed.members), len(listed.waiting)) == (1, 1)


async def test_the_secret_never_crosses_the_wire(fake: FakeNode, watch: Watch) -> None:
    watched = watch()
    await watched.until_both_up()
    logins = [a for a in fake.actions if a["Action"] == "Login"]
    assert all(a["AuthType"] == "MD5" and "Secret" not in a for a in logins)


async def test_a_denied_login_is_said_each_time_and_tried_again(fake: FakeNode, watch: Watch) -> None:
    """panoramisk: failed login is silent."""
    fake.denies = True
    watched = watch()
    await watched.until(lambda: len(watched.of(LinkLost)) >= 4)
    assert {e.how for e in watched.of(LinkLost)} == {Loss.DENIED}
    fake.denies = False
    await watched.until_both_up()


async def test_an_account_that_may_not_beat_is_denied(fake: FakeNode, watch: Watch) -> None:
    async def refuse(session: FakeSession, action: dict[str, str]) -> None:
        session.reply(action, "Error", "Message: Permission denied")

    fake.handlers["UserEvent"] = refuse
    watched = watch()
    await watched.until(lambda: any(e.how is Loss.DENIED for e in watched.of(LinkLost)))


async def test_a_node_that_never_says_fully_booted_is_believed_by_its_nonce(fake: FakeNode, watch: Watch) -> None:
    fake.tells_booted = False
    watched = watch()
    await watched.until_both_up()


async def test_kill_closed_then_refused(fake: FakeNode, watch: Watch) -> None:
    """7-asterisk.md §10: "act on one EOF + refused reconnect"."""
    watched = watch()
    await watched.until_both_up()
    await fake.stop()
    await watched.until(lambda: {(e.path, e.how) for e in watched.of(LinkLost)} >= {("a", Loss.REFUSED), ("b", Loss.REFUSED)})
    first = {e.path: e.how for e in reversed(watched.of(LinkLost))}
    assert first == {"a": Loss.CLOSED, "b": Loss.CLOSED}
    await fake.start(fake.port)
    watched.events.clear()
    await watched.until_both_up()
    await watched.until(lambda: watched.of(EdgeListed))


async def test_a_node_that_accepts_and_says_nothing_is_silent_not_alive(fake: FakeNode, watch: Watch) -> None:
    """D10: connecting to a SIGSTOPped Asterisk succeeds; only the banner or the nonce counts."""
    fake.banner = b""
    watched = watch(patience=replace(CALM, banner=0.2))
    await watched.until(lambda: {(e.path, e.how) for e in watched.of(LinkLost)} == {("a", Loss.SILENT), ("b", Loss.SILENT)})
    assert not watched.of(LinkUp)
    assert not watched.of(LinkAlive)


async def test_a_session_that_falls_silent_is_closed_and_opened_anew(fake: FakeNode, watch: Watch) -> None:
    watched = watch(patience=replace(CALM, silent=0.5, login=0.5))
    await watched.until_both_up()
    fake.deaf = True
    await watched.until(lambda: {(e.path, e.how) for e in watched.of(LinkLost)} >= {("a", Loss.SILENT), ("b", Loss.SILENT)})
    fake.deaf = False
    await watched.until_both_up()


async def test_the_other_sessions_nonce_proves_nothing_for_this_one(fake: FakeNode, watch: Watch) -> None:
    watched = watch(patience=replace(CALM, silent=0.5))
    await watched.until_both_up()

    first = fake.sessions[0]

    async def only_first(session: FakeSession, action: dict[str, str]) -> None:
        if session is first:
            fake.user_event(action)

    fake.handlers["UserEvent"] = only_first
    await watched.until(lambda: len([e for e in watched.of(LinkLost) if e.how is Loss.SILENT]) >= 2)
    assert len({e.path for e in watched.of(LinkLost)}) == 1


async def test_what_is_no_asterisk_is_garbled(fake: FakeNode, watch: Watch) -> None:
    fake.banner = b"SSH-2.0-OpenSSH_9.2\r\n"
    watched = watch()
    await watched.until(lambda: any(e.how is Loss.GARBLED for e in watched.of(LinkLost)))


async def test_a_broken_limit_ends_the_link(fake: FakeNode, watch: Watch) -> None:
    watched = watch()
    await watched.until_both_up()
    fake.event(b"Event: Huge\r\nX: " + b"x" * 200_000)
    await watched.until(lambda: any(e.how is Loss.GARBLED for e in watched.of(LinkLost)))


async def test_nothing_is_replayed_after_a_reconnect(fake: FakeNode, watch: Watch) -> None:
    """panoramisk: unanswered actions are re-sent after reconnect. A second Redirect throws a rescued caller out again (D5)."""
    watched = watch()
    await watched.until_both_up()

    async def swallow(_session: FakeSession, _action: dict[str, str]) -> None:
        return

    fake.handlers["Redirect"] = swallow
    asking = asyncio.create_task(watched.links.act({"Action": "Redirect", "Channel": "PJSIP/x-1"}, 5.0))
    await watched.until(lambda: any(a["Action"] == "Redirect" for a in fake.actions))
    for session in list(fake.sessions):
        session.writer.close()
    reply = await asking
    assert reply.result is Result.UNKNOWN
    watched.events.clear()
    await watched.until(lambda: len(watched.of(LinkUp)) == 2)
    await watched.until_both_up()
    assert len([a for a in fake.actions if a["Action"] == "Redirect"]) == 1


async def test_every_action_has_a_deadline(fake: FakeNode, watch: Watch) -> None:
    async def swallow(_session: FakeSession, _action: dict[str, str]) -> None:
        return

    fake.handlers["QueueAdd"] = swallow
    watched = watch()
    await watched.until_both_up()
    seen: list[tuple[str, Result]] = []
    watched.links.observe_action = lambda name, result, _seconds: seen.append((name, result))
    reply = await watched.links.act({"Action": "QueueAdd", "Queue": "hotline"}, 0.05)
    assert reply.result is Result.UNKNOWN
    assert (await watched.links.act({"Action": "Getvar", "Variable": "X"}, 5.0)).result is Result.DONE
    await asyncio.sleep(0)
    assert seen == [("QueueAdd", Result.UNKNOWN), ("Getvar", Result.DONE)]


async def test_hundreds_of_actions_leave_in_one_write_and_come_back_in_order(fake: FakeNode, watch: Watch) -> None:
    watched = watch()
    await watched.until_both_up()
    fake.variables |= {f"V{i}": str(i) for i in range(300)}
    replies = await watched.links.act_many([{"Action": "Getvar", "Variable": f"V{i}"} for i in range(300)], 10.0)
    assert [reply.value for reply in replies] == [str(i) for i in range(300)]


async def test_an_action_that_cannot_be_encoded_fails_alone(fake: FakeNode, watch: Watch) -> None:
    watched = watch()
    await watched.until_both_up()
    actions = [{"Action": "Getvar", "Variable": "X\r\n\r\nAction: Hangup"}, {"Action": "Getvar", "Variable": "Y"}]
    replies = await watched.links.act_many(actions, 5.0)
    assert [reply.result for reply in replies] == [Result.FAILED, Result.DONE]
    assert "control character" in replies[0].message


async def test_without_a_link_nothing_was_sent(fake: FakeNode, watch: Watch) -> None:
    fake.denies = True
    watched = watch()
    reply = await watched.links.act({"Action": "Redirect", "Channel": "x"})
    assert reply.result is Result.FAILED
    assert "not sent" in reply.message


async def test_probe_now_sends_heartbeats_at_once(fake: FakeNode, watch: Watch) -> None:
    watched = watch(heartbeat=0.2)
    await watched.until_both_up()
    before = len([a for a in fake.actions if a["Action"] == "UserEvent"])
    watched.links.probe_now()
    watched.links.set_heartbeat(0.02)
    await watched.until(lambda: len([a for a in fake.actions if a["Action"] == "UserEvent"]) > before + 10)


async def test_a_list_that_is_cut_by_the_loss_ends_quietly(fake: FakeNode, watch: Watch) -> None:
    """Seen on a real node: the link went between the question and the first row."""
    watched = watch()
    await watched.until_both_up()

    async def cut(session: FakeSession, _action: dict[str, str]) -> None:
        session.writer.transport.abort()

    fake.handlers["CoreShowChannels"] = cut
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))
    watched.links.list_now()
    await watched.until(lambda: watched.of(LinkLost))
    del fake.handlers["CoreShowChannels"]
    watched.events.clear()
    await watched.until(lambda: watched.of(EdgeListed))
    assert faults == []
