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
