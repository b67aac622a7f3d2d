"""A site of four nodes and its picture, for all that shows or publishes it."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from cti_daemon.model.ids import NodeName, PathName, QueueName, SeatName
from cti_daemon.model.reasons import Condition, LegState, Mode, NodeState, Reason, Role, Verdict
from cti_daemon.model.settings import Settings
from cti_daemon.model.views import (
    Distribution,
    EvidenceView,
    MembershipView,
    NodeView,
    QueueKpiView,
    QueueView,
    SeatView,
    SiteView,
    WindowView,
)
from cti_daemon.shell import config
from cti_daemon.shell.http import status_pieces

NOW_AT = 1000.0
"""The picture's instant."""
SAMPLE = Path(__file__).parents[2] / "config" / "cti-daemon.toml"


class Picture:
    """A view that a test can change, as the core's would."""

    def __init__(self) -> None:
        hotline = QueueName("hotline")
        seats = (
            SeatView(SeatName("seat1"), "in_call", NOW_AT - 83.0, (MembershipView(hotline, 0, paused=False, reason="", is_dynamic=False),)),
            SeatView(SeatName("seat2"), "available", NOW_AT - 4.0, (MembershipView(hotline, 1, paused=False, reason="", is_dynamic=True),)),
        )
        self.now = SiteView(
            mode=Mode.NORMAL,
            serving=NodeName("pbx-a"),
            diverted_from=None,
            route=(NodeName("pbx-a"), NodeName("pbx-b"), NodeName("emg")),
            epoch=1,
            reason=Reason.START,
            since_seconds=12.0,
            nodes=(
                _node("edge1", Role.EDGE, {}),
                _node("pbx-a", Role.PRIMARY, {LegState.TALKING: 7, LegState.WAITING: 2}),
                _node("pbx-b", Role.STANDBY, {}),
            ),
            queues=(QueueView(hotline, NodeName("pbx-a"), waiting=2, longest_wait_seconds=3.5, seats=seats, kpi=_kpi()),),
            failover_in_progress=False,
            legs_to_rescue=0,
            drawn_at=NOW_AT,
            calls={(NodeName("pbx-a"), "talking"): 7, (NodeName("pbx-a"), "waiting"): 2, (NodeName("pbx-b"), "talking"): 0},
            seats=seats,
            mirror_difference={NodeName("pbx-b"): 1},
            counters={"security_events": {("edge1", "Newchannel"): 3}},
        )

    def __call__(self) -> SiteView:
        return self.now

    def fail_over(self) -> None:
        down = replace(self.now.nodes[1], state=NodeState.DOWN, verdict=Verdict.DEAD, legs={}, since_seconds=0.1)
        self.now = replace(
            self.now,
            mode=Mode.FAILED_OVER,
            serving=NodeName("pbx-b"),
            epoch=2,
            reason=Reason.NODE_DEAD,
            since_seconds=0.1,
            nodes=(self.now.nodes[0], down, self.now.nodes[2]),
            counters={"failovers": {("node_dead", "done"): 1}, "rescued_calls": {("done",): 9}},
        )

    def lose_sight_of_queue(self) -> None:
        """The serving node is not heard: what is counted stays, what is seen is gone."""
        blind = replace(self.now.queues[0], waiting=None, longest_wait_seconds=None, seats=())
        unseen = tuple(replace(seat, state="unknown", since_at=None) for seat in self.now.seats)
        self.now = replace(self.now, queues=(blind,), seats=unseen, calls={}, mirror_difference={})


def _kpi() -> QueueKpiView:
    edges = (5.0, 15.0, 60.0)
    quarter, day = (
        WindowView(
            seconds=seconds,
            offered=20,
            outcomes={"answered": 16, "abandoned": 3, "short_abandoned": 1},
            answered_in_time=12,
            service_level={"answered_and_abandoned": 12 / 19, "asterisk": None},
            asa_seconds=8.25,
            abandonment_ratio=0.15,
            connect_ratio=0.8,
            occupancy_ratio=None,
        )
        for seconds in (900.0, 86_400.0)
    )
    return QueueKpiView(
        offered=120,
        outcomes={"answered": 100, "abandoned": 15, "short_abandoned": 5, "timeout": 0, "overflowed": 0, "rescued": 2},
        answer=Distribution(edges, (40, 50, 8, 2), 812.5),
        abandon=Distribution(edges, (5, 5, 5, 0), 301.0),
        talk=Distribution(edges, (0, 10, 60, 30), 9000.0),
        windows=(day, quarter),
    )


def _node(name: str, role: Role, legs: dict[LegState, int]) -> NodeView:
    return NodeView(
        name=NodeName(name),
        role=role,
        state=NodeState.HEALTHY,
        verdict=Verdict.HEALTHY,
        since_seconds=12.0,
        degraded_paths=(PathName("b"),) if name == "edge1" else (),
        evidence=(
            EvidenceView("link_a", Condition.OK, 0.1),
            EvidenceView("link_b", Condition.LOST if name == "edge1" else Condition.OK, None if name == "edge1" else 0.2),
        ),
        legs=legs,
        proven=True,
    )


@pytest.fixture
def picture() -> Picture:
    return Picture()


@pytest.fixture
def settings() -> Settings:
    return config.load(SAMPLE, offline=True).settings


@pytest.fixture
def listening(settings: Settings) -> Callable[[str], Settings]:
    """The sample site with its pages at another address."""

    def at(listen: str) -> Settings:
        return settings.model_copy(update={"http": settings.http.model_copy(update={"listen": listen})})

    return at


@pytest.fixture
def page(settings: Settings, picture: Picture) -> Iterator[str]:
    """Where a stand-in for the daemon answers `/status`."""

    class Status(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write("".join(status_pieces(settings, picture(), datetime.now(UTC))).encode())

        @override
        def log_message(self, format: str, *args: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Status) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
