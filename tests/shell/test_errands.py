"""What is done beside the loop ends: with its answer, or with why there is none and what would be right."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cti_daemon.model.errands import Errand, ErrandDone
from cti_daemon.model.events import Event
from cti_daemon.model.reasons import CommandStatus
from cti_daemon.shell import errands
from cti_daemon.shell.errands import Errands
from tests.shell.conftest import SAMPLE

pytestmark = pytest.mark.slow  # each starts the program
TRIAL: dict[str, Any] = {"trace": ["0:00:00 fact seat.state[seat7] = unreachable", "0:10:00 end"]}


class Beside:
    def __init__(self, folder: Path) -> None:
        self.config = folder / "site.toml"
        text = SAMPLE.read_text(encoding="utf-8").replace("/var/lib/cti-daemon", str(folder))
        self.config.write_text(f'{text}\n[plans]\nfolder = "{SAMPLE.parent / "plans"}"\n', encoding="utf-8")
        self.heard: list[Event] = []
        self.tasks: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        self._errands = Errands(
            "95598", self.config, None, self.heard.append, lambda work, _name: self.tasks.append(loop.create_task(work))
        )

    async def ask(self, verb: str, times: int = 1, **args: Any) -> list[ErrandDone]:
        self._errands.take([Errand("alice", f"r-{n}", verb, args) for n in range(times)])
        await asyncio.gather(*self.tasks)
        return [event for event in self.heard if isinstance(event, ErrandDone)]


@pytest.fixture
async def beside(tmp_path: Path) -> Beside:
    return Beside(tmp_path)


async def test_a_trial_is_answered_with_its_lines(beside: Beside) -> None:
    (done,) = await beside.ask("plan-test", **TRIAL)
    assert (done.status, done.code) == (CommandStatus.OK, "done")
    assert "0:02:00  seat-fault-1: begins with stage spare-seat" in "\n".join(done.data["lines"])


async def test_an_answer_that_is_too_large_is_refused_with_what_does_it(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("MOST_ANSWER_BYTES", "MOST_READ_BYTES"):
        monkeypatch.setattr(errands, limit, 10)
        beside.heard.clear()
        (done,) = await beside.ask("plan-list")
        assert (done.status, done.code, done.data) == (CommandStatus.REJECTED, "too_large", {})
        assert done.message.endswith("the daemon's machine does it: cti-daemon plan list")


async def test_work_that_does_not_end_is_ended_and_said_to_have_failed(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "PROCESS_SECONDS", 0.01)
    (done,) = await beside.ask("plan-test", **TRIAL)
    assert (done.status, done.code) == (CommandStatus.ERROR, "failed")
    assert done.message.startswith("not done within 0.01 s")


async def test_who_comes_when_many_wait_is_told_so_and_the_others_are_served(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "MOST_AT_ONCE", 2)
    done = await beside.ask("plan-list", times=3)
    assert sorted(each.code for each in done) == ["done", "done", "too_many"]


async def test_faulty_plan_files_are_told_with_file_line_and_key(beside: Beside, tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans/trouble.toml").write_text("nonsense = 1\n", encoding="utf-8")
    text = beside.config.read_text(encoding="utf-8").replace(str(SAMPLE.parent / "plans"), "plans")
    beside.config.write_text(text, encoding="utf-8")
    (done,) = await beside.ask("plan-check")
    assert (done.status, done.data["is_well"]) == (CommandStatus.OK, False)
    assert any("trouble.toml:1: nonsense" in line for line in done.data["lines"])
    beside.heard.clear()
    (trial,) = await beside.ask("plan-test", **TRIAL)
    assert (trial.status, trial.code) == (CommandStatus.ERROR, "failed")


async def test_a_journal_that_is_not_there_and_a_register_without_keys_are_named(beside: Beside) -> None:
    (report,) = await beside.ask("report", kind="quarterly")
    assert (report.status, report.code) == (CommandStatus.REJECTED, "wrong_target")
    assert "journal.sqlite does not exist" in report.message
    beside.heard.clear()
    (printed,) = await beside.ask("ticket-print", count=1)
    assert (printed.status, printed.code) == (CommandStatus.ERROR, "failed")
    assert "key ring" in printed.message


async def test_a_fault_of_ours_is_an_answer_too(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(errands, "_words", broken)
    (done,) = await beside.ask("plan-list")
    assert (done.status, done.code) == (CommandStatus.ERROR, "failed")
    assert "OSError" in done.message
