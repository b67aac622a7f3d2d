"""How long a condition has held: "facts, conditions with hold times and hysteresis", told the time."""

from cti_daemon.model.incidents import Combination, Comparison, Group, Test, Value
from cti_daemon.policy.plan_facts import Board
from cti_daemon.state.hold import BRIDGED_SECONDS, Hold

FULL = Test("queue.waiting", Comparison.AT_LEAST, 1.0, for_seconds=900.0, clear_for_seconds=60.0, gap_seconds=10.0)


class Facts:
    def __init__(self) -> None:
        self.board = Board(0.0)

    def hold(self, hold: Hold, value: Value | None, at: float, *, is_maintenance: bool = False) -> bool:
        self.board.tell("queue.waiting", "hotline", value)
        hold.look(self.board.judge, at, is_maintenance=is_maintenance)
        return hold.is_met


def test_it_is_met_after_its_time_and_not_before() -> None:
    facts, hold = Facts(), Hold(FULL, 0.0)
    assert not facts.hold(hold, 3.0, 0.0)
    assert hold.next_at() == 900.0
    assert not facts.hold(hold, 3.0, 899.9)
    assert facts.hold(hold, 3.0, 900.0)


def test_a_short_gap_does_not_begin_it_anew_and_a_long_one_does() -> None:
    facts, hold = Facts(), Hold(FULL, 0.0)
    facts.hold(hold, 3.0, 0.0)
    facts.hold(hold, 0.0, 600.0)
    facts.hold(hold, 3.0, 605.0)
    assert not facts.hold(hold, 3.0, 904.0)
    assert facts.hold(hold, 3.0, 905.0)
    again = Hold(FULL, 0.0)
    facts.hold(again, 3.0, 0.0)
    facts.hold(again, 0.0, 600.0)
    facts.hold(again, 0.0, 611.0)
    facts.hold(again, 3.0, 612.0)
    assert not facts.hold(again, 3.0, 1500.0)


def test_it_clears_only_after_its_time() -> None:
    facts, hold = Facts(), Hold(FULL, 0.0)
    facts.hold(hold, 3.0, 0.0)
    assert facts.hold(hold, 3.0, 900.0)
    assert facts.hold(hold, 0.0, 901.0)
    assert facts.hold(hold, 0.0, 960.0)
    assert not facts.hold(hold, 0.0, 961.0)


def test_unknown_neither_fulfils_nor_clears() -> None:
    facts, hold = Facts(), Hold(FULL, 0.0)
    facts.hold(hold, 3.0, 0.0)
    facts.hold(hold, None, 800.0)
    assert not facts.hold(hold, None, 5000.0), "800 s are known, and no more"
    facts.hold(hold, 3.0, 5000.0)
    assert facts.hold(hold, 3.0, 5100.0)
    assert facts.hold(hold, None, 9000.0), "nobody has said that it is over"


def test_a_fact_that_nobody_ever_told_holds_nothing_up() -> None:
    told = Test("external.ups", Comparison.EQUAL, "low")
    facts, hold = Facts(), Hold(Group(Combination.ANY, (told, Test("queue.waiting", Comparison.AT_LEAST, 1.0))), 0.0)
    assert facts.hold(hold, 3.0, 0.0)
    assert not facts.hold(hold, 0.0, 1.0)


def test_a_maintenance_window_suppresses_and_the_count_begins_anew() -> None:
    quiet = Test("queue.waiting", Comparison.AT_LEAST, 1.0, for_seconds=60.0, is_suppressed_in_maintenance=True)
    facts, hold = Facts(), Hold(quiet, 0.0)
    facts.hold(hold, 3.0, 0.0)
    assert not facts.hold(hold, 3.0, 100.0, is_maintenance=True)
    facts.hold(hold, 3.0, 101.0)
    assert not facts.hold(hold, 3.0, 160.0)
    assert facts.hold(hold, 3.0, 161.0)


def test_a_short_restart_is_no_interruption_and_a_long_one_counts_nothing() -> None:
    for down, is_met in ((30.0, True), (BRIDGED_SECONDS + 10.0, False)):
        facts, hold = Facts(), Hold(FULL, 0.0)
        facts.hold(hold, 3.0, 0.0)
        kept = hold.to_plain(880.0)
        again = Hold(FULL, 880.0 + down)
        again.take_plain(kept, down, 880.0 + down)
        assert facts.hold(again, 3.0, 880.0 + down) is is_met
