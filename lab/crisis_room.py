"""A lab site with everything of the emergency plans on: the shipped plans with their clocks made quick, a register, backups, and one
contact for every role, whose messages end in a sink. For the dashboard *Emergency plans*, its test and its picture."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

from lab import daemon, engineer, process, secret
from lab.layout import CTI, REPOSITORY, RUN

TIME_SCALE = 0.02
"""A quarter of an hour in 18 s; every message says so."""
_PLANS = REPOSITORY / "config/plans"
_SINKS = "sinks"
_MAIL_PORT, _HOOK_PORT = 9025, 9026


def tables() -> str:
    """Return the daemon's further tables."""
    secret.write("hook-url", f"json://127.0.0.1:{_HOOK_PORT}/hook/{{to}}")
    roles = ", ".join(f'"{role}"' for role in sorted(_roles()))
    return f"""{daemon.REGISTER}
[plans]
folder = "{_PLANS}"
time_scale = {TIME_SCALE}

[backup]
folder = "{daemon.FOLDER}/backups"

[[drill]]
name = "emergency-seats"
what = "emergency-seats"
when = "0 3 * * 1"
ring_seconds = 3
together = 10
most_calls = 100

[people]
test_every_days = 0

[[gateway]]
name = "hook"
url = {{ file = "{secret.path("hook-url")}" }}

[[contact]]
name = "crew"
roles = [{roles}]
channels = [{{ via = "hook", to = "crew" }}]
"""


def _roles(folder: Path = _PLANS) -> set[str]:
    """Everybody whom a shipped plan tells or asks."""
    found: set[str] = set()
    for path in folder.glob("*.toml"):
        plan = tomllib.loads(path.read_text())
        steps = [step for stage in (*plan["stage"], plan["recovered"]) for step in stage.get("step", ())]
        found.update(role for step in steps for role in (*step.get("roles", ()), *step.get("late", ())))
        found.update(step["role"] for step in steps if "role" in step)
        found.update(role for role in (plan.get("approver"), plan["recovered"].get("review")) if role)
    return found


def start() -> None:
    """Start the sink of the messages."""
    words = [sys.executable, "-m", "lab.sinks", str(_MAIL_PORT), str(_HOOK_PORT), str(RUN / "messages")]
    process.start(_SINKS, CTI, words, log=RUN / "sinks.log", environment={**os.environ, "PYTHONPATH": str(REPOSITORY)})


def stop() -> None:
    """End it."""
    process.stop(_SINKS)


def begin() -> None:
    """What people start: a complaint, whose clocks run out within the minute, and a drill of another plan."""
    engineer.command("alice", "fault-report", args={"kind": "complaint", "text": "no answer for a week"})
    engineer.command("alice", "plan-start", args={"plan": "power-loss", "drill": True})
