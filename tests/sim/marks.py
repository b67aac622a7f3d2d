"""Names of the points at which the daemon may be killed: before and after all that it hears and all that it does. Beats of the
heart, ticks and words to people are not among them: nothing of them can be half done."""

from cti_daemon.model.call_events import ChannelBridged, ChannelEnded, ChannelsListed
from cti_daemon.model.effects import (
    AskEdge,
    AttachDialog,
    Effect,
    HangUp,
    ListEdge,
    ListNode,
    ProbeNode,
    Record,
    Report,
    RescueLeg,
    SampleAudio,
    SetDrill,
    SetRoute,
    SetVia,
)
from cti_daemon.model.events import (
    AudioSampled,
    EdgeListed,
    EdgeSaw,
    Event,
    LegRouted,
    LinkAlive,
    LinkLost,
    LinkUp,
    Outcome,
    SeatTalking,
    SipAlive,
    SipRefused,
    Tick,
)

_NO_POINTS = frozenset({LinkAlive, SipAlive, Tick, ProbeNode, Report})


def name(what: Event | Effect) -> str | None:  # noqa: C901, PLR0911, PLR0912 - one case for each kind, nothing else
    """None: not a point."""
    if type(what) in _NO_POINTS:
        return None
    match what:
        case Record(kind="failover_intent" | "route", data=data):
            return f"journal {what.kind} {data['reason']}"
        case Record(kind=kind):
            return f"journal {kind}"
        case SetRoute(route=route):
            return f"route to {route[0]}"
        case SetVia(node=node):
            return f"path for {node}"
        case SetDrill(route=route):
            return f"test calls to {route}"
        case RescueLeg(uniqueid=uniqueid):
            return f"redirect of {uniqueid}"
        case AttachDialog():
            return "dialog"
        case HangUp(channel=channel):
            return f"hang-up of {channel}"
        case AskEdge(node=node):
            return f"question about {node}"
        case SampleAudio(node=node):
            return f"question for audio of {node}"
        case ListEdge() | ListNode():
            return "wish for a picture"
        case Outcome(result=result):
            return f"outcome {result.value}"
        case EdgeListed():
            return "picture of the edge"
        case ChannelsListed(node=node):
            return f"picture of {node}"
        case EdgeSaw(node=node, heard=heard):
            return f"edge's word: {node} {'heard' if heard else 'silent'}"
        case AudioSampled(node=node):
            return f"word about audio of {node}"
        case LinkLost(node=node, how=how):
            return f"link to {node} {how.value}"
        case LinkUp(node=node):
            return f"link to {node} up"
        case SipRefused(node=node):
            return f"SIP refused by {node}"
        case LegRouted(uniqueid=uniqueid, node=node):
            return f"{uniqueid} goes to {node}"
        case ChannelBridged(uniqueid=uniqueid):
            return f"{uniqueid} bridged"
        case SeatTalking():
            return "seat talks"
        case ChannelEnded(uniqueid=uniqueid):
            return f"{uniqueid} ended"
        case _:
            return None
