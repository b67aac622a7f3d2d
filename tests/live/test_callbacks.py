"""Issue 6: "primary and standby killed with … live calls on an edge that is *also* restarted (so that nobody can be kept): every lost
caller is in the register exactly once, and is called back automatically on the emergency seats within 60 s of a seat being free; a caller
who rings in again is not called; doubles 0, missing 0". With 50 callers: `make drill NAME=callbacks`."""

import pytest

from lab import aftermath, bench

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]


def test_everyone_who_was_lost_is_called_back_once() -> None:
    try:
        result = aftermath.play(10, 2, emergency_seats=6)
    finally:
        bench.down()
    print(result)
    assert result.wrong == []
    assert (result.registered, result.rung, result.missing, result.doubles) == (10, 8, [], [])
