"""What callers hear and are offered by an emergency plan, on real calls: the announcement before anybody answers, a number left by a key
and called back, test calls on every path, messages to the register once and never again, also after SIGKILL of the daemon."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field, replace
from typing import Any

from lab import aftermath, bench, carrier, daemon, engineer, page, pcap, process, secret, sip, sound, telephones
from lab.ami import Ami
from lab.capture import Capture
from lab.carrier import Audio, Group
from lab.deadline import wait_until
from lab.layout import CARRIER, CTI, EDGE, PBX_A, PBX_B, REPOSITORY, RUN, Host, Net, Size
from lab.site import with_callbacks
from lab.trial import agents_talking, callers_waiting, start_daemon, wait_daemon

HOOK_PORT = 8099
SPOKEN = (
    "cti-trial-outage",
    "cti-expected",
    "cti-hours",
    "cti-minutes",
    "cti-offer",
    "cti-offer-kept",
    "cti-offer-number",
    "cti-offer-thanks",
)
_ETA_SECONDS = 3600
_PLAN = """name = "trial"
version = "1"
approved_by = "lab"
review_due = "2030-01-01"
rows = ["C4"]
title = { zh = "试验", en = "trial" }
[[stage]]
id = "one"
title = { zh = "一", en = "one" }
grade = "P2"
[[stage.step]]
id = "announce"
do = "announce-on"
recording = "cti-trial-outage"
wording = { zh = "系统故障，正在抢修", en = "the system is out, we are at work" }
title = { zh = "公告", en = "announced" }
[[stage.step]]
id = "offer"
do = "offer-call-back"
title = { zh = "回拨", en = "call-back offered" }
[[stage.step]]
id = "priority"
do = "caller-priority"
title = { zh = "优先", en = "priority" }
[[stage.step]]
id = "extra"
do = "seats-login"
seats = ["desk1"]
queues = ["hotline"]
penalty = 1
title = { zh = "增开坐席", en = "one more seat" }
[[stage.step]]
id = "penalty"
do = "seats-penalty"
follows = "extra"
seats = ["desk1"]
penalty = 5
title = { zh = "后备坐席", en = "which is called last" }
[[stage.step]]
id = "paths"
do = "test-calls"
title = { zh = "测试呼叫", en = "test calls" }
[[stage.step]]
id = "asked"
do = "task"
role = "duty"
within = "10m"
title = { zh = "有人留号", en = "somebody has left his number" }
[[stage.step]]
id = "inform"
do = "inform-callers"
follows = "asked"
by = ["sms"]
text = { zh = "非常抱歉", en = "we apologise" }
title = { zh = "告知", en = "callers are told" }
[recovered]
text = { zh = "已恢复", en = "it is over" }
review = "duty"
[[recovered.step]]
id = "told-of-it"
do = "inform-callers"
by = ["sms"]
text = { zh = "服务已恢复", en = "service is back" }
title = { zh = "恢复告知", en = "callers are told that it is over" }
"""


@dataclass(slots=True)
class Result:
    """What was heard and done."""

    announced_to: str = ""
    """How the edge answered the announced caller before anybody took the call."""
    heard_packets: int = 0
    """Voice that reached him before the call was answered."""
    steps: dict[str, str] = field(default_factory=dict)
    registered: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    rung: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """To whom which words went, in order."""
    penalties: list[str] = field(default_factory=list)
    """Of desk1, on both media servers."""
    first_in_queue: str = ""
    """Who is first while a stranger has waited longer and one of the register rings in again."""
    is_announced_without_us: bool = False
    is_quiet_afterwards: bool = False


def with_voices(host: Host, files: dict[str, str]) -> dict[str, str]:
    """The daemon may originate on the edge, and callers who wait may press a key."""
    files = with_callbacks(host, files)
    if "queues.conf" in files:
        files |= {"queues.conf": files["queues.conf"].replace("musicclass = default\n", "musicclass = default\ncontext = cti-offer\n", 1)}
    return files


def play() -> Result:
    """Run it on a fresh lab of two seats."""
    result = Result()
    bench.up(Size(seats=2, emergency_seats=2), lambda _text: None, with_voices)
    capture = Capture(RUN / "hearing")
    talkers = Group("talkers", 1, 2, 20, 300, Audio.SPARSE)
    asker = Group("asker", 2, 2, 5, 60, Audio.KEYS)
    stranger = Group("stranger", 3, 1, 5, 13, Audio.SPARSE)
    again = Group("again", 4, 1, 5, 12, Audio.SPARSE, known_as=asker.number_prefix)
    sink = RUN / "hook.jsonl"
    try:
        _prepare()
        process.start(
            "sinks", CTI, [sys.executable, "-m", "lab.sinks", "0", str(HOOK_PORT), str(sink)], log=RUN / "sinks.log", environment=_path()
        )
        start_daemon(more=_configuration())
        telephones.start()
        capture.start()
        _say("plan-start", plan="trial")
        _say("stage-set", incident="trial-1", eta=time.strftime("%H:%M", time.localtime(time.time() + _ETA_SECONDS)))
        wait_until("the edge to announce", lambda: _on_edge("CTI_ANNOUNCE") == "cti-trial-outage", 10)
        _leave_numbers(talkers, asker)
        result.registered = [row["harm"] for row in _rows()]
        wait_until("the test calls", lambda: _step("paths") in {"done", "failed"}, 30, every_seconds=0.5)
        _say("task-done", incident="trial-1", step="asked")
        wait_until("the callers to be told", lambda: _step("inform") == "done", 20, every_seconds=0.3)
        result.penalties = [_penalty(node) for node in (PBX_A, PBX_B)]
        result.first_in_queue = _ring_in_again(stranger, again)
        carrier.stop(talkers)
        daemon.kill()
        result.is_announced_without_us = _on_edge("CTI_ANNOUNCE") == "cti-trial-outage"
        daemon.start()
        wait_daemon()
        wait_until(
            "the call-back", lambda: all(row["state"] == "closed" for row in _rows()), 40, every_seconds=0.5, evidence=lambda: str(_rows())
        )
        result.closed = sorted(row["result"].partition(", by")[0] for row in _rows())
        result.steps = _incident()["steps"]
        _say("stage-set", incident="trial-1", stage="recovered")
        wait_until("everybody to be told that it is over", lambda: len(_told(sink)) >= 4, 20, every_seconds=0.3)
        wait_until("quiet", lambda: _on_edge("CTI_ANNOUNCE") == "" and _at_server("CTI_OFFER") == "", 10)
        result.is_quiet_afterwards = True
        time.sleep(1.0)  # nothing more may be sent
    finally:
        capture.stop()
        for group in (talkers, asker, stranger, again):
            carrier.stop(group)
        telephones.stop()
        process.stop("sinks")
        daemon.stop()
    result.told = _told(sink)
    result.rung = aftermath.rung(capture.carrier_sip)
    _listen(result, capture, replace(asker))
    return result


def _leave_numbers(talkers: Group, asker: Group) -> None:
    carrier.start(talkers)
    with Ami(PBX_A) as pbx:
        wait_until("two callers to talk", lambda: len(agents_talking(pbx)) == 2, 30, every_seconds=0.2)
        carrier.start(asker)
        told = lambda: str(callers_waiting(pbx))  # noqa: E731 - evidence
        wait_until("two to leave their numbers", lambda: len(_rows()) == 2, 30, every_seconds=0.5, evidence=told)


def _ring_in_again(stranger: Group, again: Group) -> str:
    """Return who is first in the queue, when a stranger waits and one of the register rings in behind him."""
    with Ami(PBX_A) as pbx:
        carrier.start(stranger)
        time.sleep(1.0)
        carrier.start(again)
        wait_until("who left his number to wait too", lambda: len(callers_waiting(pbx)) == 2, 15, every_seconds=0.2)
        time.sleep(1.5)
        return _first(pbx)


def _path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def _prepare() -> None:
    sounds = RUN / "data/sounds/en"
    (sounds / "digits").mkdir(exist_ok=True)
    for name in SPOKEN:
        (sounds / f"{name}.ulaw").write_bytes(sound.tone(0.3, 523, 659))
    for name in (*range(21), 30, 40, 50):
        (sounds / f"digits/{name}.ulaw").write_bytes(sound.tone(0.1, 700))
    folder = daemon.FOLDER / "plans"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trial.toml").write_text(_PLAN)
    url = secret.path("hook-url")
    url.touch(mode=0o600)
    url.write_text(f"json://127.0.0.1:{HOOK_PORT}/sms/{{to}}\n")


def _configuration() -> str:
    return f"""{daemon.REGISTER}
[callback]
dial = "{telephones.dial()}"
spare_seats = 0
ring_seconds = 10
[plans]
folder = "{daemon.FOLDER}/plans"
[[gateway]]
name = "sms"
url = {{ file = "{secret.path("hook-url")}" }}
[[contact]]
name = "duty"
roles = ["duty"]
channels = [{{ via = "sms", to = "duty" }}]
"""


def _say(verb: str, **args: object) -> None:
    answer = engineer.command("alice", verb, args=args, reason="trial")
    if answer["status"] not in ("ok", "accepted"):
        raise RuntimeError(f"{verb}: {answer}")


def _incident() -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in page.status()["incidents"] if one["id"] == "trial-1")
    return found


def _step(name: str) -> str:
    return str(_incident()["steps"].get(name, ""))


def _rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aftermath.ask("list")["data"].get("rows", [])
    return found


def _on_edge(variable: str) -> str:
    with Ami(EDGE) as edge:
        return edge.get(variable)


def _at_server(variable: str) -> str:
    with Ami(PBX_A) as pbx:
        return pbx.get(variable)


def _penalty(node: Host) -> str:
    with Ami(node) as pbx:
        rows = pbx.list("QueueStatus", "QueueStatusComplete")
    return next(row["Penalty"] for row in rows if row.get("Location") == "PJSIP/desk1" and row["Queue"] == "hotline")


def _first(pbx: Ami) -> str:
    """Number of the first in the queue."""
    rows = pbx.list("QueueStatus", "QueueStatusComplete")
    return next((row["CallerIDNum"] for row in rows if row["Event"] == "QueueEntry" and row["Position"] == "1"), "")


def _told(sink: Any) -> list[str]:
    lines = sink.read_text(encoding="utf-8").splitlines() if sink.exists() else []
    return [f"{told['to']}: {told['text']}" for told in map(json.loads, lines) if told["to"].isdigit()]


def _listen(result: Result, capture: Capture, asker: Group) -> None:
    """What reached the caller before his call was answered."""
    early_wall = answered_wall = 0.0
    with capture.carrier_sip.open("rb") as stream:
        for datagram in pcap.read(stream):
            message = sip.parse(datagram.payload)
            if message is None or message.is_request or datagram.target_port != asker.sip_port:
                continue
            if message.status == 183 and not early_wall:
                early_wall, result.announced_to = datagram.wall, "183"
            if message.status == 200 and not answered_wall:
                answered_wall = datagram.wall
    with capture.carrier_rtp.open("rb") as stream:
        ours = (d for d in pcap.read(stream) if d.target == CARRIER.address(Net.SVC) and d.target_port == asker.media_port)
        result.heard_packets = sum(early_wall <= d.wall <= answered_wall for d in ours)
