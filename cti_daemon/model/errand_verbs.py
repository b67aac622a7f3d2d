"""What people ask of the desks beside the calls: paper tickets, plans on trial, reports. Rows of the table of verbs.

On the command line they are commands of their own (`typed`), which need no daemon, or print what no answer can hold."""

from cti_daemon.model.document import Language
from cti_daemon.model.shapes import Choice, Names, Text, Whole
from cti_daemon.model.verb import Arg, Kind, Verb

MOST_FORMS_IN_ANSWER = 100
MOST_PAPER = 9_999_999
MOST_DAYS = 3660
MOST_TRACE_LINES = 1000
SYSTEM_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_./\-]{0,39}"
REPORT = "report"
REPORT_KINDS = ("incident", "drill", "quarterly", "inspection", "fault-form")
OF_ONE_INCIDENT = frozenset({"incident", "fault-form"})
FORMATS = ("md", "html", "json")

ERRAND_VERBS: tuple[Verb, ...] = (
    Verb(
        "ticket-print",
        Kind.TICKET,
        "Give out numbered paper tickets, to be printed before an outage.",
        (
            Arg(
                "count",
                Whole(least=1, most=MOST_FORMS_IN_ANSWER),
                "So many forms, with fresh numbers.",
                needed=True,
                ask=f'how many? args {{"count": 20}}, from 1 to {MOST_FORMS_IN_ANSWER}; more at once: cti-daemon ticket print',
                metavar="NUMBER",
            ),
        ),
        more="`data.first` and `data.count` are their numbers, `data.html` the page for the printer; the page is not kept with the answer.",
        typed="ticket print",
    ),
    Verb(
        "ticket-enter",
        Kind.TICKET,
        "Say which ticket of the business system a paper has become.",
        (
            Arg(
                "paper",
                Whole(least=1, most=MOST_PAPER),
                "The number on the form.",
                needed=True,
                ask=f'which paper? args {{"paper": 7}}, a whole number from 1 to {MOST_PAPER}',
                metavar="PAPER",
                is_positional=True,
            ),
            Arg(
                "system",
                Text(SYSTEM_PATTERN, most=40),
                "The number that the business system gave it.",
                needed=True,
                ask='which ticket in the system? args {"system": "…"}: letters, digits, _ . / -, at most 40',
                metavar="SYSTEM",
                is_positional=True,
            ),
            Arg(
                "row",
                Whole(least=1),
                "The caller's row in the register.",
                ask='row must be a whole number, as callback-list or ticket-reconcile shows it: args {"row": N}',
                metavar="ROW",
            ),
        ),
        typed="ticket enter",
    ),
    Verb(
        "ticket-reconcile",
        Kind.QUESTION,
        "Compare paper, system and register: what is missing, what is double.",
        typed="ticket reconcile",
    ),
    Verb(
        "plan-list",
        Kind.QUESTION,
        "Show the plan files of the site: name, version, title, rows of the sources, review.",
        more="They are read from the disk; what is in force was read at the start or at SIGHUP.",
        typed="plan list",
    ),
    Verb(
        "plan-check",
        Kind.QUESTION,
        "Check every plan file on the disk: `data.is_well`, and each fault with its file, line and key.",
        typed="plan check",
    ),
    Verb(
        "plan-test",
        Kind.QUESTION,
        "Try the plans in virtual time: a trace of facts in, what would be decided out. Nothing leaves the daemon.",
        (
            Arg(
                "trace",
                Names(Text(most=500, least=1), most=MOST_TRACE_LINES),
                "Its lines: `0:15:00 fact queue.waiting = 4`, `0:20:00 end`.",
                needed=True,
                ask=f'which trace? args {{"trace": ["0:15:00 fact queue.waiting = 4", "0:20:00 end"]}}, at most {MOST_TRACE_LINES} lines',
                metavar="TRACE",
                is_positional=True,
            ),
        ),
        more="On the command line TRACE is a file.",
        typed="plan test",
    ),
    Verb(
        REPORT,
        Kind.QUESTION,
        "Report an incident, a drill, a quarter or an inspection from the journal, or fill in a fault form.",
        (
            Arg(
                "kind",
                Choice(REPORT_KINDS),
                "What is reported.",
                needed=True,
                ask=f'report what? args {{"kind": …}}, one of {", ".join(REPORT_KINDS)}',
                metavar="KIND",
                is_positional=True,
            ),
            Arg(
                "name",
                Text(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}", most=80),
                "Which incident; which drill, else all that there are; which quarter (2026Q4), else this one.",
                ask='name must be an incident, the number of a drill, or a quarter: args {"name": "lines-full-1"}',
                metavar="NAME",
                is_positional=True,
            ),
            Arg(
                "days",
                Whole(least=1, most=MOST_DAYS),
                "Of an inspection: so many days back; 30 if not given.",
                ask=f"days must be a whole number from 1 to {MOST_DAYS}",
                metavar="NUMBER",
            ),
            Arg(
                "language",
                Choice(tuple(language.value for language in Language)),
                "In Chinese, if not given.",
                ask="language must be zh or en",
                metavar="LANGUAGE",
            ),
            Arg("format", Choice(FORMATS), "Markdown, if not given.", ask=f"format must be {', '.join(FORMATS)}", metavar="FORMAT"),
        ),
        more="`data.report` is the report. Callers' numbers are in none that leaves this way, and PDF is made on the command line only.",
        typed="report",
    ),
)
