"""B3, 定期检测应急座席系统: every emergency seat is called by a test call, answered or silent recorded for each; no caller is touched,
and nothing is left behind, whatever happens meanwhile."""

import random

import pytest

from cti_daemon.model.drills import CallSeat
from cti_daemon.model.effects import RescueLeg, SetRoute
from cti_daemon.model.events import Command
from cti_daemon.model.plan_effects import Notify
from tests.policy.drill_site import DrillSite, planned
from tests.sim.world import EMG, A

pytestmark = pytest.mark.slow  # minutes of a site

SEATS = ["seat1", "seat2", "seat3"]


def _start(site: DrillSite, name: str = "weekly", seconds: str = "10m") -> str:
    return site.ask("drill-start", name=name, **{"for": seconds}).code


def test_each_seat_is_called_and_what_came_of_it_is_recorded() -> None:
    site = DrillSite(planned(ring_seconds=10))
    site.answers = {"seat1": 2.0, "seat2": None, "seat3": -1.0}
    assert _start(site) == "accepted"
    site.run(30.0)
    assert site.results() == {"seat1": "answered", "seat2": "silent", "seat3": "declined"}
    ended = site.ended()
    assert (ended["how"], ended["evaluation"], ended["id"], ended["drill"]) == ("done", "failed", "emergency-seats-1", "weekly")
    assert [call["seconds"] for call in ended["seat_calls"]] == [2.0, None, None]
    assert [finding.partition(":")[0] for finding in ended["findings"]] == ["seat2", "seat3"]
    assert (site.most_up, site.up, site.way) == (1, {}, ())


def test_the_record_has_time_content_participants_and_evaluation() -> None:
    """D7, 演练记录: 时间、内容、人员、评估."""
    site = DrillSite(planned())
    _start(site)
    site.run(30.0)
    ended = site.ended()
    assert (ended["evaluation"], ended["findings"]) == ("passed", [])
    assert ended["ran_seconds"] > 9
    assert ended["content"]["zh"].startswith("应急座席演练")
    assert ended["participants"] == [{"role": "duty-lead", "people": ["duty-lead-1"], "told": True}]
    assert ended["user"] == "alice"
    assert ended["live_calls"] == {"limit": 20, "most": 0}
    assert [call["seat"] for call in ended["seat_calls"]] == SEATS


def test_who_takes_part_is_told_that_it_is_a_drill_and_how_it_ended() -> None:
    site = DrillSite(planned())
    _start(site)
    site.run(30.0)
    assert all(isinstance(told, Notify) and told.is_drill for told in site.told)
    assert [told.notice for told in site.told if isinstance(told, Notify)] == [
        "emergency-seats-1/drill-began/duty-lead",
        "emergency-seats-1/drill-ended/duty-lead",
    ]


def test_live_calls_go_their_way_and_no_figure_of_theirs_shows_the_drill() -> None:
    """ "A drill of the emergency seats under live load: no live call touched, … metrics marked as drill"."""
    site = DrillSite(planned())
    site.answers = dict.fromkeys(SEATS, 3.0)
    site.calls(talking=3, waiting=1)
    site.run(5.0)
    routes, before = len(site.of(SetRoute)), site.engine.view(site.now).calls
    _start(site)
    site.run(6.5)
    view = site.engine.view(site.now)
    assert view.drill is not None
    assert (view.calls, sum(view.drill_calls.values())) == (before, 1)
    assert all(place[0] == EMG for place in view.drill_calls)
    site.run(30.0)
    assert site.ended()["evaluation"] == "passed"
    assert (len(site.of(SetRoute)), site.of(RescueLeg), site.engine.routing.serving) == (routes, [], A)
    assert site.ended()["live_calls"]["most"] == 4


def test_a_test_call_is_none_of_the_callers_before_it_rings() -> None:
    """Seen on the lab: the node shows the channel first, and its token only when the telephone rings."""
    site = DrillSite(planned())
    site.rings_after, site.answers = 0.8, dict.fromkeys(SEATS, 2.0)
    before = site.engine.view(site.now).calls
    _start(site)
    site.run(4.7)
    view = site.engine.view(site.now)
    assert site.up
    assert (view.calls, sum(view.drill_calls.values())) == (before, 1)


def test_a_seat_in_a_call_is_left_alone_until_it_is_free() -> None:
    site = DrillSite(planned())
    site.device(EMG, "seat2", 2)
    _start(site)
    site.run(30.0)
    assert [seat for _, seat in site.called] == ["seat1", "seat3"]
    site.device(EMG, "seat2", 1)
    site.run(45.0)
    assert site.results()["seat2"] == "answered"
    assert site.ended()["evaluation"] == "passed"


def test_a_telephone_that_talks_on_a_media_server_is_not_called() -> None:
    """The emergency seat may be the same telephone."""
    site = DrillSite(planned(longest=60))
    site.device(A, "seat2", 2)
    _start(site, seconds="60s")
    site.run(70.0)
    assert "seat2" not in [seat for _, seat in site.called]
    assert (site.results()["seat2"], site.ended()["how"]) == ("busy", "over")


def test_a_seat_that_is_not_there_is_not_passed_over() -> None:
    site = DrillSite(planned(seats=["seat1", "seat9"]))
    site.device(EMG, "seat1", 5)
    _start(site)
    site.run(20.0)
    assert site.results() == {"seat1": "unreachable", "seat9": "unreachable"}
    assert (site.called, site.ended()["evaluation"]) == ([], "failed")


def test_an_order_that_is_not_taken_is_told_with_its_reason() -> None:
    site = DrillSite(planned())
    site.refuses = "Permission denied"
    _start(site)
    site.run(20.0)
    assert set(site.results().values()) == {"refused"}
    assert "Permission denied" in site.ended()["findings"][0]


def test_so_many_are_called_at_once_as_was_said() -> None:
    site = DrillSite(planned(together=2))
    site.answers = dict.fromkeys(SEATS, 5.0)
    _start(site)
    site.run(30.0)
    assert (site.most_up, site.ended()["evaluation"]) == (2, "passed")


# --- refused, aborted -------------------------------------------------------------------------------------------------


def test_it_is_refused_with_the_reason() -> None:
    site = DrillSite(planned(most_calls=2))
    site.calls(talking=3, waiting=0)
    site.run(5.0)
    refused = site.ask("drill-start", name="weekly", **{"for": "10m"})
    assert refused.message == "3 callers are on the line, and with more than 2 no drill is held"
    assert site.ask("drill-start", name="monthly", **{"for": "10m"}).message.endswith("there are: weekly")
    site.hang_up(next(iter(site.legs)))
    assert _start(site) == "accepted"


@pytest.mark.parametrize("trouble", ["dead primary", "too many callers", "paused"])
def test_it_is_aborted_in_the_middle_and_leaves_nothing_behind(trouble: str) -> None:
    site = DrillSite(planned(most_calls=2, ring_seconds=60))
    site.answers = dict.fromkeys(SEATS)
    _start(site)
    site.run(8.0)
    assert len(site.up) == 1
    if trouble == "dead primary":
        site.kill(A)
    elif trouble == "paused":
        _pause(site)
    else:
        site.calls(talking=3, waiting=0)
    site.run(12.0)
    assert (site.ended()["how"], site.ended()["evaluation"]) == ("aborted", "aborted")
    assert site.ended()["why"]
    assert (site.up, site.way) == ({}, ())
    assert site.engine.view(site.now).drill is None
    assert set(site.results().values()) == {"not_called"}


def _pause(site: DrillSite) -> None:
    site.feed(Command("d", "pause-automation", "alice", dry_run=True, args={"for": "10m"}))
    site.feed(Command("e", "pause-automation", "alice", confirm=site.last_token("alice"), args={"for": "10m"}))


def test_a_call_of_a_drill_is_nobody_s_stale_call() -> None:
    """The server's list shows a channel with a token that no leg has: it is the drill's, and ends by itself."""
    site = DrillSite(planned(ring_seconds=60))
    site.answers = dict.fromkeys(SEATS, 30.0)
    _start(site)
    for second in range(5, 40):
        site.run(float(second))
        site.list_edge()
    assert site.results_so_far()["seat1"] == "answered"


# --- over a SIGKILL ---------------------------------------------------------------------------------------------------


def test_a_call_that_nobody_heard_the_end_of_is_made_again() -> None:
    site = DrillSite(planned())
    site.answers = dict.fromkeys(SEATS, 2.0)
    _start(site)
    site.run(5.0)
    site.crash(3.0)
    site.run(40.0)
    assert site.ended()["evaluation"] == "passed"
    assert [seat for _, seat in site.called] == ["seat1", *SEATS]
    assert site.ended()["seat_calls"][0]["attempts"] == 2
    assert (site.up, site.way) == ({}, ())


@pytest.mark.parametrize("seed", range(16))
def test_whenever_it_is_killed_the_drill_ends_once_and_leaves_nothing_behind(seed: int) -> None:
    """ "Leaves nothing behind (also over a SIGKILL and restart)": no test call, no switch, no drill in force, one last entry."""
    draw = random.Random(seed)
    site = DrillSite(planned(together=draw.choice([1, 3]), ring_seconds=8, most_calls=3))
    site.answers = {seat: draw.choice([None, 0.5, 3.0, -1.0]) for seat in SEATS}
    _start(site, seconds=draw.choice(["20s", "80s"]))
    for _ in range(draw.choice([1, 2, 3])):
        site.run(site.now + draw.uniform(0.0, 12.0))
        if draw.random() < 0.3:
            site.calls(talking=draw.choice([1, 4]), waiting=0)
        site.crash(draw.choice([0.0, 2.0, 20.0]))
    site.run(site.now + 90.0)
    assert site.engine.view(site.now).drill is None
    assert (site.up, site.way) == ({}, ())
    assert len(site.written("ended")) == 1
    assert all(call["result"] for call in site.ended()["seat_calls"])
    calls = len(site.of(CallSeat))
    site.run(site.now + 10.0)
    assert len(site.of(CallSeat)) == calls


def test_a_number_is_not_used_twice() -> None:
    site = DrillSite(planned())
    _start(site)
    site.run(30.0)
    site.crash(5.0)
    site.run(40.0)
    _start(site)
    site.run(70.0)
    assert [entry["id"] for entry in site.written("ended")] == ["emergency-seats-1", "emergency-seats-2"]


def test_the_switch_of_an_edge_that_was_away_is_put_back() -> None:
    site = DrillSite(planned(ring_seconds=60))
    site.answers = dict.fromkeys(SEATS)
    _start(site, seconds="20s")
    site.run(6.0)
    assert list(site.way) == [EMG]
    site.crash(30.0)
    site.run(45.0)
    assert (list(site.way), site.ended()["how"]) == ([], "over")
