"""The verdict table (docs/design/verdicts.md): what the evidence of one node means. First row that fits wins.

Each cell is the set of conditions it accepts. `links` and `sip` are the two control networks taken together: the better
of the two decides, so that the loss of one network is never a verdict about a node."""

from collections.abc import Iterable
from dataclasses import dataclass

from cti_daemon.model.reasons import Condition, NodeState, Verdict

_OK = frozenset({Condition.OK})
_REFUSED = frozenset({Condition.REFUSED})
_GONE = frozenset({Condition.LOST, Condition.REFUSED})
_QUIET = frozenset({Condition.LATE, Condition.LOST, Condition.REFUSED})
_NOT_YET = frozenset({Condition.OK, Condition.LATE})
_NEVER = frozenset({Condition.UNKNOWN})
_LOST = frozenset({Condition.LOST})
_ANY = frozenset(Condition)


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    links: frozenset[Condition]
    sip: frozenset[Condition]
    edge: frozenset[Condition]
    verdict: Verdict
    why: str

    @property
    def rule(self) -> str:
        """As people are told it."""
        return f"row {self.number}"


TABLE: tuple[Row, ...] = (
    Row(1, _REFUSED, _REFUSED, _ANY, Verdict.DEAD, "its kernel says that nobody listens, for AMI and for SIP"),
    Row(2, _GONE, _GONE, _LOST, Verdict.DEAD_SILENT, "silent on every path, and the edge hears nothing either"),
    Row(3, _GONE, _GONE, _OK, Verdict.CUT_OFF, "silent on every path to us, but the edge hears it"),
    Row(4, _GONE, _GONE, _ANY, Verdict.UNKNOWN, "silent on every path, and nobody else to ask"),
    Row(5, _QUIET, _QUIET, _ANY, Verdict.SUSPECT, "no sign of life on any path"),
    Row(6, _OK, _GONE, _LOST, Verdict.HUNG, "AMI lives, SIP is dead for us and for the edge"),
    Row(7, _OK, _GONE, _OK, Verdict.PROBE_BROKEN, "SIP is silent to us only"),
    Row(8, _OK, _QUIET, _ANY, Verdict.SUSPECT, "AMI lives, SIP is silent"),
    Row(9, _GONE, _OK, _LOST, Verdict.EDGE_CANNOT_REACH, "no AMI on either network, and the edge cannot reach it"),
    Row(10, _GONE, _OK, _ANY, Verdict.CONTROL_LOST, "no AMI on either network; callers are being served"),
    Row(11, _OK, _OK, _LOST, Verdict.EDGE_CANNOT_REACH, "the edge cannot reach it"),
    Row(12, _NOT_YET, _NOT_YET, _ANY, Verdict.HEALTHY, "signs of life on time"),
    Row(13, _ANY, _ANY, _ANY, Verdict.UNKNOWN, "not enough is known yet"),
)

CERTAINTY = (Verdict.EDGE_CANNOT_REACH, Verdict.HUNG, Verdict.DEAD_SILENT, Verdict.DEAD)
CONDEMNED = frozenset(CERTAINTY)
"""Verdicts after which the node serves nobody until it has risen again. In order of certainty: one may give way to a
graver one, never to a lighter one (a node that starts up looks hung for a moment, and is not)."""

MEDIA_MAY_LIVE = frozenset({Verdict.HUNG, Verdict.EDGE_CANNOT_REACH})
"""Condemned, but people may still be talking: audio does not need SIP."""

_BETTER_FIRST = (Condition.OK, Condition.LATE, Condition.UNKNOWN, Condition.LOST, Condition.REFUSED)


def better(conditions: Iterable[Condition]) -> Condition:
    """The two networks as one: the best word counts."""
    return min(conditions, key=_BETTER_FIRST.index)


def row(links: Condition, sip: Condition, edge: Condition) -> Row:
    return next(r for r in TABLE if links in r.links and sip in r.sip and edge in r.edge)


def shown(verdict: Verdict) -> NodeState:
    """The state people see for a verdict that is not latched."""
    if verdict in CONDEMNED:
        return NodeState.DOWN
    if verdict in (Verdict.HEALTHY, Verdict.PROBE_BROKEN):
        return NodeState.HEALTHY
    return NodeState.SUSPECT if verdict is Verdict.SUSPECT else NodeState.UNKNOWN
