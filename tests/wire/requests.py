"""Args that each verb takes, for whoever asks for every one of them."""

from typing import Any

ARGS: dict[str, dict[str, Any]] = {
    "failover": {"to": "pbx-b"},
    "switchover": {"to": "pbx-b", "force": True},
    "failback": {"force": False},
    "pause-automation": {"for": "30m"},
    "maintenance-on": {"node": "pbx-b", "for": 90},
    "maintenance-off": {"node": "pbx-b"},
    "drill-start": {"for": "10m"},
    "note": {"text": "it hums"},
    "ack": {"id": 1},
    "callback-take": {"row": 1},
    "callback-postpone": {"row": 1, "for": "1h"},
    "callback-close": {"row": 1, "result": "served", "text": "his meter works again"},
    "seat-login": {"seat": "seat12", "queues": ["hotline"], "penalty": 1, "name": "王"},
    "seat-logout": {"seat": "seat12"},
    "seat-pause": {"seat": "seat12", "reason": "lunch"},
    "seat-unpause": {"seat": "seat12", "queues": ["hotline"]},
    "plan-start": {"plan": "lines-full", "stage": "general", "drill": True},
    "approve": {"incident": "readiness-window-1"},
    "stage-set": {"incident": "lines-full-1", "stage": "major", "grade": "P1", "eta": "15:30"},
    "task-done": {"incident": "lines-full-1", "step": "review", "proof": "第12号"},
    "answer": {"incident": "all-seats-cannot-log-in-1", "step": "recoverable", "answer": "no"},
    "coming": {"incident": "call-surge-1", "answer": "yes", "person": "zhang"},
    "arrived": {"incident": "media-server-failure-1", "person": "the supplier"},
    "fact-set": {"fact": "external.mains", "value": False},
    "fault-report": {"kind": "seat", "text": "headset is dead", "seat": "seat12"},
    "incident-close": {"incident": "lines-full-1"},
}
