""" "Seats: login, pause, reason, penalty on the standby <= 1 s after the change; identical after failover" (F8), on real Asterisk."""

import statistics

import pytest

from lab import faults, page, places
from lab.ami import Ami
from lab.deadline import wait_until
from lab.layout import PBX_A, PBX_B, Host
from lab.office import SUPPORT
from lab.places import Stopwatch
from lab.trial import wait_daemon

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]
LIMIT_SECONDS = 1.0
SEATS = range(31, 51)
"""In `hotline` by its file, in `support` when they log in."""


def _mirror(source: Host, target: Host, reason: str) -> list[float]:
    """Log in, pause, pause for another reason, change penalty, unpause: seconds of each change to the other server."""
    seconds: list[float] = []
    with Ami(source) as pbx, Ami(target, events="agent") as other:
        watch = Stopwatch(pbx, other)
        for number in SEATS:
            place = {"Queue": SUPPORT, "Interface": f"PJSIP/seat{number}"}
            seconds += [
                watch.time("QueueAdd", **place, MemberName=f"王 {number}", StateInterface=place["Interface"], Penalty="2"),
                watch.time("QueuePause", **place, Paused="true", Reason="午休"),
                watch.time("QueuePause", **place, Paused="true", Reason="training"),
                watch.time("QueuePenalty", **place, Penalty=str(3 + number % 5)),
            ]
            if number % 2:
                seconds.append(watch.time("QueuePause", **place, Paused="false"))
        static = {"Queue": "hotline", "Interface": "PJSIP/seat1"}
        seconds.append(watch.time("QueuePause", **static, Paused="true", Reason=reason))
    return seconds


def _is_identical() -> bool:
    return not places.differing(PBX_A, PBX_B)


def _wait_identical() -> None:
    wait_until(
        "both servers to have the same seats",
        _is_identical,
        5,
        every_seconds=0.05,
        evidence=lambda: "\n".join(places.differing(PBX_A, PBX_B)),
    )


def _unlike(found: places.Places, wanted: places.Places) -> str:
    return "\n".join(
        f"{key}: {found.get(key)}, not {wanted.get(key)}" for key in sorted({*found, *wanted}) if found.get(key) != wanted.get(key)
    )


def test_seats_find_themselves_as_they_were(site: None) -> None:
    """Changes reach the standby within a second; a failover keeps them; the returned server gets those of who serves now."""
    seconds = sorted(_mirror(PBX_A, PBX_B, "headset"))
    print(f"pbx-a to pbx-b, {len(seconds)} changes: median {statistics.median(seconds) * 1000:.1f} ms, max {seconds[-1] * 1000:.1f} ms")
    assert seconds[-1] <= LIMIT_SECONDS
    assert _is_identical()
    before = places.of(PBX_A)

    # The last word of the server that dies. It has left that server: of a change that nobody was told of nobody can know.
    with Ami(PBX_A) as pbx, Ami(PBX_B, events="agent") as other:
        place = {"Queue": SUPPORT, "Interface": "PJSIP/seat31"}
        Stopwatch(pbx, other).time("QueuePause", **place, Paused="true", Reason="the last instant")
        before[SUPPORT, "PJSIP/seat31"] = ("dynamic", "1", "the last instant", before[SUPPORT, "PJSIP/seat31"][3])
    faults.kill(PBX_A)
    wait_until("the standby to serve", lambda: page.status().get("serving") == PBX_B.name, 5)
    wait_until(
        "the seats as they were",
        lambda: places.of(PBX_B) == before,
        3,
        every_seconds=0.05,
        evidence=lambda: _unlike(places.of(PBX_B), before),
    )

    with Ami(PBX_B) as pbx:
        pbx.do("QueueRemove", Queue=SUPPORT, Interface="PJSIP/seat40")
        pbx.do("QueuePause", Queue=SUPPORT, Interface="PJSIP/seat31", Paused="false")
        pbx.do("QueuePause", Queue="hotline", Interface="PJSIP/seat2", Paused="true", Reason="lunch")
    faults.restart(PBX_A)
    wait_daemon(serving=PBX_B.name)
    _wait_identical()
    assert places.of(PBX_A)["hotline", "PJSIP/seat1"] == ("static", "1", "headset", "0")
    wait_until("no difference to be shown", lambda: page.status()["mirror_difference"] == {PBX_A.name: 0, PBX_B.name: 0}, 3)

    with Ami(PBX_B) as pbx:
        for number in SEATS:
            if number != 40:
                pbx.do("QueueRemove", Queue=SUPPORT, Interface=f"PJSIP/seat{number}")
    _wait_identical()
    seconds = sorted(_mirror(PBX_B, PBX_A, "lunch"))
    print(f"pbx-b to pbx-a, {len(seconds)} changes: median {statistics.median(seconds) * 1000:.1f} ms, max {seconds[-1] * 1000:.1f} ms")
    assert seconds[-1] <= LIMIT_SECONDS
    _wait_identical()
