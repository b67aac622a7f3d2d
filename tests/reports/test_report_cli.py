"""`cti-daemon report`: a clear fault and never half a file."""

import json
import os
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

import pytest
from typer.testing import CliRunner, Result

from cti_daemon.shell import report_file
from cti_daemon.shell.cli import app
from cti_daemon.shell.journal_file import JournalFile
from cti_daemon.shell.report_file import UnwritableError
from cti_daemon.shell.report_output import plain
from tests.reports.played import entries, scenario

pytestmark = pytest.mark.slow  # each runs the program

SAMPLE = Path(__file__).parents[2] / "config" / "cti-daemon.toml"
NAME = "all-seats-cannot-log-in-1"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    with closing(JournalFile(path)) as file:
        file.write(entries(scenario("all-seats-cannot-log-in")))
    return path


def cti(journal: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["report", *words, "--config", str(SAMPLE), "--journal", str(journal)])


def test_the_report_of_an_incident_in_either_language(journal: Path) -> None:
    chinese, english = cti(journal, "incident", NAME), cti(journal, "incident", NAME, "--language", "en")
    assert (chinese.exit_code, english.exit_code) == (0, 0)
    assert "# 突发事件总结报告：全部坐席无法登录或查询缓慢" in chinese.stdout
    assert "# Incident, closing report: no seat can log in, or queries are slow" in english.stdout


def test_json_has_the_figures_themselves(journal: Path) -> None:
    figures = json.loads(cti(journal, "incident", NAME, "--format", "json").stdout)["figures"]
    steps = {step["id"]: step for step in figures["story"]["steps"]}
    assert steps["recoverable"]["within_seconds"] == 600.0
    assert steps["recoverable"]["ended_seconds"] == 600.0
    assert figures["impact"]["affected"] == []


def test_a_file_is_written_whole_and_not_for_everybody(journal: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("of yesterday")
    assert cti(journal, "incident", NAME, "--format", "html", "--output", str(page)).exit_code == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert page.stat().st_mode & 0o007 == 0


def test_who_does_not_know_the_name_is_told_those_that_there_are(journal: Path) -> None:
    told = cti(journal, "incident", "lines-full-9")
    assert told.exit_code == 66
    assert f"there is no incident 'lines-full-9'; there are: {NAME}" in told.stderr


def test_a_journal_that_is_not_there_is_a_clear_fault(tmp_path: Path) -> None:
    told = cti(tmp_path / "none.sqlite", "incident", NAME)
    assert told.exit_code == 66
    assert "does not exist" in told.stderr


@pytest.mark.parametrize("output", ["no-such-folder/report.md", "/proc/report.md"])
def test_where_nothing_can_be_written_it_is_said(journal: Path, tmp_path: Path, output: str) -> None:
    told = cti(journal, "incident", NAME, "--output", str(tmp_path / output))
    assert told.exit_code == 1
    assert "no report was written" in told.stderr


def test_a_full_disk_leaves_what_was_there_and_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "report.md"
    page.write_text("of yesterday")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnwritableError, match=r"report\.md: No space left on device; no report was written"):
        report_file.write(page, b"half of it")
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]
    assert page.read_text() == "of yesterday"


def test_numbers_want_a_reason_and_a_register(journal: Path) -> None:
    told = cti(journal, "incident", NAME, "--numbers")
    assert told.exit_code == 2
    assert "--numbers needs a --reason" in told.stderr
    told = cti(journal, "incident", NAME, "--numbers", "--reason", "call-backs by hand")
    assert told.exit_code == 3
    assert "no number is kept" in told.stderr


def test_what_programs_read_holds_tables_as_tables() -> None:
    assert plain({"figures": MappingProxyType({"hotline": MappingProxyType({"offered": 3})})}) == {"figures": {"hotline": {"offered": 3}}}


def test_the_other_reports_have_their_commands(journal: Path) -> None:
    assert "# Quarterly report: 2026Q4" in cti(journal, "quarterly", "2026q4", "--language", "en").stdout
    assert "# 巡检报告" in cti(journal, "inspection", "--days", "3660").stdout
    assert "# 故障登记表" in cti(journal, "fault-form", NAME).stdout
    assert cti(journal, "drill").stdout == ""
    told = cti(journal, "drill", "emergency-seats-9")
    assert (told.exit_code, "there is no drill 'emergency-seats-9'; there are: none" in told.stderr) == (66, True)
    told = cti(journal, "quarterly", "autumn")
    assert (told.exit_code, "write it 2026Q4" in told.stderr) == (2, True)
