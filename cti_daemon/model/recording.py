"""Recording as a fact (AES 双机, 保证CTI和录音系统的连接): the table `[recording]`, what a server says of it, what is shown of it."""

from dataclasses import dataclass
from typing import NamedTuple

from cti_daemon.model.fields import Seconds, Table
from cti_daemon.model.ids import CallToken, NodeName, Uniqueid


class RecordingTable(Table):
    within: Seconds = 3.0
    """So long after a caller and a seat are connected a recording must run; a call that has none then is not recorded."""


class RecordingChanged(NamedTuple):
    """A channel's recording began or was stopped (MixMonitorStart, MixMonitorStop; a site's own recorder: UserEvent CtiRecording)."""

    node: NodeName
    uniqueid: Uniqueid
    token: CallToken | None
    is_on: bool


@dataclass(frozen=True, slots=True)
class RecordingView:
    """Callers who talk, by server. `unknown`: since before we looked."""

    recorded: dict[NodeName, int]
    missing: dict[NodeName, int]
    edges: tuple[float, ...]
    gaps: tuple[int, ...]
    """Of recordings that were cut and went on elsewhere, a histogram in seconds."""
    gap_sum_seconds: float
