"""The doctor's questions to this machine and to the broker, and how its findings are told. (The Asterisks': tests/live.)"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cti_daemon.model.backups import Backup
from cti_daemon.model.effects import Record
from cti_daemon.model.reasons import Result, Role
from cti_daemon.model.settings import Journal as JournalSettings
from cti_daemon.model.settings import Mqtt, Node, Settings
from cti_daemon.shell.backup_file import STAMP
from cti_daemon.shell.doctor import broker as broker_checks
from cti_daemon.shell.doctor import dialplan, host
from cti_daemon.shell.doctor.finding import Finding, Grade, fault, judged, ok
from cti_daemon.shell.doctor.report import line_of, sum_of
from cti_daemon.shell.journal import Journal
from cti_daemon.wire.ami_message import Reply
from tests.plans.shipped import plans as shipped
from tests.shell.broker import Broker

SHIPPED_ACL = (Path(__file__).parents[2] / "config" / "mosquitto" / "cti.acl").read_text()


def of(found: list[Finding], check: str) -> Finding:
    return next(f for f in found if f.check == check)


def test_a_bad_finding_says_what_to_do() -> None:
    line = line_of(fault("rights", "pbx-a", "may not use Redirect", "write = call"))
    assert line == "✘ pbx-a          rights: may not use Redirect\n    → write = call"
    assert line_of(ok("rights", "pbx-a", "all")) == "✔ pbx-a          rights: all"


def test_what_is_judged_good_is_well_under_the_same_name() -> None:
    bad = fault("clock", "emg", "is wrong", "NTP")
    assert judged(True, bad, "fine") == ok("clock", "emg", "fine")
    assert judged(False, bad, "fine") is bad


def test_the_sum_names_only_what_occurred() -> None:
    assert sum_of([ok("a", "b", "c"), fault("a", "b", "c", "d")]) == "2 checks: 1 ok, 1 fault"


def with_journal(settings: Settings, path: Path) -> Settings:
    return settings.model_copy(update={"journal": JournalSettings(path=str(path))})


async def test_this_machine_without_a_daemon(settings: Settings, tmp_path: Path) -> None:
    found = await host.questions(with_journal(settings, tmp_path / "journal.sqlite"))
    assert of(found, "daemon").grade is Grade.FAULT
    assert "systemctl start cti-daemon" in of(found, "daemon").fix
    assert of(found, "disk latency").grade in {Grade.OK, Grade.WARNING}
    assert (of(found, "journal").grade, "does not exist" in of(found, "journal").text) == (Grade.WARNING, True)


async def test_a_folder_that_is_not_there_is_named(settings: Settings, tmp_path: Path) -> None:
    found = await host.questions(with_journal(settings, tmp_path / "no" / "journal.sqlite"))
    assert of(found, "disk").grade is Grade.FAULT
    assert str(tmp_path / "no") == of(found, "disk").subject


async def test_an_edited_journal_is_a_fault(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    await journal.open()
    await journal.append(Record("route", {"epoch": 1}))
    await journal.close()
    assert of(await host.questions(with_journal(settings, path)), "journal").grade is Grade.OK
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE entries SET kind = 'other'")
    assert of(await host.questions(with_journal(settings, path)), "journal").grade is Grade.FAULT


async def test_backups_are_asked_for_where_the_site_makes_them(settings: Settings, tmp_path: Path) -> None:
    site = with_journal(settings, tmp_path / "journal.sqlite")
    assert not [f for f in await host.questions(site) if f.check == "backup"]
    site = site.model_copy(update={"backup": Backup(folder=str(tmp_path), every=3600)})
    assert "cti-daemon journal backup" in of(await host.questions(site), "backup").fix
    for hours, grade in ((3, Grade.WARNING), (1, Grade.OK)):
        stamp = (datetime.now(UTC) - timedelta(hours=hours)).strftime(STAMP)
        (tmp_path / f"journal-{stamp}.sqlite").touch()
        assert of(await host.questions(site), "backup").grade is grade


@pytest.fixture
async def broker(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Broker]:
    made = Broker(tmp_path, acl=request.param)
    await made.start()
    yield made
    made.stop()


def at(settings: Settings, broker: Broker) -> Settings:
    return settings.model_copy(update={"mqtt": Mqtt(port=broker.port)})


@pytest.mark.broker
@pytest.mark.parametrize("broker", [SHIPPED_ACL], indirect=True)
async def test_the_access_list_we_ship_is_found_good(broker: Broker, settings: Settings) -> None:
    found = await broker_checks.questions(at(settings, broker), None, None)
    assert {f.check: f.grade for f in found} == {
        "broker latency": of(found, "broker latency").grade,  # the machine's business
        "broker schemas": Grade.OK,
        "broker acl": Grade.OK,
        "broker identity": Grade.FAULT,  # this test's broker has no passwords
    }


@pytest.mark.broker
@pytest.mark.parametrize(
    "broker", ["topic readwrite #\n" + SHIPPED_ACL.replace("user cti-daemon", "user cti-daemon\ntopic readwrite #")], indirect=True
)
async def test_an_access_list_that_proves_nobody_is_a_fault(broker: Broker, settings: Settings) -> None:
    found = await broker_checks.questions(at(settings, broker), None, None)
    assert (of(found, "broker acl").grade, "in the name of another" in of(found, "broker acl").text) == (Grade.FAULT, True)


@pytest.mark.broker
@pytest.mark.parametrize(
    "broker",
    [SHIPPED_ACL.replace(line, "") for line in ("topic write cti/v1/+/schema/+\n", "pattern read cti/v1/+/schema/+\n")],
    ids=["not written", "not read"],
    indirect=True,
)
async def test_an_access_list_of_an_older_version_without_the_schemas_is_told_with_its_lines(broker: Broker, settings: Settings) -> None:
    found = await broker_checks.questions(at(settings, broker), None, None)
    told = of(found, "broker schemas")
    assert told.grade is Grade.WARNING
    assert "topic write cti/v1/+/schema/+" in told.fix
    assert "pattern read cti/v1/+/schema/+" in told.fix
    assert of(found, "broker acl").grade is Grade.OK, "the other questions are answered all the same"


@pytest.mark.broker
@pytest.mark.parametrize("broker", ["user somebody-else\ntopic read #\n"], indirect=True)
async def test_an_access_list_without_the_daemon_is_a_fault(broker: Broker, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_checks, "ANSWER_SECONDS", 0.3)
    found = await broker_checks.questions(at(settings, broker), None, None)
    assert (of(found, "broker acl").grade, "config/mosquitto/cti.acl" in of(found, "broker acl").fix) == (Grade.FAULT, True)


@pytest.mark.broker
@pytest.mark.parametrize("broker", [SHIPPED_ACL], indirect=True)
async def test_a_frozen_broker_is_a_fault_and_the_doctor_goes_on(
    broker: Broker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_checks, "ANSWER_SECONDS", 0.3)
    broker.freeze()
    found = await asyncio.wait_for(broker_checks.questions(at(settings, broker), None, None), 30)
    assert (found[0].check, found[0].grade) == ("broker", Grade.FAULT)


async def test_a_site_without_a_broker_is_asked_nothing(settings: Settings) -> None:
    assert await broker_checks.questions(settings.model_copy(update={"mqtt": None}), None, None) == []


class Guest:
    """An Asterisk's answers about its dialplan and our rights there."""

    def __init__(self, node: Node, *, has: str, rights: tuple[str, ...] = ()) -> None:
        self.node, self._has, self._rights = node, has, rights

    async def get(self, _variable: str) -> str:
        return self._has

    async def do(self, **_fields: str) -> Reply:
        return Reply(Result.DONE, "", headers=dict.fromkeys(self._rights, ""))


async def plans_asked(settings: Settings, role: Role, has: str) -> list[Finding]:
    guest: Any = Guest(settings.nodes(role)[0], has=has)
    return await dialplan.plan_questions(guest, shipped().values())


async def test_what_plans_switch_must_be_in_the_dialplan(settings: Settings) -> None:
    """ "A plan that cannot act (… missing permission) says so at load and in `doctor`, not at 3 a.m."."""
    assert [f.grade for f in await plans_asked(settings, Role.EDGE, "1")] == [Grade.OK]
    (bad,) = await plans_asked(settings, Role.EDGE, "0")
    assert (bad.grade, "cti-announce,s (announce-on), cti-path,s (test-calls)" in bad.text) == (Grade.FAULT, True)
    (bad,) = await plans_asked(settings, Role.STANDBY, "0")
    assert "cti-hotline,cti-test (test-calls), cti-offer,1 (offer-call-back)" in bad.text
    guest: Any = Guest(settings.nodes(Role.EDGE)[0], has="0")
    assert await dialplan.plan_questions(guest, ()) == []
