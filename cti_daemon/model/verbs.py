"""Every order that a person can give, in one table: it makes the checks of a request, the commands of the command line, the retained
schemas and docs/commands.md."""

from dataclasses import replace

from cti_daemon.model.errand_verbs import ERRAND_VERBS
from cti_daemon.model.plan_verbs import INCIDENT, PLAN_VERBS
from cti_daemon.model.report_items import ReportItem
from cti_daemon.model.shapes import Choice, Flag, Names, Span, Text, Whole
from cti_daemon.model.verb import Arg, Kind, Known, Verb

__all__ = ["Arg", "Kind", "Known", "Verb"]

MOST_PAUSE_SECONDS = 86_400.0
MOST_MAINTENANCE_SECONDS = 7 * 86_400.0
MOST_DRILL_SECONDS = 4 * 3600.0
MOST_POSTPONE_SECONDS = 7 * 86_400.0
MOST_REASON = 500
SEAT_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,62}"
INTERFACE_PATTERN = r"[A-Za-z0-9]{1,16}/[\x21-\x3a\x3c-\x7b\x7d\x7e]{1,127}"
MOST_PENALTY = 1_000_000
ASTERISK_TEXT_BYTES = 79
"""Asterisk cuts a member's name and a pause's reason here, also in the middle of a character."""
_NODE_NAME = Text(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,62}", most=63)


_TO = Arg(
    "to",
    _NODE_NAME,
    "Where to; else the best proven one.",
    known=Known.SERVERS,
    code="wrong_target",
    ask='where to? args {"to": …}, a node that can serve calls',
    metavar="NODE",
)
_FORCE = Arg(
    "force",
    Flag(),
    "Also during the hold-down of a node that is well again, and in a time of readiness.",
    ask='force must be true or false: args {"force": true}',
)
_NODE = Arg(
    "node",
    _NODE_NAME,
    "Which node.",
    needed=True,
    known=Known.NODES,
    code="wrong_target",
    ask='which node? args {"node": …}',
    metavar="NODE",
    is_positional=True,
)
_NO_TIME = 'args {"for": …}: seconds, or "90s", "30m", "2h", "1d"'


def _for(most_seconds: float, most: str, default: str) -> Arg:
    return Arg(
        "for",
        Span(most_seconds),
        f"For how long: 90s, 30m, 2h; at most {most}. It ends by itself.",
        needed=True,
        code="no_time",
        ask=f"for how long? At most {most}; {_NO_TIME}",
        metavar="TIME",
        default=default,
    )


_SEAT = Arg(
    "seat",
    Text(SEAT_PATTERN, most=63),
    "Which seat.",
    needed=True,
    ask='which seat? args {"seat": "seat12"}: letters, digits, _ . -',
    metavar="SEAT",
    is_positional=True,
)
_QUEUE_LIST = Names(Text(most=80, least=1))
_QUEUES_ASK = 'queues must be a list of names, for example ["hotline"]'
_QUEUES = Arg("queues", _QUEUE_LIST, "In which queues; else in all that it is in.", ask=_QUEUES_ASK, metavar="QUEUE", option="queue")

_TEXT_ASK = f"must be text of at most {ASTERISK_TEXT_BYTES} bytes"

_ROW = Arg(
    "row",
    Whole(least=1),
    "Which row, as callback-list shows it.",
    needed=True,
    ask='which row? args {"row": N}, as callback-list shows it',
    metavar="ROW",
    is_positional=True,
)
WORKLIST = "callback-list"
SCHEDULE = "drill-schedule"

VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb(
            "status",
            Kind.WORD,
            "Ask for mode, serving node and verdicts.",
            more="Changes nothing, so it need not say when it was issued. Programs should read the retained topics instead.",
        ),
        Verb(
            "failover",
            Kind.MOVE,
            "Leave the serving node at once: new calls go elsewhere, callers who wait or ring are moved, callers who talk stay.",
            (_TO, _FORCE),
            is_dangerous=True,
        ),
        Verb(
            "switchover",
            Kind.MOVE,
            "Planned: new calls go to the other media server, nobody who is connected is moved.",
            (_TO, _FORCE),
            is_dangerous=True,
        ),
        Verb(
            "failback",
            Kind.MOVE,
            "Go home: new calls go to the primary again, calls in progress end where they are.",
            (_FORCE,),
            is_dangerous=True,
        ),
        Verb(
            "emergency-on",
            Kind.MOVE,
            "Send callers to the emergency seats, until emergency-off.",
            (_FORCE,),
            more="Who waits or rings goes along; who talks stays. `force` also overrides a doubt about the emergency system.",
            is_dangerous=True,
        ),
        Verb(
            "emergency-off",
            Kind.MOVE,
            "Back from the emergency seats to a media server; calls in progress end where they are.",
            (_TO, _FORCE),
            more="To the primary, or to the standby when the primary is not ready.",
            is_dangerous=True,
        ),
        Verb(
            "pause-automation",
            Kind.STANDING,
            "Take the daemon's hands off the site for a while: it judges and tells, and does nothing by itself.",
            (_for(MOST_PAUSE_SECONDS, "1 d", "30m"),),
            more="Commands are carried out. When the time is over, what then holds is acted upon.",
            is_dangerous=True,
        ),
        Verb("resume-automation", Kind.STANDING, "End a pause before its time: what holds now is acted upon."),
        Verb(
            "maintenance-on",
            Kind.STANDING,
            "Take a node out of judgement for a while: no alarm, and no calls while anybody else can serve.",
            (_NODE, _for(MOST_MAINTENANCE_SECONDS, "7 d", "1h")),
            more="Not for the node that serves: switchover first.",
        ),
        Verb("maintenance-off", Kind.STANDING, "End a node's maintenance before its time.", (_NODE,)),
        Verb(
            "seat-login",
            Kind.SEAT,
            "Log a seat in to queues, on every media server.",
            (
                _SEAT,
                replace(_QUEUES, needed=True, does="To which queues.", ask='log in to which queues? args {"queues": ["hotline"]}'),
                Arg("name", Text(most=ASTERISK_TEXT_BYTES), "The member's name in the queue.", ask=f"name {_TEXT_ASK}", metavar="TEXT"),
                Arg(
                    "penalty",
                    Whole(most=MOST_PENALTY),
                    "Members with a lower one are called first.",
                    ask=f"penalty must be a whole number from 0 to {MOST_PENALTY}",
                    metavar="NUMBER",
                ),
                Arg(
                    "interface",
                    Text(INTERFACE_PATTERN, most=144),
                    "Its telephone; else PJSIP/<seat>.",
                    ask="interface must be technology/name, for example PJSIP/seat12",
                    metavar="INTERFACE",
                ),
            ),
            more="For a seat that is in a queue already only a given `penalty` is set.",
        ),
        Verb(
            "seat-logout",
            Kind.SEAT,
            "Log a seat out of queues, on every media server.",
            (_SEAT, _QUEUES),
            more="A member that stands in queues.conf or in a database cannot be logged out: pause it.",
        ),
        Verb(
            "seat-pause",
            Kind.SEAT,
            "Pause a seat: its queues send it no calls, on every media server.",
            (_SEAT, _QUEUES, Arg("reason", Text(most=ASTERISK_TEXT_BYTES), "Why it is paused.", ask=f"reason {_TEXT_ASK}")),
            more="Without `args.reason` the request's `reason` is why it is paused, as the wallboard shows it.",
        ),
        Verb("seat-unpause", Kind.SEAT, "End the pause of a seat.", (_SEAT, _QUEUES)),
        Verb(
            "drill-start",
            Kind.DRILL,
            "Begin a drill that is safe on a live site: of the emergency seats, or of a plan; real calls are not touched.",
            (
                _for(MOST_DRILL_SECONDS, "4 h", "10m"),
                Arg(
                    "kind",
                    Choice(("emergency-seats",)),
                    "Which drill.",
                    ask='which drill? args {"kind": "emergency-seats"}',
                    metavar="KIND",
                ),
                Arg(
                    "name",
                    _NODE_NAME,
                    "One of the site's own: the name of a `[[drill]]`.",
                    ask='which drill of the configuration? args {"name": …}, as drill-schedule lists them',
                    metavar="NAME",
                ),
            ),
            more="Without `name` test calls that come to the edge's context `cti-test` go to the emergency seats for a while. With it what "
            "that `[[drill]]` says: each emergency seat is called by a test call, or a plan is run as a drill. Refused while the site is "
            "not healthy or more callers are on the line than it allows; aborted as soon as that becomes so. The record is in the journal "
            "(`drill`), in the event `drill`, and in the answer to `drill-stop`. It ends by itself.",
        ),
        Verb("drill-stop", Kind.DRILL, "End a drill before its time; the answer holds what it has shown."),
        Verb(
            SCHEDULE,
            Kind.WORD,
            "Show which drills are due when, and how the last of each went.",
            more="They are the configuration's `[[drill]]`.",
        ),
        Verb(
            WORKLIST,
            Kind.WORD,
            "Show who is to be called back, without numbers.",
            more="Who may see a number asks `cti-daemon privacy show`.",
        ),
        Verb("callback-take", Kind.CALLBACK, "Take a call-back into your own hands: it is not made by itself any more.", (_ROW,)),
        Verb(
            "callback-postpone",
            Kind.CALLBACK,
            "Put a call-back off for a while.",
            (_ROW, _for(MOST_POSTPONE_SECONDS, "7 d", "1h")),
        ),
        Verb(
            "callback-close",
            Kind.CALLBACK,
            "Close a call-back with what came of it.",
            (
                _ROW,
                Arg(
                    "result",
                    Choice(("reached", "need", "served", "not-wanted", "not-reachable")),
                    "What came of it: reached; reached, and something is still needed; served; he wants none; he cannot be reached.",
                    needed=True,
                    ask='what came of it? args {"result": "reached"}, or need, served, not-wanted, not-reachable',
                    metavar="RESULT",
                    default="reached",
                ),
                Arg("text", Text(), "A remark, without a number.", ask="text must be text of at most 500 characters", metavar="TEXT"),
            ),
        ),
        Verb(
            "note",
            Kind.WORD,
            "Write a remark into the journal, with your name and the time.",
            (
                Arg("text", Text(least=1), "The remark.", ask='a note needs words: args {"text": …}', metavar="TEXT", is_positional=True),
                INCIDENT,
                Arg(
                    "item",
                    Choice(tuple(item.value for item in ReportItem)),
                    "Of a report: the item it belongs to.",
                    ask=f"item must be one of {', '.join(ReportItem)}",
                    metavar="ITEM",
                ),
            ),
            more="Without `text` the request's `reason` is the remark. Telephone numbers are masked before anything is written; "
            "`#` in front keeps the number of a case.",
        ),
        Verb(
            "ack",
            Kind.WORD,
            "Say that you have seen a decision of the daemon and look after it.",
            (
                Arg(
                    "id",
                    Whole(),
                    "The decision's epoch, as status and history show it; for an incident 0.",
                    needed=True,
                    ask='acknowledge what? args {"id": N}, the epoch of the decision',
                    metavar="ID",
                    is_positional=True,
                ),
                Arg("text", Text(), "A remark.", ask="text must be text of at most 500 characters", metavar="TEXT"),
                INCIDENT,
            ),
            more="With `incident` it acknowledges what was told of that incident: no deputy is told then.",
        ),
        *PLAN_VERBS,
        *ERRAND_VERBS,
    )
}
HARMLESS = frozenset({"status"})
"""Verbs that change nothing at all: they may be asked without saying when."""
