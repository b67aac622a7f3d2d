"""The contact book: what is wrong with it is told at load and by the doctor, "not at 3 a.m." (6-plans.md)."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cti_daemon.model.settings import Settings
from cti_daemon.shell import config
from cti_daemon.shell.cli import app
from cti_daemon.shell.cli_options import EX_USAGE
from cti_daemon.shell.contact_proofs import ContactProofs, Proof
from cti_daemon.shell.doctor import people
from cti_daemon.shell.doctor.finding import Finding, Grade
from cti_daemon.shell.secret_files import Secrets
from lab.sinks import HookSink
from tests.shell.test_config import EXAMPLE

NUMBER = "13812345678"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
BOOK = f"""
[people]
attempt_deadline = 90

[[gateway]]
name = "hook"
url = {{ file = "hook-url" }}

[[contact]]
name = "wang"
roles = ["duty"]
channels = [{{ via = "hook", to = "{NUMBER}" }}]
deputies = ["li"]

[[contact]]
name = "li"
roles = ["it"]
channels = [{{ via = "hook", to = "li" }}]
"""
DAY = 86_400.0


class Files:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "cti-daemon.toml"
        for name in ("password", "name", "ami-pbx-a"):
            self.secret(name, "x")
        self.url("json://127.0.0.1:9/KEY-123456/{to}")
        self.write(BOOK)

    def secret(self, name: str, text: str) -> None:
        path = self.file.with_name(name)
        path.write_text(text)
        path.chmod(0o600)

    def url(self, text: str) -> None:
        self.secret("hook-url", text)

    def write(self, book: str) -> None:
        text = EXAMPLE.replace("/var/lib/cti-daemon/", f"{self.file.parent}/") + book
        self.file.write_text(text)

    def faults(self) -> list[str]:
        """What is wrong, whether the daemon starts with it or not."""
        try:
            loaded = config.load(self.file)
        except config.ConfigError as error:
            return [f"{fault.line}: {fault.text}" for fault in error.faults]
        told = (lack.fault.removeprefix(f"{self.file}:").partition(": ") for lack in loaded.secrets.lacks)
        return [f"{line}: {text.partition(': ')[2]}" for line, _, text in told]

    def line(self, text: str) -> int:
        return next(i for i, line in enumerate(self.file.read_text().splitlines(), 1) if text in line)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    return Files(tmp_path)


def test_a_book_is_read_and_its_urls_are_held_as_secrets(files: Files) -> None:
    loaded = config.load(files.file)
    assert [person.name for person in loaded.settings.contact] == ["wang", "li"]
    assert loaded.secrets.gateways == {"hook": "json://127.0.0.1:9/KEY-123456/{to}"}
    assert "KEY-123456" not in repr(loaded)


def test_a_url_never_stands_in_the_file(files: Files) -> None:
    files.write(BOOK.replace('{ file = "hook-url" }', '"json://h/KEY-123456"'))
    (told,) = files.faults()
    assert told.startswith(f"{files.line('KEY-123456')}: a secret must not stand in this file")
    assert "KEY-123456" not in told


@pytest.mark.parametrize(
    ("was", "becomes", "line", "said"),
    [
        ('via = "hook", to = "li"', 'via = "mail", to = "li"', None, "contact li: no [[gateway]] is called 'mail'; there is hook"),
        ('deputies = ["li"]', 'deputies = ["zhao"]', None, "contact wang: his deputy 'zhao' is no [[contact]]"),
        ('deputies = ["li"]', 'deputies = ["wang"]', None, "contact wang: nobody is his own deputy"),
        ('name = "li"', 'name = "wang"', None, "contact name 'wang' is used twice"),
        ('name = "hook"', 'name = "voice"', None, "gateway name 'voice' is the telephone's own; give the gateway another name"),
        ('[{ via = "hook", to = "li" }]', "[]", None, "contact li: no channel, so nothing can reach him"),
        ('via = "hook", to = "li"', 'via = "voice"', None, "contact li: a channel via 'voice' needs the table [call_out]"),
        ('[{ via = "hook", to = "li" }]', '[{ via = "hook" }]', 'via = "hook" }', "via 'hook' needs the person's address: to = …"),
    ],
)
def test_a_contradiction_is_told_in_words_of_the_file(files: Files, was: str, becomes: str, line: str | None, said: str) -> None:
    assert was in BOOK
    files.write(BOOK.replace(was, becomes))
    told = files.faults()
    assert said in {fault.partition(": ")[2] for fault in told}
    if line is not None:
        assert f"{files.line(line)}: {said}" in told


def test_an_address_that_the_url_has_no_place_for_is_told(files: Files) -> None:
    files.url("json://127.0.0.1:9/KEY-123456")
    assert [fault.partition(": ")[2] for fault in files.faults()] == ["the URL of 'hook' has no {to}: leave `to` out"] * 2


def test_what_is_no_url_is_told_and_not_shown(files: Files) -> None:
    files.url("KEY-123456 {to}")
    (told,) = files.faults()
    assert told == f"{files.line('hook-url')}: what stands there is no Apprise URL: kind://…"


@pytest.fixture
def site(files: Files) -> Settings:
    return config.load(files.file).settings


async def examined(site: Settings, url: str = "json://127.0.0.1:9/KEY-123456/{to}") -> dict[tuple[str, str], Finding]:
    return {(found.check, found.subject): found for found in await people.questions(site, Secrets(gateways={"hook": url}))}


async def test_the_doctor_names_a_contact_that_cannot_be_reached(site: Settings, files: Files) -> None:
    now = time.time()
    proofs = {("wang", "hook"): Proof(now, now - DAY, "error=403"), ("li", "hook"): Proof(now, now)}
    ContactProofs(files.file.with_name("contacts.json")).write(proofs)
    found = await examined(site)
    assert (found["contact", "wang"].grade, found["contact", "wang"].text) == (Grade.FAULT, "cannot be reached: hook: error=403")
    assert found["contact", "li"].grade is Grade.OK
    assert found["gateway", "hook"].grade is Grade.OK
    assert (found["deputies", "contact book"].grade, found["deputies", "contact book"].text) == (
        Grade.WARNING,
        "one person without a deputy: it",
    )


async def test_the_doctor_knows_what_was_never_tried_and_what_is_too_long_ago(site: Settings, files: Files) -> None:
    old = time.time() - 40 * DAY
    ContactProofs(files.file.with_name("contacts.json")).write({("wang", "hook"): Proof(old, old)})
    found = await examined(site, "nosuch://KEY-123456/{to}")
    assert (found["contact", "wang"].grade, found["contact", "li"].grade) == (Grade.WARNING, Grade.UNSEEN)
    assert found["gateway", "hook"].grade is Grade.FAULT
    assert "KEY-123456" not in str(found)


async def test_a_site_without_contacts_is_asked_nothing(settings: Settings) -> None:
    assert await people.questions(settings, Secrets()) == []


@pytest.fixture
async def hook() -> AsyncIterator[HookSink]:
    async with HookSink() as sink:
        yield sink


async def test_a_test_message_goes_to_whom_is_named_and_the_list_shows_no_number(files: Files, hook: HookSink) -> None:

    files.url(f"json://127.0.0.1:{hook.port}/KEY-123456/{{to}}")
    runner = CliRunner()
    done = await asyncio.to_thread(runner.invoke, app, ["contacts", "test", "wang", "--config", str(files.file)])
    assert (done.exit_code, [got.to for got in hook.got]) == (0, [NUMBER])
    assert hook.got[0].title == "【测试 TEST】[95598] cti-daemon"
    listed = await asyncio.to_thread(runner.invoke, app, ["contacts", "list", "--config", str(files.file)])
    assert listed.exit_code == 0
    assert "wang" in listed.output
    for text in (done.output, listed.output):
        assert NUMBER not in text
        assert "KEY-123456" not in text
    unknown = await asyncio.to_thread(runner.invoke, app, ["contacts", "test", "sun", "--config", str(files.file)])
    assert unknown.exit_code == EX_USAGE
    assert len(hook.got) == 1
