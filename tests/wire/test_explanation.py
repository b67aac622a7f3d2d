"""Why was it decided? The journal of a run of the real core, told in words."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cti_daemon.model.events import Command
from cti_daemon.shell.cli import app
from cti_daemon.shell.journal_file import JournalFile
from cti_daemon.wire.explanation import explain, history
from cti_daemon.wire.journal_record import Entry
from tests.sim.world import A, World


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    """The primary is killed with two callers on it; afterwards a person goes on to the emergency seats."""
    world = World()
    world.run(3.0)
    world.calls(talking=1, waiting=1)
    world.run(5.0)
    world.kill(A)
    world.run(8.0)
    for confirm in ("", "token"):
        token = world.last_token("alice") if confirm else ""
        world.feed(Command(f"c{confirm}", "emergency-on", "alice", reason="no agents", dry_run=not confirm, confirm=token))
    world.run(9.0)
    kept = zip(world.records, world.recorded_at, strict=True)
    return [
        Entry(f"u{n}", record.kind, f"2026-11-21T12:00:{at:09.6f}+00:00", at, "boot", dict(record.data), seq=n)
        for n, (record, at) in enumerate(kept, start=1)
    ]


def test_a_decision_is_told_with_its_evidence_its_rule_and_what_was_done(entries: list[Entry]) -> None:
    """ "Which evidence, how old, which rule"."""
    told = explain(entries, "1")
    assert told is not None
    for expected in (
        "decision 1, 2026-11-21 12:00:05.010: pbx-a -> pbx-b",
        "mode     normal -> failed_over",
        "reason   node_dead",
        "dead, by row 1: its kernel says that nobody listens, for AMI and for SIP",
        "sip_a    refused  last good ",
        "pbx-b      healthy            proven     3 seats can be reached  <- serves",
        "pbx-a: suspect -> dead, by row 1",
        "every edge sent new calls to pbx-b, ",
        "callers' legs moved off pbx-a: 2 done",
        "followed by decision 2: pbx-b -> emg (emergency_on)",
    ):
        assert expected in told, told


def test_an_order_is_told_with_who_gave_it_and_why(entries: list[Entry]) -> None:
    told = explain(entries, "2")
    assert told is not None
    assert "order    alice: emergency-on (no agents)" in told


def test_a_verdict_has_a_number_too(entries: list[Entry]) -> None:
    number = next(e.seq for e in entries if e.kind == "verdict" and e.data["verdict"] == "dead")
    told = explain(entries, f"v{number}")
    assert told is not None
    assert told.startswith(f"verdict v{number}, 2026-11-21 12:00:05.010: pbx-a: suspect -> dead, by row 1")
    assert "link_a" in told


@pytest.mark.parametrize("number", ["99", "v99999", "x", "", "v"])
def test_what_does_not_exist_is_not_told(entries: list[Entry], number: str) -> None:
    assert explain(entries, number) is None


def test_history_is_a_line_for_each(entries: list[Entry]) -> None:
    lines = list(history(entries))
    assert any(line.endswith("     1  pbx-a -> pbx-b (node_dead)") for line in lines), lines
    assert any("alice: emergency-on dry run (no agents): dry_run" in line for line in lines)
    assert any("pbx-a: suspect -> dead" in line for line in lines)


def test_an_entry_of_an_earlier_version_is_told_as_far_as_it_goes() -> None:
    old = Entry(
        "u", "failover_intent", "2026-11-21T12:00:00.000000+00:00", 1.0, "boot", {"epoch": 7, "from": "pbx-a", "serving": "pbx-b"}, seq=1
    )
    told = explain([old], "7")
    assert told is not None
    assert "decision 7" in told
    assert "nothing more stands in the journal" in told


def test_the_command_line_reads_the_journal(entries: list[Entry], tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    file = JournalFile(path)
    file.write(entries)
    file.close()
    runner = CliRunner()
    told = runner.invoke(app, ["history", "--journal", str(path), "-n", "3"])
    assert told.exit_code == 0
    assert len(told.output.splitlines()) == 3
    why = runner.invoke(app, ["explain", "1", "--journal", str(path)])
    assert why.exit_code == 0
    assert "by row 1" in why.output
    assert runner.invoke(app, ["explain", "99", "--journal", str(path)]).exit_code == 66
    assert runner.invoke(app, ["history", "--journal", str(tmp_path / "none")]).exit_code == 66
