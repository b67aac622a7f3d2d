"""Effects that reach an Asterisk, as actions; replies, as outcomes. Hundreds of them leave in one write: sent in slices, the last
redirects would wait behind the calls that the first ones set up (tried: 0.3–1 s instead of 0.05–0.2 s on a busy edge)."""

import asyncio
from collections.abc import Mapping, Sequence

from cti_daemon.model.drills import CallSeat
from cti_daemon.model.effects import (
    AttachDialog,
    HangUp,
    MemberChange,
    RaiseCaller,
    RescueLeg,
    SetDrill,
    SetMember,
    SetRoute,
    SetSwitch,
    SetVia,
)
from cti_daemon.model.events import Outcome
from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Result
from cti_daemon.model.settings import Settings
from cti_daemon.shell.ami.node_links import NodeLinks
from cti_daemon.wire.ami_message import Reply

Deed = SetRoute | SetVia | SetDrill | SetSwitch | RaiseCaller | RescueLeg | AttachDialog | HangUp | SetMember | CallSeat
NO = "0"

_WORST_FIRST = (Result.UNKNOWN, Result.FAILED, Result.GONE)
HEAD_START_SECONDS = 0.03
"""What a call's set-up takes on an edge that is not busy yet: new callers are through before the storm begins."""
_DEED_SECONDS = 1.0
_BATCH_SECONDS = 2.5  # a storm of redirects on a busy edge takes its time; each still has its answer


class Hands:
    """One for the site. `links` is looked into at each call, so nodes may come later."""

    def __init__(self, settings: Settings, links: Mapping[NodeName, NodeLinks]) -> None:
        self._sip = {NodeName(node.name): node.sip for node in settings.node}
        self._links = links

    async def do(self, deeds: Sequence[Deed]) -> list[Outcome]:
        """All deeds, pipelined per node; outcomes in the order of the deeds. A deed is tried once."""
        by_node: dict[NodeName, list[int]] = {}
        for index, deed in enumerate(deeds):
            by_node.setdefault(node_of(deed), []).append(index)
        parts = await asyncio.gather(*(self._do_at(node, [deeds[i] for i in indices]) for node, indices in by_node.items()))
        outcomes: dict[int, Outcome] = {}
        for indices, part in zip(by_node.values(), parts, strict=True):
            outcomes.update(zip(indices, part, strict=True))
        return [outcomes[index] for index in range(len(deeds))]

    def actions_of(self, deed: Deed) -> list[dict[str, str]]:
        """What the deed says to its node. The route goes before its epoch: a call that slips in between is taken for an older one."""
        match deed:
            case SetRoute():
                return [_set("CTI_ROUTE", ",".join(deed.route)), _set("CTI_EPOCH", str(deed.epoch))]
            case SetVia():
                address = self._sip[deed.node].of(deed.path) if deed.path is not None else ""
                return [_set(f"CTI_VIA_{deed.node}", address)]
            case SetDrill():
                return [_set("CTI_DRILL", ",".join(deed.route))]
            case SetSwitch():
                there = {"Action": "Getvar", "Variable": f"DIALPLAN_EXISTS({deed.context},s,1)"}
                return [*([there] if is_on(deed) else []), *(_set(switch.value, value) for switch, value in deed.values)]
            case RaiseCaller():
                who = {"Queue": deed.queue, "Caller": deed.channel}
                return [{"Action": "QueueChangePriorityCaller", **who, "Priority": str(deed.priority), "Immediate": "yes"}]
            case RescueLeg():
                exten = f"w{round(deed.delay_seconds * 1000)}" if deed.delay_seconds else "s"
                return [{"Action": "Redirect", "Channel": deed.channel, "Context": "cti-resume", "Exten": exten, "Priority": "1"}]
            case AttachDialog():
                return [_set("__CTI_DIALOG", deed.dialog) | {"Channel": deed.channel}]
            case HangUp():
                return [{"Action": "Hangup", "Channel": deed.channel}]
            case SetMember():
                return [_member_action(deed)]
            case CallSeat():
                return [_test_call(deed)]

    async def _do_at(self, node: NodeName, deeds: list[Deed]) -> list[Outcome]:
        links = self._links.get(node)
        if links is None:
            return [Outcome(deed.effect_id, Result.FAILED, f"no node {node}") for deed in deeds]
        ahead = [deed for deed in deeds if isinstance(deed, RescueLeg) and deed.is_ringing]
        if ahead and len(ahead) < len(deeds):  # `deeds` has them first
            sending = asyncio.create_task(self._send(links, ahead), name="ringing-first")
            await asyncio.sleep(HEAD_START_SECONDS)
            rest = await self._send(links, deeds[len(ahead) :])
            return [*await sending, *rest]
        return await self._send(links, deeds)

    async def _send(self, links: NodeLinks, deeds: Sequence[Deed]) -> list[Outcome]:
        actions = [self.actions_of(deed) for deed in deeds]
        flat = [action for part in actions for action in part]
        replies = await links.act_many(flat, _DEED_SECONDS if len(flat) <= 8 else _BATCH_SECONDS, end_if_late=True)
        outcomes: list[Outcome] = []
        taken = 0
        for deed, part in zip(deeds, actions, strict=True):
            own = replies[taken : taken + len(part)]
            taken += len(part)
            if isinstance(deed, SetSwitch) and is_on(deed) and own[0].value == NO:
                outcomes.append(Outcome(deed.effect_id, Result.FAILED, f"its dialplan has no context {deed.context}"))
            else:
                outcomes.append(_outcome(deed.effect_id, own))
        return outcomes


def _test_call(deed: CallSeat) -> dict[str, str]:
    """`Async`: a session that waits for a telephone would be deaf for so long. By no queue: no caller's place is taken."""
    return {
        "Action": "Originate",
        "Channel": deed.interface,
        "Context": "cti-seat-test",
        "Exten": "s",
        "Priority": "1",
        "Timeout": str(round(deed.ring_seconds * 1000)),
        "CallerID": '"cti test" <0>',
        "Async": "true",
        "Variable": f"CTI_CALL={deed.token}",
    }


def node_of(deed: Deed) -> NodeName:
    """The Asterisk that a deed is done at."""
    return deed.node if isinstance(deed, HangUp | SetMember | SetSwitch | RaiseCaller | CallSeat) else deed.edge


def is_on(deed: SetSwitch) -> bool:
    return any(value for _, value in deed.values)


def _set(variable: str, value: str) -> dict[str, str]:
    return {"Action": "Setvar", "Variable": variable, "Value": value}


def _member_action(deed: SetMember) -> dict[str, str]:
    """The reason's key is `Reason` in both actions; `PausedReason` is ignored without a word (tried on 22.10)."""
    wanted = deed.wanted
    place = {"Queue": wanted.queue, "Interface": wanted.interface}
    pause = {"Paused": str(wanted.paused).lower(), "Reason": wanted.reason}
    match deed.change:
        case MemberChange.ADD:
            who = {"MemberName": wanted.name, "StateInterface": wanted.state_interface, "Penalty": str(wanted.penalty)}
            return {"Action": "QueueAdd", **place, **who, **pause}
        case MemberChange.REMOVE:
            return {"Action": "QueueRemove", **place}
        case MemberChange.PAUSE:
            return {"Action": "QueuePause", **place, **pause}
        case MemberChange.PENALTY:
            return {"Action": "QueuePenalty", **place, "Penalty": str(wanted.penalty)}
        case MemberChange.RINGINUSE:
            return {"Action": "QueueMemberRingInUse", **place, "RingInUse": "yes" if wanted.ringinuse else "no"}


def _outcome(effect_id: int, replies: list[Reply]) -> Outcome:
    """The worst of the replies counts."""
    for result in _WORST_FIRST:
        for reply in replies:
            if reply.result is result:
                return Outcome(effect_id, result, reply.message)
    return Outcome(effect_id, Result.DONE)
