"""The contract of `[routing] exec`, with real programs (shell/exec_hook.py)."""

import asyncio
import json
from pathlib import Path

from cti_daemon.model.effects import CallHook
from cti_daemon.model.events import Outcome
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Mode, Reason, Result
from cti_daemon.shell.exec_hook import ExecHook

B, EMG, A = NodeName("pbx-b"), NodeName("emg"), NodeName("pbx-a")
WISH = CallHook(7, (B, EMG, A), 3, Mode.FAILED_OVER, B, None, Reason.NODE_DEAD)


def run(script: str, *, deadline: float = 20.0) -> Outcome:
    return asyncio.run(ExecHook("95598", ("/bin/sh", "-c", script), deadline).call(WISH))


def test_it_gets_the_whole_decision_and_nothing_of_ours(tmp_path: Path) -> None:
    outcome = run(f"cat > {tmp_path}/in; env > {tmp_path}/env")
    assert outcome == Outcome(7, Result.DONE)
    assert json.loads((tmp_path / "in").read_text()) == {
        "site": "95598",
        "epoch": 3,
        "mode": "failed_over",
        "serving": "pbx-b",
        "diverted_from": None,
        "route": ["pbx-b", "emg", "pbx-a"],
        "reason": "node_dead",
    }
    names = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert names >= {"CTI_SITE", "CTI_EPOCH", "CTI_MODE", "CTI_SERVING", "CTI_ROUTE"}
    assert "HOME" not in names


def test_another_exit_code_is_a_failure_with_its_first_word() -> None:
    outcome = run("echo 'no such address' >&2; echo more >&2; exit 3")
    assert outcome == Outcome(7, Result.FAILED, "exit code 3: no such address")


def test_it_need_not_read_its_input() -> None:
    assert run("exit 0").result is Result.DONE


def test_after_the_deadline_it_is_killed_with_its_children_and_nobody_knows_what_holds(tmp_path: Path) -> None:
    outcome = run(f"(sleep 60; touch {tmp_path}/late) & sleep 60", deadline=0.3)
    assert outcome.result is Result.UNKNOWN
    assert "did not end within 0.3 s" in outcome.detail


def test_a_program_that_is_not_there_is_a_failure() -> None:
    outcome = asyncio.run(ExecHook("95598", ("/nonexistent/program",), 1.0).call(WISH))
    assert outcome == Outcome(7, Result.FAILED, "/nonexistent/program: No such file or directory")
