"""The ground truth of a mixed run on hand-made logs: who was offered, how it ended, how long it took; across the death of a server."""

from collections.abc import Iterable

import pytest

from lab import queue_log, truth
from lab.queue_log import End
from lab.truth import Account, Caller, Death, Truth

FOUR_STAYS = """100|NONE|NONE|NONE|QUEUESTART|
101|a.1|hotline|NONE|ENTERQUEUE||5551|1
102|a.1|hotline|seat1|CONNECT|1|a.2|0
103|a.3|hotline|NONE|ENTERQUEUE||5552|1
104|a.3|hotline|seat2|RINGNOANSWER|1000
106|a.3|hotline|NONE|ABANDON|1|1|3
107|a.1|hotline|seat1|COMPLETECALLER|1|5|1
108|a.4|support|NONE|ENTERQUEUE||5553|1
128|a.4|support|NONE|EXITWITHTIMEOUT|1|1|20
129|a.5|support|NONE|ENTERQUEUE||5554|1
130|a.5|support|desk1|CONNECT|1|a.6|0
133|a.5|support|desk1|ATTENDEDTRANSFER|BRIDGE|0f-1e|1|3|1
"""
DEATH = Death("pbx-a", 200.5)


def account(logs: dict[str, str], deaths: Iterable[Death] = (), callers: dict[str, Caller] | None = None) -> Truth:
    rows = [row for node, text in logs.items() for row in queue_log.parse(text, node)]
    return truth.account(queue_log.read_stays(rows), deaths, callers or {})


def waits(account: Account) -> list[tuple[int, int]]:
    return [(wait.least, wait.most) for wait in [*account.answer_waits.values(), *account.abandon_waits.values()]]


def test_each_stay_is_offered_once_and_ends_once() -> None:
    found = account({"pbx-a": FOUR_STAYS})
    hotline, support = found.queues["hotline"], found.queues["support"]
    assert (hotline.offered, hotline.ends[End.ANSWERED], hotline.ends[End.ABANDONED]) == (2, 1, 1)
    assert (support.offered, support.ends[End.ANSWERED], support.ends[End.TIMEOUT]) == (2, 1, 1)
    assert waits(hotline) == [(1, 1), (3, 3)]
    assert hotline.talk_seconds == [5]
    assert support.talk_seconds == [3]
    assert found.riddles == []


def test_a_caller_given_back_to_his_own_queue_is_offered_again_whichever_line_comes_first() -> None:
    """The thread that logs the transfer may be later than the caller's next ENTERQUEUE."""
    log = (
        "1|a.1|hotline|NONE|ENTERQUEUE||5551|1\n2|a.1|hotline|seat1|CONNECT|1|a.2|0\n5|a.1|hotline|NONE|ENTERQUEUE||5551|1\n"
        "5|a.1|hotline|seat1|BLINDTRANSFER|8100|lab-desk|1|3|1\n9|a.1|hotline|seat2|CONNECT|4|a.3|0\n11|a.1|hotline|seat2|COMPLETEAGENT|4|2|1\n"
    )
    hotline = account({"pbx-a": log}).queues["hotline"]
    assert (hotline.offered, hotline.ends[End.ANSWERED], hotline.talk_seconds) == (2, 2, [3, 2])
    assert waits(hotline) == [(1, 1), (4, 4)]


def test_an_end_that_is_told_twice_is_one_end() -> None:
    """An attended transfer that falls together with a hang-up."""
    log = (
        "1|a.1|hotline|NONE|ENTERQUEUE||5551|1\n3|a.1|hotline|seat1|CONNECT|2|a.2|0\n"
        "9|a.1|hotline|seat1|ATTENDEDTRANSFER|BRIDGE|0f-1e|2|6|1\n9|a.1|hotline|seat1|COMPLETECALLER|2|6|1\n"
    )
    hotline = account({"pbx-a": log}).queues["hotline"]
    assert (hotline.offered, hotline.talk_seconds) == (1, [6])
    with pytest.raises(ValueError, match="was not answered"):
        account({"pbx-a": "9|a.1|hotline|seat1|COMPLETECALLER|2|6|1\n"})


def test_a_log_that_says_two_waits_allows_both() -> None:
    log = "1|a.1|hotline|NONE|ENTERQUEUE||5551|1\n3|a.1|hotline|seat1|CONNECT|2|a.2|0\n9|a.1|hotline|seat1|COMPLETEAGENT|1|6|1\n"
    assert waits(account({"pbx-a": log}).queues["hotline"]) == [(1, 2)]


def test_who_waited_when_his_server_died_is_offered_once_and_keeps_his_wait() -> None:
    a = "190|a.1|hotline|NONE|ENTERQUEUE||5551|1\n"
    b = "202|b.1|hotline|NONE|ENTERQUEUE||5551|1\n205|b.1|hotline|seat1|CONNECT|3|b.2|0\n209|b.1|hotline|seat1|COMPLETEAGENT|3|4|1\n"
    hotline = account({"pbx-a": a, "pbx-b": b}, [DEATH]).queues["hotline"]
    assert (hotline.offered, hotline.ends[End.ANSWERED], hotline.rescued) == (1, 1, 1)
    assert waits(hotline) == [(14, 16)]


def test_who_talked_when_his_server_died_and_had_to_queue_is_not_counted_a_second_time() -> None:
    a = "190|a.1|hotline|NONE|ENTERQUEUE||5551|1\n191|a.1|hotline|seat9|CONNECT|1|a.2|0\n"
    b = "202|b.1|hotline|NONE|ENTERQUEUE||5551|1\n205|b.1|hotline|NONE|ABANDON|1|1|3\n"
    hotline = account({"pbx-a": a, "pbx-b": b}, [DEATH]).queues["hotline"]
    assert (hotline.offered, hotline.ends[End.ANSWERED], hotline.ends[End.ABANDONED], hotline.rescued) == (1, 1, 0, 1)
    assert waits(hotline) == [(1, 1)]


def test_who_went_on_talking_with_his_agent_and_is_transferred_later_is_a_new_caller_of_that_queue() -> None:
    a = "190|a.1|hotline|NONE|ENTERQUEUE||5551|1\n191|a.1|hotline|seat9|CONNECT|1|a.2|0\n"
    b = "220|b.1|hotline|NONE|ENTERQUEUE||5551|1\n225|b.1|hotline|NONE|ABANDON|1|1|5\n"
    back = {"5551": Caller(over_wall=225.2, back_with_seat_wall=201.0)}
    hotline = account({"pbx-a": a, "pbx-b": b}, [DEATH], back).queues["hotline"]
    assert (hotline.offered, hotline.ends[End.ANSWERED], hotline.ends[End.ABANDONED], hotline.rescued) == (2, 1, 1, 0)


def test_another_queue_takes_a_rescued_caller_over() -> None:
    a = "190|a.1|support|NONE|ENTERQUEUE||5551|1\n"
    b = "202|b.1|hotline|NONE|ENTERQUEUE||5551|1\n205|b.1|hotline|NONE|ABANDON|1|1|3\n"
    queues = account({"pbx-a": a, "pbx-b": b}, [DEATH]).queues
    assert (queues["support"].offered, queues["support"].ends[End.OVERFLOWED], queues["support"].rescued) == (1, 1, 1)
    assert (queues["hotline"].offered, queues["hotline"].ends[End.ABANDONED]) == (1, 1)


def test_who_hung_up_on_the_way_has_abandoned_when_the_carrier_says() -> None:
    a = "190|a.1|hotline|NONE|ENTERQUEUE||5551|1\n"
    gone = {"5551": Caller(over_wall=201.7)}
    hotline = account({"pbx-a": a}, [DEATH], gone).queues["hotline"]
    assert hotline.ends[End.ABANDONED] == 1
    assert waits(hotline) == [(10, 12)]  # joined between 190.0 and 191.0: between 10.7 and 11.7 seconds, and something may be late


def test_who_waited_and_was_given_to_a_seat_past_the_queues_was_answered() -> None:
    """The seat's answer died with the server, before the log had it; the seat takes him over. What he wants later is a new matter."""
    a = "190|a.1|hotline|NONE|ENTERQUEUE||5551|1\n"
    b = "220|b.1|support|NONE|ENTERQUEUE||5551|1\n225|b.1|support|NONE|ABANDON|1|1|5\n"
    back = {"5551": Caller(over_wall=225.2, back_with_seat_wall=201.7)}
    for logs in ({"pbx-a": a}, {"pbx-a": a, "pbx-b": b}):
        hotline = account(logs, [DEATH], back).queues["hotline"]
        assert (hotline.offered, hotline.ends[End.ANSWERED], hotline.ends[End.OVERFLOWED], hotline.rescued) == (1, 1, 0, 0)
        assert waits(hotline) == [(10, 12)]
    support = account({"pbx-a": a, "pbx-b": b}, [DEATH], back).queues["support"]
    assert (support.offered, support.ends[End.ABANDONED]) == (1, 1)


def test_an_old_invite_that_a_server_takes_after_its_return_is_no_caller() -> None:
    a = "210|a.1|hotline|NONE|ENTERQUEUE||5551|1\n210|a.1|hotline|NONE|ABANDON|1|1|0\n"
    b = "202|b.1|hotline|NONE|ENTERQUEUE||5551|1\n205|b.1|hotline|seat1|CONNECT|3|b.2|0\n209|b.1|hotline|seat1|COMPLETEAGENT|3|4|1\n"
    found = account({"pbx-a": a, "pbx-b": b}, [DEATH], {"5551": Caller(over_wall=209.0)})
    assert found.ghosts == ["5551@pbx-a"]
    assert (found.queues["hotline"].offered, found.queues["hotline"].ends[End.ABANDONED]) == (1, 0)


def test_what_the_logs_do_not_explain_is_said() -> None:
    log = "190|a.1|hotline|NONE|ENTERQUEUE||5551|1\n"
    assert "its server lives" in account({"pbx-a": log}).riddles[0]
    assert "was not seen again" in account({"pbx-a": log}, [DEATH]).riddles[0]
    with pytest.raises(ValueError, match="SYSCOMPAT is not understood"):
        account({"pbx-a": log + "191|a.1|hotline|NONE|SYSCOMPAT|\n"})
