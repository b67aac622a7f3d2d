"""Messages to people over real gateways of the loopback. "Every action reports an outcome; a failed notification tries the next
channel and is itself visible" (6-plans.md)."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from cti_daemon.model.contacts import Channel, Contact, People
from cti_daemon.model.plan_effects import NoticeKind, Notified, Notify
from cti_daemon.model.settings import Settings
from cti_daemon.policy.reaching import Try, TryResult
from cti_daemon.shell import notice_sender
from cti_daemon.shell.contact_proofs import ContactProofs
from cti_daemon.shell.contact_tests import ContactTests
from cti_daemon.shell.notice_child import without_secrets
from cti_daemon.shell.notice_notes import NoticeNotes
from cti_daemon.shell.notice_sender import Sent
from cti_daemon.shell.notices import Notices
from lab.sinks import HookSink, MailSink, Mood

NUMBER = "13812345678"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


class Office:
    """A site with two gateways, and what came out of it."""

    def __init__(self, settings: Settings, folder: Path, mail: MailSink, hook: HookSink) -> None:
        self.mail, self.hook, self.folder = mail, hook, folder
        people = (
            Contact(
                name="wang",
                title="王",
                roles=("duty",),
                channels=(Channel(via="mail", to="wang@example.org"), Channel(via="sms", to=NUMBER)),
                deputies=("li",),
            ),
            Contact(name="li", roles=(), channels=(Channel(via="sms", to="13900000001"),)),
        )
        self.settings = settings.model_copy(update={"contact": people, "people": People(attempt_deadline=90.0)})
        self.gateways = {
            "mail": f"mailto://robot:pass-word-9@127.0.0.1:{mail.port}?mode=insecure&from=cti@example.org&to={{to}}",
            "sms": f"json://127.0.0.1:{hook.port}/hook/KEY-0123456789/{{to}}",
        }
        self.outcomes: list[Notified] = []
        self.tries: list[tuple[str, str, str, bool]] = []
        self.start()

    def start(self, **changes: Any) -> None:
        """The daemon, or the next one after it."""
        notes = NoticeNotes(self.folder / "notices.jsonl")
        notes.read()
        if changes:
            self.settings = self.settings.model_copy(update={"people": People(**changes)})
        self.notices = Notices(self.settings, self.gateways, notes, self.outcomes.append, self.observe)

    def observe(self, each: Try, sent: Sent, is_drill: bool) -> None:
        self.tries.append((each.person, each.channel.via, sent.result.value, is_drill))

    def told(self) -> list[tuple[str, str, bool]]:
        return [(each.person, each.channel, each.is_delivered) for each in self.outcomes]


@pytest.fixture
async def office(settings: Settings, tmp_path: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        mail, hook = await stack.enter_async_context(MailSink()), await stack.enter_async_context(HookSink())
        yield Office(settings, tmp_path, mail, hook)


def notice(name: str = "i1/s1/duty", **more: Any) -> Notify:
    return Notify(name, "i1", "duty", "坐席线路占满", "15 分钟,请到岗。 Lines are full.", **{"is_drill": False, **more})


async def test_a_mail_arrives_once_and_nobody_else_is_bothered(office: Office) -> None:
    await office.notices.tell(notice())
    assert [(got.to, got.title) for got in office.mail.got] == [("wang@example.org", "[95598] 坐席线路占满")]
    assert "15 分钟,请到岗。 Lines are full." in office.mail.got[0].text
    assert office.hook.visits == 0
    assert office.told() == [("wang", "mail", True)]
    assert office.tries == [("wang", "mail", "delivered", False)]


async def test_a_refused_mail_goes_by_the_next_channel(office: Office) -> None:
    office.mail.mood = Mood.REFUSE
    await office.notices.tell(notice())
    assert [(got.to, got.title) for got in office.hook.got] == [(NUMBER, "[95598] 坐席线路占满")]
    assert office.told() == [("wang", "sms", True)]


async def test_a_gateway_that_hangs_is_given_up_at_the_deadline_and_leaves_nothing_running(office: Office) -> None:
    office.mail.mood = Mood.HANG
    office.start(attempt_deadline=12.0)
    await office.notices.tell(notice())
    assert office.tries[0] == ("wang", "mail", "unknown", False)
    assert office.tries[1][:2] == ("wang", "sms")  # whether within these few seconds depends on the machine
    assert office.mail.got == []
    assert children() == []


def children() -> list[str]:
    """Command lines of senders that this process has started and that still run."""
    mine = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    lines = [Path(f"/proc/{child}/cmdline").read_text() for child in mine]
    return [line for line in lines if "notice_child" in line]


async def test_a_slow_gateway_delivers_once(office: Office) -> None:
    office.mail.mood = Mood.SLOW
    await office.notices.tell(notice())
    assert (len(office.mail.got), len(office.hook.got)) == (1, 0)


async def test_nobody_can_be_reached_then_the_deputy_then_it_is_said(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    office.mail.mood = office.hook.mood = Mood.REFUSE
    await office.notices.tell(notice())
    assert office.told() == [("wang", "", False), ("li", "", False)]
    assert (office.mail.visits, office.hook.visits) == (1, 2)
    assert "mail: " in office.outcomes[0].reason
    for text in (str(office.outcomes), caplog.text, (office.folder / "notices.jsonl").read_text()):
        assert not re.search(f"{NUMBER}|13900000001|pass-word-9|KEY-0123456789|wang@example", text)


async def test_a_drill_says_so_in_title_and_text_and_in_the_figures(office: Office) -> None:
    office.mail.mood = Mood.REFUSE
    await office.notices.tell(notice(is_drill=True, time_scale=60.0, kind=NoticeKind.RECOVERED))
    assert office.hook.got[0].title == "【演练 DRILL】[95598] 坐席线路占满"
    assert office.hook.got[0].text.startswith("演练,不是真实事件。 This is a drill")
    assert "time_scale = 60" in office.hook.got[0].text
    assert all(is_drill for _, _, _, is_drill in office.tries)


async def test_ordered_again_while_on_its_way_or_later_or_after_a_restart_it_is_not_sent_again(office: Office) -> None:
    """ "whoever carries it out keeps a durable note of what was handed over, does not do it twice, and tells the outcome again"."""
    await asyncio.gather(office.notices.tell(notice()), office.notices.tell(notice()))
    await office.notices.tell(notice())
    office.start()
    await office.notices.tell(notice())
    assert (office.mail.visits, office.hook.visits) == (1, 0)
    assert office.told() == [("wang", "mail", True)] * 3


async def test_killed_while_a_message_is_on_its_way_the_next_daemon_takes_the_next_channel(office: Office) -> None:
    office.mail.mood = Mood.HANG
    first = asyncio.ensure_future(office.notices.tell(notice()))
    async with asyncio.timeout(120):
        while not office.mail.visits:  # noqa: ASYNC110 - the sink is real
            await asyncio.sleep(0.02)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    office.start()
    await office.notices.tell(notice())
    assert (office.mail.visits, len(office.hook.got)) == (1, 1)
    assert office.told() == [("wang", "sms", True)]


async def test_a_role_with_nobody_sends_nothing(office: Office) -> None:
    await office.notices.tell(Notify("i1/s1/hr", "i1", "hr", "t", "x", is_drill=False))
    assert (office.mail.visits, office.hook.visits, office.tries) == (0, 0, [])
    assert office.told() == [("", "", False)]


async def test_a_full_disk_keeps_nobody_uninformed(office: Office) -> None:
    (office.folder / "notices.jsonl").mkdir()
    await office.notices.tell(notice())
    assert office.told() == [("wang", "mail", True)]


@pytest.mark.parametrize("ruin", ["", '{"half', '{"wall": 1}\n', '["x"]\n{"notice": 3}\n'])
def test_half_a_line_of_notes_is_passed_over(tmp_path: Path, ruin: str) -> None:
    (tmp_path / "notices.jsonl").write_text(ruin)
    notes = NoticeNotes(tmp_path / "notices.jsonl")
    notes.read()
    assert notes.tried("i1/s1/duty") == ()


async def test_the_periodic_test_finds_the_channel_that_does_not_work(office: Office) -> None:
    office.hook.mood = Mood.REFUSE
    proofs = ContactProofs(office.folder / "contacts.json")
    tests = ContactTests(office.settings, office.notices, proofs)
    await tests.test_due()
    assert [got.title for got in office.mail.got] == ["【测试 TEST】[95598] cti-daemon"]
    assert {key: proof.is_well for key, proof in proofs.read().items()} == {
        ("wang", "mail"): True,
        ("wang", "sms"): False,
        ("li", "sms"): False,
    }
    visits = office.mail.visits, office.hook.visits
    await tests.test_due()
    assert visits == (office.mail.visits, office.hook.visits)


@pytest.mark.parametrize(("url", "is_well"), [("json://127.0.0.1:9/x", True), ("nosuch://x", False), ("mailto://", False)])
async def test_a_url_can_be_looked_at_without_sending(url: str, is_well: bool) -> None:
    assert ((await notice_sender.check(url)).result is TryResult.DELIVERED) is is_well


def test_no_part_of_a_url_is_in_a_reason() -> None:
    url = "mailto://robot:pass%21word@smtp.example.org:465?to=wang@example.org"
    said = without_secrets("Failed for robot at smtp.example.org with pass!word / pass%21word to wang@example.org", url)
    assert "smtp.example.org" in said
    assert not re.search(r"robot|pass|wang@", said)
    assert without_secrets("no KEY-0123 at wecombot", "wecombot://KEY-0123") == "no … at wecombot"
