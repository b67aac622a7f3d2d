"""F9: "the daemon killed at any point of a failover and restarted: it finishes, nothing twice, nobody lost".

The points are not chosen by hand: a course is run once, everything that is heard and done is noted with its name, and then the course
is run again for each name. Here a share of them; `make sim-restarts` tries every point with every length of absence."""

import pytest

from tests.sim.courses import AWAY_SECONDS, COURSES, Course

pytestmark = pytest.mark.slow

SHARE = 8
"""Points of each course."""

EACH = pytest.mark.parametrize("course", COURSES, ids=[course.name for course in COURSES])


@EACH
def test_the_job_is_finished(course: Course) -> None:
    points = course.points()
    assert len(points) >= 20
    _has_the_points_of_a_whole_course(points, course)
    for n, point in enumerate(points[:: len(points) // SHARE]):
        away_seconds = AWAY_SECONDS[n % len(AWAY_SECONDS)]
        told = course.faults_found(point, away_seconds)
        assert not told, f"killed {point}, away {away_seconds} s\n" + "\n".join(told)


def _has_the_points_of_a_whole_course(points: list[str], course: Course) -> None:
    """An order, what follows from it and its answer are written down in one piece, whose first entry is the order."""
    moves = ("redirect",) if course.moves_callers else ()
    intent = "journal command" if course.wishes else "journal failover_intent"
    for word in (intent, "route to", "outcome done", "journal failover_done", *(f"{move} of" for move in moves)):
        for when in ("before", "after"):
            assert any(p.startswith(f"{when} {word}") for p in points), (when, word)
    for word in ("route", *moves):
        assert any(p.startswith(f"unanswered {word}") for p in points), word


def test_the_courses_are_those_of_the_promise() -> None:
    """Issue 4: "killed at any of >= 20 marked points in failover, rescue, emergency and failback"."""
    names = {course.name for course in COURSES}
    assert names >= {"killed", "failover by order", "switchover by order", "emergency seats by order", "emergency seats left by order"}
    assert names >= {"failback by order", "failback by itself", "home from the emergency seats by itself", "seats out"}
