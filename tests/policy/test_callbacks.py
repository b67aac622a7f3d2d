"""Call-backs: "reserve a seat, ring the caller, announce, connect; retry policy; at most so many lines; cancelled when the caller rings in
again or is already talking; result recorded; a shift leader can take, postpone, close"."""

from dataclasses import replace
from typing import Any

import pytest

from cti_daemon.model.call_events import CallerJoined
from cti_daemon.model.ids import CallToken, QueueName, Uniqueid
from cti_daemon.model.reasons import Result
from cti_daemon.model.register import RowState
from tests.policy.aftermath_site import Aftermath
from tests.sim.world import A, B

pytestmark = pytest.mark.slow  # minutes and hours of a site


def struck(callers: int = 2, **callback: Any) -> Aftermath:
    """Everybody was lost with the edge; it is back, and three seats of the primary are free."""
    site = Aftermath(callback={"lines": 10} | callback)
    site.calls(talking=min(callers, 3), waiting=max(callers - 3, 0))
    site.run(6.0)
    site.restart_edge()
    site.run(site.now + 2.0)
    return site


def results(site: Aftermath) -> dict[int, tuple[str, str]]:
    return {number: (row.state.value, row.result) for number, row in site.rows.items()}


def test_who_was_lost_is_rung_up_once_and_the_row_is_closed_when_a_seat_talks_to_him() -> None:
    site = struck()
    assert [order.note.row for order in site.rung] == [1, 2]
    assert len({order.token for order in site.rung}) == 2
    for n, order in enumerate(site.rung):
        assert (order.note.state, order.note.attempts) == (RowState.CALLING, 1)
        site.answer(order, A, f"seat{n + 1}")
    site.run(60.0)
    for order in site.rung:
        site.end_back(order)
    site.run(2000.0)
    assert len(site.rung) == 2
    assert results(site) == {1: ("closed", "reached, by seat1 on pbx-a"), 2: ("closed", "reached, by seat2 on pbx-a")}


def test_never_more_than_there_are_seats_or_lines() -> None:
    assert len(struck(callers=9).rung) == 3
    assert len(struck(callers=9, lines=2).rung) == 2
    assert len(struck(callers=9, spare_seats=1).rung) == 2
    assert struck(callers=9, spare_seats=3).rung == []


def test_a_seat_that_is_free_again_is_used_for_the_next_one() -> None:
    site = struck(callers=4)
    site.answer(site.rung[0], A, "seat1")
    site.run(site.now + 3.0)
    assert len(site.rung) == 4, "the first one is with his seat: he is on his way to none any more"


def test_nobody_is_rung_up_while_somebody_waits() -> None:
    site = Aftermath(callback={"lines": 10})
    site.calls(talking=2, waiting=0)
    site.run(6.0)
    site.feed(CallerJoined(A, QueueName("hotline"), Uniqueid("w"), CallToken("w"), 1))
    site.restart_edge()
    site.run(site.now + 20.0)
    assert (len(site.kept), site.rung) == (2, [])


def test_who_does_not_answer_is_tried_again_so_often_and_then_left_to_people() -> None:
    site = struck(callers=1, attempts=3, retry_seconds=100, ring_seconds=20)
    site.run(1000.0)
    assert [order.note.attempts for order in site.rung] == [1, 2, 3]
    assert results(site) == {1: ("open", "not reached")}
    assert site.ask("callback-list").data["callbacks"][0]["attempts"] == 3


def test_who_answers_and_hangs_up_before_a_seat_has_him_is_tried_again() -> None:
    site = struck(callers=1, retry_seconds=100)
    site.answer(site.rung[0], A)
    site.run(site.now + 3.0)
    site.end_back(site.rung[0])
    site.run(site.now + 3.0)
    assert results(site) == {1: ("open", "answered, and hung up before a seat had him")}
    site.run(site.now + 120.0)
    assert len(site.rung) == 2


def test_who_rings_in_again_is_not_called() -> None:
    """ "A caller who rings in again is not called"."""
    site = Aftermath(callback={"lines": 10})
    site.numbers = {CallToken("token-call-0"): "same", CallToken("token-again"): "same"}
    site.calls(talking=2, waiting=0)
    site.run(6.0)
    site.kill(A)
    site.kill(B)
    site.restart_edge(away_seconds=1.0)
    site.rung.clear()
    site.route_leg(Uniqueid("again"), A)
    site.run(site.now + 10.0)
    site.heal(A)
    site.run(site.now + 5.0)
    site.talk(Uniqueid("again"), "seat1")
    site.run(site.now + 2000.0)
    row = next(number for number, row in site.rows.items() if row.caller == "same")
    assert row not in {order.note.row for order in site.rung}
    assert results(site)[row] == ("closed", "rang in himself, served")


def test_who_rings_in_and_is_not_served_is_called_after_all() -> None:
    site = struck(callers=1, spare_seats=3)
    site.numbers = {CallToken("token-again"): site.rows[1].caller}
    site.route_leg(Uniqueid("again"), A)
    site.run(site.now + 3.0)
    assert results(site)[1] == ("rang_in", "is on the line himself")
    site.hang_up(Uniqueid("again"))
    site.run(site.now + 3.0)
    assert results(site)[1] == ("open", "rang in, was not served")


def test_an_edge_that_refuses_is_left_alone_for_a_minute_and_it_costs_no_attempt() -> None:
    """The right `originate` is missing: people are told, nobody is given up."""
    site = Aftermath(callback={"lines": 10})
    site.result = Result.FAILED
    site.calls(talking=2, waiting=0)
    site.run(6.0)
    site.restart_edge()
    site.run(site.now + 5.0)
    asked = len(site.rung)
    assert 0 < asked <= 3
    site.run(site.now + 40.0)
    assert len(site.rung) == asked
    assert any("the edge does not take them: as it is" in text for text in site.told("alarm"))
    site.result = Result.DONE
    site.run(site.now + 60.0)
    assert {order.note.attempts for order in site.rung} == {1}
    assert len(site.rung) > asked


def test_a_new_life_begins_no_call_twice() -> None:
    """A call-back is under way while the daemon is restarted: "doubles 0"."""
    site = struck(callers=1, ring_seconds=30)
    assert len(site.rung) == 1
    site.restart(None)
    site.recall()
    site.run(site.now + 8.0)
    site.answer(site.rung[0], A, "seat1")
    site.run(site.now + 300.0)
    assert len(site.rung) == 1
    assert results(site) == {1: ("closed", "reached, by seat1 on pbx-a")}


def test_without_callbacks_the_rows_wait_for_people() -> None:
    site = Aftermath()
    site.calls(talking=2, waiting=0)
    site.run(6.0)
    site.restart_edge()
    site.run(600.0)
    assert site.rung == []
    assert site.ask("callback-list").data["count"] == 2


def test_who_was_erased_is_not_called_and_not_opened_again() -> None:
    site = struck(callers=2, spare_seats=2)
    (order,) = site.rung
    for row in (1, 2):
        erased = replace(site.rows[row], state=RowState.CLOSED, result="erased", has_number=False, caller="")
        site.rows[row] = erased
        site.feed(erased)
    site.run(site.now + 300.0)
    assert (site.rung, results(site)) == ([order], {1: ("closed", "erased"), 2: ("closed", "erased")})


def test_what_came_of_it_is_counted() -> None:
    site = struck(callers=2)
    site.answer(site.rung[0], A, "seat1")
    site.run(site.now + 3.0)
    site.ask("callback-close", row=2, result="served")
    counted = {outcome: n for outcome, n in site.engine.view(site.now).counters["callbacks"].items() if n}
    assert counted == {("reached",): 1, ("closed_by_people",): 1}


@pytest.mark.parametrize("verb", ["callback-take", "callback-postpone", "callback-close"])
def test_a_row_that_is_not_to_be_called_is_told_so(verb: str) -> None:
    site = Aftermath()
    more: dict[str, Any] = {"callback-postpone": {"for": "1h"}, "callback-close": {"result": "served"}}.get(verb, {})
    assert (site.ask(verb, row=7, **more).code, "row 7 is not to be called back" in site.ask(verb, row=7, **more).message) == (
        "wrong_target",
        True,
    )


def test_people_take_postpone_and_close() -> None:
    site = struck(callers=3, spare_seats=3)
    assert site.ask("callback-take", row=1).code == "accepted"
    assert site.ask("callback-take", row=1).code == "conflict"
    assert site.ask("callback-postpone", row=2, **{"for": "1h"}).code == "accepted"
    assert site.ask("callback-close", row=3, result="not-wanted", text="told a colleague").code == "accepted"
    site.run(site.now + 5.0)
    assert results(site) == {1: ("taken", ""), 2: ("open", ""), 3: ("closed", "not-wanted: told a colleague")}
    assert [row["by"] for row in site.ask("callback-list").data["callbacks"]] == ["alice", "alice"]
    assert (site.notes[-1].by, site.rows[2].in_seconds) == ("alice", 3600.0)


def test_the_worklist_without_a_register_is_refused_with_words() -> None:
    assert Aftermath(has_register=False).ask("callback-list").message == "no register is kept: [register] is not configured"
