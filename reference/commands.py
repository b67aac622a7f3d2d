"""The command reference: every verb of the table, on the command line and over MQTT, and every code an answer can have."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cti_daemon.model.shapes import Choice, Flag, Names, Scalar, Shape, Span, Text, Whole
from cti_daemon.model.verbs import HARMLESS, VERBS, Arg, Kind, Known, Verb
from cti_daemon.policy.desk import ANSWERS_KEPT, LONG_KEPT
from cti_daemon.shell.daemon import ANSWERS_LAST_SECONDS
from cti_daemon.shell.errands import MOST_ANSWER_BYTES, PROCESS_SECONDS
from cti_daemon.shell.journal_file import ANSWERS_RECALLED
from cti_daemon.shell.mqtt_requests import BURST, PER_SECOND
from cti_daemon.wire.mqtt_payload import MOST_BYTES, MOST_DEPTH, MOST_EXPIRY_SECONDS, MOST_SKEW_SECONDS
from reference.examples import ARGS, BASE, CONFIGURATION, REASONS, USER, one_liner

CODES = {
    "ok": "Answered, written down, or it is so already.",
    "dry_run": "Nothing was done; `message` is the plan. For a dangerous verb `data.confirm` is the token.",
    "accepted": "Decided and in the journal. That every edge holds it, the event `rerouted` says, usually within milliseconds.",
    "done": "The media servers hold it; `data.nodes` says so of each. Of tickets, plans and reports: `data` is what came of it.",
    "unfinished": "Ordered, and not seen to hold within 2 s; it is asked for again. `data.nodes` says where.",
    "failed": "A media server refused; `message` has its words. It is asked again for some seconds, then its own state counts. Of tickets, "
    "plans and reports: tried, and nothing came of it.",
    "unknown_end": "Of an id that comes again: the daemon was restarted before the end was known. Look, then ask with a new id.",
    "standing_by": "Of two daemons (`[pair]`) this one only watches; `message` says where to give the order.",
    "not_allowed": "No `[[role]]` gives this user this verb.",
    "unknown_verb": "Not in this version.",
    "confirm_needed": "Token missing, mistyped, of another user or target, or of an older epoch: dry run again.",
    "wrong_target": "No such node, queue or seat, or it serves already; `message` says what there is.",
    "conflict": "Somebody else was quicker: the site has changed since your dry run, or this seat has an order that is being carried out.",
    "target_not_proven": "The target is not healthy, or the edge does not hear it.",
    "no_seats": "None of its seats is reachable or logged in.",
    "in_maintenance": "A person has taken it out of judgement: `maintenance-off` first.",
    "in_readiness": "A time of readiness holds (`[[readiness]]`): planned moves wait; `force` if it must be.",
    "hold_down": "It has not been well for long enough; `force` if you know better.",
    "not_mirrored": "Its seats are not as they should be yet; `force` if you know better.",
    "serves": "It serves: `switchover` first.",
    "wrong_mode": "There is nothing to end, or this cannot be done as the site is now.",
    "no_time": "`for` is missing, malformed, or more than is allowed.",
    "unknown_state": "No media server's seats are known at this moment.",
    "stale_epoch": "Something has changed since you looked (`if_epoch`). Look again.",
    "expired": "It waited somewhere for longer than `expires_in`. Send it again.",
    "clock_skew": "It comes from the future: set both clocks by NTP.",
    "malformed": "The request itself; `message` says what, and what would be right.",
    "unknown_key": "A key that there is not.",
    "too_large": f"More than {MOST_BYTES} bytes; or the answer, a report, has more than {MOST_ANSWER_BYTES}: then the command line has it.",
    "too_many": f"More than {BURST} requests at once, or {PER_SECOND:g} a second in the long run, of this user; or too many reports and "
    "trials are under way.",
    "retained": "A command must not be retained: it would be carried out again at every start.",
    "no_record": "Register only: the journal does not take the entry about this access, so nothing is shown or changed.",
    "lost": "Register only: the number cannot be opened any more: its key is not in the ring, or it was changed.",
    "no_answer": "Control socket only: taken, and not answered in time. Look before you ask again.",
}
_KINDS = {
    Kind.MOVE: "Who serves",
    Kind.STANDING: "Standing orders, which end by themselves",
    Kind.SEAT: "Seats",
    Kind.DRILL: "Drills",
    Kind.CALLBACK: "Call-backs",
    Kind.PLAN: "Emergency plans and incidents",
    Kind.TICKET: "Paper tickets",
    Kind.QUESTION: "Questions that take a while: plans on trial, reports",
    Kind.WORD: "Words: nothing is changed but the record",
}
MOST_NAME = 100
_HEAD = "<!-- made by `make docs` from the table of verbs (cti_daemon/model/verbs.py): do not edit -->\n"


def text() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD + _INTRODUCTION, *_verbs(), _request(), _codes()])


_INTRODUCTION = f"""# Commands

Every order to the daemon, over MQTT 5 and on the command line. Who may give which is in `[[role]]` of the
[configuration](configuration.md); everything else is refused. Each order, each refusal and each answer is in the journal.

- **Dangerous** verbs want a dry run first, and then `confirm` with the token of its answer. The token is the user's own, for this
  verb, this target and this epoch; a restart of the daemon ends it. The command line does both and asks in between.
- **Once only.** A request whose `id` was used before by the same user gets the first answer again, with status `duplicate`, and nothing
  is done twice; also after a restart, since answers are in the journal. Known are the last {ANSWERS_KEPT} of each user; after a restart
  those of the last {ANSWERS_LAST_SECONDS / 3600:g} hours among the last {ANSWERS_RECALLED} of the site. Questions (`status`, reports,
  plans on trial) and dry runs change nothing and are asked anew then; of reports and trials the last {LONG_KEPT} answers of the site
  are known. An order that has waited for longer than its `expires_in` is refused whatever its id.
- **One after another.** Orders are carried out in the order in which they come. Who comes with the opposite of one that was given in
  the last two minutes is told so, in the plan and in the answer; whose dry run is older than the last change of who serves is refused
  (`conflict`), and so is an order for a seat that has one under way.
- The verbs as JSON Schema, with the names of your site: retained at `cti/v1/<site>/schema/<verb>`.

The examples use the sample site `95598` and the engineer `{USER}`. What is always the same stands in `~/.config/mosquitto_rr` (mode
0600), so that no password stands in the process list:

```
{CONFIGURATION}
```
"""


def _verbs() -> Iterator[str]:
    for kind, title in _KINDS.items():
        yield f"## {title}\n"
        yield from (_verb(verb) for verb in VERBS.values() if verb.kind is kind)


def _verb(verb: Verb) -> str:
    lines = [f"### {verb.name}\n", f"{verb.does} {verb.more}".strip()]
    if verb.is_dangerous:
        lines[-1] += " **Dangerous:** dry run first."
    if verb.args:
        lines += ["", "| `args` | command line | | |", "|---|---|---|---|"]
        lines += [
            f"| `{arg.name}` | `{_typed(arg)}` | {_shape(arg.shape)} | {arg.does}{' Needed.' if arg.needed else ''} |" for arg in verb.args
        ]
    lines += ["", "```sh", *_examples(verb), "```\n"]
    return "\n".join(lines)


def _examples(verb: Verb) -> Iterator[str]:
    if verb.name not in HARMLESS:
        reason = [f'--reason "{REASONS[verb.name]}"'] if verb.name in REASONS else []
        yield " ".join(["cti-daemon", verb.typed or verb.name, *_words(verb), *reason])
    yield one_liner(verb.name, dry_run=verb.is_dangerous, wait_seconds=int(PROCESS_SECONDS) if verb.is_errand else 5)


def _words(verb: Verb) -> Iterator[str]:
    args = ARGS.get(verb.name, {})
    for arg in verb.args:
        if arg.name not in args:
            continue
        if isinstance(arg.shape, Names) and arg.is_positional:  # a file of them
            yield str(arg.metavar).lower()
            continue
        given = args[arg.name] if isinstance(args[arg.name], list) else [args[arg.name]]
        for value in given:
            word = str(value).lower() if isinstance(value, bool) else f'"{value}"' if " " in str(value) else str(value)
            yield word if arg.is_positional else f"--{arg.option}" if value is True else f"--{arg.option} {word}"


def _typed(arg: Arg) -> str:
    if arg.is_positional:
        return str(arg.metavar)
    return f"--{arg.option}" if isinstance(arg.shape, Flag) else f"--{arg.option} {arg.metavar or 'TEXT'}"


def _value(arg: Arg) -> str:
    return {None: _shape(arg.shape), Known.NODES: "a node", Known.SERVERS: "a node that can serve calls"}[arg.known]


def _shape(shape: Shape) -> str:
    match shape:
        case Flag():
            return "true or false"
        case Whole():
            return f"whole number from {shape.least}" + (f" to {shape.most}" if shape.most < 2**53 else "")
        case Span():
            return "seconds, or `90s`, `30m`, `2h`, `1d`"
        case Names():
            return "list of names" if shape.of.most <= MOST_NAME else f"list of texts, each of at most {shape.of.most} characters"
        case Choice():
            return ", ".join(f"`{word}`" for word in shape.of)
        case Scalar():
            return f"number, true, false, or text of at most {shape.most} characters"
        case Text():
            return f"text, at most {shape.most} characters"
        case _:
            raise TypeError(shape)


def _request() -> str:
    data = {"plan": "…", "confirm": "c860f1d9c830bb55"}
    whole = {"id": "…", "status": "ok", "code": "dry_run", "message": "plan: …", "data": data, "epoch": 0}
    answer = json.dumps(whole, ensure_ascii=False)
    return f"""## The request

Topic `{BASE}/request/<user>/<verb>`, QoS 1, not retained; the broker's access list proves that `<user>` is who he says. The body is JSON in
UTF-8, at most {MOST_BYTES // 1024} KiB, nested at most {MOST_DEPTH} deep, no key twice, no control characters:

| key | |
|---|---|
| `id` | needed; 1 to 64 letters, digits, `.` `_` `:` `-`; a new one each time |
| `issued_at` | needed but for `status`; seconds since 1970, or ISO 8601 with a time zone; {MOST_SKEW_SECONDS:g} s ahead are forgiven |
| `expires_in` | seconds, at most {MOST_EXPIRY_SECONDS:g}; 30 if not given |
| `reason` | up to 500 characters, for the journal and for whoever is on duty after you |
| `dry_run` | true: say what would be done, and do nothing |
| `confirm` | the token of a dry run's answer |
| `if_epoch` | do it only if the site is still at this epoch |
| `args` | as above |

The answer goes to the request's MQTT 5 response topic if that is below `{BASE}/response/<user>/` or `reply/`, else to
`{BASE}/response/<user>/<verb>`:

```json
{answer}
```

`status` is `ok` (done), `accepted` (decided; the rest is told by events), `rejected` (nothing was done), `error` (tried, and failed) or
`duplicate`. On the command line: `--yes` asks nobody, `--dry-run` shows the plan and ends, `--format json` prints the answer; exit codes
are in `cti-daemon --help`.
"""


def _codes() -> str:
    rows = "\n".join(f"| `{code}` | {meaning} |" for code, meaning in CODES.items())
    return f"## Codes\n\n| code | |\n|---|---|\n{rows}\n"
