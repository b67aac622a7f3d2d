"""The seat's dialog hangs on the caller's leg as long as that seat talks to him, and no longer."""

from cti_daemon.engine import Engine
from cti_daemon.model.call_events import CallerJoined
from cti_daemon.model.effects import AttachDialog
from cti_daemon.model.events import LegRouted, SeatTalking
from cti_daemon.model.ids import CallToken, ChannelName, QueueName, SeatName, Uniqueid
from tests.sim.world import EDGE, A, B
from tests.state.listener import settings

TOKEN = CallToken("1" * 40)
LEG = ChannelName("PJSIP/carrier-1")


def dialogs(engine: Engine, *events: LegRouted | SeatTalking | CallerJoined) -> list[str]:
    """What is hung on the leg."""
    effects = [effect for at, event in enumerate(events, 1) for effect in engine.feed(event, float(at))]
    found = [effect for effect in effects if isinstance(effect, AttachDialog)]
    assert {effect.channel for effect in found} <= {LEG}
    return [effect.dialog for effect in found]


def test_who_is_given_to_a_queue_is_not_to_be_given_back_to_the_seat_that_did_so() -> None:
    """Seen by lab.drift: a caller waited in `support`, to which a desk had transferred him, when the server died; the rescue had the
    desk take him over. He also had the priority of one who talks."""
    engine = Engine(settings({"name": "hotline"}), None, b"k" * 32, 0.0)
    routed = LegRouted(EDGE, Uniqueid("edge-1"), LEG, TOKEN, A, 0)
    joined = CallerJoined(A, QueueName("hotline"), Uniqueid("a-1"), TOKEN, 1)
    talking = SeatTalking(A, TOKEN, SeatName("seat1"), "seat1!a;to-tag=b;from-tag=c")
    assert dialogs(engine, routed, joined) == []
    assert dialogs(engine, talking) == [talking.dialog]
    assert dialogs(engine, joined._replace(node=B)) == []  # another server's word about a caller who talks here: a ghost
    assert dialogs(engine, joined._replace(queue=QueueName("support"))) == [""]
    assert dialogs(engine, joined) == []
