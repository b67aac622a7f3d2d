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
    PAUSED = "paused"  # shown instead of the routing's own mode while automation is paused; no routing has it


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
    SEATS_OUT = "seats_out"  # the seat system of the media server is out: no seat is reachable or logged in
    HOLD_DOWN_OVER = "hold_down_over"  # home by itself: `failback = "auto"`
    COMMAND = "command"  # a person: `failover`
    SWITCHOVER = "switchover"
    FAILBACK = "failback"
    EMERGENCY_ON = "emergency_on"
    EMERGENCY_OFF = "emergency_off"


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


class MemberKind(StrEnum):
    """How a member came into a queue, in Asterisk's words. Only a dynamic one can be taken out again by AMI."""

    STATIC = "static"  # written in queues.conf
    DYNAMIC = "dynamic"  # logged in
    REALTIME = "realtime"  # a row of a database that the nodes share


class SeatState(StrEnum):
    """What a seat is doing, in one word."""

    AVAILABLE = "available"
    RINGING = "ringing"
    IN_CALL = "in_call"
    WRAP_UP = "wrap_up"  # after a call; the queue leaves it alone for the queue's wrapuptime
    PAUSED = "paused"
    UNREACHABLE = "unreachable"  # its phone is not registered, or does not answer
    LOGGED_OUT = "logged_out"  # was in a queue while we ran, and is in none now
    UNKNOWN = "unknown"


class CallState(StrEnum):
    """What a caller lives through (`cti_calls`). On the edge alone it is the state of the leg."""

    RINGING = "ringing"  # nobody has answered
    WAITING = "waiting"  # answered by the node: queue or menu
    TALKING = "talking"
    HELD = "held"
    PARKED = "parked"
    TRANSFERRING = "transferring"  # given away and not yet taken, or on hold while the seat asks a third


class CommandStatus(StrEnum):
    OK = "ok"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    ERROR = "error"


class OfferOutcome(StrEnum):
    """What came of a caller who was offered to a seat that is an outside number."""

    ACCEPTED = "accepted"  # the key was pressed
    REFUSED = "refused"  # another key
    SILENT = "silent"  # answered, and no key: a mailbox, or nobody who knows of it
    BUSY = "busy"
    UNANSWERED = "unanswered"
    WITHDRAWN = "withdrawn"  # the queue's own time was over, or the caller had gone
    FAILED = "failed"  # the number could not be called at all


class SurveyGrade(StrEnum):
    """How satisfied a caller was (满意度五级), in the order of the keys 1 to 5."""

    VERY_SATISFIED = "very_satisfied"  # 非常满意
    SATISFIED = "satisfied"  # 满意
    NEUTRAL = "neutral"  # 一般
    DISSATISFIED = "dissatisfied"  # 不满意
    VERY_DISSATISFIED = "very_dissatisfied"  # 非常不满意
    NONE = "none"  # asked, and no key
