"""Callers' stays where two nodes and the edge have something to say. Each was seen on real Asterisks."""

from collections import Counter

import pytest

from cti_daemon.model.call_events import (
    UP,
    CallerDone,
    CallerJoined,
    CallerLeft,
    CallerServed,
    CallerUnserved,
    ChannelBridged,
    ChannelEnded,
    ChannelSeen,
    ChannelsListed,
    QueueCounted,
    StreamBegan,
)
from cti_daemon.model.events import EdgeListed, LegRouted, LegSeen, LinkLost, LinkUp, QueuesListed, SeatTalking
from cti_daemon.model.ids import CallToken, ChannelName, NodeName, QueueName, SeatName, Uniqueid
from cti_daemon.model.reasons import LegState, Loss
from cti_daemon.state.site import Site
from cti_daemon.state.tally import QueueOutcome
from tests.state.centre import EDGE, HOTLINE, PATH, SEAT, A, B
from tests.state.listener import settings

SUPPORT = QueueName("support")
TOKEN = CallToken("1" * 40)
LEG, ON_A, ON_B, SEATS = Uniqueid("edge-1"), Uniqueid("a-1"), Uniqueid("b-1"), Uniqueid("a-2")


@pytest.fixture
def site() -> Site:
    made = Site(settings({"name": "hotline"}, {"name": "support"}), 0.0)
    for node in (EDGE, A, B):
        made.witness(LinkUp(node, PATH), 0.0)
    for node in (A, B):
        listed(made, node, 0.0)
    return made


def listed(site: Site, node: NodeName, at: float, *rows: ChannelSeen, completed: int = 0, abandoned: int = 0) -> int:
    """How many corrections a list makes."""
    site.list_channels(ChannelsListed(node, rows, life="1"), at)
    return len(site.list_queues(QueuesListed(node, (), (), (QueueCounted(HOTLINE, completed, abandoned),)), at))


def restarted(site: Site, node: NodeName, at: float) -> None:
    """The first lists of a process that knows nothing of the one before."""
    site.list_channels(ChannelsListed(node, (), life="2"), at)
    site.list_queues(QueuesListed(node, (), (), (QueueCounted(HOTLINE, 0, 0),)), at)


def route(site: Site, node: NodeName, at: float) -> None:
    site.route(LegRouted(EDGE, LEG, ChannelName("x"), TOKEN, node, 0), at)


def join(site: Site, node: NodeName, at: float, queue: QueueName = HOTLINE) -> None:
    site.queues.join(CallerJoined(node, queue, ON_A if node is A else ON_B, TOKEN, 1), at)


def leave(site: Site, node: NodeName, at: float, *, abandoned: bool, waited: int | None = None) -> None:
    uniqueid = ON_A if node is A else ON_B
    site.queues.leave(CallerLeft(node, HOTLINE, uniqueid, TOKEN, abandoned=abandoned, waited_seconds=waited), at)


def hang_up(site: Site, at: float) -> None:
    site.end(ChannelEnded(EDGE, LEG, TOKEN, 16), at)


def served(site: Site, at: float) -> None:
    route(site, A, at)
    join(site, A, at)
    leave(site, A, at + 1, abandoned=False)
    site.queues.serve(CallerServed(A, HOTLINE, ON_A, TOKEN, SEAT, 1, SEATS), at + 1)


def counted(site: Site, queue: QueueName = HOTLINE) -> dict[str, int]:
    tally = site.queues.tally_of(queue)
    return dict(+Counter({"offered": tally.offered, **{o.value: n for o, n in tally.outcomes.items()}}))


def test_who_is_moved_by_the_edge_has_not_abandoned(site: Site) -> None:
    """A command moves who waits: the node left says QueueCallerAbandon, as for one who hangs up."""
    route(site, A, 0)
    join(site, A, 0)
    leg = site.legs.of_token(TOKEN)
    assert leg is not None
    leg.redirected_at = 4.0
    leave(site, A, 4, abandoned=True, waited=4)
    assert counted(site) == {"offered": 1}
    route(site, B, 5)
    join(site, B, 5)
    assert counted(site) == {"offered": 1, "rescued": 1}
    leave(site, B, 8, abandoned=True, waited=3)
    site.end(ChannelEnded(B, ON_B, TOKEN, 16), 8)
    assert counted(site) == {"offered": 1, "rescued": 1, "abandoned": 1}
    assert site.queues.tally_of(HOTLINE).abandon.sum_seconds == 8


def test_who_hangs_up_on_the_way_has_abandoned(site: Site) -> None:
    route(site, A, 0)
    join(site, A, 0)
    site.witness(LinkLost(A, PATH, Loss.REFUSED), 3)
    hang_up(site, 9)
    assert counted(site) == {"offered": 1}  # may have come to another server, which is late to tell
    site.queues.callers.sweep(15)
    assert counted(site) == {"offered": 1, "abandoned": 1}
    assert site.queues.tally_of(HOTLINE).abandon.sum_seconds == 9


def test_who_hangs_up_when_his_node_has_just_died_unnoticed_has_abandoned_then(site: Site) -> None:
    """Seen by lab.drift: SIGKILL at .572, the edge tells of the hang-up at .596, the links end at .607 and .610. The caller was
    held as waiting until the server came back half a minute later."""
    route(site, A, 0)
    join(site, A, 0)
    hang_up(site, 12.4)
    site.witness(LinkLost(A, PATH, Loss.CLOSED), 12.41)
    listed(site, B, 20)
    assert counted(site) == {"offered": 1, "abandoned": 1}
    assert site.queues.tally_of(HOTLINE).abandon.sum_seconds == 12


def test_a_node_that_is_back_before_that_was_counted_changes_nothing_of_it(site: Site) -> None:
    route(site, A, 0)
    join(site, A, 0)
    site.witness(LinkLost(A, PATH, Loss.CLOSED), 3)
    hang_up(site, 4)
    site.witness(LinkUp(A, PATH), 6)
    site.begin(StreamBegan(A), 6)
    restarted(site, A, 6)
    listed(site, B, 15)
    assert counted(site) == {"offered": 1, "short_abandoned": 1}
    assert site.queues.tally_of(HOTLINE).abandon.sum_seconds == 4


def test_who_hangs_up_and_has_come_to_another_queue_by_then_is_one_caller(site: Site) -> None:
    """On a busy machine the standby works off an INVITE whose caller has just gone; its queue_log has him join and abandon."""
    route(site, A, 0)
    join(site, A, 0)
    site.witness(LinkLost(A, PATH, Loss.REFUSED), 3)
    route(site, B, 4)
    hang_up(site, 5)
    join(site, B, 5.5, SUPPORT)
    site.queues.leave(CallerLeft(B, SUPPORT, ON_B, TOKEN, abandoned=True, waited_seconds=0), 5.6)
    site.end(ChannelEnded(B, ON_B, TOKEN, 16), 5.6)
    site.queues.callers.sweep(30)
    assert counted(site) == {"offered": 1, "rescued": 1, "overflowed": 1}
    assert counted(site, SUPPORT) == {"offered": 1, "short_abandoned": 1}


def test_a_queue_that_takes_a_caller_over_counts_his_wait_from_then(site: Site) -> None:
    """Seen by lab.drift: transferred to hotline, waiting there when its server died; his number leads to support."""
    route(site, A, 0)
    join(site, A, 0)
    site.witness(LinkLost(A, PATH, Loss.REFUSED), 3)
    route(site, B, 3.1)
    join(site, B, 4, SUPPORT)
    site.queues.leave(CallerLeft(B, SUPPORT, ON_B, TOKEN, abandoned=False), 6)
    site.queues.serve(CallerServed(B, SUPPORT, ON_B, TOKEN, SEAT, 2), 6)
    assert counted(site) == {"offered": 1, "rescued": 1, "overflowed": 1}
    assert counted(site, SUPPORT) == {"offered": 1, "answered": 1}
    assert site.queues.tally_of(SUPPORT).answer.sum_seconds == 2


@pytest.mark.parametrize("back_at", [6, 90])
def test_who_hangs_up_in_a_gap_is_counted_once(site: Site, back_at: float) -> None:
    """His node lives and has counted him as well: whether its lists or our patience come first."""
    route(site, A, 0)
    join(site, A, 0)
    site.witness(LinkLost(A, PATH, Loss.CLOSED), 3)
    hang_up(site, 5)
    listed(site, B, back_at)
    site.witness(LinkUp(A, PATH), back_at)
    site.begin(StreamBegan(A), back_at)
    assert listed(site, A, back_at, abandoned=1) == (back_at == 6)
    assert listed(site, A, back_at + 10, abandoned=1) == 0
    site.queues.callers.sweep(back_at + 20)
    outcomes = counted(site)
    assert outcomes.pop("offered") == 1
    assert sum(outcomes.values()) == 1


def test_whose_conversation_ends_in_a_gap_is_counted_once(site: Site) -> None:
    served(site, 0)
    site.witness(LinkLost(A, PATH, Loss.CLOSED), 3)
    hang_up(site, 5)
    listed(site, B, 20)
    site.witness(LinkUp(A, PATH), 30)
    site.begin(StreamBegan(A), 30)
    assert [listed(site, A, at, completed=1) for at in (30, 40)] == [0, 0]
    assert counted(site) == {"offered": 1, "answered": 1}
    assert site.queues.tally_of(HOTLINE).talk.sum_seconds == 4


def test_who_was_about_to_be_served_when_his_node_died_still_waits(site: Site) -> None:
    """QueueCallerLeave came, AgentConnect did not: that is no time-out, however long he is on his way."""
    route(site, A, 0)
    join(site, A, 0)
    leave(site, A, 10, abandoned=False)
    site.witness(LinkLost(A, PATH, Loss.REFUSED), 10)
    listed(site, B, 20)
    route(site, B, 21)
    join(site, B, 21)
    assert counted(site) == {"offered": 1, "rescued": 1}


def test_who_waited_and_is_given_to_a_seat_past_the_queues_was_answered(site: Site) -> None:
    """His seat had answered, its server died before it could tell, and the seat took him over."""
    route(site, A, 0)
    join(site, A, 0)
    leave(site, A, 7, abandoned=False)
    site.witness(LinkLost(A, PATH, Loss.REFUSED), 7)
    route(site, B, 8)
    site.talk(SeatTalking(B, TOKEN, SEAT, "d"), 8.5)
    assert counted(site) == {"offered": 1, "answered": 1}
    assert site.queues.tally_of(HOTLINE).answer.sum_seconds == 8
    hang_up(site, 20)
    listed(site, B, 30)
    assert counted(site) == {"offered": 1, "answered": 1}
    assert site.queues.tally_of(HOTLINE).talk.sum_seconds == 11


def test_the_seat_of_a_queue_he_has_come_to_is_no_other_way_to_be_answered(site: Site) -> None:
    """The join is doubted as long as the edge has not said that it sent him there; the seat may be quicker."""
    route(site, A, 0)
    join(site, A, 0)
    site.witness(LinkLost(A, PATH, Loss.REFUSED), 7)
    join(site, B, 8)
    site.talk(SeatTalking(B, TOKEN, SEAT, "d"), 8.5)
    route(site, B, 8.6)
    assert counted(site) == {"offered": 1, "rescued": 1}


def test_a_seat_that_gave_its_caller_to_a_queue_does_not_talk_to_him(site: Site) -> None:
    """Seen by lab.drift: transferred to `support`, he waited there when the server died, and the rescue gave him back to that seat."""
    served(site, 0)
    site.talk(SeatTalking(A, TOKEN, SEAT, "d"), 1)
    leg = site.legs.of_token(TOKEN)
    assert leg is not None
    assert [leg.state for leg in site.legs] == [LegState.TALKING]
    site.bridge(ChannelBridged(EDGE, LEG, TOKEN), 1)
    assert site.join(CallerJoined(A, SUPPORT, ON_A, TOKEN, 1), 6) is leg
    assert (leg.state, leg.seat, leg.dialog, leg.may_be_talking) == (LegState.WAITING, None, "", False)
    site.list_edge(EdgeListed(EDGE, (LegSeen(LEG, ChannelName("x"), TOKEN, A, 0, bridged=True, dialog="d"),), (A,), 0), 6.1)
    assert [leg.state for leg in site.legs] == [LegState.WAITING]  # the list is older than our word to the edge
    assert site.join(CallerJoined(A, SUPPORT, ON_A, TOKEN, 1), 7) is None


def test_who_was_given_back_to_his_agent_and_is_transferred_then_makes_a_new_wish(site: Site) -> None:
    served(site, 0)
    route(site, B, 10)
    site.talk(SeatTalking(B, TOKEN, SEAT, "d"), 11)
    join(site, B, 20, SUPPORT)
    assert counted(site) == {"offered": 1, "answered": 1}
    assert counted(site, SUPPORT) == {"offered": 1}
    assert site.queues.tally_of(HOTLINE).talk.sum_seconds == 19  # from the answer until he was given away


def test_the_restart_of_the_node_he_was_on_is_nothing_to_one_who_goes_on_talking_elsewhere(site: Site) -> None:
    """Seen by lab.drift: killed, given back to his desk, the server is up again, and then the desk transfers him to a queue."""
    served(site, 0)
    site.witness(LinkLost(A, PATH, Loss.REFUSED), 2)
    route(site, B, 2.3)
    site.talk(SeatTalking(B, TOKEN, SEAT, "d"), 3.1)
    site.witness(LinkUp(A, PATH), 5.3)
    restarted(site, A, 5.4)
    site.join(CallerJoined(B, SUPPORT, ON_B, TOKEN, 1), 6)
    assert counted(site) == {"offered": 1, "answered": 1}
    assert counted(site, SUPPORT) == {"offered": 1}


def test_a_ghost_ends_without_a_trace_when_its_server_starts_once_more(site: Site) -> None:
    route(site, B, 1)
    join(site, A, 20)
    restarted(site, A, 30)
    listed(site, B, 40)
    assert counted(site) == {}


def test_a_returned_nodes_word_about_a_conversation_that_goes_on_elsewhere_is_nothing(site: Site) -> None:
    served(site, 0)
    route(site, B, 10)
    site.talk(SeatTalking(B, TOKEN, SEAT, "d"), 11)
    site.queues.finish(CallerDone(A, HOTLINE, ON_A, TOKEN, SEAT, 15, "caller"), 16)
    assert sum(site.queues.tally_of(HOTLINE).talk.counts) == 0
    site.end(ChannelEnded(EDGE, LEG, TOKEN, 16), 61)
    assert site.queues.tally_of(HOTLINE).talk.sum_seconds == 60


def test_a_ghost_is_not_offered(site: Site) -> None:
    """An INVITE that could not be cancelled reaches a node that is back, while its caller has long been with another one."""
    route(site, A, 0)
    route(site, B, 1)
    join(site, B, 1)
    join(site, A, 20)
    assert counted(site) == {"offered": 1}
    leave(site, A, 20, abandoned=True, waited=0)
    site.end(ChannelEnded(A, ON_A, TOKEN, 16), 20)
    assert counted(site) == {"offered": 1}
    assert len(site.queues.waiting(HOTLINE)) == 1


def test_a_join_that_is_heard_before_the_edges_word_is_no_ghost(site: Site) -> None:
    """Events of two nodes arrive in no order."""
    route(site, A, 0)
    join(site, B, 1)
    assert counted(site) == {}
    route(site, B, 1.1)
    assert counted(site) == {"offered": 1}
    assert [stay.node for stay in site.queues.waiting(HOTLINE)] == [B]


def test_a_parked_caller_is_no_correction(site: Site) -> None:
    """app_queue counts a conversation as completed when the seat has hung up, and tells of it when the caller does."""
    served(site, 0)
    site.end(ChannelEnded(A, SEATS, TOKEN, 16), 5)
    parked = ChannelSeen(ON_A, ON_A, ChannelName("x"), TOKEN, UP, "lot", SeatName("edge"), HOTLINE)
    assert [listed(site, A, at, parked, completed=1) for at in (10, 20, 30)] == [0, 0, 0]
    site.queues.begin(A)
    assert listed(site, A, 40, parked, completed=1) == 0
    site.queues.finish(CallerDone(A, HOTLINE, ON_A, TOKEN, SEAT, 44, "caller"), 45)
    assert [listed(site, A, at, completed=1) for at in (50, 60, 70)] == [0, 0, 0]
    assert counted(site) == {"offered": 1, "answered": 1}
    assert site.queues.tally_of(HOTLINE).talk.sum_seconds == 44


def test_who_is_parked_in_a_gap_is_neither_lost_nor_counted_twice(site: Site) -> None:
    served(site, 0)
    site.begin(StreamBegan(A), 8)
    parked = ChannelSeen(ON_A, ON_A, ChannelName("x"), TOKEN, UP, "lot", SeatName("edge"), HOTLINE)
    assert listed(site, A, 8, parked, completed=1) == 0
    assert site.queues.callers.of_token(TOKEN) is not None
    assert counted(site) == {"offered": 1, "answered": 1}


def test_who_was_answered_in_a_gap_and_is_parked_then_is_no_correction(site: Site) -> None:
    """Seen by lab.drift: a list shows caller and seat, so it must also tell which channel is the seat's."""
    talking = ChannelSeen(ON_A, ON_A, ChannelName("x"), TOKEN, UP, "talk", SeatName("edge"), HOTLINE)
    agent = talking._replace(uniqueid=SEATS, endpoint=SEAT, queue=None, is_agent=True)
    site.begin(StreamBegan(A), 8)
    assert listed(site, A, 8, talking, agent) == 1
    assert counted(site) == {"offered": 1, "answered": 1}
    site.end(ChannelEnded(A, SEATS, TOKEN, 16), 12)
    parked = talking._replace(bridge="lot")
    assert [listed(site, A, at, parked, completed=1) for at in (18, 28, 38)] == [0, 0, 0]
    site.queues.finish(CallerDone(A, HOTLINE, ON_A, TOKEN, SEAT, 40, "caller"), 42)
    assert [listed(site, A, at, completed=1) for at in (48, 58)] == [0, 0]
    assert counted(site) == {"offered": 1, "answered": 1}


@pytest.mark.parametrize(
    ("status", "outcome"), [("TIMEOUT", "timeout"), ("LEAVEEMPTY", "overflowed"), ("CONTINUE", "overflowed"), ("FULL", "overflowed")]
)
def test_who_is_given_back_by_the_queue(site: Site, status: str, outcome: str) -> None:
    if status != "FULL":  # who finds it full never joins
        join(site, A, 0)
        leave(site, A, 20, abandoned=True, waited=20)  # app_queue says so, and counts so, for every caller it gives back
        leave(site, A, 20, abandoned=False)
    site.queues.give_back(CallerUnserved(A, HOTLINE, ON_A, TOKEN, status), 20)
    site.end(ChannelEnded(A, ON_A, TOKEN, 16), 21)
    assert counted(site) == {"offered": 1, outcome: 1}


def test_a_dialplan_that_says_nothing_is_understood_all_the_same(site: Site) -> None:
    """A new queue on the same channel, or no Hangup for seconds: the caller did not hang up when he was called lost."""
    join(site, A, 0)
    leave(site, A, 20, abandoned=True, waited=20)
    leave(site, A, 20, abandoned=False)
    join(site, A, 20, SUPPORT)
    assert counted(site) == {"offered": 1, "timeout": 1}
    leave(site, A, 30, abandoned=False)
    site.queues.leave(CallerLeft(A, SUPPORT, ON_A, TOKEN, abandoned=True, waited_seconds=10), 30)
    site.queues.callers.sweep(36)
    assert counted(site, SUPPORT) == {"offered": 1, "timeout": 1}


def test_a_difference_counts_when_two_lists_show_it(site: Site) -> None:
    """An event that could not be proved was dropped: nobody hears of it again, and the node's counters still tell."""
    assert listed(site, A, 10, completed=2) == 0
    assert listed(site, A, 20, completed=2) == 1
    assert listed(site, A, 30, completed=2) == 0
    assert counted(site) == {"offered": 2, "answered": 2}
    assert site.queues.tally_of(HOTLINE).unseen[QueueOutcome.ANSWERED] == 2


def test_two_lists_in_one_moment_are_one(site: Site) -> None:
    """Seen by lab.drift: both sessions were thrown out, and two lists 28 ms apart showed a conversation as completed whose
    AgentComplete came 75 ms later. It was counted twice."""
    join(site, A, 0)
    leave(site, A, 1, abandoned=False)
    site.queues.serve(CallerServed(A, HOTLINE, ON_A, TOKEN, SEAT, 1, SEATS), 1)
    talking = ChannelSeen(ON_A, ON_A, ChannelName("x"), TOKEN, UP, "talk", SeatName("edge"), HOTLINE)
    agent = talking._replace(uniqueid=SEATS, endpoint=SEAT, queue=None, is_agent=True)
    assert [listed(site, A, at, talking, agent, completed=1) for at in (20.630, 20.658)] == [0, 0]
    site.queues.finish(CallerDone(A, HOTLINE, ON_A, TOKEN, SEAT, 19, "caller"), 20.735)
    assert [listed(site, A, at, completed=1) for at in (30, 40)] == [0, 0]
    assert counted(site) == {"offered": 1, "answered": 1}


def test_statistics_set_back_by_hand_count_nothing(site: Site) -> None:
    listed(site, A, 10, completed=5)
    listed(site, A, 20, completed=5)
    before = counted(site)
    for at in (30, 40, 50):
        assert listed(site, A, at, completed=0) == 0
    assert counted(site) == before


def test_on_a_busy_node_a_number_alone_is_no_difference(site: Site) -> None:
    """The node counts first and tells then: in each list another conversation may be on its way."""
    for round_ in range(1, 7):
        assert listed(site, A, 10 * round_, completed=round_) == 0
        site.queues.finish(CallerDone(A, HOTLINE, ON_A, None, SEAT, 5, "caller"), 10 * round_ + 1)
    assert listed(site, A, 70, completed=6) == 0
    assert counted(site) == {}


def test_an_old_invite_that_is_taken_when_its_caller_is_long_gone_is_nobody(site: Site) -> None:
    """Seen half a minute after a kill: the server that came back had the caller join, ring a seat and abandon."""
    served(site, 0)
    site.queues.callers.end_leg(TOKEN, 10, A)
    site.queues.finish(CallerDone(A, HOTLINE, ON_A, TOKEN, SEAT, 9, "caller"), 10)
    join(site, B, 41)
    leave(site, B, 41, abandoned=True, waited=0)
    site.end(ChannelEnded(B, ON_B, TOKEN, 0), 41)
    assert counted(site) == {"offered": 1, "answered": 1}


def test_an_old_invite_of_a_caller_who_has_just_hung_up_on_another_server_is_nobody(site: Site) -> None:
    """Seen by lab.drift: served by the standby, he hung up 1.5 s before the restarted server took the INVITE of before its death."""
    route(site, A, 0)
    route(site, B, 0.2)
    join(site, B, 0.3)
    hang_up(site, 6)
    leave(site, B, 6, abandoned=True, waited=6)
    site.end(ChannelEnded(B, ON_B, TOKEN, 16), 6)
    before = counted(site)
    join(site, A, 7.5)
    leave(site, A, 7.5, abandoned=True, waited=0)
    site.end(ChannelEnded(A, ON_A, TOKEN, 0), 7.5)
    assert counted(site) == before == {"offered": 1, "abandoned": 1}


def test_a_join_that_is_told_after_the_callers_hang_up_is_a_caller(site: Site) -> None:
    site.queues.callers.end_leg(TOKEN, 10, A)
    join(site, A, 11)
    assert counted(site) == {"offered": 1}
