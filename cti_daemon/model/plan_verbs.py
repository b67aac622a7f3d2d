"""What people say to plans and incidents: rows of the table of verbs."""

from dataclasses import replace

from cti_daemon.model.incidents import Grade
from cti_daemon.model.plan_tables import REPORTS
from cti_daemon.model.shapes import Choice, Flag, Scalar, Text
from cti_daemon.model.verb import Arg, Kind, Verb

_NAME = Text(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}", most=80)
_SEAT = Text(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,62}", most=63)
_LONG = Text(most=500)
_TOO_LONG = "must be text of at most 500 characters"

INCIDENT = Arg(
    "incident",
    _NAME,
    "Of which incident.",
    ask='which incident? args {"incident": "lines-full-1"}, as `incident list` shows it',
    metavar="INCIDENT",
)
_INCIDENT = replace(INCIDENT, does="Which incident.", needed=True, is_positional=True)


def _step(does: str) -> Arg:
    return Arg(
        "step", _NAME, does, needed=True, ask='which step? args {"step": …}, as `incident show` has it', metavar="STEP", is_positional=True
    )


def _words(name: str, does: str) -> Arg:
    return Arg(name, _LONG, does, ask=f"{name} {_TOO_LONG}", metavar="TEXT", option=name.replace("_", "-"))


PLAN_VERBS: tuple[Verb, ...] = (
    Verb(
        "plan-start",
        Kind.PLAN,
        "Start an emergency plan by hand, or a drill of it.",
        (
            Arg(
                "plan", _NAME, "Which plan.", needed=True, ask='which plan? args {"plan": "lines-full"}', metavar="PLAN", is_positional=True
            ),
            Arg(
                "stage",
                _NAME,
                "With which stage; else the first.",
                ask='stage must be the id of a stage: args {"stage": …}',
                metavar="STAGE",
            ),
            Arg(
                "subject",
                _SEAT,
                "Of which seat or queue, where the plan runs for each of them.",
                ask='subject must be a name: args {"subject": "seat12"}',
                metavar="NAME",
            ),
            Arg("drill", Flag(), "As a drill: messages say so, and live calls are left alone.", ask="drill must be true or false"),
        ),
        more="A plan that is under way is not started twice; one that runs for each seat or queue, not twice for the same.",
    ),
    Verb("approve", Kind.PLAN, "Approve the start of a plan that waits for it.", (_INCIDENT,)),
    Verb(
        "stage-set",
        Kind.PLAN,
        "Raise or lower the stage of an incident, set its grade, or say what callers and colleagues are told.",
        (
            _INCIDENT,
            Arg(
                "stage",
                _NAME,
                "The stage; `recovered`: it is over.",
                ask='stage must be the id of a stage, or "recovered"',
                metavar="STAGE",
            ),
            Arg(
                "grade",
                Choice(tuple(grade.value for grade in Grade)),
                "The grade.",
                ask=f"grade must be one of {', '.join(Grade)}",
                metavar="GRADE",
            ),
            _words("eta", "When it is expected to be over."),
            _words("wording", "The one wording (统一解释口径) for everybody."),
            Arg(
                "recording",
                Text(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", most=60),
                "The sound file that says this wording to callers; without it another wording than the plan's ends the announcement.",
                ask="recording must be a sound file without folder and ending: letters, digits, '_', '-'",
                metavar="FILE",
            ),
            _words("cause_class", "What kind of cause."),
            _words("vendor_case", "The supplier's case number."),
        ),
        more="A stage that was lowered is not entered again before its condition has cleared. A stage or a grade needs a `reason`.",
    ),
    Verb(
        "task-done",
        Kind.PLAN,
        "Say that a task of an incident is done, with the proof that it asks for.",
        (_INCIDENT, _step("Which task; `review` for the review."), _words("proof", "The proof.")),
    ),
    Verb(
        "answer",
        Kind.PLAN,
        "Answer a question of an incident.",
        (
            _INCIDENT,
            _step("Which question."),
            Arg(
                "answer",
                _NAME,
                "One of its options.",
                needed=True,
                ask='answer what? args {"answer": "yes"}',
                metavar="ANSWER",
                is_positional=True,
            ),
        ),
    ),
    Verb(
        "arrived",
        Kind.PLAN,
        "Say that somebody has arrived on site.",
        (_INCIDENT, Arg("person", _LONG, "Who; else you yourself.", ask=f"person {_TOO_LONG}", metavar="NAME")),
        more="Ends the task `arrived` of the incident, if it has one.",
    ),
    Verb(
        "coming",
        Kind.PLAN,
        "Answer a call-in: come, or not.",
        (
            _INCIDENT,
            Arg(
                "answer",
                Choice(("yes", "no")),
                "Whether you come, or stand by.",
                needed=True,
                ask='do you come? args {"answer": "yes"}, or no',
                metavar="ANSWER",
                is_positional=True,
            ),
            Arg("person", _NAME, "Who, as the contact book names him; else you yourself.", ask="person must be a name", metavar="NAME"),
        ),
        more="For who was called in by message, or was not reached by telephone. Arrival is a seat login, or `arrived`.",
    ),
    Verb(
        "fact-set",
        Kind.PLAN,
        "Tell a fact that the daemon cannot measure: UPS, business system, WAN, a window of readiness.",
        (
            Arg(
                "fact",
                Text(r"[a-z_]+(\.[A-Za-z0-9_\-]+)+", most=80),
                "Which fact: `external.NAME`, or one of the table that is told.",
                needed=True,
                ask='which fact? args {"fact": "external.mains"}',
                metavar="FACT",
                is_positional=True,
            ),
            Arg(
                "value",
                Scalar(),
                "Its value: a number, true, false, a word; `unknown` takes it back.",
                needed=True,
                ask="value must be a number, true, false or a short text",
                metavar="VALUE",
                is_positional=True,
            ),
        ),
        more="It holds until it is told otherwise.",
    ),
    Verb(
        "fault-report",
        Kind.PLAN,
        "Report a fault that a person has seen; plans that wait for such a report begin.",
        (
            Arg(
                "kind",
                Choice(REPORTS),
                "What kind.",
                needed=True,
                ask=f"kind must be one of {', '.join(REPORTS)}",
                metavar="KIND",
                is_positional=True,
            ),
            Arg("text", _LONG, "What was seen.", ask=f"text {_TOO_LONG}", metavar="TEXT"),
            Arg("seat", _SEAT, "At which seat.", ask='seat must be a name: args {"seat": "seat12"}', metavar="SEAT"),
        ),
    ),
    Verb("incident-close", Kind.PLAN, "Close an incident, with a reason.", (_INCIDENT,)),
)
