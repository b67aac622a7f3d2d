"""The drills' own arithmetic, and that the list is whole: what is counted, what is complained of, what stands in the table."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab import name_server, peers, sheet, tally
from lab.beside import differences, pairs
from lab.broker_trouble import BROKER_TROUBLE, MOST_WAITING
from lab.carrier import Audio
from lab.catalogue import DRILLS
from lab.deaths import DEATHS
from lab.disturbances import DISTURBANCES, FLAPS
from lab.exercise import Drill
from lab.expected import Expected, judge
from lab.judge import Audio as Heard
from lab.judge import Call, Dialog
from lab.layout import EDGE, EMG, HOTLINE, NODES, PBX_A, PBX_B, PHONES, Size
from lab.orders import Orders
from lab.promise import of_new_calls, times_of, without_agents
from lab.score import Samples, Spread, score, take_samples
from lab.site import Secrets, render
from lab.trial import Evidence, Load
from lab.witness import Told

STRUCK, END = 100.0, 110.0
LOAD = Load(loud=1, quiet=1, waiting=1, mute=1)


def call(number: str, *, port: int, ended: float | None = None, by: str | None = None) -> Call:
    return Call(number, number, 90.0, 90.1, None, ended, by, port)


def told(kind: str, wall: float, **data: object) -> Told:
    return Told(wall, f"cti/v1/{HOTLINE}/events/{kind}", {"kind": kind, "data": data})


def evidence(**changes: Any) -> Evidence:
    """Three callers, all well to the end; the mute one hears nothing, as he says nothing."""
    calls = [call("55500101", port=1), call("55500201", port=2), call("55500301", port=3), call("55500601", port=4)]
    heard = Heard({port: [STRUCK + n / 5 for n in range(-20, 50)] for port in (1, 2, 3)})
    dialogs = [Dialog("d1", "t", "55500101", "seat1", PBX_A.name, False, 90.0, 90.2)]
    seen = Evidence(LOAD, STRUCK, END, calls, dialogs, heard, Orders(), [], 80.0, LOAD.newcomers(10))
    return replace(seen, **changes)


CALM = Expected((0, 0), PBX_A.name, may_move=False)
STATUS = {"serving": PBX_A.name, "counters": {"failovers": []}}


def complaints(expected: Expected, seen: Evidence, status: dict[str, Any] = STATUS) -> list[str]:
    return judge(expected, seen, score(seen), status).wrong


def test_where_all_is_well_nothing_is_complained_of() -> None:
    assert complaints(CALM, evidence()) == []
    assert score(evidence()).in_silence == 0, "one who sends nothing hears no echo"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"calls": [call("55500101", port=1, ended=105.0, by="edge")]}, "1 callers lost"),
        ({"audio": Heard({1: [STRUCK], 2: [END - 0.1], 3: [END - 0.1]})}, "1 callers sit in silence"),
        ({"told": [told("failover", 101.0, epoch=1)]}, "1 failovers, expected 0"),
        ({"orders": Orders(heads=[(101.0, PBX_B.name)])}, f"the edge's route begins with {PBX_B.name}, expected {PBX_A.name}"),
        ({"orders": Orders(redirects=[101.0])}, "1 callers were moved"),
        (
            {"dialogs": [Dialog("d", "t", "55500101", "seat1", PBX_A.name, False, 90.0, 90.2, None, 104.0, "node")]},
            "1 conversations were cut",
        ),
        (
            {"calls": [call("55500101", port=1), Call("n", "55500401", 101.0, None, 503)], "audio": Heard({1: [END - 0.1]})},
            "1 new calls failed",
        ),
    ],
)
def test_each_thing_that_must_not_happen_is_complained_of(change: dict[str, Any], complaint: str) -> None:
    assert complaint in complaints(CALM, evidence(**change))


def test_a_caller_who_hangs_up_is_neither_lost_nor_cut_off() -> None:
    """The agent's leg ends a moment before or after the caller's own BYE is seen."""
    leaving = [call("55500101", port=1, ended=105.0, by="carrier")]
    over = [Dialog("d", "t", "55500101", "seat1", PBX_A.name, False, 90.0, 90.2, None, 104.9, "node")]
    assert complaints(CALM, evidence(calls=leaving, dialogs=over)) == []


def test_diverts_are_counted_apart() -> None:
    seen = evidence(
        told=[told("divert", 101.0, epoch=1, diverted_from=PBX_A.name), told("divert", 103.0, epoch=2, diverted_from=None)],
        orders=Orders(redirects=[101.0]),
    )
    outcome = judge(CALM, seen, score(seen), STATUS)
    assert (outcome.diverts, outcome.failovers, outcome.wrong) == (1, 0, [])


def test_a_failover_is_counted_once_and_its_verdict_is_timed_by_the_capture() -> None:
    """A daemon that restarted has no counter, a broker that restarted told nobody: the larger count is taken, not the sum."""
    orders = Orders(epochs={1: 100.3, 2: 101.0, 3: 109.0}, redirects=[101.01], obeyed=[101.05, 109.5])
    seen = evidence(told=[told("failover", 101.1, epoch=2), told("failover", 101.2, epoch=2)], orders=orders)
    status = {"serving": PBX_B.name, "counters": {"failovers": [{"count": 1}]}}
    outcome = judge(Expected((1, 1), PBX_B.name), seen, score(seen), status)
    assert (outcome.failovers, outcome.wrong) == (1, [])
    found = outcome.score
    assert (found.death_to_divert_ms, found.death_to_verdict_ms, found.verdict_to_last_redirect_ms) == (300.0, 1000.0, 50.0)


def test_a_site_without_us_is_measured_and_nothing_more() -> None:
    seen = evidence(calls=[call("55500101", port=1, ended=105.0, by="edge")])
    assert complaints(Expected(None, None, is_measured_only=True), seen, {}) == []


def test_runs_are_pooled_caller_by_caller_and_late_is_said() -> None:
    record = tally.Record("x", "text", Expected((1, 1), PBX_B.name, times_of("kill")))
    seen = evidence(told=[told("failover", 101.1, epoch=2)], orders=Orders(epochs={2: 100.05}, obeyed=[100.1]))
    status = {"serving": PBX_B.name, "counters": {}}
    for answers in ((10.0, 20.0), (30.0, 900.0)):
        samples = replace(take_samples(seen), new_call_answer_ms=answers, agent_again_ms=(500.0,))
        record.add(judge(record.expected, seen, score(seen), status), samples, 1.0)
    assert record.as_dict()["passed"]
    assert [late.split(" 9")[0] for late in record.late()] == ["new call answered, p99"]
    found = json.loads(json.dumps(record.as_dict()))
    assert found["times"]["new_call_answer_ms"] == {"n": 4, "median": 25.0, "p99": 900.0, "max": 900.0}
    assert (found["totals"]["calls_kept"], found["totals"]["waiting_kept"], found["runs"]) == (6, 2, 2)
    record.void("no lab\nlog")
    found = json.loads(json.dumps(record.as_dict()))
    assert (found["passed"], found["runs"], found["voids"]) == (True, 2, ["no lab"])


def test_the_table_shows_every_drill_that_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "FOLDER", tmp_path)
    records = {}
    for name in ("kill", "cut-a", "peer-rtp-kill", "peer-rtp-mute"):
        record = tally.Record(name, DRILLS[name].text, DRILLS[name].expected)
        record.add(judge(CALM, evidence(), score(evidence()), STATUS), Samples(), 1.0)
        records[name] = json.loads(record.write().read_text())
    text = "\n".join(sheet.tables(records, {}))
    assert "| `cut-a`: control network A is down for 60 s | 1 | 4 of 4 | 0 | 0 of 0 | 0 | 0 | 0 | passed |" in text
    assert "passed; late: new call answered, median" in text, "a promise without a figure is not kept"
    assert "0 of 3 healthy silent calls thrown out" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    for table in text.split("###")[1:]:
        lines = [line.count("|") for line in table.splitlines() if line.startswith("|")]
        assert len(set(lines)) == 1, "each row has the cells of its head"
    assert len(rows) == 3 * 2 + 4
    assert list(sheet.tables({}, sheet.rows(text))) == text.splitlines(), "a drill without a record keeps its row"


@pytest.mark.parametrize("drill", DRILLS.values(), ids=list(DRILLS))
def test_a_drill_is_watched_beyond_its_last_step(drill: Drill) -> None:
    for steps in (drill.steps, drill.before):
        assert [after for after, _ in steps] == sorted(after for after, _ in steps)
    instants = [after for after, _ in drill.steps]
    assert drill.watch_seconds >= max(instants, default=0.0)
    assert drill.calm_seconds >= max((after for after, _ in drill.before), default=0.0)
    calls = drill.load.talkers()
    stay = [group.hold_seconds for group in calls if group.name != "leaving"]
    assert min(stay, default=600) > drill.calm_seconds + drill.watch_seconds + 17, "callers stay longer than the watch"
    assert drill.size.seats >= drill.load.talking


def test_the_broker_is_frozen_for_ten_minutes_and_the_primary_dies_in_the_middle() -> None:
    """Issue 5: "Broker SIGSTOP for 10 min while the primary is killed: same failover figures as without"."""
    drill = BROKER_TROUBLE["broker-frozen-long"]
    frozen, healed = drill.before[0][0] - drill.calm_seconds, drill.steps[0][0]
    assert (frozen, healed) == (-300, 300)
    assert drill.beside is BROKER_TROUBLE["broker-well"]
    assert replace(drill.beside.load, stay_seconds=drill.load.stay_seconds) == drill.load


def test_the_backlog_s_bound_is_broken_by_more_reports_than_may_wait_and_by_lost_ones() -> None:
    kept_its_bound = BROKER_TROUBLE["broker-frozen-long"].expected.checks[1]
    online = Told(END, f"cti/v1/{HOTLINE}/daemon/cti-1/state", {"state": "online"})
    late = [Told(END, f"cti/v1/{HOTLINE}/events/command", {"late": True})] * MOST_WAITING
    assert kept_its_bound(evidence(told=[*late, online])) is None
    for told_late in ([*late, late[0], online], [*late[: MOST_WAITING // 2], online], late):
        assert kept_its_bound(evidence(told=told_late)) is not None


def test_figures_are_the_same_as_those_beside_or_it_is_said() -> None:
    with_trouble, plain = score(evidence()), score(evidence())
    quick = replace(plain, death_to_verdict_ms=50.0, agent_again_ms=Spread(1, 200, 200, 200))
    assert list(differences(replace(quick, death_to_verdict_ms=190.0), quick)) == []
    slow = replace(quick, death_to_verdict_ms=250.0, agent_again_ms=None)
    assert [text.split(" ms")[0] for text in differences(slow, quick)] == ["verdict 250.0", "last agent None"]
    assert pairs(with_trouble, plain).keys() == pairs(slow, quick).keys()


def test_every_fault_that_is_promised_has_its_drill() -> None:
    """Issue 4's list; each drill says who serves in the end and how often the daemon may fail over."""
    assert set(DEATHS) >= set(
        "kill blackhole freeze freeze-sip edge-cannot-reach restart oom both-together standby-then-primary standby-dies-next "
        "seats-unreachable daemon-restarts half-refuse returns without-daemon".split()
    )
    assert set(DISTURBANCES) >= set(
        "cut-a cut-b swap-networks block-ami cut-daemon starve stop-daemon loss dns clock-forward clock-back reload block-probe "
        "emergency-dies flapping stop-standby load".split()
    )
    assert set(BROKER_TROUBLE) == set("broker-well broker-down broker-frozen broker-black broker-empty broker-frozen-long".split())
    for name, drill in DISTURBANCES.items():
        assert drill.expected.failovers == ((1, 1) if name == "flapping" else (0, 0))
    assert len(DISTURBANCES["flapping"].steps) == 2 * FLAPS - 1
    assert DISTURBANCES["load"].watch_seconds == 600
    assert {drill.expected.serving for drill in DEATHS.values()} == {PBX_B.name, EMG.name, None}


@pytest.mark.parametrize("limits", [times_of, without_agents, of_new_calls])
def test_limits_on_times_are_times(limits: Callable[[str], Any]) -> None:
    for fault in ("kill", "blackhole", "freeze"):
        assert {promise.unit for promise in limits(fault)} == {"ms"}


def test_a_peer_is_the_same_lab_without_our_dialplan() -> None:
    secrets = Secrets("name", "cti", "lab")
    for peer in peers.PEERS.values():
        files = peer.change(EDGE, render(EDGE, Size(10, 5), secrets))
        assert ("cti-edge.conf" in files["extensions.conf"]) is (peer is peers.PEERS["cti"])
        for host in (*NODES, PHONES):
            assert peer.change(host, {"a": "b"}) == {"a": "b"}
    mute = DRILLS["peer-rtp-mute"]
    assert "rtp_timeout" not in mute.change(PHONES, render(PHONES, Size(10, 5), secrets))["pjsip.conf"]
    assert "rtp_timeout = 3" in mute.change(EDGE, render(EDGE, Size(10, 5), secrets))["pjsip.conf"]
    assert [group.audio for group in mute.load.talkers()] == [Audio.NONE]


def test_the_name_server_answers_an_address_and_nothing_else() -> None:
    question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06broker\x03lab\x00\x00\x01\x00\x01"
    answer = name_server.answer(question)
    assert answer[:2] == question[:2]
    assert answer[6:8] == b"\x00\x01"
    assert answer.endswith(b"\x7f\x00\x00\x01")
    none = name_server.answer(question.replace(b"\x00\x01\x00\x01", b"\x00\x1c\x00\x01"))
    assert none[6:8] == b"\x00\x00"
