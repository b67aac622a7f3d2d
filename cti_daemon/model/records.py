"""What the journal gives back after a restart: only what Asterisk does not know."""

from dataclasses import dataclass

from cti_daemon.model.ids import NodeName
from cti_daemon.model.reasons import Mode, Reason


@dataclass(frozen=True, slots=True)
class Standing:
    """The routing decision in force when the journal was last written (kind `route`). `open_failover_from`: the node
    left in a failover which was not recorded as done."""

    mode: Mode
    serving: NodeName
    epoch: int
    reason: Reason
    diverted_from: NodeName | None = None
    open_failover_from: NodeName | None = None
