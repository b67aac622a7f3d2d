"""What a media server's own lists say of its calls."""

from lab.picture import NodePicture, facts

NOBODY = NodePicture(frozenset(), frozenset(), frozenset(), frozenset(), frozenset())


def test_two_who_are_parked_are_not_connected() -> None:
    """Seen by lab.drift: a parking lot is one bridge, so two parked callers look like two who talk."""
    talk = frozenset({("PJSIP/edge-1", "one", "talk", "Up"), ("PJSIP/seat1-1", "one", "talk", "Up")})
    lot = frozenset({("PJSIP/edge-2", "two", "lot", "Up"), ("PJSIP/edge-3", "three", "lot", "Up")})
    parked = frozenset({"PJSIP/edge-2", "PJSIP/edge-3"})
    found = facts(NodePicture(frozenset(), frozenset(), frozenset(), talk | lot, parked))
    assert [found["calls", kind].value for kind in ("all", "connected", "parked")] == [3, 1, 2]
    assert [fact.value for fact in facts(NOBODY).values()] == [0, 0, 0]


def test_two_seats_who_go_on_when_their_caller_has_hung_up_are_connected() -> None:
    """Seen by lab.drift: a seat asked a colleague, and the caller left; for a second and more the daemon had one connected call more
    than the judge, which looked at callers alone."""
    asking = frozenset({("Local/1@desk-0;1", "one", "ask", "Up"), ("PJSIP/seat1-1", "one", "ask", "Up")})
    caller = frozenset({("PJSIP/edge-1", "one", "talk", "Up")})
    alone = facts(NodePicture(frozenset(), frozenset(), frozenset(), asking, frozenset()))
    on_hold = facts(NodePicture(frozenset(), frozenset(), frozenset(), asking | caller, frozenset()))
    assert [found["calls", "connected"].value for found in (alone, on_hold)] == [1, 0]
