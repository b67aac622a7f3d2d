"""Closed sets: what a node can be, what the site can be, and why. The same words are log field, metric label,
MQTT report and journal entry."""

from enum import StrEnum


class Role(StrEnum):
    EDGE = "edge"
    PRIMARY = "primary"
    STANDBY = "standby"
    EMERGENCY = "emergency"


class Condition(StrEnum):
    """What one kind of evidence says about a node."""

    OK = "ok"
    LATE = "late"  # silent for longer than a sign of life should take, not yet long enough to count
    LOST = "lost"
    REFUSED = "refused"  # the node's kernel answered that nobody listens
    UNKNOWN = "unknown"  # never seen, or nobody to ask


class Verdict(StrEnum):
    """One judgement of one node: a row of the table in `policy/health.py`."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    SUSPECT = "suspect"
    CONTROL_LOST = "control_lost"
    PROBE_BROKEN = "probe_broken"
    CUT_OFF = "cut_off"
    ISOLATED = "isolated"
    HUNG = "hung"
    EDGE_CANNOT_REACH = "edge_cannot_reach"
    DEAD = "dead"
    DEAD_SILENT = "dead_silent"


class NodeState(StrEnum):
    """The five states people and metrics see (`cti_node_state`)."""

    HEALTHY = "healthy"
    SUSPECT = "suspect"
    DOWN = "down"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"


class Mode(StrEnum):
    NORMAL = "normal"
    DIVERTED = "diverted"
    FAILED_OVER = "failed_over"
    EMERGENCY = "emergency"


class Reason(StrEnum):
    """Why a route changed."""

    START = "start"
    EVERY_PATH_SILENT = "every_path_silent"
    SIP_SILENT = "sip_silent"
    DIVERT_ENDED = "divert_ended"
    NODE_DEAD = "node_dead"
    NODE_DEAD_SILENT = "node_dead_silent"
    NODE_HUNG = "node_hung"
    EDGE_CANNOT_REACH = "edge_cannot_reach"
    NO_MEDIA_SERVER = "no_media_server"
    COMMAND = "command"


class Loss(StrEnum):
    """How an AMI link ended."""

    CLOSED = "closed"
    REFUSED = "refused"
    SILENT = "silent"
    DENIED = "denied"  # the login was refused: a matter for a person
    UNREACHABLE = "unreachable"
    GARBLED = "garbled"  # the stream broke a limit of the wire


class Result(StrEnum):
    """How an effect ended. `UNKNOWN`: the answer was lost, so the world must be asked before anything is repeated."""

    DONE = "done"
    FAILED = "failed"
    GONE = "gone"  # the channel had ended: a normal outcome
    UNKNOWN = "unknown"


class LegState(StrEnum):
    """A caller's leg on the edge."""

    RINGING = "ringing"  # the node has not answered
    WAITING = "waiting"  # answered by the node: queue or menu
    TALKING = "talking"


class CommandStatus(StrEnum):
    OK = "ok"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    ERROR = "error"
