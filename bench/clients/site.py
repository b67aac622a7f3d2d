"""The site of config/cti-daemon.toml with one node that has just been listed: what the daemon holds before the first event."""

from collections.abc import Callable
from pathlib import Path

from bench import stream
from cti_daemon.model.call_events import ChannelsListed
from cti_daemon.model.events import Event, LinkUp
from cti_daemon.model.ids import NodeName, PathName
from cti_daemon.model.settings import Settings
from cti_daemon.shell import config
from cti_daemon.wire.ami_list import read_queues
from cti_daemon.wire.ami_proof import Proof

_SAMPLE = Path(__file__).parents[2] / "config" / "cti-daemon.toml"
_ITEMS = (b"QueueParams", b"QueueMember")


def settings_of_sample() -> Settings:
    return config.load(_SAMPLE, offline=True).settings


def begin(node: NodeName, path: PathName, post: Callable[[Event], None]) -> None:
    """Logged in, nothing up, the queue and its members as the recorded list has them. After the stream has begun."""
    proof = Proof(stream.SYSTEM_NAME)
    items = []
    for block in stream.queue_status().split(b"\r\n\r\n"):
        kind = block.partition(b"\r\n")[0].removeprefix(b"Event: ")
        match = proof.match(kind, block) if kind in _ITEMS else None
        if match is not None:
            items.append((kind, match))
    post(LinkUp(node, path))
    post(ChannelsListed(node, ()))
    post(read_queues(items, node))
