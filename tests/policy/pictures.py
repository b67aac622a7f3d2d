"""Tables and diagrams of the docs, drawn from the tables in the code."""

from collections import defaultdict

from cti_daemon.model.reasons import Condition, Mode, Reason
from cti_daemon.policy.modes import CONDEMNATIONS, DOUBTS, TRANSITIONS
from cti_daemon.policy.table import CONDEMNED, TABLE


def modes() -> str:
    """The site's state machine, for Mermaid."""
    arrows: dict[tuple[Mode, Mode], list[str]] = defaultdict(list)
    for transition in TRANSITIONS:
        for before in transition.before:
            arrows[before, transition.after] += _words(transition.reasons)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> normal"]
    lines += [f"    {before.value} --> {after.value}: {', '.join(dict.fromkeys(reasons))}" for (before, after), reasons in arrows.items()]
    return "\n".join([*lines, "```"])


def transitions() -> str:
    lines = ["| from | because of | to | |", "|---|---|---|---|"]
    for t in TRANSITIONS:
        before = "any" if len(t.before) == len(Mode) - 1 else ", ".join(m.value for m in t.before)
        lines.append(f"| {before} | {', '.join(_words(t.reasons))} | {t.after.value} | {t.what} |")
    return "\n".join(lines)


def _words(reasons: tuple[Reason, ...]) -> list[str]:
    """The verdicts that condemn, and the doubts, are one word each."""
    if reasons == CONDEMNATIONS:
        return ["condemned"]
    return ["in doubt"] if reasons == DOUBTS else [r.value for r in reasons]


def verdicts() -> str:
    """The verdict table."""
    lines = ["| row | AMI | SIP | edge's view | verdict | |", "|---|---|---|---|---|---|"]
    for row in TABLE:
        cells = (_cell(row.links), _cell(row.sip), _cell(row.edge))
        name = f"**{row.verdict.value}**" if row.verdict in CONDEMNED else row.verdict.value
        lines.append(f"| {row.number} | {' | '.join(cells)} | {name} | {row.why} |")
    return "\n".join(lines)


def _cell(conditions: frozenset[Condition]) -> str:
    if conditions == frozenset(Condition):
        return "any"
    return ", ".join(c.value for c in Condition if c in conditions)


PICTURES = {"verdicts": verdicts, "modes": modes, "transitions": transitions}
