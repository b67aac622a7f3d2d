"""The examples of the command reference: words that the tests run as they are printed."""

from __future__ import annotations

import json
from typing import Any

SITE = "95598"
USER = "alice"
BASE = f"cti/v1/{SITE}"
CONFIGURATION = f"-h 127.0.0.1\n-u {USER}\n-P the-password\n-q 1"
ARGS: dict[str, dict[str, Any]] = {
    "failover": {"to": "pbx-b"},
    "switchover": {"to": "pbx-b"},
    "emergency-off": {"to": "pbx-a"},
    "pause-automation": {"for": "30m"},
    "maintenance-on": {"node": "pbx-b", "for": "2h"},
    "maintenance-off": {"node": "pbx-b"},
    "drill-start": {"kind": "emergency-seats", "for": "10m"},
    "note": {"text": "fan of pbx-a replaced"},
    "ack": {"id": 1},
    "callback-take": {"row": 1},
    "callback-postpone": {"row": 1, "for": "1h"},
    "callback-close": {"row": 1, "result": "served"},
    "seat-login": {"seat": "seat12", "queues": ["hotline"], "penalty": 1},
    "seat-logout": {"seat": "seat12", "queues": ["hotline"]},
    "seat-pause": {"seat": "seat12", "reason": "lunch"},
    "seat-unpause": {"seat": "seat12"},
    "plan-start": {"plan": "lines-full", "stage": "general"},
    "approve": {"incident": "readiness-window-1"},
    "stage-set": {"incident": "lines-full-1", "eta": "15:30"},
    "task-done": {"incident": "lines-full-1", "step": "next-shift-early", "proof": "seat 12, from 14:00"},
    "answer": {"incident": "all-seats-cannot-log-in-1", "step": "recoverable", "answer": "no"},
    "coming": {"incident": "call-surge-1", "answer": "yes", "person": "zhang"},
    "arrived": {"incident": "media-server-failure-1", "person": "the supplier"},
    "fact-set": {"fact": "external.mains", "value": False},
    "fault-report": {"kind": "seat", "text": "headset is dead", "seat": "seat12"},
    "incident-close": {"incident": "lines-full-1"},
    "ticket-print": {"count": 20},
    "ticket-enter": {"paper": 7, "system": "SG-20261122-7", "row": 1},
    "plan-test": {"trace": ["0:00:00 fact queue.waiting = 4", "0:20:00 end"]},
    "report": {"kind": "quarterly", "language": "en"},
}
REASONS = {"incident-close": "all lines are back"}
"""Of those that are refused without one."""


def one_liner(verb: str, *, dry_run: bool, wait_seconds: int = 5) -> str:
    """Return a `mosquitto_rr` command of one line; the shell makes the id and the instant."""
    more: dict[str, Any] = {"dry_run": True} if dry_run else {}
    more |= {key: table[verb] for key, table in (("reason", REASONS), ("args", ARGS)) if verb in table}
    rest = json.dumps(more, ensure_ascii=False, separators=(",", ":"))[1:-1]
    body = f'{{"id":"{USER}-\'$(date +%s%N)\'","issued_at":\'$(date +%s)\'{"," + rest if rest else ""}}}'
    return f"mosquitto_rr -W {wait_seconds} -t {BASE}/request/{USER}/{verb} -e {BASE}/response/{USER}/{verb} -m '{body}'"
