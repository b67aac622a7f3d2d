"""The drills of incidents: the site they run on is the one they claim, and their judge of a report sees what is wrong with it."""

import json
from pathlib import Path
from typing import Any

from cti_daemon.model.incidents import Plan
from cti_daemon.model.plan_tables import ROLES
from cti_daemon.wire.plan_file import Site, read_plan
from lab import audience, lines_full
from lab.count import Count
from lab.judge import Call
from lab.layout import PBX_A, Size
from lab.queue_log import End, Stay
from lab.report_figures import Truth, check
from lab.sinks import Got
from lab.site import Secrets, render

SECRETS = Secrets("n", "s", "s")


def test_spare_seats_have_telephones_and_are_in_no_queue() -> None:
    files = lines_full.with_spare_seats(PBX_A, render(PBX_A, Size(seats=10, emergency_seats=2), SECRETS))
    for seat in lines_full.SPARE:
        assert f"[{seat}](cti-seat)" in files["pjsip.conf"]
        assert f"PJSIP/{seat}," not in files["queues.conf"]
    assert "member => PJSIP/seat7," in files["queues.conf"]


def test_somebody_has_every_role_that_plans_know() -> None:
    assert set(ROLES) <= {role for person in audience.PEOPLE for role in person.roles}


def test_times_are_shortened_by_configuration(tmp_path: Path) -> None:
    """ "Times shortened by configuration, not by code": the site's own copy of the plan has another gap, and nothing else."""
    folder = lines_full.write_plans(tmp_path / "plans")
    assert {path.name for path in folder.iterdir()} == {path.name for path in audience.PLANS.glob("*.toml")}
    shipped, own = ((f / "lines-full.toml").read_text(encoding="utf-8") for f in (audience.PLANS, folder))
    assert own.replace(lines_full.GAP, 'gap = "10s"') == shipped
    assert isinstance(read_plan(own, "lines-full", Site(time_scale=lines_full.SCALE)), Plan)


def report(**changes: Any) -> dict[str, Any]:
    course = {"queue": "hotline", "counts": {"offered": 1, "answered": 1, "abandoned": 0}}
    told = [{"is_delivered": True, "person": "leader", "wall": "1970-01-01 00:01:41.500000+00:00"}]
    story = {
        "opened": "1970-01-01 00:01:40+00:00",
        "recovered": "1970-01-01 00:03:20+00:00",
        "recovered_seconds": 100.0,
        "told": told,
        "snapshots": [{"moment": "opened", "figures": {"calls": 1}}],
    }
    return {"figures": {"story": story | changes, "impact": {"queues": [course], "affected": []}}}


TRUTH = Truth(
    [Got("leader", "t", "x", 101.0)],
    [Call("c1", "1", 90.0, 90.1)],
    [Stay(PBX_A.name, "u1", "1", "hotline", 110, End.ANSWERED, 120), Stay(PBX_A.name, "u0", "0", "hotline", 50, End.ABANDONED, 60)],
    Count(callers_in=1, kept=1),
)


def wrong(folder: Path, told: dict[str, Any]) -> list[str]:
    path = folder / "report.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return check(path, "hotline", TRUTH).wrong


def test_a_report_that_is_right_in_every_figure_is_found_right(tmp_path: Path) -> None:
    assert wrong(tmp_path, report()) == []


def test_a_figure_that_is_wrong_is_named(tmp_path: Path) -> None:
    told = report(told=[], snapshots=[{"moment": "opened", "figures": {"calls": 2}}], recovered_seconds=90.0)
    told["figures"]["impact"]["queues"][0]["counts"]["offered"] = 2
    told["figures"]["impact"]["affected"] = [{"harm": "lost"}]
    assert wrong(tmp_path, told) == [
        "the report says messages by person = {}; it was {'leader': 1}",
        "the report says hotline: offered meanwhile = 2; it was 1",
        "the report says calls in progress at the opening = 2; it was 1",
        "the report says callers lost = 1; it was 0",
        "the report says seconds it lasted = 90; it was 100",
    ]


def test_a_delivery_at_another_instant_than_the_sink_s_is_named(tmp_path: Path) -> None:
    late = [{"is_delivered": True, "person": "leader", "wall": "1970-01-01 00:01:59+00:00"}]
    assert wrong(tmp_path, report(told=late)) == ["leader: the report's instants differ from the sink's by [18.0] s"]
