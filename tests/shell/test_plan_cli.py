"""`cti-daemon plan …` and `incident …`, and the plans of a configuration: well, or every fault with file and line."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cti_daemon.shell import config, status_page
from cti_daemon.shell.cli import app
from cti_daemon.shell.doctor.plans import questions
from tests.plans.test_engine import TELL, Site, plan
from tests.shell.conftest import SAMPLE

FOLDER = SAMPLE.parent / "plans"
RUN = CliRunner()
TODAY = date(2030, 1, 1)


def configured(folder: Path, plans: str = 'folder = "plans"\n') -> Path:
    text = SAMPLE.read_text(encoding="utf-8")
    file = folder / "cti-daemon.toml"
    file.write_text(f"{text}\n[plans]\n{plans}", encoding="utf-8")
    return file


def copied(folder: Path) -> Path:
    (folder / "plans").mkdir()
    for path in FOLDER.glob("*.toml"):
        (folder / "plans" / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return configured(folder)


def test_the_shipped_plans_are_well_and_say_who_is_missing(tmp_path: Path) -> None:
    file = copied(tmp_path)
    done = RUN.invoke(app, ["plan", "check", "--config", str(file)])
    assert done.exit_code == 0, done.output
    assert "17 plans" in done.output
    assert "nobody has the role" in done.output
    assert "lines-full 1: 坐席线路占满" in RUN.invoke(app, ["plan", "list", "--config", str(file)]).output


def test_a_faulty_plan_ends_the_configuration_with_file_line_and_key(tmp_path: Path) -> None:
    """ "A plan that cannot act says so at load … not at 3 a.m."."""
    file = copied(tmp_path)
    bad = tmp_path / "plans/seat-fault.toml"
    bad.write_text(bad.read_text(encoding="utf-8").replace('role   = "team-leader"', 'role   = "tea-leader"', 1), encoding="utf-8")
    for words in (["plan", "check"], ["check-config", "--offline"]):
        done = RUN.invoke(app, [*words, "--config", str(file)])
        assert done.exit_code == 78
        assert f"{bad}:24: stage[1].step[1].role: there is no role 'tea-leader'; did you mean team-leader?" in done.output


def test_an_empty_or_missing_folder_is_a_fault(tmp_path: Path) -> None:
    (fault,) = config.load(configured(tmp_path), offline=True).plan_faults
    assert "plans.folder: " in str(fault)
    assert "cannot be read" in str(fault)


def test_a_faulty_plan_keeps_nobody_from_watching_over_calls(tmp_path: Path) -> None:
    """It is said at `check-config`, in the log and by the doctor; the other plans run, and so does everything else."""
    file = copied(tmp_path)
    (tmp_path / "plans/seat-fault.toml").write_text("nonsense", encoding="utf-8")
    loaded = config.load(file, offline=True)
    assert len(loaded.plans) == 16
    assert questions(loaded, TODAY)[0].grade.value == "fault"


def test_the_doctor_names_what_a_plan_cannot_do(tmp_path: Path) -> None:
    file = copied(tmp_path)
    file.write_text(file.read_text(encoding="utf-8") + "time_scale = 0.01\n", encoding="utf-8")
    found = {finding.check: finding for finding in questions(config.load(file, offline=True), TODAY)}
    assert {check: finding.grade.value for check, finding in found.items()} == {
        "plan-files": "ok",
        "plan-roles": "warning",
        "plan-seats": "warning",
        "plan-means": "warning",
        "plan-review": "warning",
        "plan-times": "warning",
    }
    assert "team-leader (" in found["plan-roles"].text
    assert not questions(config.load(SAMPLE, offline=True), TODAY)


def test_plans_are_tried_in_virtual_time(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text("# a morning\n0:00:00 fact seat.state[seat7] = unreachable\n0:10:00 end\n", encoding="utf-8")
    done = RUN.invoke(app, ["plan", "test", str(trace), "--folder", str(FOLDER)])
    assert done.exit_code == 0, done.output
    assert "0:02:00  seat-fault-1: begins with stage spare-seat" in done.output
    assert "0:07:00  → duty-lead (late)" in done.output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("soon fact seats.unreachable = 1", "line 1: must be"),
        ("0:00:00 fact seats.unreachabel = 1", "line 1: 'seats.unreachabel = 1' is no"),
        ("0:00:00 fact seats.unreachable = many", "line 1: seats.unreachable must be a number"),
    ],
)
def test_a_trace_that_is_none_is_told_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    trace = tmp_path / "trace"
    trace.write_text(f"{line}\n", encoding="utf-8")
    done = RUN.invoke(app, ["plan", "test", str(trace), "--folder", str(FOLDER)])
    assert done.exit_code == 65
    assert said in done.output


def shown(monkeypatch: pytest.MonkeyPatch, status: dict[str, Any], *words: str) -> str:
    monkeypatch.setattr(status_page, "fetch", lambda _address: status)
    return RUN.invoke(app, ["incident", *words, "--config", str(SAMPLE)]).output


def test_incidents_are_shown_with_their_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    from cti_daemon.wire import site_json  # noqa: PLC0415 - only here

    task = '[[stage.step]]\nid = "act"\ndo = "task"\ntitle = { zh = "动作", en = "act" }\nrole = "duty"\nwithin = "10m"\nproof = "which"\n'
    site = Site(plan(task, TELL))
    site.ask("plan-start", plan="trouble")
    site.run(63.0)
    status = json.loads(json.dumps(site_json.of_everything(site.engine.view(site.now))))
    assert "trouble-1  P2  notified  one  0:01:00, 1 open  故障 / trouble" in shown(monkeypatch, status, "list")
    told = shown(monkeypatch, status, "show", "trouble-1")
    assert "act, duty, due in 0:09:00: 动作 / act [which]" in told
    assert "told: duty, duty-lead" in told
    assert "there is no incident" in shown(monkeypatch, status, "show", "trouble-9")
    assert "no emergency plans" in shown(monkeypatch, {}, "list")
