"""Does audio still come from a node? The edge's counters of received packets, read twice.

The packets of the node arrive on the edge's outgoing leg, so the caller's leg is asked for its bridge peer first. Silence proves
nothing (hold, voice activity detection); packets prove that the media plane lives."""

import asyncio
from collections.abc import Callable

from cti_daemon.model.effects import SampleAudio
from cti_daemon.model.events import AudioSampled
from cti_daemon.model.ids import Uniqueid
from cti_daemon.model.reasons import Result
from cti_daemon.shell.ami.node_links import NodeLinks

_APART_SECONDS = 0.08  # four packets of 20 ms
_ACTION_SECONDS = 0.25


class AudioEar:
    """One per edge."""

    def __init__(self, links: NodeLinks, post: Callable[[AudioSampled], None]) -> None:
        self._links = links
        self._post = post

    async def sample(self, question: SampleAudio) -> None:
        """Post which of the legs moved between two readings. A leg that cannot be read is in neither set."""
        peers = await self._read("BRIDGEPEER", {uniqueid: str(channel) for uniqueid, channel in question.legs})
        node_side = {uniqueid: peer.split(",")[0] for uniqueid, peer in peers.items()}
        first = await self._read("CHANNEL(rtcp,rxcount)", node_side)
        await asyncio.sleep(_APART_SECONDS)
        second = await self._read("CHANNEL(rtcp,rxcount)", {uniqueid: node_side[uniqueid] for uniqueid in first})
        moving = {u for u, count in second.items() if count != first[u]}
        still = set(second) - moving
        self._post(AudioSampled(question.edge, question.node, frozenset(moving), frozenset(still)))

    async def _read(self, variable: str, channels: dict[Uniqueid, str]) -> dict[Uniqueid, str]:
        """The variable of each channel, where it has one."""
        questions = [{"Action": "Getvar", "Channel": channel, "Variable": variable} for channel in channels.values()]
        replies = await self._links.act_many(questions, _ACTION_SECONDS)
        return {u: r.value for u, r in zip(channels, replies, strict=True) if r.result is Result.DONE and r.value}
