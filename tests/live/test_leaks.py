"""Issue 5: "caller numbers masked in every output …; a leak test marks numbers and searches every output for them in plain, digits-only,
hex and base64". Real calls with known numbers, a media server that dies, a caller who lies, people who write numbers down; the log is at
its most talkative."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from lab import aftermath, carrier, daemon, faults, forger, network, page, secret
from lab.ami import Ami
from lab.broker import NAME as BROKER
from lab.carrier import Audio, Group
from lab.deadline import wait_until
from lab.layout import CTI, EDGE, HOTLINE, PBX_A, PBX_B, RUN
from lab.trial import start_daemon
from lab.witness import Subscriber
from tests.leaks.marks import Marks

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

PREFIX = "1390000457"
TALKING = Group("marked", 20, 8, 8, 120, Audio.SPARSE, known_as=PREFIX)
ABANDONING = Group("marked-gone", 21, 6, 3, 1.5, Audio.NONE, known_as=f"{PREFIX}8")
LIAR, NOTED, REASONED, ARGUED = "15711118801", "15711118802", "15711118803", "15711118804"
WHOLE = [f"{group.known_as}{number}" for group in (TALKING, ABANDONING) for number in range(1, group.calls + 1)]
MARKS = Marks([PREFIX, *WHOLE, LIAR, NOTED, REASONED, ARGUED])


def cti(*words: str) -> bytes:
    """All that the command line says, on the daemon's machine; whatever its exit code."""
    command = [sys.executable, "-m", "cti_daemon", *words]
    inside = [*network.inside(CTI.namespace), *command]
    run = subprocess.run(inside, capture_output=True, check=False, timeout=120, stdin=subprocess.DEVNULL)
    return run.stdout + run.stderr


def ledger_written_wall() -> float:
    path = daemon.FOLDER / "queues.json"
    return path.stat().st_mtime if path.exists() else 0.0


def edge_channels() -> bytes:
    """What the edge itself says of its calls: the numbers are there."""
    with Ami(EDGE) as edge:
        return repr(edge.list("CoreShowChannels", "CoreShowChannelsComplete")).encode()


def outputs(topics: Subscriber) -> Iterator[tuple[str, bytes]]:
    """Everything that the daemon gives out or leaves behind, by name."""
    at, config = ("--journal", str(daemon.JOURNAL)), ("--config", str(daemon.CONFIGURATION))
    yield "log", daemon.LOG.read_bytes()
    for address in ("/metrics", "/status", "/readyz", "/healthz"):
        yield address, page.read(address) or b""
    yield "topics", topics.path.read_bytes()
    for path in sorted(daemon.FOLDER.iterdir()):
        if path.is_file() and path not in {daemon.LOG, daemon.CONFIGURATION}:
            yield f"file {path.name}", path.read_bytes()
    yield "privacy list", cti("privacy", "list", *config)
    yield "callback list", cti("callback-list", "--yes", *config) + cti("callback-list", *config)
    yield "journal export", cti("journal", "export", str(daemon.JOURNAL))
    yield "history", cti("history", "--count", "0", *at)
    for number in ("0", "1", "2", "v1", "v2", "v3"):
        yield f"explain {number}", cti("explain", number, *at)
    for words in (("status",), ("status", "--format", "json"), ("doctor",), ("top", "--once")):
        yield " ".join(words), cti(*words, *config)
    for path in sorted((RUN / BROKER / "data").glob("*")):
        yield f"broker's {path.name}", path.read_bytes()


def say_it_all() -> None:
    """People write numbers into whatever takes text."""
    cti("note", f"call {NOTED} back", "--config", str(daemon.CONFIGURATION))
    cti("switchover", "--dry-run", "--reason", f"as {REASONED} asked", "--config", str(daemon.CONFIGURATION))
    topic = f"cti/v1/{HOTLINE}/request/alice/note"
    for number, args in enumerate((f'{{"text": "{ARGUED}"}}', f'{{"caller": {ARGUED}}}', f'{{"{ARGUED}": "x"}}')):
        body = f'{{"id": "leak-{number}", "issued_at": {time.time()}, "reason": "{REASONED}", "args": {args}}}'
        words = ["mosquitto_pub", "-V", "5", "-u", "alice", "-P", secret.read("mqtt-alice"), "-q", "1", "-t", topic, "-m", body]
        subprocess.run([*network.inside(CTI.namespace), *words], check=True, timeout=30)


def test_no_number_of_a_caller_is_in_any_output(fresh_lab: None) -> None:
    topics = Subscriber()
    topics.start()
    start_daemon(environment={"CTI_LOG_LEVEL": "debug"}, more=daemon.REGISTER)
    try:
        carrier.start(TALKING)
        carrier.start(ABANDONING)
        wait_until("eight callers to talk", lambda: talking() >= TALKING.calls, 20)
        assert MARKS.found_in(edge_channels()), "the calls do not have the numbers: this would prove nothing"
        say_it_all()
        lie = forger.event("QueueCallerJoin", Queue="hotline", CallerIDNum=LIAR, Channel=f"PJSIP/{LIAR}-00000001")
        forger.call_with_number(lie + LIAR, label="leak")
        faults.kill(PBX_A)
        wait_until("the standby to serve", lambda: page.status().get("serving") == PBX_B.name, 10)
        wait_until("the callers to talk again", lambda: talking() >= TALKING.calls, 20)
        faults.kill(EDGE)  # now nobody can be kept: their numbers go into the register
        wait_until("the callers to be in the register", lambda: registered() >= TALKING.calls, 20)
        settled_wall = time.time()
        wait_until("queues.json to be written with all of that", lambda: ledger_written_wall() > settled_wall, 15)
        found = {}
        looked_at = []
        for name, data in outputs(topics):
            looked_at.append((name, len(data)))
            if marks := MARKS.found_in(data):
                found[name] = marks
        print(looked_at)
        assert found == {}
        assert {"file register.sqlite", "file register.sqlite-wal"} <= {name for name, size in looked_at if size}
        assert sorted(number_of(row) for row in range(1, 9)) == sorted(WHOLE[: TALKING.calls]), "they are there, and can be shown"
        assert {"file queues.json", "file journal.sqlite", "log", "topics"} <= {name for name, size in looked_at if size}
        assert b"call *********02 back" in dict(outputs(topics))["journal export"]
    finally:
        print(daemon.LOG.read_text(encoding="utf-8", errors="replace")[-4000:])
        daemon.stop()
        topics.stop()
        for group in (TALKING, ABANDONING):
            carrier.stop(group)
        faults.heal_all()


def registered() -> int:
    return len(aftermath.ask("list")["data"].get("rows", []))


def number_of(row: int) -> str:
    return str(aftermath.ask("show", row=row)["data"]["number"])


def talking() -> int:
    return sum(call["count"] for call in page.status().get("calls", []) if call["state"] == "talking")
