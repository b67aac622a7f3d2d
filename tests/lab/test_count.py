"""Issue 6: "A caller count that closes: in = kept + lost and registered; nobody unaccounted for"."""

import pytest

from lab.count import Count, Row, count
from lab.judge import Call, Dialog
from lab.layout import PBX_A


def call(number: str, *, answered: bool = True, status: int | None = None, ended: float | None = None, by: str | None = None) -> Call:
    return Call(f"c{number}", number, 10.0, 10.1 if answered else None, status, ended, by, 1)


def talk(number: str, *, ended: float | None = None, by: str | None = None) -> Dialog:
    return Dialog(f"d{number}", "t", number, "seat1", PBX_A.name, False, 11.0, 11.5, None, ended, by)


def closes(found: Count) -> tuple[bool, int, int, int]:
    return found.closes, found.callers_in, found.kept, found.lost_and_registered


def test_who_hangs_up_himself_is_kept_whether_an_agent_had_answered_or_not() -> None:
    calls = [call("1", ended=30.0, by="carrier"), call("2", ended=30.0, by="carrier"), call("3")]
    found = count(calls, [talk("1"), talk("3")], [])
    assert closes(found) == (True, 3, 3, 0)
    assert (found.served, found.gave_up) == (2, 1)


def test_who_is_lost_is_in_the_register_or_the_count_does_not_close() -> None:
    calls = [call("1", ended=30.0, by="edge"), call("2", answered=False, status=503)]
    assert closes(count(calls, [talk("1", ended=30.0, by="node")], [Row("1", "lost"), Row("2", "lost")])) == (True, 2, 0, 2)
    found = count(calls, [], [Row("1", "lost")])
    assert closes(found) == (False, 2, 0, 1)
    assert found.unaccounted == ["2"]
    assert found.faults() == ["1 unaccounted", f"the count does not close: {found.in_short()}"]


def test_an_agent_who_hangs_up_loses_nobody() -> None:
    assert closes(count([call("1", ended=30.2, by="edge")], [talk("1", ended=30.0, by="phone")], [])) == (True, 1, 1, 0)


def test_whoever_was_on_the_edge_that_died_is_lost_though_nobody_told_the_carrier() -> None:
    calls = [call("1"), call("2", ended=20.0, by="carrier")]
    assert closes(count(calls, [], [Row("1", "lost")], edge_died_wall=25.0)) == (True, 2, 1, 1)


def test_one_who_was_lost_and_rings_in_again_is_two_calls_and_one_row() -> None:
    again = Call("again", "1", 40.0, 40.1)
    assert closes(count([call("1"), again], [talk("1")], [Row("1", "lost")], edge_died_wall=25.0)) == (True, 2, 1, 1)


@pytest.mark.parametrize("rows", [[Row("9", "lost")], [Row("1", "lost")] * 2])
def test_strangers_and_doubles_leave_it_open(rows: list[Row]) -> None:
    assert not count([call("1", ended=30.0, by="carrier")], [talk("1")], rows).closes


def test_who_gives_up_while_he_is_moved_is_in_the_register_and_counted_once() -> None:
    """ "Was sent elsewhere, and is gone without having again what he had" is lost for the register; for the carrier he hung up."""
    found = count([call("1", ended=12.0, by="carrier"), call("2", ended=30.0, by="carrier")], [talk("2")], [Row("1", "lost")])
    assert closes(found) == (True, 2, 1, 1)
    assert (found.lost, found.gave_up_in_between) == (0, 1)


def test_who_is_in_the_register_as_lost_and_had_an_agent_to_the_end_is_a_stranger_there() -> None:
    found = count([call("1", ended=30.0, by="carrier")], [talk("1")], [Row("1", "lost")])
    assert (found.closes, found.strangers) == (False, ["1"])


def test_who_hung_up_after_an_interruption_or_had_an_emergency_seat_was_kept() -> None:
    rows = [Row("1", "hung_up"), Row("1", "emergency")]
    assert count([call("1", ended=30.0, by="carrier")], [talk("1")], rows).closes
